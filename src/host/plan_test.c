/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The difference of two states: its lines as a person reads them, its order, and its content
 * against a twin that compares everything with everything.
 */
#include "host/plan.h"

#include "base/mem.h"
#include "host/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINKS "link lo index 1\nlink eth0 index 2\nlink eth1 index 3\n"

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

/* The same as something desired: everything in it is ours. */
static struct state wished(const char *text)
{
	struct state all = parsed(text), desired = { 0 };

	for (int kind = OBJECT_SYSCTL; kind < OBJECT_KINDS; kind++) {
		for (size_t i = 0; i < state_count(&all, (enum object_kind)kind); i++) {
			union host_object object;

			memcpy(&object, state_at(&all, (enum object_kind)kind, i),
			       kind_of((enum object_kind)kind)->size);
			object.object.ours = true;
			state_add(&desired, (enum object_kind)kind, &object);
		}
	}
	state_sort(&desired, NULL, NULL);
	state_free(&all);
	return desired;
}

static void differ(const char *desired_text, const char *observed_text, const char *wanted)
{
	struct state desired = wished(desired_text), observed = parsed(observed_text);
	struct text lines = { 0 };
	struct plan plan;

	plan_make(&desired, &observed, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		operation_print(&plan.items[i], &observed, &lines);
		text_puts(&lines, "\n");
	}
	assert_string_equal(text_string(&lines), wanted);
	text_free(&lines);
	plan_free(&plan);
	state_free(&desired);
	state_free(&observed);
}

static void what_is_missing_is_added(void **data)
{
	differ(LINKS "route local 198.51.100.0/24 table local link lo", LINKS,
	       "+ route local 198.51.100.0/24 table local link lo\n");
	differ(LINKS "sysctl net/ipv6/ip_nonlocal_bind 1\nlistener udp [::]:7777", LINKS,
	       "+ sysctl net/ipv6/ip_nonlocal_bind 1\n+ listener udp [::]:7777\n");
}

static void what_is_there_needs_nothing(void **data)
{
	differ(LINKS "route local 198.51.100.0/24 table local link lo\nroute 2001:db8::/64 via "
		     "fe80::1 link eth0",
	       LINKS "route local 198.51.100.0/24 table local link lo protocol multihomed\n"
		     "route 2001:db8::/64 via fe80::1 link eth0 protocol multihomed",
	       "");
}

static void what_the_kernel_filled_in_is_no_difference(void **data)
{
	differ("route 203.0.113.0/24 via 192.0.2.2\nroute unreachable 2001:db8::/64",
	       LINKS "route 203.0.113.0/24 via 192.0.2.2 link eth0 protocol multihomed\n"
		     "route unreachable 2001:db8::/64 protocol multihomed",
	       "");
	differ(LINKS "address fe80::7/64 link eth0",
	       LINKS "address fe80::7/64 link eth0 scope link flags permanent", "");
}

static void somebody_elses_equal_object_is_enough(void **data)
{
	differ(LINKS "route local 198.51.100.0/24 table local link lo",
	       LINKS "route local 198.51.100.0/24 table local link lo protocol static", "");
	differ("sysctl net/a 1", "sysctl net/a 1", "");
}

static void somebody_elses_other_object_is_run_into(void **data)
{
	differ(LINKS "route local 198.51.100.0/24 table local link lo",
	       LINKS "route unreachable 198.51.100.0/24 table local protocol static",
	       "+ route local 198.51.100.0/24 table local link lo\n");
}

static void a_sysctl_is_changed_whoever_set_it(void **data)
{
	differ("sysctl net/a 1", "sysctl net/a 0", "~ sysctl net/a: 0 -> 1\n");
	differ("sysctl net/a 1", "sysctl net/a 2 was 0", "~ sysctl net/a: 2 -> 1\n");
}

static void a_change_shows_what_changes(void **data)
{
	differ(LINKS "route 203.0.113.0/24 via 192.0.2.3 link eth1",
	       LINKS
	       "route 203.0.113.0/24 via 192.0.2.2 link eth0 source 192.0.2.1 protocol multihomed",
	       "~ route 203.0.113.0/24: via 192.0.2.2 -> 192.0.2.3, link eth0 -> eth1, "
	       "source 192.0.2.1 -> none\n");
	differ(LINKS "route 198.51.100.7/32 table local link eth0",
	       LINKS "route local 198.51.100.7/32 table local link eth0 protocol multihomed",
	       "~ route 198.51.100.7/32 table local: type local -> unicast, scope host -> link\n");
}

