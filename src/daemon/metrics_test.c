/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void each_kind_of_counter_is_a_family(void **state)
{
	struct counters counters = { 0 };
	AUTO_TEXT text = { 0 };

	counters_get(&counters, "zone b.example.")->asked = 2;
	counters_get(&counters, "udp")->answered = 7;
	counters_get(&counters, "zone a\"\\\n.")->failed = 1;
	counters_get(&counters, "zoned-out x")->asked = 1;
	counters_get(&counters, "address 192.0.2.1")->asked = 9;
	counters_get(&counters, "rcode NOERROR")->answered = 5;
	counters_get(&counters, "rcode REFUSED")->answered = 3;
	metrics_put_counters("dns", &counters, &text);
	assert_string_equal(
		strstr(text_string(&text), "# HELP multihomed_dns_zone_asked_total"),
		"# HELP multihomed_dns_zone_asked_total Of dns, by zone: how many came in.\n"
		"# TYPE multihomed_dns_zone_asked_total counter\n"
		"multihomed_dns_zone_asked_total{zone=\"a\\\"\\\\\\n.\"} 0\n"
		"multihomed_dns_zone_asked_total{zone=\"b.example.\"} 2\n"
		"# HELP multihomed_dns_zone_answered_total Of dns, by zone: how many were answered "
		"or done.\n"
		"# TYPE multihomed_dns_zone_answered_total counter\n"
		"multihomed_dns_zone_answered_total{zone=\"a\\\"\\\\\\n.\"} 0\n"
		"multihomed_dns_zone_answered_total{zone=\"b.example.\"} 0\n"
		"# HELP multihomed_dns_zone_dropped_total Of dns, by zone: how many were not "
		"answered, on "
		"purpose or for want of room.\n"
		"# TYPE multihomed_dns_zone_dropped_total counter\n"
		"multihomed_dns_zone_dropped_total{zone=\"a\\\"\\\\\\n.\"} 0\n"
		"multihomed_dns_zone_dropped_total{zone=\"b.example.\"} 0\n"
		"# HELP multihomed_dns_zone_failed_total Of dns, by zone: how many could not be "
		"answered.\n"
		"# TYPE multihomed_dns_zone_failed_total counter\n"
		"multihomed_dns_zone_failed_total{zone=\"a\\\"\\\\\\n.\"} 1\n"
		"multihomed_dns_zone_failed_total{zone=\"b.example.\"} 0\n"
		"# HELP multihomed_dns_zoned_out_asked_total Of dns, by zoned_out: how many came "
		"in.\n"
		"# TYPE multihomed_dns_zoned_out_asked_total counter\n"
		"multihomed_dns_zoned_out_asked_total{zoned_out=\"x\"} 1\n"
		"# HELP multihomed_dns_zoned_out_answered_total Of dns, by zoned_out: how many "
		"were answered "
		"or done.\n"
		"# TYPE multihomed_dns_zoned_out_answered_total counter\n"
		"multihomed_dns_zoned_out_answered_total{zoned_out=\"x\"} 0\n"
		"# HELP multihomed_dns_zoned_out_dropped_total Of dns, by zoned_out: how many were "
		"not "
		"answered, on purpose or for want of room.\n"
		"# TYPE multihomed_dns_zoned_out_dropped_total counter\n"
		"multihomed_dns_zoned_out_dropped_total{zoned_out=\"x\"} 0\n"
		"# HELP multihomed_dns_zoned_out_failed_total Of dns, by zoned_out: how many could "
		"not be "
		"answered.\n"
		"# TYPE multihomed_dns_zoned_out_failed_total counter\n"
		"multihomed_dns_zoned_out_failed_total{zoned_out=\"x\"} 0\n");
	assert_non_null(strstr(text_string(&text), "\nmultihomed_dns_udp_answered_total 7\n"));
	assert_null(strstr(text_string(&text), "192.0.2.1"));
	assert_non_null(
		strstr(text_string(&text),
		       "# HELP multihomed_dns_rcode_total Of dns, by rcode: how many answers.\n"
		       "# TYPE multihomed_dns_rcode_total counter\n"
		       "multihomed_dns_rcode_total{rcode=\"NOERROR\"} 5\n"
		       "multihomed_dns_rcode_total{rcode=\"REFUSED\"} 3\n"));
	assert_null(strstr(text_string(&text), "rcode_answered"));
	counters_free(&counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_counter_is_a_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
