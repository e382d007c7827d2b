/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times of day. A rule stands while the clock on the wall shows a time of its window, and nothing
 * else is remembered: so a change of daylight saving needs no case of its own. A time that is
 * skipped never shows; one that exists twice shows twice.
 *
 * When it changes next is found by going from one edge to the next: an edge is where the clock
 * shows the begin or the end of the window, or midnight, or where the zone's offset changes.
 */
#include "feature/routing/routing_clock.h"

#define DAY 1440u

struct window {
	unsigned from, to; /* minutes */
	uint8_t days;	   /* bit 0 = Sunday, as tm_wday */
};

static struct window window_of(const struct rule_config *rule)
{
	const struct days_word *days = rule->days.items;
	struct window window = { rule->between.from, rule->between.to, 0 };

	if (!rule->between.to)
		window = (struct window){ 0, DAY, 0 };
	for (unsigned i = 0; i < rule->days.count; i++) {
		uint8_t day = days[i].first;

		window.days |= (uint8_t)(1u << day % 7);
		while (day != days[i].last) {
			day = (uint8_t)(day % 7 + 1);
			window.days |= (uint8_t)(1u << day % 7);
		}
	}
	if (!rule->days.count)
		window.days = 0x7f;
	return window;
}

static bool on_day(const struct window *window, int day)
{
	return window->days & 1u << (day + 7) % 7;
}

static bool shows(const struct window *window, time_t at)
{
	unsigned minute;
	struct tm tm;

	localtime_r(&at, &tm);
	minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	if (window->from < window->to)
		return on_day(window, tm.tm_wday) && minute >= window->from && minute < window->to;
	/* It passes midnight: what stands after it began the day before. */
	return (on_day(window, tm.tm_wday) && minute >= window->from) ||
	       (on_day(window, tm.tm_wday - 1) && minute < window->to);
}

static long offset_at(time_t at)
{
	struct tm tm;

	localtime_r(&at, &tm);
	return tm.tm_gmtoff;
}

/* The first second after @from, up to @to, at which the offset is no longer that of @from. */
static time_t offset_change(time_t from, time_t to)
{
	long offset = offset_at(from);

	while (to - from > 1) {
		time_t middle = from + (to - from) / 2;

		if (offset_at(middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* Seconds from @at on until the clock would show the next edge of @window, or midnight. */
static time_t until_edge(const struct window *window, time_t at)
{
	const unsigned edges[] = { window->from, window->to % DAY, 0 };
	unsigned nearest = DAY, minute;
	struct tm tm;

	localtime_r(&at, &tm);
	minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		unsigned ahead = (edges[i] + DAY - minute - 1) % DAY + 1;

		nearest = ahead < nearest ? ahead : nearest;
	}
	return (time_t)nearest * 60 - tm.tm_sec;
}

bool clock_allows(const struct rule_config *rule, time_t now, time_t *ret_change)
{
	struct window window = window_of(rule);
	bool allowed = shows(&window, now);
	time_t at = now;

	*ret_change = 0;
	/* Three edges a day, changes of the zone beside them, and a week has every day once. */
	for (unsigned edges = 0; edges < 40; edges++) {
		time_t next = at + until_edge(&window, at);

		if (offset_at(next) != offset_at(at))
			next = offset_change(at, next);
		if (shows(&window, next) != allowed) {
			*ret_change = next;
			return allowed;
		}
		at = next;
	}
	return allowed;
}
