/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct dns_order_file files[] = { { "example.zone", { 1, 2, 3 } }, { "sub.inc", { 9 } } };
static struct dns_order_transfer transfers[] = {
	{ { 0 }, 0 },
	{ { AF_INET, 24, { 192, 0, 2 } }, DNS_NO_KEY },
};
static struct dns_order_notify notifies[] = { { { AF_INET, { 192, 0, 2, 7 } }, 53, 0 } };
static struct dns_order_zone zones[] = {
	{ "example.com.", files, transfers, notifies, 2, 2, 1 },
	{ "example.net.", files, NULL, NULL, 1, 0, 0 },
};
static struct dns_order_key keys[] = {
	{ "xfr.", "hmac-sha256", { (const uint8_t *)"a\0b", 3 } },
};
static struct prefix listens[] = { { AF_INET6, 48, { 0x20, 1, 0xd, 0xb8 } }, { AF_INET, 0, { 0 } } };

static struct dns_orders orders_of_all_kinds(void)
{
	return (struct dns_orders){
		.listen = listens,
		.listen_count = 2,
		.zones = zones,
		.zone_count = 2,
		.keys = keys,
		.key_count = 1,
		.port = 53,
		.udp_size = 1232,
		.nsid = { (const uint8_t *)"auckland", 8 },
		.identity = "ns1",
		.cookie_secrets = { { 1 }, { 2 } },
		.cookie_secret_count = 2,
		.rate_per_second = 50,
		.slip = 2,
		.tcp_idle_ms = 10000,
		.tcp_connections = 5000,
		.tcp_per_client = 100,
		.log_path = "/var/log/queries",
		.log_sample = 10,
		.log_rate = 1000,
		.log_answers = true,
	};
}

static void what_is_written_is_read_again(void **state)
{
	struct dns_orders orders = orders_of_all_kinds(), back;
	AUTO_TEXT message = { 0 };
	AUTO_TEXT again = { 0 };

	dns_orders_put(&orders, &message);
	assert_int_equal(dns_orders_read(message.data, message.length, &back), 0);
	dns_orders_put(&back, &again);
	assert_int_equal(message.length, again.length);
	assert_memory_equal(message.data, again.data, message.length);
	assert_string_equal(back.zones[0].files[1].name, "sub.inc");
	assert_int_equal(back.zones[0].transfers[1].from.length, 24);
	assert_memory_equal(back.keys[0].secret.bytes, "a\0b", 3);
	assert_string_equal(back.identity, "ns1");
	dns_orders_free(&back);
}

static void nothing_at_all_is_read_as_well(void **state)
{
	struct dns_orders orders = { 0 }, back;
	AUTO_TEXT message = { 0 };

	dns_orders_put(&orders, &message);
	assert_int_equal(dns_orders_read(message.data, message.length, &back), 0);
	assert_string_equal(back.log_path, "");
	dns_orders_free(&back);
}

static void what_is_cut_short_is_refused(void **state)
{
	struct dns_orders orders = orders_of_all_kinds(), back;
	AUTO_TEXT message = { 0 };

	dns_orders_put(&orders, &message);
	for (size_t length = 0; length < message.length; length++)
		assert_int_equal(dns_orders_read(message.data, length, &back), -EPROTO);
}

static void a_key_that_is_not_there_is_refused(void **state)
{
	struct dns_order_transfer wrong[] = { { { 0 }, 1 } };
	struct dns_order_zone zone = { "example.", files, wrong, NULL, 1, 1, 0 };
	struct dns_orders orders = orders_of_all_kinds(), back;
	AUTO_TEXT message = { 0 };

	orders.zones = &zone;
	orders.zone_count = 1;
	dns_orders_put(&orders, &message);
	assert_int_equal(dns_orders_read(message.data, message.length, &back), -EPROTO);
}

static struct dns_self_orders selves_of_all_kinds(void)
{
	static struct address own[] = { { AF_INET, { 192, 0, 2, 1 } },
					{ AF_INET6, { 0x20, 1, 0xd, 0xb8 } } };
	static struct dns_order_self selves[] = {
		{ "example.com.", "www.example.com.", DNS_SELF_ADDRESSES, true, 300, own, 2 },
		{ "example.net.", "example.net.", DNS_SELF_SILENT, false, 0, NULL, 0 },
	};

	return (struct dns_self_orders){ .selves = selves, .self_count = 2 };
}

static void own_addresses_are_read_again(void **state)
{
	struct dns_self_orders orders = selves_of_all_kinds(), back;
	AUTO_TEXT message = { 0 };

	dns_selves_put(&orders, &message);
	assert_int_equal(dns_selves_read(message.data, message.length, &back), 0);
	assert_int_equal(back.self_count, 2);
	assert_string_equal(back.selves[0].name, "www.example.com.");
	assert_true(back.selves[0].not_ready);
	assert_int_equal(back.selves[0].ttl, 300);
	assert_true(address_equal(&back.selves[0].addresses[1], &orders.selves[0].addresses[1]));
	assert_int_equal(back.selves[1].mode, DNS_SELF_SILENT);
	dns_selves_free(&back);
	for (size_t length = 0; length < message.length; length++)
		assert_int_equal(dns_selves_read(message.data, length, &back), -EPROTO);
}

static void a_mode_that_is_none_is_refused(void **state)
{
	struct dns_order_self wrong = { "a.", "a.", DNS_SELF_MODES, false, 0, NULL, 0 };
	struct dns_self_orders orders = { .selves = &wrong, .self_count = 1 }, back;
	AUTO_TEXT message = { 0 };

	dns_selves_put(&orders, &message);
	assert_int_equal(dns_selves_read(message.data, message.length, &back), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(nothing_at_all_is_read_as_well),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(a_key_that_is_not_there_is_refused),
		cmocka_unit_test(own_addresses_are_read_again),
		cmocka_unit_test(a_mode_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
