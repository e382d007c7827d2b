/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of objects. A sorted array was taken rather than a tree or a hash: a state is built as a
 * whole (a dump, a desire) and then walked beside another one, for which nothing is quicker, and
 * a look-up is a binary search.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order of numbers of objects; equal keys keep the order in which they were added. */
struct sorter {
	const struct kind *kind;
	const struct object_set *set;
	bool ours_first;
};

const struct kind *kind_of(enum object_kind kind)
{
	static const struct kind *const kinds[OBJECT_KINDS] = {
		[OBJECT_LINK] = &link_kind,	      [OBJECT_NEIGHBOUR] = &neighbour_kind,
		[OBJECT_SYSCTL] = &sysctl_kind,	      [OBJECT_ADDRESS] = &address_kind,
		[OBJECT_ROUTE] = &route_kind,	      [OBJECT_LISTENER] = &listener_kind,
		[OBJECT_CGROUP] = &cgroup_kind,	      [OBJECT_ATTACHMENT] = &attachment_kind,
		[OBJECT_FILTER] = &filter_kind,	      [OBJECT_NEXTHOP] = &nexthop_kind,
		[OBJECT_RULE] = &rule_kind,	      [OBJECT_ANSWER] = &answer_kind,
		[OBJECT_RESPONDER] = &responder_kind,
	};

	return kinds[kind];
}

const char *object_kind_name(enum object_kind kind)
{
	return kind_of(kind)->name;
}

void *set_at(const struct object_set *set, const struct kind *kind, size_t index)
{
	return set->items + index * kind->size;
}

static bool is_ours(const void *object)
{
	return ((const struct object *)object)->ours;
}

static bool stands_before(const struct sorter *sorter, uint32_t i, uint32_t j)
{
	const void *a = set_at(sorter->set, sorter->kind, i);
	const void *b = set_at(sorter->set, sorter->kind, j);
	int r = kind_compare(sorter->kind, a, b);

	if (!r && sorter->ours_first)
		r = (int)is_ours(b) - (int)is_ours(a);
	return r < 0 || (!r && i < j);
}

/* Where the ascending run that begins at @start ends. */
static size_t ascent(const struct sorter *sorter, const uint32_t *order, size_t start, size_t count)
{
	size_t end = start + 1;

	while (end < count && stands_before(sorter, order[end - 1], order[end]))
		end++;
	return end;
}

/* Merges the neighbouring runs from @start and @middle of @from into @to. */
static void merge(const struct sorter *sorter, const uint32_t *from, uint32_t *to,
		  const size_t bounds[3])
{
	size_t i = bounds[0], j = bounds[1];

	for (size_t at = bounds[0]; at < bounds[2]; at++) {
		bool left = j == bounds[2] ||
			    (i < bounds[1] && stands_before(sorter, from[i], from[j]));

		to[at] = left ? from[i++] : from[j++];
	}
}

/* One pass over all runs, two by two. Returns how many merged runs it left. */
static size_t merge_runs(const struct sorter *sorter, const uint32_t *from, uint32_t *to, size_t count)
{
	size_t runs = 0;

	for (size_t start = 0; start < count; runs++) {
		size_t middle = ascent(sorter, from, start, count);
		size_t end = middle < count ? ascent(sorter, from, middle, count) : count;
		const size_t bounds[3] = { start, middle, end };

		merge(sorter, from, to, bounds);
		start = end;
	}
	return runs;
}

/*
 * Puts the objects into order; equal keys side by side. A natural merge sort, for what is to be
 * sorted is mostly sorted already, but for a few: a thousand claims in the order of their
 * addresses, then their exceptions.
 */
static void set_order(struct object_set *set, const struct kind *kind, bool ours_first)
{
	struct sorter sorter = { .kind = kind, .set = set, .ours_first = ours_first };
	uint32_t *order = mem_alloc(set->count * sizeof(*order));
	uint32_t *other = mem_alloc(set->count * sizeof(*other));
	char *items = mem_alloc(set->count * kind->size);
	size_t runs;

	for (size_t i = 0; i < set->count; i++)
		order[i] = (uint32_t)i;
	do {
		uint32_t *merged = other;

		runs = merge_runs(&sorter, order, merged, set->count);
		other = order;
		order = merged;
	} while (runs > 1);
	for (size_t i = 0; i < set->count; i++)
		memcpy(items + i * kind->size, set_at(set, kind, order[i]), kind->size);
	free(order);
	free(other);
	free(set->items);
	set->items = items;
	set->room = set->count;
}

