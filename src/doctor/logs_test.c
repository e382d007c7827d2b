/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the log goes, as the configurations of the usual programs say it. */
#include "doctor/logs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The addresses that @text sends to, with a space behind each. */
static void sends_to(const char *text, const char *wanted)
{
	struct log_servers servers = { 0 };
	struct text found = { 0 };
	char address[ADDRESS_TEXT_SIZE];

	log_servers_read(text, "/etc/rsyslog.conf", &servers);
	for (size_t i = 0; i < servers.items.count; i++)
		text_printf(&found, "%s ", address_text(&servers.items.items[i].address, address));
	assert_string_equal(text_string(&found), wanted);
	text_free(&found);
	log_servers_free(&servers);
}

static void rsyslog_is_understood(void **data)
{
	sends_to("*.* @10.2.9.9\n", "10.2.9.9 ");
	sends_to("*.* @@10.2.9.9:514;RSYSLOG_SyslogProtocol23Format\n", "10.2.9.9 ");
	sends_to("auth.* @[2001:db8::9]:514\nkern.* @(z9)192.0.2.1\n", "2001:db8::9 192.0.2.1 ");
	sends_to("action(type=\"omfwd\" Target=\"192.0.2.7\" port=\"514\")\n", "192.0.2.7 ");
}

static void syslog_ng_is_understood(void **data)
{
	sends_to("destination d { network(\"192.0.2.8\" port(514)); udp(\"192.0.2.9\"); };",
		 "192.0.2.8 192.0.2.9 ");
}

static void what_is_no_address_is_passed_over(void **data)
{
	sends_to("# *.* @10.2.9.9\n*.* @loghost\n*.* /var/log/messages\n*.* @\n*.* @(z9\n", "");
	sends_to("*.* @127.0.0.1\n*.* @[::1]\n", "");
	sends_to("admin=root@10.2.9.9\n", "");
	sends_to("*.* @10.2.9.9\n*.* @@10.2.9.9\n", "10.2.9.9 ");
	sends_to("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsyslog_is_understood),
		cmocka_unit_test(syslog_ng_is_understood),
		cmocka_unit_test(what_is_no_address_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
