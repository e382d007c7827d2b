/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_self.h"

#include "feature/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME "www.example.com."

/* A server with a service, and two peers. */
struct scene {
	struct dns_self self;
	struct dns_own own[2];
	uint32_t when_down[5];
	struct dns_peer peers[2];
	struct address chicago[2];
	struct dns_self_name name;
	struct dns_zone zone;
	struct dns_config config;
	struct healths health;
	struct state observed;
	struct facts facts;
};

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void health_set(struct scene *scene, const char *check, enum health_state state)
{
	healths_get(&scene->health, check)->state = state;
}

static int set_scene(void **state)
{
	struct scene *scene = mem_alloc(sizeof(*scene));

	scene->own[0].address = address_of("192.0.2.1");
	scene->own[1].address = address_of("2001:db8::1");
	scene->chicago[0] = address_of("198.51.100.1");
	scene->chicago[1] = address_of("2001:db8:2::1");
	scene->peers[0] = (struct dns_peer){
		.name = "chicago",
		.server = { address_of("198.51.100.53"), 53 },
		.addresses = { .count = 2, .items = scene->chicago },
		.every_ms = 1000,
	};
	scene->peers[1] = (struct dns_peer){ .name = "london",
					     .server = { address_of("2001:db8:3::1"), 5300 },
					     .every_ms = 2000 };
	scene->self = (struct dns_self){
		.record = { .place = { .line = 1 } },
		.ttl_ms = 300000,
		.addresses = { .count = 2, .items = scene->own },
		.check = "web-up",
		.when_down = { .items = scene->when_down },
		.peers = { .count = 2, .items = scene->peers },
	};
	scene->facts = (struct facts){ .observed = &scene->observed, .health = &scene->health };
	*state = scene;
	return 0;
}

static int clear_scene(void **state)
{
	struct scene *scene = *state;

	healths_free(&scene->health);
	state_free(&scene->observed);
	free(scene);
	return 0;
}

/* "192.0.2.1 2001:db8::1", "asked", "refused", with "!" before it when it is not ready. */
static void assert_answers(struct scene *scene, const char *expected)
{
	static const char *const words[] = { "", "asked", "refused", "servfail", "nodata", "silent" };
	struct dns_decision decision = dns_self_decide(&scene->self, NAME, &scene->facts);
	struct arena *arena = arena_new();
	char buffer[ADDRESS_TEXT_SIZE];
	struct address *addresses;
	AUTO_TEXT text = { 0 };
	uint32_t count = dns_self_addresses(&scene->self, &decision, &scene->facts, arena,
					    &addresses);

	text_printf(&text, "%s%s", decision.not_ready ? "!" : "", words[decision.mode]);
	for (uint32_t i = 0; i < count; i++)
		text_printf(&text, "%s%s", i ? " " : "", address_text(&addresses[i], buffer));
	assert_string_equal(text_string(&text), expected);
	arena_free(arena);
}

#define OWN "192.0.2.1 2001:db8::1"
#define CHICAGO "198.51.100.1 2001:db8:2::1"
#define LONDON "2001:db8:3::1"

/* The words of a `when-down`, by their first letters; the second s is silent. */
static unsigned words_of(const char *letters, uint32_t *ret_words)
{
	static const char known[] = "prsnS";
	unsigned count = 0;

	for (; *letters; letters++)
		ret_words[count++] = (uint32_t)(strchr(known, *letters) - known);
	return count;
}

/*
 * Every state of the service and of both peers (u, d, ? for not known), with every way to say what is
 * answered while it is down.
 */
