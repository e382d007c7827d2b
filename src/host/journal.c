/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes are collected and merged at once, not put in place one by one: a burst of ten thousand
 * events into a sorted array of ten thousand would move half the array for each.
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

/*
 * Puts the objects of one key, changed, behind @into; @run is where they are worked on. Returns
 * whether they differ now.
 */
static bool merge_run(struct object_set *into, struct object_set *run, const struct kind *kind,
		      const struct object_set *before)
{
	bool news;

	set_sort_observed(run, kind);
	news = set_is_news(before, run, kind);
	for (size_t i = 0; i < run->count; i++)
		set_push(into, kind, set_at(run, kind, i));
	return news;
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

bool journal_merge(struct journal *journal, const struct kind *kind, struct object_set *set,
		   bool *ret_lost)
{
	struct object_set merged = { 0 }, run = { 0 };
	const struct change *changes = journal->changes.items;
	size_t i = 0, count = journal->changes.count;
	uint32_t *order;
	bool news = false;

	if (!count)
		return false;
	order = journal_order(journal, kind);
	for (size_t c = 0; c < count;) {
		const void *key = &changes[order[c]].object;
		struct object_set before;

		for (; i < set->count && kind_compare(kind, set_at(set, kind, i), key) < 0; i++)
			set_push(&merged, kind, set_at(set, kind, i));
		before = (struct object_set){ .items = set->count ? set_at(set, kind, i) : NULL,
					      .count = run_length(set, kind, i, key) };
		run.count = 0;
		for (size_t j = 0; j < before.count; j++)
			set_push(&run, kind, set_at(&before, kind, j));
		for (; c < count && kind_compare(kind, &changes[order[c]].object, key) == 0; c++)
			run_change(&run, kind, &changes[order[c]], ret_lost);
		news |= merge_run(&merged, &run, kind, &before);
		i += before.count;
	}
	for (; i < set->count; i++)
		set_push(&merged, kind, set_at(set, kind, i));
	merged.sorted = true;
	free(order);
	free(run.items);
	free(set->items);
	*set = merged;
	journal_clear(journal);
	return news;
}
