/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fact/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_table_is_sorted_whatever_the_order(void **state)
{
	static const char *const names[] = { "m", "a", "z", "m", "b", "y" };
	struct healths healths = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		healths_get(&healths, names[i])->flips++;
	assert_int_equal(healths.items.count, 5);
	assert_string_equal(healths.items.items[0].name, "a");
	assert_string_equal(healths.items.items[4].name, "z");
	assert_int_equal(healths_find(&healths, "m")->flips, 2);
	assert_null(healths_find(&healths, "n"));
	healths_free(&healths);
}

static void what_is_told_leaves_what_was_configured_and_decided(void **state)
{
	struct healths healths = { 0 };
	struct health *health = healths_get(&healths, "web");

	health->hand = HEALTH_DRAINED;
	health->when_old = HEALTH_OLD_UP;
	healths_tell(&healths, &(struct health){ .name = (char *)"web",
						 .state = HEALTH_UP,
						 .reason = (char *)"200 OK" });
	health = healths_find(&healths, "web");
	assert_int_equal(health->state, HEALTH_UP);
	assert_int_equal(health->hand, HEALTH_DRAINED);
	assert_int_equal(health->when_old, HEALTH_OLD_UP);
	assert_string_equal(health->reason, "200 OK");
	healths_free(&healths);
}

/* Every combination, in words. */
static void usable_is_what_is_up_all_considered(void **state)
{
	static const struct {
		struct health health;
		bool usable;
	} cases[] = {
		{ { .state = HEALTH_UP }, true },
		{ { .state = HEALTH_DOWN }, false },
		{ { .state = HEALTH_UNKNOWN }, false },
		{ { .state = HEALTH_UNKNOWN, .start = HEALTH_UP }, true },
		{ { .state = HEALTH_UNKNOWN, .start = HEALTH_DOWN }, false },
		{ { .state = HEALTH_UNKNOWN, .start = HEALTH_UP, .old = true, .when_old = HEALTH_OLD_DOWN },
		  true },
		{ { .state = HEALTH_UP, .old = true }, true },
		{ { .state = HEALTH_DOWN, .old = true }, false },
		{ { .state = HEALTH_UP, .old = true, .when_old = HEALTH_OLD_DOWN }, false },
		{ { .state = HEALTH_DOWN, .old = true, .when_old = HEALTH_OLD_UP }, true },
		{ { .state = HEALTH_DOWN, .when_old = HEALTH_OLD_UP }, false },
		{ { .state = HEALTH_UP, .hand = HEALTH_DRAINED }, false },
		{ { .state = HEALTH_UP, .hand = HEALTH_FORCED_DOWN }, false },
		{ { .state = HEALTH_DOWN, .hand = HEALTH_FORCED_UP }, true },
		{ { .state = HEALTH_UNKNOWN, .hand = HEALTH_FORCED_UP }, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(health_usable(&cases[i].health), cases[i].usable);
	assert_false(health_usable(NULL));
}

static void facts_know_the_health_by_name(void **state)
{
	struct healths healths = { 0 };
	struct facts facts = { .health = &healths };

	healths_get(&healths, "web")->state = HEALTH_UP;
	assert_true(health_usable(facts_health(&facts, "web")));
	assert_null(facts_health(&facts, "gateway"));
	assert_null(facts_health(&(struct facts){ 0 }, "web"));
	healths_free(&healths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_sorted_whatever_the_order),
		cmocka_unit_test(what_is_told_leaves_what_was_configured_and_decided),
		cmocka_unit_test(usable_is_what_is_up_all_considered),
		cmocka_unit_test(facts_know_the_health_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
