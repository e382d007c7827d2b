/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of objects, and objects as text: what a person reads in a plan and writes in the facts of a
 * golden test.
 */
#include "host/dice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

static void refused(const char *text, const char *wanted)
{
	struct text error = { 0 };
	struct state state;

	assert_int_equal(state_parse(text, &state, &error), -EINVAL);
	assert_string_equal(text_string(&error), wanted);
	text_free(&error);
}

/* What object_print() says of each object of a text. */
static void prints(const char *text, const char *wanted)
{
	struct state state = parsed(text);
	struct text printed = { 0 };

	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		for (size_t i = 0; i < state_count(&state, (enum object_kind)kind); i++) {
			object_print((enum object_kind)kind,
				     state_at(&state, (enum object_kind)kind, i), &state, &printed);
			text_puts(&printed, "\n");
		}
	}
	assert_string_equal(text_string(&printed), wanted);
	text_free(&printed);
	state_free(&state);
}

#define LINKS                                                                                      \
	"link lo index 1 flags up\nlink eth0 index 2 flags up,lower-up mtu 1500 allmulti yes\n"

static void lines_read_as_they_are_written(void **data)
{
	static const char text[] = LINKS
		"sysctl net/ipv4/ip_local_port_range \"32768 60999\"\n"
		"sysctl net/ipv6/ip_nonlocal_bind 1 was 0\n"
		"address 192.0.2.1/24 link eth0 flags permanent\n"
		"address fe80::1/64 link eth0 scope link\n"
		"neighbour 192.0.2.7 link eth0 flags extern_learn\n"
		"neighbour 192.0.2.254 link eth0 state reachable mac 02:00:00:00:00:fe\n"
		"route 0.0.0.0/0 via 192.0.2.254 link eth0\n"
		"route 192.0.2.0/24 link eth0 source 192.0.2.1\n"
		"route unreachable 203.0.113.0/24 metric 7\n"
		"route ::/0 via fe80::2 link eth0 hops 2\n"
		"route 2001:db8::/64 link eth0 metric 256\n"
		"route local 198.51.100.0/24 table local link lo\n"
		"route 198.51.100.7/32 via fe80::2 table local link eth0\n"
		"route 10.0.0.0/8 table 1000 link #7\n"
		"answer 192.0.2.0/24 link eth0 flags override,target-source\n"
		"answer 192.0.2.5/32 link eth0 verdict own flags bound owner 17 mac "
		"02:00:00:00:00:05\n"
		"answer 2001:db8::7/128 link eth0 verdict silent\n"
		"responder link eth0 way tc guard yes router yes owner 17\n"
		"listener udp 0.0.0.0:53\n"
		"listener udp [::]:7777\n";

	prints(text, text);
}

static void whose_it_is_stands_in_the_text(void **data)
{
	struct state state = parsed(
		LINKS "route local 198.51.100.0/24 table local link lo protocol multihomed\n"
		      "route local 198.51.101.0/24 table local link lo protocol static\n"
		      "route local 198.51.102.0/24 table local link lo\n"
		      "sysctl net/a 1 was 0\nsysctl net/b 1\nlistener tcp 0.0.0.0:7\n"
		      "address 10.0.0.1/8 link lo protocol 109\n");
	const struct host_route *routes = state_at(&state, OBJECT_ROUTE, 0);
	const struct host_sysctl *sysctls = state_at(&state, OBJECT_SYSCTL, 0);

	assert_true(routes[0].object.ours);
	assert_false(routes[1].object.ours);
	assert_false(routes[2].object.ours);
	assert_true(sysctls[0].object.ours);
	assert_false(sysctls[1].object.ours);
	assert_true(((const struct object *)state_at(&state, OBJECT_LISTENER, 0))->ours);
	assert_true(((const struct object *)state_at(&state, OBJECT_ADDRESS, 0))->ours);
	state_free(&state);
}