static void each_mode_with_each_health_is_answered_as_promised(void **state)
{
	static const char *const ways[] = { "",	  "p",	"r",  "s",  "n", "S",
					    "pr", "ps", "pn", "pS", "rp" };
	static const char *const otherwise[] = { "refused", "refused", "refused", "servfail",
						 "nodata",  "silent",  "refused", "servfail",
						 "nodata",  "silent",  "refused" };
	static const enum health_state states[] = { HEALTH_UP, HEALTH_DOWN, HEALTH_UNKNOWN };
	struct scene *scene = *state;
	unsigned seen = 0;

	for (size_t way = 0; way < ARRAY_SIZE(ways); way++)
		for (unsigned mix = 0; mix < 3 * 3 * 3 * 2; mix++, seen++) {
			enum health_state own = states[mix % 3], chicago = states[mix / 3 % 3],
					  london = states[mix / 9 % 3];
			bool asks_peers = !ways[way][0] || ways[way][0] == 'p';
			const char *expected = otherwise[way];

			scene->self.fail = mix / 27 ? DNS_FAIL_CLOSED : DNS_FAIL_OPEN;
			scene->self.when_down.count = words_of(ways[way], scene->when_down);
			health_set(scene, "web-up", own);
			health_set(scene, "dns peer chicago www.example.com", chicago);
			health_set(scene, "dns peer london www.example.com", london);
			if (own == HEALTH_UP)
				expected = OWN;
			else if (asks_peers && chicago == HEALTH_UP)
				expected = CHICAGO;
			else if (asks_peers && london == HEALTH_UP)
				expected = LONDON;
			else if (asks_peers && scene->self.fail == DNS_FAIL_OPEN)
				expected = "!" OWN;
			assert_answers(scene, expected);
		}
	assert_int_equal(seen, 11 * 54);
}

static void without_a_check_it_is_never_down(void **state)
{
	struct scene *scene = *state;

	scene->self.check = NULL;
	assert_answers(scene, OWN);
}

static void a_check_that_nobody_knows_is_down(void **state)
{
	struct scene *scene = *state;

	scene->self.peers.count = 0;
	assert_answers(scene, "refused");
}

static void without_peers_nobody_is_down_but_itself(void **state)
{
	struct scene *scene = *state;

	health_set(scene, "web-up", HEALTH_DOWN);
	scene->self.peers.count = 0;
	scene->self.fail = DNS_FAIL_OPEN;
	assert_answers(scene, "refused");
}

static void what_was_drained_is_down(void **state)
{
	struct scene *scene = *state;

	health_set(scene, "web-up", HEALTH_UP);
	healths_get(&scene->health, "web-up")->hand = HEALTH_DRAINED;
	health_set(scene, "dns peer london www.example.com", HEALTH_UP);
	assert_answers(scene, LONDON);
	healths_get(&scene->health, "web-up")->hand = HEALTH_FORCED_UP;
	assert_answers(scene, OWN);
}

static void the_address_asked_is_the_default(void **state)
{
	struct scene *scene = *state;

	health_set(scene, "web-up", HEALTH_UP);
	scene->self.addresses.count = 0;
	assert_answers(scene, "asked");
	scene->self.addresses.count = 1;
	scene->own[0] = (struct dns_own){ .asked = true };
	assert_answers(scene, "asked");
	health_set(scene, "web-up", HEALTH_DOWN);
	assert_answers(scene, "!asked");
}

static void observe(struct scene *scene, const char *text)
{
	AUTO_TEXT error = { 0 };

	state_free(&scene->observed);
	scene->observed = (struct state){ 0 };
	assert_int_equal(state_parse(text, &scene->observed, &error), 0);
	state_sort(&scene->observed, NULL, NULL);
}

static void the_addresses_of_a_link_are_followed(void **state)
{
	struct scene *scene = *state;

	health_set(scene, "web-up", HEALTH_UP);
	scene->self.addresses.count = 0;
	scene->self.link = "eth0";
	scene->self.peers.count = 0;
	observe(scene, "link eth0 index 2 flags up\n"
		       "link eth1 index 3 flags up\n"
		       "address 192.0.2.7/24 link eth0\n"
		       "address 192.0.2.8/24 link eth1\n"
		       "address fe80::1/64 link eth0 scope link\n"
		       "address 2001:db8::7/64 link eth0\n"
		       "address 2001:db8::8/64 link eth0 flags deprecated\n"
		       "address 2001:db8::9/64 link eth0 flags tentative\n");
	assert_answers(scene, "192.0.2.7 2001:db8::7");
	observe(scene, "link eth0 index 2 flags up\n");
	assert_answers(scene, "refused");
	observe(scene, "link eth1 index 3 flags up\n");
	assert_answers(scene, "refused");
}