static void only_ours_is_deleted(void **data)
{
	differ("",
	       LINKS "route local 198.51.100.0/24 table local link lo protocol multihomed\n"
		     "route local 198.51.100.0/24 table local link lo protocol static\n"
		     "route 203.0.113.0/24 link eth0 protocol kernel\n"
		     "sysctl net/a 1 was 0\nsysctl net/b 1\naddress 192.0.2.1/24 link eth0",
	       "- route local 198.51.100.0/24 table local link lo\n- sysctl net/a 1 was 0\n");
}

static void of_two_of_ours_one_is_too_many(void **data)
{
	differ(LINKS "route 203.0.113.0/24 via 192.0.2.2 link eth0",
	       LINKS "route 203.0.113.0/24 via 192.0.2.2 link eth0 protocol multihomed\n"
		     "route 203.0.113.0/24 via 192.0.2.9 link eth0 protocol multihomed",
	       "- route 203.0.113.0/24 via 192.0.2.9 link eth0\n");
}

static void the_new_way_opens_before_the_old_one_closes(void **data)
{
	differ(LINKS "listener udp [::]:7\nroute local 198.51.100.0/24 table local link lo\n"
		     "route 198.51.100.7/32 table local link eth0\naddress 192.0.2.1/24 link "
		     "eth0\nsysctl net/a 1",
	       LINKS "route local 198.51.101.0/24 table local link lo protocol multihomed\n"
		     "route 198.51.101.7/32 table local link eth0 protocol multihomed\n"
		     "listener tcp [::]:7\nsysctl net/b 1 was 0\n"
		     "address 192.0.2.7/24 link eth0 protocol multihomed",
	       "+ sysctl net/a 1\n"
	       "+ address 192.0.2.1/24 link eth0\n"
	       "+ route 198.51.100.7/32 table local link eth0\n" /* the exception before its claim */
	       "+ route local 198.51.100.0/24 table local link lo\n"
	       "+ listener udp [::]:7\n"
	       "- listener tcp [::]:7\n"
	       "- route local 198.51.101.0/24 table local link lo\n"
	       "- route 198.51.101.7/32 table local link eth0\n"
	       "- address 192.0.2.7/24 link eth0\n"
	       "- sysctl net/b 1 was 0\n");
}

static void a_neighbour_is_as_the_kernel_resolved_it(void **data)
{
	differ("neighbour 192.0.2.7 link #2 flags extern_learn",
	       LINKS "neighbour 192.0.2.7 link eth0 state stale flags extern_learn,router "
		     "mac 02:00:00:00:00:07 protocol multihomed",
	       "");
	differ("neighbour 192.0.2.7 link #2 state permanent mac 02:00:00:00:00:08",
	       LINKS "neighbour 192.0.2.7 link eth0 state stale flags extern_learn "
		     "mac 02:00:00:00:00:07 protocol multihomed",
	       "~ neighbour 192.0.2.7 link eth0: state stale -> permanent, "
	       "mac 02:00:00:00:00:07 -> 02:00:00:00:00:08\n");
	differ("neighbour 192.0.2.7 link #2 flags extern_learn",
	       LINKS "neighbour 192.0.2.7 link eth0 state reachable mac 02:00:00:00:00:07",
	       "+ neighbour 192.0.2.7 link eth0 flags extern_learn\n");
	differ("", LINKS "neighbour 192.0.2.7 link eth0 state reachable mac 02:00:00:00:00:07", "");
}

