/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const uint8_t digest[16] = "0123456789abcdef";
static const struct config_file certificate = { .name = "client.pem", .digest = digest };
static const struct config_ports statuses[] = { { 200, 299 }, { 404, 404 } };
static const char *const words[] = { "/usr/bin/true", "-v", "" };

static struct check_spec full_spec(void)
{
	struct check_spec spec = {
		.name = "web",
		.kind = CHECK_HTTP,
		.every_ms = 2000,
		.timeout_ms = 1000,
		.jitter_percent = 10,
		.rules = { 2, 3, 15, 5000, HEALTH_DOWN, HEALTH_OLD_UP, 60000, 2000, 750 },
		.link = "eth0",
		.mark = 0x80000001,
		.port = 8080,
		.protocol = 17,
		.query = "www.example.com",
		.type = 28,
		.send = { "00ff", true },
		.words = words,
		.word_count = 3,
		.need = 2,
		.absent = true,
		.http = { .url = "https://www.example.com/",
			  .status = statuses,
			  .status_count = 2,
			  .verify = true,
			  .certificate = &certificate },
	};

	address_parse("2001:db8::1", &spec.at);
	address_parse("192.0.2.1", &spec.source);
	spec.addresses = &spec.at;
	return spec;
}

static void a_check_arrives_as_it_was_given(void **state)
{
	struct check_spec spec = full_spec();
	struct checks_orders orders;
	AUTO_TEXT bytes = { 0 };
	AUTO_TEXT again = { 0 };

	spec.addresses = &spec.source;
	spec.address_count = 1;
	checks_orders_put(&spec, 1, &bytes);
	assert_int_equal(checks_orders_read(bytes.data, bytes.length, &orders), 0);
	assert_int_equal(orders.count, 1);
	assert_string_equal(orders.specs[0].http.url, "https://www.example.com/");
	assert_int_equal(orders.specs[0].http.status[1].first, 404);
	assert_null(orders.specs[0].http.key);
	assert_memory_equal(orders.specs[0].http.certificate->digest, digest, sizeof(digest));
	assert_string_equal(orders.specs[0].words[1], "-v");
	assert_null(orders.specs[0].path);
	assert_int_equal(orders.specs[0].rules.when_old, HEALTH_OLD_UP);
	/* Whatever else there is: written once more it is the same. */
	checks_orders_put(orders.specs, 1, &again);
	assert_int_equal(again.length, bytes.length);
	assert_memory_equal(again.data, bytes.data, bytes.length);
	arena_free(orders.arena);
}

static void orders_that_are_cut_are_refused(void **state)
{
	struct check_spec spec = full_spec();
	struct checks_orders orders;
	AUTO_TEXT bytes = { 0 };

	checks_orders_put(&spec, 1, &bytes);
	for (size_t length = 0; length < bytes.length; length++)
		assert_int_equal(checks_orders_read(bytes.data, length, &orders), -EPROTO);
	text_append(&bytes, "", 1);
	assert_int_equal(checks_orders_read(bytes.data, bytes.length, &orders), -EPROTO);
}

static void what_would_never_end_is_refused(void **state)
{
	struct check_spec specs[2] = { full_spec(), full_spec() };
	struct checks_orders orders;
	AUTO_TEXT twice = { 0 };
	AUTO_TEXT never = { 0 };

	checks_orders_put(specs, 2, &twice);
	assert_int_equal(checks_orders_read(twice.data, twice.length, &orders), -EPROTO);
	specs[0].every_ms = 0;
	checks_orders_put(specs, 1, &never);
	assert_int_equal(checks_orders_read(never.data, never.length, &orders), -EPROTO);
}

static void notes_arrive_as_they_were_given(void **state)
{
	const struct checks_note given[] = {
		{ "web", HEALTH_DRAINED, HEALTH_UNSEEN, "" },
		{ "dns peer chicago www.example.com", HEALTH_AUTO, HEALTH_ILL, "nobody listens" },
	};
	struct checks_notes notes;
	AUTO_TEXT bytes = { 0 };

	checks_notes_put(given, 2, &bytes);
	assert_int_equal(checks_notes_read(bytes.data, bytes.length, &notes), 0);
	assert_int_equal(notes.count, 2);
	assert_int_equal(notes.items[0].hand, HEALTH_DRAINED);
	assert_int_equal(notes.items[1].sight, HEALTH_ILL);
	assert_string_equal(notes.items[1].reason, "nobody listens");
	arena_free(notes.arena);
	for (size_t length = 0; length < bytes.length; length++)
		assert_int_equal(checks_notes_read(bytes.data, length, &notes), -EPROTO);
}

static void facts_are_one_line_of_printable_characters(void **state)
{
	struct health health = { .name = (char *)"web",
				 .state = HEALTH_DOWN,
				 .weight = 40,
				 .since_us = -5,
				 .took_us = 7,
				 .reason = (char *)"connection refused" };
	struct healths healths = { 0 };
	AUTO_TEXT bytes = { 0 };
	AUTO_TEXT hostile = { 0 };

	checks_fact_put(&health, &bytes);
	health.name = (char *)"other";
	checks_fact_put(&health, &bytes);
	assert_int_equal(checks_facts_read(bytes.data, bytes.length, &healths), 0);
	assert_int_equal(healths.items.count, 2);
	assert_int_equal(healths_find(&healths, "web")->weight, 40);
	assert_int_equal(healths_find(&healths, "web")->since_us, -5);
	assert_string_equal(healths_find(&healths, "other")->reason, "connection refused");
	assert_int_equal(checks_facts_read(bytes.data, bytes.length - 1, &healths), -EPROTO);
	health.reason = (char *)"\x1b[2Jconnection refused";
	checks_fact_put(&health, &hostile);
	assert_int_equal(checks_facts_read(hostile.data, hostile.length, &healths), -EPROTO);
	healths_free(&healths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_arrives_as_it_was_given),
		cmocka_unit_test(orders_that_are_cut_are_refused),
		cmocka_unit_test(what_would_never_end_is_refused),
		cmocka_unit_test(notes_arrive_as_they_were_given),
		cmocka_unit_test(facts_are_one_line_of_printable_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
