/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes are collected and merged at once, not put in place one by one, unless they are few: a burst
 * of ten thousand events into a sorted array of ten thousand would move half the array for each.
 *
 * Of most kinds there is one object for a key, and the last change decides. Of routes there may be
 * twins, and here the set follows what the kernel does: an added route stands beside the others of
 * its key, a replacing one takes the place of the only one, a removed one must be there. Whatever
 * does not fit (two to choose from for a replacement, an unknown one removed) is not guessed at.
 */
#include "host/journal.h"

#include <stdlib.h>
#include <string.h>

/*
 * So many twins are nobody's wish; they are left to the dump, which does not look at each for each.
 */
#define RUN_MAX 64
/* So many changes are put in place one by one. */
#define FEW 16

struct sorter {
	const struct kind *kind;
	const struct change *changes;
};

void journal_add(struct journal *journal, const struct change *change)
{
	*VEC_PUSH(&journal->changes) = *change;
}

void journal_clear(struct journal *journal)
{
	VEC_FREE(&journal->changes);
}

static int order_compare(const void *left, const void *right, void *data)
{
	const struct sorter *sorter = data;
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	int r = kind_compare(sorter->kind, &sorter->changes[i].object, &sorter->changes[j].object);

	return r ? r : i < j ? -1 : i > j;
}

/* The numbers of the changes by key, then by time. */
static uint32_t *journal_order(const struct journal *journal, const struct kind *kind)
{
	struct sorter sorter = { kind, journal->changes.items };
	uint32_t *order = mem_alloc(journal->changes.count * sizeof(*order));

	for (size_t i = 0; i < journal->changes.count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, journal->changes.count, sizeof(*order), order_compare, &sorter);
	return order;
}

/* The index of the very same object, or the count. */
static size_t run_find(const struct object_set *run, const struct kind *kind, const void *object)
{
	size_t i = 0;

	while (i < run->count && !kind_identical(kind, set_at(run, kind, i), object))
		i++;
	return i;
}

static void run_remove(struct object_set *run, const struct kind *kind, size_t index)
{
	memmove(set_at(run, kind, index), set_at(run, kind, index + 1),
		(run->count - index - 1) * kind->size);
	run->count--;
}

/* Carries one change out on the objects of its key. */
static void run_change(struct object_set *run, const struct kind *kind, const struct change *change,
		       bool *ret_lost)
{
	size_t same = run_find(run, kind, &change->object);

	if (!kind->twins) {
		run->count = 0;
		if (!change->removed)
			set_push(run, kind, &change->object);
	} else if (change->removed) {
		if (same < run->count)
			run_remove(run, kind, same);
		else if (run->count)
			*ret_lost = true;
	} else if (run->count >= RUN_MAX) {
		*ret_lost = true;
	} else if (same == run->count) {
		if (change->replaces ? run->count > 1 :
				       run->count && kind->melts && kind->melts(&change->object))
			*ret_lost = true;
		if (change->replaces)
			run->count = 0;
		set_push(run, kind, &change->object);
	}
}

bool set_is_news(const struct object_set *before, const struct object_set *after,
		 const struct kind *kind)
{
	if (before->count != after->count)
		return true;
	for (size_t i = 0; i < before->count; i++)
		if (kind_is_news(kind, set_at(before, kind, i), set_at(after, kind, i)))
			return true;
	return false;
}

/* How many of @set from @start on have the key of @object. */
static size_t run_length(const struct object_set *set, const struct kind *kind, size_t start,
			 const void *object)
{
	size_t end = start;

	while (end < set->count && kind_compare(kind, set_at(set, kind, end), object) == 0)
		end++;
	return end - start;
}

/* The changes of one key, from @first on. */
struct keyed {
	const struct change *changes;
	const uint32_t *order;
	size_t first, end;
};

/* Finds where the changes of the key at @first end. */
static struct keyed keyed_from(const struct journal *journal, const struct kind *kind,
			       const uint32_t *order, size_t first)
{
	struct keyed keyed = { journal->changes.items, order, first, first + 1 };

	while (keyed.end < journal->changes.count &&
	       kind_compare(kind, &keyed.changes[order[first]].object,
			    &keyed.changes[order[keyed.end]].object) == 0)
		keyed.end++;
	return keyed;
}