static void what_is_said_stands_before_somebody_says_it(void **data)
{
	differ("responder link #2 guard yes\nanswer 192.0.2.0/24 link #2\nneighbour 192.0.2.7 link "
	       "#2 "
	       "flags extern_learn\nroute 192.0.2.7/32 link #2\nlistener udp [::]:7",
	       LINKS "responder link eth1 guard yes way tc\nanswer 192.0.2.0/24 link eth1\n",
	       "+ neighbour 192.0.2.7 link eth0 flags extern_learn\n"
	       "+ route 192.0.2.7/32 link eth0\n"
	       "+ answer 192.0.2.0/24 link eth0\n"
	       "+ responder link eth0 guard yes\n"
	       "+ listener udp [::]:7\n"
	       "- responder link eth1 way tc guard yes\n"
	       "- answer 192.0.2.0/24 link eth1\n");
	differ("responder link #3 guard yes router yes",
	       LINKS "responder link eth1 guard yes way xdp",
	       "~ responder link eth1: router no -> yes\n");
	differ("responder link #3 guard yes", LINKS "responder link eth1 guard yes way worker", "");
	differ("responder link #3 way tc", LINKS "responder link eth1 way worker",
	       "~ responder link eth1: way worker -> tc\n");
}

static size_t count(const struct plan *plan, enum operation_type type, enum object_kind kind,
		    const void *object)
{
	size_t found = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->items[i];

		found += operation->type == type && operation->kind == kind &&
			 (type == OPERATION_DELETE ? operation->before : operation->after) == object;
	}
	return found;
}

struct keyed {
	bool any, ours, enough;
	const void *first_of_ours;
};

/* What a set has of the key of @object: found by looking at all of it. */
static struct keyed look(const struct state *state, enum object_kind kind, const void *object)
{
	struct keyed keyed = { 0 };

	for (size_t i = 0; i < state_count(state, kind); i++) {
		const void *other = state_at(state, kind, i);

		if (kind_compare(kind_of(kind), other, object) != 0)
			continue;
		keyed.any = true;
		if (((const struct object *)other)->ours && !keyed.ours) {
			keyed.ours = true;
			keyed.first_of_ours = other;
		}
		keyed.enough |= kind_satisfies(kind_of(kind), object, other);
	}
	return keyed;
}

/* How the twin decides about one desired object; returns how many operations it expects. */
static size_t check_desired(const struct plan *plan, const struct state *observed,
			    enum object_kind kind, const void *object)
{
	struct keyed keyed = look(observed, kind, object);
	bool changes = keyed.ours ? !kind_satisfies(kind_of(kind), object, keyed.first_of_ours) :
				    kind == OBJECT_SYSCTL && keyed.any && !keyed.enough;
	bool adds = !keyed.ours && !keyed.enough && !changes;

	assert_int_equal(count(plan, OPERATION_CHANGE, kind, object), changes);
	assert_int_equal(count(plan, OPERATION_ADD, kind, object), adds);
	return (size_t)changes + adds;
}

static size_t check_observed(const struct plan *plan, const struct state *desired,
			     const struct state *observed, enum object_kind kind, const void *object)
{
	bool wanted = look(desired, kind, object).any &&
		      look(observed, kind, object).first_of_ours == object;
	bool deleted = ((const struct object *)object)->ours && !wanted;

	assert_int_equal(count(plan, OPERATION_DELETE, kind, object), deleted);
	return deleted;
}

/* Links and neighbours are never ours, so that nothing may be planned for them. */
static void roll(struct state *state, bool desired)
{
	for (unsigned i = dice(60); i > 0; i--) {
		enum object_kind kind = (enum object_kind)(desired ? OBJECT_SYSCTL + dice(4) :
								     dice(OBJECT_KINDS));
		union host_object object;

		dice_object(kind, &object);
		object.object.ours |= desired;
		state_add(state, kind, &object);
	}
	if (desired)
		state_sort(state, NULL, NULL);
	else
		state_sort_observed(state);
}

static void any_two_states_differ_as_the_slow_twin_says(void **data)
{
	for (unsigned round = 0; round < 500; round++) {
		struct state desired = { 0 }, observed = { 0 };
		struct plan plan;
		size_t expected = 0;

		roll(&desired, true);
		roll(&observed, false);
		plan_make(&desired, &observed, &plan);
		for (int kind = 0; kind < OBJECT_KINDS; kind++) {
			for (size_t i = 0; i < state_count(&desired, (enum object_kind)kind); i++)
				expected += check_desired(
					&plan, &observed, (enum object_kind)kind,
					state_at(&desired, (enum object_kind)kind, i));
			for (size_t i = 0; i < state_count(&observed, (enum object_kind)kind); i++)
				expected += check_observed(
					&plan, &desired, &observed, (enum object_kind)kind,
					state_at(&observed, (enum object_kind)kind, i));
		}
		assert_int_equal(plan.count, expected);
		plan_free(&plan);
		state_free(&desired);
		state_free(&observed);
	}
}