/* Nothing can be answered in good faith: fail: open does not invent an address. */
static void a_link_without_addresses_is_no_answer_even_when_all_fails(void **state)
{
	struct scene *scene = *state;

	scene->self.addresses.count = 0;
	scene->self.link = "eth0";
	observe(scene, "link eth0 index 2 flags up\n");
	assert_answers(scene, "refused");
	health_set(scene, "dns peer chicago www.example.com", HEALTH_UP);
	assert_answers(scene, CHICAGO);
}

static void configure(struct scene *scene)
{
	scene->name = (struct dns_self_name){ .name = "www", .self = scene->self };
	scene->zone = (struct dns_zone){ .name = "Example.com",
					 .names = { .count = 1, .items = &scene->name } };
	scene->config = (struct dns_config){ .zones = { .count = 1, .items = &scene->zone } };
}

static void the_table_for_the_worker_has_whole_names(void **state)
{
	struct scene *scene = *state;
	struct dns_self_orders orders;

	configure(scene);
	scene->zone.self = scene->self;
	scene->zone.self.check = NULL;
	health_set(scene, "web-up", HEALTH_DOWN);
	dns_selves_make(&scene->config, &scene->facts, &orders);
	assert_int_equal(orders.self_count, 2);
	assert_string_equal(orders.selves[0].name, "example.com.");
	assert_string_equal(orders.selves[1].name, "www.example.com.");
	assert_string_equal(orders.selves[1].zone, "example.com.");
	assert_int_equal(orders.selves[1].ttl, 300);
	assert_int_equal(orders.selves[0].address_count, 2);
	assert_true(orders.selves[1].not_ready);
	dns_selves_free(&orders);
	dns_selves_make(NULL, &scene->facts, &orders);
	assert_int_equal(orders.self_count, 0);
	dns_selves_free(&orders);
}

static void a_peer_is_asked_for_the_name_and_must_tell_an_address_of_its_own(void **state)
{
	struct scene *scene = *state;
	struct check_list list = { 0 };
	const struct check_spec *spec;

	configure(scene);
	dns_checks(&scene->config, &list);
	assert_int_equal(list.items.count, 2);
	spec = check_list_find(&list, "dns peer chicago www.example.com");
	assert_non_null(spec);
	assert_int_equal(spec->kind, CHECK_DNS);
	assert_string_equal(spec->query, "www.example.com.");
	assert_int_equal(spec->type, 1);
	assert_int_equal(spec->address_count, 2);
	assert_int_equal(spec->rules.start, HEALTH_DOWN);
	spec = check_list_find(&list, "dns peer london www.example.com");
	assert_non_null(spec);
	assert_int_equal(spec->type, 28);
	assert_int_equal(spec->port, 5300);
	assert_int_equal(spec->address_count, 1);
	assert_true(address_equal(&spec->addresses[0], &scene->peers[1].server.address));
	check_list_free(&list);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_scene, clear_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(each_mode_with_each_health_is_answered_as_promised),
		IN_SCENE(without_a_check_it_is_never_down),
		IN_SCENE(a_check_that_nobody_knows_is_down),
		IN_SCENE(without_peers_nobody_is_down_but_itself),
		IN_SCENE(what_was_drained_is_down),
		IN_SCENE(the_address_asked_is_the_default),
		IN_SCENE(the_addresses_of_a_link_are_followed),
		IN_SCENE(a_link_without_addresses_is_no_answer_even_when_all_fails),
		IN_SCENE(the_table_for_the_worker_has_whole_names),
		IN_SCENE(a_peer_is_asked_for_the_name_and_must_tell_an_address_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
