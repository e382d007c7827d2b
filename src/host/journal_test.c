/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal merged at once against a slow twin that puts each change in place as it comes. */
#include "host/journal.h"

#include "base/clock.h"
#include "host/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The twin: an unsorted array of whatever is there. */
struct twin {
	union host_object objects[400];
	size_t count;
	bool lost;
};

static void twin_drop(struct twin *twin, size_t index)
{
	memmove(&twin->objects[index], &twin->objects[index + 1],
		(--twin->count - index) * sizeof(twin->objects[0]));
}

static size_t twin_keyed(const struct twin *twin, const struct kind *kind, const void *object)
{
	size_t count = 0;

	for (size_t i = 0; i < twin->count; i++)
		count += kind_compare(kind, &twin->objects[i], object) == 0;
	return count;
}

static long twin_same(const struct twin *twin, const struct kind *kind, const void *object)
{
	for (size_t i = 0; i < twin->count; i++)
		if (kind_identical(kind, &twin->objects[i], object))
			return (long)i;
	return -1;
}

static void twin_drop_keyed(struct twin *twin, const struct kind *kind, const void *object)
{
	for (size_t i = twin->count; i > 0; i--)
		if (kind_compare(kind, &twin->objects[i - 1], object) == 0)
			twin_drop(twin, i - 1);
}

static void twin_change(struct twin *twin, const struct kind *kind, const struct change *change)
{
	size_t keyed = twin_keyed(twin, kind, &change->object);
	long same = twin_same(twin, kind, &change->object);

	if (kind->twins && change->removed) {
		if (same >= 0)
			twin_drop(twin, (size_t)same);
		else
			twin->lost |= keyed > 0;
		return;
	}
	if (kind->twins && same >= 0)
		return;
	if (kind->twins && change->replaces)
		twin->lost |= keyed > 1;
	if (kind->twins && !change->replaces && kind->melts && kind->melts(&change->object))
		twin->lost |= keyed > 0;
	if (!kind->twins || change->replaces)
		twin_drop_keyed(twin, kind, &change->object);
	if (!change->removed)
		twin->objects[twin->count++] = change->object;
}

/* Both hold the same objects, in whatever order. */
static void check_equal(const struct twin *twin, const struct object_set *set, const struct kind *kind)
{
	assert_int_equal(twin->count, set->count);
	for (size_t i = 0; i < set->count; i++) {
		assert_true(twin_same(twin, kind, set->items + i * kind->size) >= 0);
		if (i)
			assert_true(kind_compare(kind, set->items + (i - 1) * kind->size,
						 set->items + i * kind->size) <= 0);
	}
}

/* A random change; every other removal is of something that is there. */
static struct change dice_change(enum object_kind which, const struct twin *twin)
{
	struct change change = { .removed = dice(3) == 0, .replaces = dice(4) == 0 };

	dice_object(which, &change.object);
	if (change.removed && twin->count && dice(2))
		change.object = twin->objects[dice((unsigned)twin->count)];
	return change;
}

/* Three journals, one after the other, into one set. */
static void merge_at_random(enum object_kind which)
{
	const struct kind *kind = kind_of(which);
	struct twin *twin = calloc(1, sizeof(*twin));
	struct journal journal = { 0 };
	struct object_set set = { .sorted = true };
	bool lost = false;

	for (unsigned part = 0; part < 3; part++) {
		/* Few are merged in another way than many. */
		for (unsigned i = dice(dice(2) ? 60 : 12); i > 0; i--) {
			struct change change = dice_change(which, twin);

			journal_add(&journal, &change);
			twin_change(twin, kind, &change);
		}
		journal_merge(&journal, kind, &set, &lost);
		check_equal(twin, &set, kind);
		assert_int_equal(lost, twin->lost);
	}
	free(set.items);
	free(twin);
}

static void a_merged_journal_equals_changes_one_by_one(void **data)
{
	for (unsigned round = 0; round < 1000; round++)
		merge_at_random((enum object_kind)dice(OBJECT_KINDS));
}

static struct change told(const char *line, bool removed)
{
	struct change change = { .removed = removed };
	struct text error = { 0 };
	struct state state;

	if (state_parse(line, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		if (state_count(&state, (enum object_kind)kind))
			memcpy(&change.object, state_at(&state, (enum object_kind)kind, 0),
			       kind_of((enum object_kind)kind)->size);
	state_free(&state);
	return change;
}

static bool merged(struct object_set *set, const struct kind *kind, const char *line, bool removed)
{
	struct change change = told(line, removed);
	struct journal journal = { 0 };
	bool lost = false, news;

	journal_add(&journal, &change);
	news = journal_merge(&journal, kind, set, &lost);
	assert_false(lost);
	return news;
}

static void a_living_neighbour_is_no_news(void **data)
{
	struct object_set set = { .sorted = true };

	assert_true(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1 state reachable",
			   false));
	assert_false(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1 state stale", false));
	assert_false(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1 state probe", false));
	assert_int_equal(((const struct host_neighbour *)set.items)->state, 0x10);
	assert_true(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1 state failed", false));
	assert_true(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1", true));
	assert_int_equal(set.count, 0);
	assert_false(merged(&set, &neighbour_kind, "neighbour 192.0.2.7 link #1", true));
	free(set.items);
}

static void the_same_told_twice_is_no_news(void **data)
{
	struct object_set set = { .sorted = true };

	assert_true(merged(&set, &route_kind, "route 10.0.0.0/8 link #1 protocol static", false));
	assert_false(merged(&set, &route_kind, "route 10.0.0.0/8 link #1 protocol static", false));
	assert_true(merged(&set, &route_kind, "route 10.0.0.0/8 link #1 protocol boot", false));
	assert_int_equal(set.count, 2);
	assert_true(merged(&set, &route_kind, "route 10.0.0.0/8 link #1 protocol static", true));
	assert_int_equal(set.count, 1);
	free(set.items);
}

/*
 * Fifty thousand changes into fifty thousand routes: were it a move for each, this would take
 * minutes.
 */
static void a_burst_is_merged_in_one_pass(void **data)
{
	struct journal journal = { 0 };
	struct object_set set = { .sorted = true };
	bool lost = false;
	int64_t start;

	for (unsigned half = 0; half < 2; half++) {
		for (uint32_t i = 0; i < 50000; i++) {
			struct change change = { .object.route = { .table = RT_TABLE_MAIN,
								   .type = RTN_UNICAST } };
			uint32_t number = (i * 2654435761u) << 1 | half;

			change.object.route.to = (struct prefix){ .family = AF_INET, .length = 32 };
			memcpy(change.object.route.to.bytes, &number, 4);
			journal_add(&journal, &change);
		}
		start = clock_now_us();
		assert_true(journal_merge(&journal, &route_kind, &set, &lost));
	}
	assert_int_equal(set.count, 100000);
	assert_true(clock_now_us() - start < 20 * 1000000);
	free(set.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_merged_journal_equals_changes_one_by_one),
		cmocka_unit_test(a_living_neighbour_is_no_news),
		cmocka_unit_test(the_same_told_twice_is_no_news),
		cmocka_unit_test(a_burst_is_merged_in_one_pass),
	};

	srand(4);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
