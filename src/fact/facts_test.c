/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to the observed host: those that a person would ask, and any, against a twin that looks
 * at every route.
 */
#include "fact/facts.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINKS                                                                                      \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth0 index 2 flags up,lower-up,running\n"                                            \
	"link eth1 index 3 flags up,lower-up,running\n"                                            \
	"link eth2 index 4 flags up\n"                                                             \
	"link eth3 index 5 flags lower-up\n"

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

static struct prefix prefix(const char *text)
{
	struct prefix parsed_prefix;

	assert_int_equal(prefix_parse(text, &parsed_prefix), 0);
	return parsed_prefix;
}

/* The line of the route that traffic to @to takes; "" = none. */
static void goes(const struct state *state, const char *to, const char *wanted)
{
	struct facts facts = { state };
	struct prefix asked = prefix(to);
	const struct host_route *route = facts_route_to(&facts, &asked);
	struct text line = { 0 };

	if (route)
		object_print(OBJECT_ROUTE, route, state, &line);
	assert_string_equal(text_string(&line), wanted);
	text_free(&line);
}

static void traffic_takes_the_longest_route_that_is_up(void **data)
{
	struct state state = parsed(LINKS "route 0.0.0.0/0 via 192.0.2.254 link eth0\n"
					  "route 10.0.0.0/8 via 192.0.2.1 link eth1\n"
					  "route 10.1.0.0/16 link eth2\n"
					  "route 10.2.0.0/16 link eth0 metric 9\n"
					  "route 10.2.0.0/16 link eth1 metric 5\n"
					  "route 10.3.0.0/16 link eth2 metric 1\n"
					  "route 10.3.0.0/16 link eth0 metric 2\n"
					  "route unreachable 10.4.0.0/16\n"
					  "route 10.5.0.0/16 link eth0 protocol multihomed\n"
					  "route 10.6.0.0/16 link eth0 table local\n"
					  "route 2001:db8::/32 link eth0\n");

	goes(&state, "10.9.9.9", "route 10.0.0.0/8 via 192.0.2.1 link eth1");
	goes(&state, "11.0.0.0/8", "route 0.0.0.0/0 via 192.0.2.254 link eth0");
	goes(&state, "10.0.0.0/7", "route 0.0.0.0/0 via 192.0.2.254 link eth0");
	goes(&state, "10.1.0.0/24", "route 10.0.0.0/8 via 192.0.2.1 link eth1");
	goes(&state, "10.2.0.0/16", "route 10.2.0.0/16 link eth1 metric 5");
	goes(&state, "10.3.3.3", "route 10.3.0.0/16 link eth0 metric 2");
	goes(&state, "10.4.4.4", "route unreachable 10.4.0.0/16");
	goes(&state, "10.5.5.5", "route 10.0.0.0/8 via 192.0.2.1 link eth1");
	goes(&state, "10.6.6.6", "route 10.0.0.0/8 via 192.0.2.1 link eth1");
	goes(&state, "2001:db8::1", "route 2001:db8::/32 link eth0");
	goes(&state, "2001:db9::1", "");
	goes(&state, "::/0", "");
	state_free(&state);
}

static void note(void *data, const struct host_route *route)
{
	char buffer[ADDRESS_TEXT_SIZE];

	text_printf(data, "%s ", prefix_text(&route->to, buffer));
}

static void networks_on_links_are_told(void **data)
{
	struct state state = parsed(
		LINKS
		"route 0.0.0.0/0 via 192.0.2.254 link eth0\n"
		"route 10.0.0.0/8 link eth0\n"
		"route 10.0.0.0/16 via 192.0.2.1 link eth0\n"
		"route 10.0.1.0/24 link eth0\nroute 10.0.1.0/24 link eth1 metric 7\n"
		"route 10.0.2.0/24 link eth0\n"
		"route unreachable 10.0.1.0/25\nroute 10.0.1.7/32 link eth0 protocol multihomed\n"
		"route 10.0.1.128/25 link eth2\n");
	struct facts facts = { &state };
	struct prefix asked = prefix("10.0.1.0/24");
	struct text told = { 0 };

	facts_connected(&facts, &asked, note, &told);
	assert_string_equal(text_string(&told),
			    "10.0.0.0/8 10.0.1.0/24 10.0.1.0/24 10.0.1.128/25 ");
	text_free(&told);
	state_free(&state);
}