/* Every key of a state, some twice. */
static size_t add_keys(const struct state *state, struct plan_key *keys, size_t count)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		for (size_t i = 0; i < state_count(state, (enum object_kind)kind); i++)
			keys[count++] = (struct plan_key){
				(enum object_kind)kind, state_at(state, (enum object_kind)kind, i)
			};
	return count;
}

static void the_difference_of_all_keys_is_the_whole_difference(void **data)
{
	for (unsigned round = 0; round < 500; round++) {
		struct state desired = { 0 }, observed = { 0 };
		struct plan_key keys[120];
		struct plan all, some;
		size_t count;

		roll(&desired, true);
		roll(&observed, false);
		count = add_keys(&observed, keys, add_keys(&desired, keys, 0));
		plan_make(&desired, &observed, &all);
		plan_make_some(&desired, &observed, keys, count, &some);
		assert_int_equal(some.count, all.count);
		assert_int_equal(some.opens, all.opens);
		for (size_t i = 0; i < all.count; i++)
			assert_memory_equal(&some.items[i], &all.items[i], sizeof(all.items[i]));
		plan_free(&all);
		plan_free(&some);
		state_free(&desired);
		state_free(&observed);
	}
}

static void the_difference_of_one_key_is_that_alone(void **data)
{
	struct state desired = wished("route 10.0.0.0/8 link #2\nroute 10.1.0.0/16 link #2\n");
	struct state observed = parsed("route 10.2.0.0/16 link #2 protocol multihomed\n"
				       "route 10.3.0.0/16 link #2 protocol multihomed\n");
	const struct plan_key keys[] = {
		{ OBJECT_ROUTE, state_at(&desired, OBJECT_ROUTE, 1) },
		{ OBJECT_ROUTE, state_at(&observed, OBJECT_ROUTE, 0) },
	};
	struct plan plan;

	plan_make_some(&desired, &observed, keys, ARRAY_SIZE(keys), &plan);
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.opens, 1);
	assert_ptr_equal(plan.items[0].after, keys[0].like);
	assert_ptr_equal(plan.items[1].before, keys[1].like);
	plan_free(&plan);
	state_free(&desired);
	state_free(&observed);
}

static void a_state_differs_from_itself_in_nothing(void **data)
{
	for (unsigned round = 0; round < 100; round++) {
		struct state state = { 0 };
		struct plan plan;

		roll(&state, true);
		plan_make(&state, &state, &plan);
		assert_int_equal(plan.count, 0);
		plan_free(&plan);
		state_free(&state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_added),
		cmocka_unit_test(what_is_there_needs_nothing),
		cmocka_unit_test(what_the_kernel_filled_in_is_no_difference),
		cmocka_unit_test(somebody_elses_equal_object_is_enough),
		cmocka_unit_test(somebody_elses_other_object_is_run_into),
		cmocka_unit_test(a_sysctl_is_changed_whoever_set_it),
		cmocka_unit_test(a_change_shows_what_changes),
		cmocka_unit_test(only_ours_is_deleted),
		cmocka_unit_test(of_two_of_ours_one_is_too_many),
		cmocka_unit_test(the_new_way_opens_before_the_old_one_closes),
		cmocka_unit_test(a_neighbour_is_as_the_kernel_resolved_it),
		cmocka_unit_test(what_is_said_stands_before_somebody_says_it),
		cmocka_unit_test(any_two_states_differ_as_the_slow_twin_says),
		cmocka_unit_test(the_difference_of_all_keys_is_the_whole_difference),
		cmocka_unit_test(the_difference_of_one_key_is_that_alone),
		cmocka_unit_test(a_state_differs_from_itself_in_nothing),
	};

	srand(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