/*
 * Makes @run what the objects of one key, @before, are after the changes. Returns whether they
 * differ now.
 */
static bool change_key(struct object_set *run, const struct kind *kind,
		       const struct object_set *before, const struct keyed *keyed, bool *ret_lost)
{
	run->count = 0;
	for (size_t i = 0; i < before->count; i++)
		set_push(run, kind, set_at(before, kind, i));
	for (size_t i = keyed->first; i < keyed->end; i++)
		run_change(run, kind, &keyed->changes[keyed->order[i]], ret_lost);
	set_sort_observed(run, kind);
	return set_is_news(before, run, kind);
}

/* Puts @run in the place of @gone objects at @at. */
static void splice(struct object_set *set, const struct kind *kind, size_t at, size_t gone,
		   const struct object_set *run)
{
	for (size_t more = gone; more < run->count; more++)
		(void)set_push(set, kind, set_at(run, kind, 0));
	set->count -= run->count > gone ? run->count - gone : 0;
	if (set->count > at + gone)
		memmove(set_at(set, kind, at + run->count), set_at(set, kind, at + gone),
			(set->count - at - gone) * kind->size);
	if (run->count)
		memcpy(set_at(set, kind, at), run->items, run->count * kind->size);
	set->count = set->count - gone + run->count;
}

/* Few changes are put in place one by one: a full table is not copied for one route. */
static bool merge_few(const struct journal *journal, const struct kind *kind, const uint32_t *order,
		      struct object_set *set, bool *ret_lost)
{
	struct object_set run = { 0 };
	bool news = false;

	for (size_t c = 0; c < journal->changes.count;) {
		struct keyed keyed = keyed_from(journal, kind, order, c);
		const void *key = &keyed.changes[order[c]].object;
		size_t at = set_lower_bound(set, kind, key), length = run_length(set, kind, at, key);
		const struct object_set before = { .items = length ? set_at(set, kind, at) : NULL,
						   .count = length };

		news |= change_key(&run, kind, &before, &keyed, ret_lost);
		splice(set, kind, at, length, &run);
		c = keyed.end;
	}
	set->sorted = true;
	free(run.items);
	return news;
}

/* Many changes: one walk beside the set, into a new one. */
static bool merge_many(const struct journal *journal, const struct kind *kind,
		       const uint32_t *order, struct object_set *set, bool *ret_lost)
{
	struct object_set merged = { 0 }, run = { 0 };
	bool news = false;
	size_t i = 0;

	for (size_t c = 0; c < journal->changes.count;) {
		struct keyed keyed = keyed_from(journal, kind, order, c);
		const void *key = &keyed.changes[order[c]].object;
		struct object_set before;

		for (; i < set->count && kind_compare(kind, set_at(set, kind, i), key) < 0; i++)
			set_push(&merged, kind, set_at(set, kind, i));
		before = (struct object_set){ .items = set->count ? set_at(set, kind, i) : NULL,
					      .count = run_length(set, kind, i, key) };
		news |= change_key(&run, kind, &before, &keyed, ret_lost);
		for (size_t j = 0; j < run.count; j++)
			set_push(&merged, kind, set_at(&run, kind, j));
		i += before.count;
		c = keyed.end;
	}
	for (; i < set->count; i++)
		set_push(&merged, kind, set_at(set, kind, i));
	merged.sorted = true;
	free(run.items);
	free(set->items);
	*set = merged;
	return news;
}

bool journal_merge(struct journal *journal, const struct kind *kind, struct object_set *set,
		   bool *ret_lost)
{
	uint32_t *order;
	bool news;

	if (!journal->changes.count)
		return false;
	order = journal_order(journal, kind);
	news = (journal->changes.count <= FEW ? merge_few : merge_many)(journal, kind, order, set,
									ret_lost);
	free(order);
	journal_clear(journal);
	return news;
}