static void mistakes_in_a_text_are_named(void **data)
{
	refused("\n# a comment\nrute 10.0.0.0/8\n", "line 3: 'rute' is no kind of object");
	refused("route 10.0.0.0/8 tabel local",
		"line 1: 'tabel' is no word of a route; did you mean 'table'?");
	refused("route 10.0.0.0/8 zzzzzz local", "line 1: 'zzzzzz' is no word of a route");
	refused("route 10.0.0.0/8 table", "line 1: 'table' needs a value");
	refused("route 10.0.0.0/8 table lokal", "line 1: 'lokal' is not understood");
	refused("route 10.0.0.0/8 metric 1 metric 2", "line 1: 'metric' is given twice");
	refused("route 10.0.0.1/8", "line 1: '10.0.0.1/8' is not understood");
	refused("route unicast", "line 1: route: something is missing");
	refused("route 10.0.0.0/8 link eth9", "line 1: there is no link 'eth9'");
	refused("route 10.0.0.0/8 metric 4294967296", "line 1: '4294967296' is not understood");
	refused("sysctl net/x \"1", "line 1: a quote is not closed");
	refused("link verylonginterfacename index 1",
		"line 1: 'verylonginterfacename' is not understood");
	refused("listener udp 0.0.0.0:65536", "line 1: '0.0.0.0:65536' is not understood");
	refused("link a index 1\nlink a index 2", "line 2: there are two links 'a'");
	refused("neighbour 10.0.0.1 link #1 mac 02:00:00:00:00",
		"line 1: '02:00:00:00:00' is not understood");
}

static void any_state_survives_its_text(void **data)
{
	for (unsigned round = 0; round < 300; round++) {
		struct state state = { 0 }, again;
		struct text first = { 0 }, second = { 0 }, error = { 0 };

		for (unsigned i = dice(40); i > 0; i--) {
			enum object_kind kind = (enum object_kind)dice(OBJECT_KINDS);
			union host_object object;

			dice_object(kind, &object);
			state_add(&state, kind, &object);
		}
		state_sort_observed(&state);
		state_print(&state, &first);
		if (state_parse(text_string(&first), &again, &error) < 0)
			fail_msg("%s in\n%s", text_string(&error), text_string(&first));
		state_print(&again, &second);
		assert_string_equal(text_string(&first), text_string(&second));
		for (int kind = 0; kind < OBJECT_KINDS; kind++) {
			assert_int_equal(state_count(&again, (enum object_kind)kind),
					 state_count(&state, (enum object_kind)kind));
			for (size_t i = 0; i < state_count(&state, (enum object_kind)kind); i++)
				assert_true(
					kind_identical(kind_of((enum object_kind)kind),
						       state_at(&state, (enum object_kind)kind, i),
						       state_at(&again, (enum object_kind)kind, i)));
		}
		state_free(&state);
		state_free(&again);
		text_free(&first);
		text_free(&second);
	}
}

static struct host_route route(const char *to, uint8_t type, bool ours)
{
	struct host_route made = {
		.object.ours = ours, .table = RT_TABLE_LOCAL, .type = type, .link = 1
	};

	assert_int_equal(prefix_parse(to, &made.to), 0);
	return made;
}

struct told {
	unsigned conflicts;
	const struct host_route *first, *second;
};

static void note_conflict(void *data, enum object_kind kind, const void *first, const void *second)
{
	struct told *told = data;

	assert_int_equal(kind, OBJECT_ROUTE);
	assert_int_equal(((const struct host_route *)first)->type, RTN_LOCAL);
	assert_int_equal(((const struct host_route *)second)->type, RTN_UNICAST);
	told->conflicts++;
}

static void two_wishes_for_one_key_are_a_conflict(void **data)
{
	struct host_route claim = route("10.0.0.0/8", RTN_LOCAL, true),
			  exception = route("10.0.0.0/8", RTN_UNICAST, true);
	struct host_route same = claim;
	struct state state = { 0 };
	struct told told = { 0 };

	same.object.place.line = 7;
	state_add(&state, OBJECT_ROUTE, &claim);
	state_add(&state, OBJECT_ROUTE, &same);
	state_sort(&state, note_conflict, &told);
	assert_int_equal(told.conflicts, 0);
	assert_int_equal(state_count(&state, OBJECT_ROUTE), 1);
	state_add(&state, OBJECT_ROUTE, &exception);
	state_sort(&state, note_conflict, &told);
	assert_int_equal(told.conflicts, 1);
	assert_int_equal(state_count(&state, OBJECT_ROUTE), 1);
	assert_int_equal(((const struct host_route *)state_at(&state, OBJECT_ROUTE, 0))->type,
			 RTN_UNICAST);
	state_free(&state);
}