/* Most sets are built in the order of their keys; then there is nothing to do. */
static bool set_is_ascending(const struct object_set *set, const struct kind *kind)
{
	for (size_t i = 1; i < set->count; i++)
		if (kind_compare(kind, set_at(set, kind, i - 1), set_at(set, kind, i)) >= 0)
			return false;
	return true;
}

void *set_push(struct object_set *set, const struct kind *kind, const void *object)
{
	void *item;

	set->items = mem_grow(set->items, set->count, &set->room, kind->size);
	item = set_at(set, kind, set->count++);
	memcpy(item, object, kind->size);
	set->sorted = false;
	return item;
}

void set_sort_observed(struct object_set *set, const struct kind *kind)
{
	size_t kept = 0;

	set->sorted = true;
	if (set_is_ascending(set, kind))
		return;
	set_order(set, kind, true);
	for (size_t i = 0; i < set->count; i++) {
		void *item = set_at(set, kind, i), *last = kept ? set_at(set, kind, kept - 1) : NULL;
		bool same = last && kind_compare(kind, last, item) == 0;

		if (same && (!kind->twins || kind_identical(kind, last, item)))
			kept--;
		memmove(set_at(set, kind, kept++), item, kind->size);
	}
	set->count = kept;
}

void set_trim(struct object_set *set, const struct kind *kind)
{
	char *items = set->count ? realloc(set->items, set->count * kind->size) : NULL;

	if (!items)
		return;
	set->items = items;
	set->room = set->count;
}

void state_free(struct state *state)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		free(state->sets[kind].items);
	*state = (struct state){ 0 };
}

void state_add(struct state *state, enum object_kind kind, const void *object)
{
	void *item = set_push(&state->sets[kind], kind_of(kind), object);

	if (is_ours(item) && kind_of(kind)->complete)
		kind_of(kind)->complete(item);
}

static void state_sort_set(struct state *state, enum object_kind kind, state_conflict_fn *conflict,
			   void *data)
{
	struct object_set *set = &state->sets[kind];
	const struct kind *of = kind_of(kind);
	size_t kept = 0;

	set->sorted = true;
	if (set_is_ascending(set, of))
		return;
	set_order(set, of, false);
	for (size_t i = 0; i < set->count; i++) {
		void *item = set_at(set, of, i), *last = kept ? set_at(set, of, kept - 1) : NULL;

		if (last && kind_compare(of, last, item) == 0) {
			if (!kind_identical(of, last, item) && conflict)
				conflict(data, kind, last, item);
			else if (kind_identical(of, last, item))
				continue;
			kept--;
		}
		memmove(set_at(set, of, kept++), item, of->size);
	}
	set->count = kept;
}

void state_sort(struct state *state, state_conflict_fn *conflict, void *data)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		if (!state->sets[kind].sorted)
			state_sort_set(state, (enum object_kind)kind, conflict, data);
}

void state_sort_observed(struct state *state)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		if (!state->sets[kind].sorted)
			set_sort_observed(&state->sets[kind], kind_of((enum object_kind)kind));
}

size_t set_lower_bound(const struct object_set *set, const struct kind *kind, const void *like)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kind_compare(kind, set_at(set, kind, middle), like) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t state_lower_bound(const struct state *state, enum object_kind kind, const void *like)
{
	return set_lower_bound(&state->sets[kind], kind_of(kind), like);
}

const void *state_find(const struct state *state, enum object_kind kind, const void *like)
{
	size_t at = state_lower_bound(state, kind, like);

	if (at == state->sets[kind].count ||
	    kind_compare(kind_of(kind), state_at(state, kind, at), like) != 0)
		return NULL;
	return state_at(state, kind, at);
}

size_t state_count(const struct state *state, enum object_kind kind)
{
	return state->sets[kind].count;
}

const void *state_at(const struct state *state, enum object_kind kind, size_t index)
{
	return set_at(&state->sets[kind], kind_of(kind), index);
}

const struct host_link *state_link(const struct state *state, uint32_t index)
{
	return state_find(state, OBJECT_LINK, &(struct host_link){ .index = index });
}

const struct host_link *state_link_named(const struct state *state, const char *name)
{
	STATE_EACH(state, OBJECT_LINK, const struct host_link, link) {
		if (!strcmp(link->name, name))
			return link;
	}
	return NULL;
}

int state_setting(const struct state *state, const char *family, const char *link, const char *name)
{
	const struct host_sysctl *sysctl;
	struct host_sysctl like = { 0 };

	snprintf(like.name, sizeof(like.name), "net/%s/conf/%s/%s", family, link, name);
	sysctl = state_find(state, OBJECT_SYSCTL, &like);
	return sysctl ? atoi(sysctl->value) : 0;
}
