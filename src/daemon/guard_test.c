/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who fights, how long he is let be, and what is no fight at all. */
#include "daemon/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000ll
#define MINUTE (60 * SECOND)

static const char rule[] = "rule 1000 from 10.0.0.0/8 table 7";

/* It was removed at @now: is it mended? */
static enum guard_verdict removed(struct guard *guard, const char *object, int64_t now)
{
	struct fight *fight = NULL;
	enum guard_verdict verdict = guard_ask(guard, object, now, &fight);

	if (verdict == GUARD_MEND)
		guard_note(guard, object, now);
	assert_int_equal(verdict == GUARD_STOP, fight != NULL);
	return verdict;
}

/* Removed each second from @now on until it is let be; returns when that was. */
static int64_t fight_until_stopped(struct guard *guard, const char *object, int64_t now)
{
	while (removed(guard, object, now) == GUARD_MEND)
		now += SECOND;
	return now;
}

static void what_is_removed_now_and_then_is_always_mended(void **data)
{
	struct guard guard = { 0 };

	for (int64_t now = SECOND; now < 1000 * MINUTE; now += 11 * SECOND)
		assert_int_equal(removed(&guard, rule, now), GUARD_MEND);
	guard_free(&guard);
}

static void what_is_removed_each_second_is_let_be(void **data)
{
	struct guard guard = { 0 };

	for (int64_t now = SECOND; now <= 6 * SECOND; now += SECOND)
		assert_int_equal(removed(&guard, rule, now), GUARD_MEND);
	assert_int_equal(removed(&guard, rule, 7 * SECOND), GUARD_STOP);
	assert_int_equal(removed(&guard, rule, 8 * SECOND), GUARD_LEAVE);
	assert_int_equal(guard_due(&guard, 8 * SECOND), 7 * SECOND + MINUTE);
	guard_free(&guard);
}

static void others_are_mended_all_the_same(void **data)
{
	struct guard guard = { 0 };

	fight_until_stopped(&guard, rule, SECOND);
	assert_int_equal(removed(&guard, "another", 8 * SECOND), GUARD_MEND);
	guard_free(&guard);
}

static void the_rounds_of_a_flush_are_no_fight(void **data)
{
	struct guard guard = { 0 };

	for (int64_t now = SECOND; now < 5 * SECOND; now += 1000)
		assert_int_equal(removed(&guard, rule, now), GUARD_MEND);
	guard_free(&guard);
}

static void who_never_stops_is_let_be_too(void **data)
{
	struct guard guard = { 0 };
	int64_t now = SECOND;

	while (removed(&guard, rule, now) == GUARD_MEND)
		now += 1000;
	assert_true(now > 5 * SECOND && now < 9 * SECOND);
	guard_free(&guard);
}

static void each_pause_is_twice_as_long_up_to_an_hour(void **data)
{
	struct guard guard = { 0 };
	int64_t now = fight_until_stopped(&guard, rule, SECOND), pause = MINUTE;

	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(removed(&guard, rule, now + pause - 1), GUARD_LEAVE);
		assert_int_equal(removed(&guard, rule, now + pause), GUARD_MEND);
		assert_int_equal(removed(&guard, rule, now + pause + SECOND), GUARD_STOP);
		now += pause + SECOND;
		pause = 2 * pause < 60 * MINUTE ? 2 * pause : 60 * MINUTE;
	}
	guard_free(&guard);
}

static void who_keeps_the_peace_is_believed_again(void **data)
{
	struct guard guard = { 0 };
	int64_t now = fight_until_stopped(&guard, rule, SECOND);

	assert_int_equal(removed(&guard, rule, now + MINUTE), GUARD_MEND);
	now += 60 * MINUTE;
	assert_int_equal(fight_until_stopped(&guard, rule, now), now + 6 * SECOND);
	guard_free(&guard);
}

static void all_is_forgiven_when_somebody_decides_anew(void **data)
{
	struct guard guard = { 0 };
	int64_t now = fight_until_stopped(&guard, rule, SECOND);

	guard_forgive(&guard);
	assert_int_equal(guard_due(&guard, now), INT64_MAX);
	assert_int_equal(removed(&guard, rule, now + SECOND), GUARD_MEND);
	guard_free(&guard);
}

static void a_hundred_thousand_objects_are_borne(void **data)
{
	struct guard guard = { 0 };
	char object[32];
	int64_t now = fight_until_stopped(&guard, rule, SECOND);

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(object, sizeof(object), "route %u", i);
		assert_int_equal(removed(&guard, object, now), GUARD_MEND);
	}
	assert_int_equal(removed(&guard, rule, now), GUARD_LEAVE);
	guard_free(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_removed_now_and_then_is_always_mended),
		cmocka_unit_test(what_is_removed_each_second_is_let_be),
		cmocka_unit_test(others_are_mended_all_the_same),
		cmocka_unit_test(the_rounds_of_a_flush_are_no_fight),
		cmocka_unit_test(who_never_stops_is_let_be_too),
		cmocka_unit_test(each_pause_is_twice_as_long_up_to_an_hour),
		cmocka_unit_test(who_keeps_the_peace_is_believed_again),
		cmocka_unit_test(all_is_forgiven_when_somebody_decides_anew),
		cmocka_unit_test(a_hundred_thousand_objects_are_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
