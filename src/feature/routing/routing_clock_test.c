/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/routing/routing_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026 in London: the clock goes from 01:00 to 02:00 on 29 March, from 02:00 to 01:00 on 25 October. */
#define SPRING 1774746000 /* Sun 29 Mar 2026 01:00 UTC: the change */
#define AUTUMN 1792890000 /* Sun 25 Oct 2026 01:00 UTC: the change */
#define HOUR 3600
#define DAY (24 * HOUR)

struct span_of_days {
	struct rule_config rule;
	struct days_word days[7];
};

static void window(struct span_of_days *window, const char *between, const char *days)
{
	AUTO_TEXT error = { 0 };

	memset(window, 0, sizeof(*window));
	if (between)
		assert_int_equal(clock_word.parse(between, &window->rule.between, &error), 0);
	window->rule.days.items = window->days;
	window->rule.days.count = days ? 1 : 0;
	if (days)
		assert_int_equal(days_word.parse(days, &window->days[0], &error), 0);
}

static bool stands(const struct span_of_days *window, time_t at)
{
	time_t change;

	return clock_allows(&window->rule, at, &change);
}

/* The honest way: look at the clock each minute. */
static time_t next_change(const struct span_of_days *window, time_t now)
{
	bool now_stands = stands(window, now);

	for (time_t at = now - now % 60 + 60; at < now + 9 * DAY; at += 60)
		if (stands(window, at) != now_stands)
			return at;
	return 0;
}

static void the_clock_on_the_wall_decides(void **state)
{
	struct span_of_days day;

	window(&day, "09:00-18:00", "mon-fri");
	/* Fri 27 Mar 2026, in winter time. */
	assert_false(stands(&day, SPRING - 2 * DAY + 8 * HOUR - 1));
	assert_true(stands(&day, SPRING - 2 * DAY + 8 * HOUR));
	assert_true(stands(&day, SPRING - 2 * DAY + 17 * HOUR - 1));
	assert_false(stands(&day, SPRING - 2 * DAY + 17 * HOUR));
	/* Sun 29 and Mon 30: an hour earlier by UTC. */
	assert_false(stands(&day, SPRING + 9 * HOUR));
	assert_true(stands(&day, SPRING + DAY + 7 * HOUR));
	assert_false(stands(&day, SPRING + DAY + 7 * HOUR - 1));
}

static void a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
	struct span_of_days night;

	window(&night, "22:00-06:00", "fri");
	assert_true(stands(&night, AUTUMN - 2 * DAY + 20 * HOUR + 1800)); /* Fri 22:30 */
	assert_true(stands(&night, AUTUMN - DAY + 3 * HOUR));		  /* Sat 05:00 */
	assert_false(stands(&night, AUTUMN - DAY + 5 * HOUR));		  /* Sat 07:00 */
	assert_false(stands(&night, AUTUMN - 2 * DAY + 3 * HOUR));	  /* Fri 05:00 */
	assert_false(stands(&night, AUTUMN - DAY + 21 * HOUR));		  /* Sat 23:00 */
}

static void a_time_that_is_skipped_never_shows(void **state)
{
	struct span_of_days skipped, half;

	window(&skipped, "01:15-01:45", NULL);
	for (time_t at = SPRING - HOUR / 2; at < SPRING + HOUR; at += 60)
		assert_false(stands(&skipped, at));
	window(&half, "01:30-03:00", NULL);
	assert_false(stands(&half, SPRING - 1));
	assert_true(stands(&half, SPRING));
	assert_false(stands(&half, SPRING + HOUR));
}

static void a_time_that_exists_twice_shows_twice(void **state)
{
	struct span_of_days twice;

	window(&twice, "01:15-01:45", NULL);
	assert_true(stands(&twice, AUTUMN - HOUR + 1800));
	assert_false(stands(&twice, AUTUMN - 60));
	assert_false(stands(&twice, AUTUMN));
	assert_true(stands(&twice, AUTUMN + 1800));
	assert_false(stands(&twice, AUTUMN + 2700));
}

static void check_next_change(const char *between, const char *days, time_t start)
{
	struct span_of_days w;
	time_t change;

	window(&w, between, days);
	clock_allows(&w.rule, start, &change);
	assert_int_equal(change, next_change(&w, start));
}

static void the_next_change_is_found_as_by_looking_each_minute(void **state)
{
	static const char *const betweens[] = { "09:00-18:00", "22:00-06:00", "01:30-01:31",
						"00:00-12:00", "01:00-02:00", "12:00-24:00",
						NULL };
	static const char *const days[] = { NULL, "mon-fri", "sat", "fri-mon", "sun" };
	static const time_t starts[] = { SPRING - DAY - 77, SPRING - 1800, AUTUMN - HOUR - 60,
					 AUTUMN - 5,	    AUTUMN + 17,   1780000000 };

	for (size_t b = 0; b < ARRAY_SIZE(betweens); b++)
		for (size_t d = betweens[b] ? 0 : 1; d < ARRAY_SIZE(days); d++)
			for (size_t s = 0; s < ARRAY_SIZE(starts); s++)
				check_next_change(betweens[b], days[d], starts[s]);
}

static void every_day_is_always(void **state)
{
	struct span_of_days always;
	time_t change;

	window(&always, NULL, "mon-sun");
	assert_true(clock_allows(&always.rule, AUTUMN, &change));
	assert_int_equal(change, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_on_the_wall_decides),
		cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
		cmocka_unit_test(a_time_that_is_skipped_never_shows),
		cmocka_unit_test(a_time_that_exists_twice_shows_twice),
		cmocka_unit_test(the_next_change_is_found_as_by_looking_each_minute),
		cmocka_unit_test(every_day_is_always),
	};

	/* Europe/London, on machines without its file as well. */
	setenv("TZ", "GMT0BST,M3.5.0/1,M10.5.0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
