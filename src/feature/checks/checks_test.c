/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks.h"

#include "feature/checks/checks_wire.h"
#include "feature/checks/checks_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void urls_say_where_to_connect(void **state)
{
	static const struct {
		const char *url, *host;
		unsigned port; /* 0: refused */
		bool secure, literal;
	} cases[] = {
		{ "http://127.0.0.1/healthz", "127.0.0.1", 80, false, true },
		{ "HTTPS://[2001:db8::1]:8443/?q=1", "2001:db8::1", 8443, true, true },
		{ "https://www.example.com", "www.example.com", 443, true, false },
		{ "http://www.example.com:81?x", "www.example.com", 81, false, false },
		{ "ftp://127.0.0.1/", "", 0, false, false },
		{ "127.0.0.1", "", 0, false, false },
		{ "http://", "", 0, false, false },
		{ "http://:80/", "", 0, false, false },
		{ "http://a:b@127.0.0.1/", "", 0, false, false },
		{ "http://127.0.0.1:0/", "", 0, false, false },
		{ "http://127.0.0.1:65536/", "", 0, false, false },
		{ "http://127.0.0.1:/", "", 0, false, false },
		{ "http://127.0.0.1:8a/", "", 0, false, false },
		{ "http://[::1/", "", 0, false, false },
		{ "http://[::1]x/", "", 0, false, false },
		{ "http://[127.0.0.1x]/", "", 0, false, false },
		{ "http://127.0.0.1/a b", "", 0, false, false },
		{ "http://127.0.0.1/#top", "", 0, false, false },
		{ "http://ex%61mple/", "", 0, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks_url url = { 0 };
		AUTO_TEXT error = { 0 };
		int r = checks_url_parse(cases[i].url, &url, &error);

		if ((r == 0) != (cases[i].port != 0))
			fail_msg("%s: %d %s", cases[i].url, r, text_string(&error));
		assert_int_equal(error.length > 0, r < 0);
		if (r < 0)
			continue;
		assert_int_equal(url.port, cases[i].port);
		assert_int_equal(url.secure, cases[i].secure);
		assert_int_equal(url.address.family != 0, cases[i].literal);
		assert_int_equal(url.host_length, strlen(cases[i].host));
		assert_memory_equal(url.host, cases[i].host, url.host_length);
	}
}

static struct config *read_config(const char *text)
{
	struct config *config;
	AUTO_DIAGS diags;
	AUTO_TEXT rendered = { 0 };

	diags_init(&diags);
	if (feature_read(source_of_text("in.yaml", text, strlen(text)), &diags, &config) < 0) {
		diags_render(&diags, config->source, false, &rendered);
		fail_msg("%s", text_string(&rendered));
	}
	return config;
}

static void members_stand_before_what_is_made_of_them(void **state)
{
	static const char text[] = "checks:\n"
				   "  site: { all: [web, gateways] }\n"
				   "  gateways: { any: [one, two] }\n"
				   "  one: { ping: 192.0.2.1 }\n"
				   "  two: { ping: \"2001:db8::1\" }\n"
				   "  web: { http: \"http://127.0.0.1/\" }\n";
	struct config *config = read_config(text);
	const struct facts facts = { .observed = &(struct state){ { { 0 } } } };
	struct checks_orders orders;
	AUTO_TEXT bytes = { 0 };

	checks_configure(config, &facts, &bytes);
	assert_int_equal(checks_orders_read(bytes.data, bytes.length, &orders), 0);
	assert_int_equal(orders.count, 5);
	assert_string_equal(orders.specs[3].name, "gateways");
	assert_int_equal(orders.specs[3].need, 1);
	assert_string_equal(orders.specs[4].name, "site");
	assert_int_equal(orders.specs[4].need, 2);
	assert_int_equal(orders.specs[4].rules.rise, 1);
	arena_free(orders.arena);
	config_free(config);
}

static void a_worker_without_checks_does_nothing(void **state)
{
	struct config *config = read_config("checks: {}\n");
	const struct facts facts = { .observed = &(struct state){ { { 0 } } } };
	AUTO_TEXT nothing = { 0 };
	AUTO_TEXT empty = { 0 };

	assert_false(checks_needed(NULL, NULL));
	assert_false(checks_needed(config, NULL));
	checks_configure(NULL, &facts, &nothing);
	checks_configure(config, &facts, &empty);
	assert_int_equal(nothing.length, empty.length);
	config_free(config);
}

static void the_example_of_the_page_is_taken_as_it_stands(void **state)
{
	static const char text[] =
		"checks:\n"
		"  web-up:   { http: \"http://127.0.0.1/healthz\", every: 2s, timeout: 1s, rise: "
		"2, "
		"fall: 3, expect: { status: 200-299 } }\n"
		"  gw-janet: { ping: 192.168.120.6, link: bond1, every: 500ms }\n";
	struct config *config = read_config(text);
	struct check_list list;
	const struct check_spec *spec;

	feature_checks(config, &list);
	spec = check_list_find(&list, "web-up");
	assert_int_equal(spec->kind, CHECK_HTTP);
	assert_int_equal(spec->port, 80);
	assert_int_equal(spec->http.status[0].last, 299);
	assert_int_equal(spec->rules.lost, 15);
	spec = check_list_find(&list, "gw-janet");
	assert_int_equal(spec->every_ms, 500);
	assert_string_equal(spec->link, "bond1");
	assert_null(check_list_find(&list, "gw"));
	check_list_free(&list);
	config_free(config);
}

static void what_is_seen_and_decided_goes_to_the_worker(void **state)
{
	struct config *config = read_config("checks:\n"
					    "  door: { file: /run/door }\n"
					    "  web: { tcp: \"192.0.2.1:80\" }\n"
					    "  wire: { carrier: eth9 }\n");
	struct healths healths = { 0 };
	const struct facts facts = { .observed = &(struct state){ { { 0 } } }, .health = &healths };
	struct checks_notes notes;
	AUTO_TEXT bytes = { 0 };

	healths_get(&healths, "door");
	assert_true(healths_see(&healths, "door", HEALTH_WELL, "it is there"));
	assert_false(healths_see(&healths, "door", HEALTH_WELL, "it is there"));
	healths_get(&healths, "web")->hand = HEALTH_DRAINED;
	healths_get(&healths, "wire")->kind = check_kind_word(CHECK_CARRIER);
	checks_update(config, &facts, &bytes);
	assert_int_equal(checks_notes_read(bytes.data, bytes.length, &notes), 0);
	assert_int_equal(notes.count, 3);
	assert_int_equal(notes.items[0].sight, HEALTH_WELL);
	assert_int_equal(notes.items[1].hand, HEALTH_DRAINED);
	assert_string_equal(notes.items[2].reason, "there is no such link");
	arena_free(notes.arena);
	healths_free(&healths);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_say_where_to_connect),
		cmocka_unit_test(members_stand_before_what_is_made_of_them),
		cmocka_unit_test(a_worker_without_checks_does_nothing),
		cmocka_unit_test(the_example_of_the_page_is_taken_as_it_stands),
		cmocka_unit_test(what_is_seen_and_decided_goes_to_the_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