static void a_link_is_up_when_it_can_carry(void **data)
{
	struct state state = parsed(LINKS);
	struct facts facts = { &state };

	assert_true(facts_link_up(&facts, "lo"));
	assert_true(facts_link_up(&facts, "eth0"));
	assert_false(facts_link_up(&facts, "eth2"));
	assert_false(facts_link_up(&facts, "eth3"));
	assert_false(facts_link_up(&facts, "eth9"));
	assert_int_equal(facts_link(&facts, "eth1")->index, 3);
	state_free(&state);
}

static struct prefix random_prefix(void)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0x80, 0xff };
	struct prefix made = { .family = rand() % 2 ? AF_INET : AF_INET6 };

	for (size_t i = 0; i < 4; i++)
		made.bytes[i] = bytes[rand() % 4];
	made.length = (uint8_t)(rand() % 33);
	return prefix_clean(&made);
}

static const struct host_route *twin_route_to(const struct state *state, const struct prefix *to)
{
	const struct host_route *best = NULL;

	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) {
		const struct host_link *link = state_link(state, route->link);

		if (route->table != RT_TABLE_MAIN || route->object.ours ||
		    !prefix_covers(&route->to, to) ||
		    (route->link &&
		     (!link || !(link->flags & IFF_UP) || !(link->flags & IFF_LOWER_UP))))
			continue;
		if (!best || route->to.length > best->to.length ||
		    (route->to.length == best->to.length && route->metric < best->metric))
			best = route;
	}
	return best;
}

struct tally {
	size_t count;
};

static void count(void *data, const struct host_route *route)
{
	((struct tally *)data)->count++;
}

static size_t twin_connected(const struct state *state, const struct prefix *to)
{
	size_t found = 0;

	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route)
		found += route->table == RT_TABLE_MAIN && !route->object.ours &&
			 route->type == RTN_UNICAST && route->link && !route->via.family &&
			 prefix_overlaps(&route->to, to);
	return found;
}

static void any_question_is_answered_as_the_slow_twin_does(void **data)
{
	for (unsigned round = 0; round < 300; round++) {
		struct state state = parsed(LINKS);
		struct facts facts = { &state };

		for (int i = rand() % 60; i > 0; i--) {
			struct host_route route = { .table = rand() % 4 ? RT_TABLE_MAIN :
									  RT_TABLE_LOCAL,
						    .to = random_prefix(),
						    .metric = (uint32_t)rand() % 3,
						    .type = rand() % 4 ? RTN_UNICAST : RTN_UNREACHABLE,
						    .object.ours = rand() % 4 == 0 };

			route.link = route.type == RTN_UNICAST ? 2 + (uint32_t)rand() % 3 : 0;
			if (rand() % 2)
				route.via = (struct address){ .family = route.to.family,
							      .bytes = { 1 } };
			state_add(&state, OBJECT_ROUTE, &route);
		}
		state_sort(&state, NULL, NULL);
		for (int i = 0; i < 40; i++) {
			struct prefix asked = random_prefix();
			struct tally tally = { 0 };

			assert_ptr_equal(facts_route_to(&facts, &asked),
					 twin_route_to(&state, &asked));
			facts_connected(&facts, &asked, count, &tally);
			assert_int_equal(tally.count, twin_connected(&state, &asked));
		}
		state_free(&state);
	}
}

/*
 * Ten thousand questions to ten thousand routes: a walk for each would take a good second, this
 * some milliseconds.
 */
static void many_questions_to_many_routes_are_quick(void **data)
{
	struct state state = parsed(LINKS "route 10.0.0.0/8 link eth0\n");
	struct facts facts = { &state };
	int64_t start;

	for (unsigned i = 0; i < 10000; i++) {
		struct host_route route = { .table = RT_TABLE_MAIN, .type = RTN_UNICAST, .link = 2 };

		route.to = (struct prefix){ AF_INET, 24, { 10, (uint8_t)(i >> 8), (uint8_t)i } };
		state_add(&state, OBJECT_ROUTE, &route);
	}
	state_sort(&state, NULL, NULL);
	start = clock_now_us();
	for (unsigned i = 0; i < 10000; i++) {
		struct prefix asked = { AF_INET, 32, { 10, (uint8_t)(i >> 8), (uint8_t)i, 7 } };

		assert_int_equal(facts_route_to(&facts, &asked)->to.length, 24);
	}
	assert_true(clock_now_us() - start < 5000000);
	state_free(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traffic_takes_the_longest_route_that_is_up),
		cmocka_unit_test(networks_on_links_are_told),
		cmocka_unit_test(a_link_is_up_when_it_can_carry),
		cmocka_unit_test(any_question_is_answered_as_the_slow_twin_does),
		cmocka_unit_test(many_questions_to_many_routes_are_quick),
	};

	srand(6);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
