/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan carried out on paper: what stands there then, and that nothing is left to do. */
#include "host/paper.h"

#include "base/mem.h"
#include "host/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINKS "link lo index 1\nlink eth0 index 2\n"

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

/* The routes of @text as desired ones, the n-th asked for in line n. */
static struct state wished(const char *text)
{
	struct state all = parsed(text), desired = { 0 };
	unsigned line = 1;

	STATE_EACH(&all, OBJECT_ROUTE, const struct host_route, route) {
		struct host_route wish = *route;

		wish.object =
			(struct object){ .place = { .line = line++ }, .feature = 1, .ours = true };
		state_add(&desired, OBJECT_ROUTE, &wish);
	}
	state_sort(&desired, NULL, NULL);
	state_free(&all);
	return desired;
}

static struct state carried_out(const struct state *desired, const struct state *observed)
{
	struct state after;
	struct plan plan;

	plan_make(desired, observed, &plan);
	state_after(desired, observed, &plan, &after);
	plan_free(&plan);
	return after;
}

static void what_is_added_changed_and_deleted_stands_there(void **data)
{
	struct state observed = parsed(
		LINKS "route 198.51.100.0/24 via 192.0.2.1 link eth0\n"
		      "route 10.1.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n"
		      "route 10.2.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n");
	struct state desired = wished(
		LINKS "route 10.0.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n"
		      "route 10.1.0.0/16 via 192.0.2.2 link eth0 protocol multihomed\n");
	struct state after = carried_out(&desired, &observed);
	struct text text = { 0 };

	state_print(&after, &text);
	assert_string_equal(text_string(&text),
			    LINKS "route 10.0.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n"
				  "route 10.1.0.0/16 via 192.0.2.2 link eth0 protocol multihomed\n"
				  "route 198.51.100.0/24 via 192.0.2.1 link eth0\n");
	text_free(&text);
	state_free(&after);
	state_free(&desired);
	state_free(&observed);
}

static void what_needed_no_operation_bears_its_place_too(void **data)
{
	struct state observed = parsed(
		LINKS "route 10.1.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n"
		      "route 10.2.0.0/16 via 192.0.2.1 link eth0\n");
	struct state desired =
		wished(LINKS "route 10.1.0.0/16 via 192.0.2.1 link eth0 protocol multihomed\n");
	struct state after = carried_out(&desired, &observed);
	const struct host_route *ours = state_at(&after, OBJECT_ROUTE, 0);
	const struct host_route *theirs = state_at(&after, OBJECT_ROUTE, 1);

	assert_int_equal(ours->object.place.line, 1);
	assert_int_equal(ours->object.feature, 1);
	assert_int_equal(theirs->object.place.line, 0);
	state_free(&after);
	state_free(&desired);
	state_free(&observed);
}

static void settings_that_the_kernel_copies_are_foreseen(void **data)
{
	struct state observed = parsed(LINKS "sysctl net/ipv6/conf/all/forwarding 0\n"
					     "sysctl net/ipv6/conf/eth0/forwarding 0\n"
					     "sysctl net/ipv6/conf/lo/forwarding 1\n");
	struct state nothing = { 0 }, desired = { 0 }, after, back;
	struct host_sysctl all = { .object.ours = true,
				   .name = "net/ipv6/conf/all/forwarding",
				   .value = "1" };
	struct text text = { 0 };
	struct plan plan;

	state_add(&desired, OBJECT_SYSCTL, &all);
	state_sort(&desired, NULL, NULL);
	after = carried_out(&desired, &observed);
	state_print(&after, &text);
	assert_string_equal(text_string(&text),
			    LINKS "sysctl net/ipv6/conf/all/forwarding 1 was 0\n"
				  "sysctl net/ipv6/conf/eth0/forwarding 1 was 0\n"
				  "sysctl net/ipv6/conf/lo/forwarding 1 was 1\n");
	text_free(&text);
	plan_make(&desired, &after, &plan);
	assert_int_equal(plan.count, 0);
	plan_free(&plan);
	back = carried_out(&nothing, &after);
	state_print(&back, &text);
	assert_string_equal(text_string(&text), LINKS "sysctl net/ipv6/conf/all/forwarding 0\n"
						      "sysctl net/ipv6/conf/eth0/forwarding 0\n"
						      "sysctl net/ipv6/conf/lo/forwarding 1\n");
	text_free(&text);
	state_free(&back);
	state_free(&after);
	state_free(&desired);
	state_free(&observed);
}

static void roll(struct state *state, bool ours)
{
	*state = (struct state){ 0 };
	for (unsigned i = 0; i < 40; i++) {
		enum object_kind kind = OBJECT_SYSCTL + dice(OBJECT_KINDS - OBJECT_SYSCTL);
		union host_object object;

		dice_object(kind, &object);
		object.object.ours |= ours;
		state_add(state, kind, &object);
	}
	if (ours)
		state_sort(state, NULL, NULL);
	else
		state_sort_observed(state);
}

static void nothing_of_ours_is_left_to_change(void **data)
{
	for (unsigned round = 0; round < 2000; round++) {
		struct state desired, observed, after;
		struct plan plan;

		roll(&desired, true);
		roll(&observed, false);
		after = carried_out(&desired, &observed);
		plan_make(&desired, &after, &plan);
		assert_int_equal(plan.count, 0);
		plan_free(&plan);
		state_free(&after);
		state_free(&observed);
		state_free(&desired);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_changed_and_deleted_stands_there),
		cmocka_unit_test(what_needed_no_operation_bears_its_place_too),
		cmocka_unit_test(settings_that_the_kernel_copies_are_foreseen),
		cmocka_unit_test(nothing_of_ours_is_left_to_change),
	};

	srand(5);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