static void what_is_ours_is_completed_as_the_kernel_would(void **data)
{
	struct host_route v4 = route("10.0.0.0/8", RTN_LOCAL, true),
			  v6 = route("2001:db8::/64", RTN_UNREACHABLE, true);
	struct host_route foreign = route("2001:db8:1::/64", RTN_LOCAL, false);
	struct state state = { 0 };
	const struct host_route *routes;

	state_add(&state, OBJECT_ROUTE, &v4);
	state_add(&state, OBJECT_ROUTE, &v6);
	state_add(&state, OBJECT_ROUTE, &foreign);
	state_sort(&state, NULL, NULL);
	routes = state_at(&state, OBJECT_ROUTE, 0);
	assert_int_equal(routes[0].scope, RT_SCOPE_HOST);
	assert_int_equal(routes[0].protocol, HOST_PROTOCOL);
	assert_int_equal(routes[1].metric, 1024);
	assert_int_equal(routes[1].link, 0);
	assert_int_equal(routes[2].metric, 0);
	assert_int_equal(routes[2].protocol, 0);
	state_free(&state);
}

static void a_set_finds_what_it_holds_and_nothing_else(void **data)
{
	for (unsigned round = 0; round < 200; round++) {
		union host_object objects[30], other;
		struct state state = { 0 };
		enum object_kind kind = (enum object_kind)dice(OBJECT_KINDS);
		const struct kind *of = kind_of(kind);
		bool known = false;

		for (size_t i = 0; i < 30; i++) {
			dice_object(kind, &objects[i]);
			if (objects[i].object.ours && of->complete)
				of->complete(&objects[i]);
			state_add(&state, kind, &objects[i]);
		}
		state_sort(&state, NULL, NULL);
		for (size_t i = 1; i < state_count(&state, kind); i++)
			assert_true(kind_compare(of, state_at(&state, kind, i - 1),
						 state_at(&state, kind, i)) < 0);
		dice_object(kind, &other);
		for (size_t i = 0; i < 30; i++) {
			assert_non_null(state_find(&state, kind, &objects[i]));
			known |= kind_compare(of, &objects[i], &other) == 0;
		}
		assert_int_equal(state_find(&state, kind, &other) != NULL, known);
		state_free(&state);
	}
}

static void ours_stands_before_its_twins(void **data)
{
	struct state state = parsed(LINKS "route local 10.0.0.0/8 link lo protocol static\n"
					  "route 10.0.0.0/8 link eth0 protocol multihomed\n"
					  "route local 10.0.0.0/8 link lo protocol static\n"
					  "route local 10.0.0.0/8 link lo protocol boot\n");
	const struct host_route *routes = state_at(&state, OBJECT_ROUTE, 0);

	assert_int_equal(state_count(&state, OBJECT_ROUTE), 3);
	assert_true(routes[0].object.ours);
	assert_ptr_equal(state_find(&state, OBJECT_ROUTE, &routes[2]), &routes[0]);
	state_free(&state);
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static void the_quick_order_is_the_order_of_the_keys(void **data)
{
	for (unsigned round = 0; round < 20000; round++) {
		enum object_kind kind = (enum object_kind)dice(OBJECT_KINDS);
		union host_object a, b;

		dice_object(kind, &a);
		dice_object(kind, &b);
		assert_int_equal(sign(kind_compare(kind_of(kind), &a, &b)),
				 sign(kind_compare_keys(kind_of(kind), &a, &b)));
		assert_int_equal(kind_compare(kind_of(kind), &a, &a), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_quick_order_is_the_order_of_the_keys),
		cmocka_unit_test(lines_read_as_they_are_written),
		cmocka_unit_test(whose_it_is_stands_in_the_text),
		cmocka_unit_test(mistakes_in_a_text_are_named),
		cmocka_unit_test(any_state_survives_its_text),
		cmocka_unit_test(two_wishes_for_one_key_are_a_conflict),
		cmocka_unit_test(what_is_ours_is_completed_as_the_kernel_would),
		cmocka_unit_test(a_set_finds_what_it_holds_and_nothing_else),
		cmocka_unit_test(ours_stands_before_its_twins),
	};

	srand(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
