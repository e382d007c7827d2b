/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/counters.h"

#include "base/fnv.h"

#include <string.h>

/* The slot of @key, or the empty one where it belongs. There is always an empty one. */
static uint32_t *slot_find(const struct counters *counters, const char *key)
{
	for (size_t at = fnv_32_text(key);; at++) {
		uint32_t *slot = &counters->slots[at & (counters->slot_count - 1)];

		if (!*slot || strcmp(counters->entries.items[*slot - 1].key, key) == 0)
			return slot;
	}
}

static void make_room(struct counters *counters)
{
	if (counters->slot_count > counters->entries.count * 2)
		return;
	mem_freep(&counters->slots);
	counters->slot_count = counters->slot_count ? counters->slot_count * 4 : 16;
	counters->slots = mem_alloc(counters->slot_count * sizeof(*counters->slots));
	for (size_t i = 0; i < counters->entries.count; i++)
		*slot_find(counters, counters->entries.items[i].key) = (uint32_t)i + 1;
}

struct counter *counters_get(struct counters *counters, const char *key)
{
	struct counters_entry *entry;
	uint32_t *slot;

	make_room(counters);
	slot = slot_find(counters, key);
	if (!*slot) {
		entry = VEC_PUSH(&counters->entries);
		entry->key = mem_strdup(key);
		*slot = (uint32_t)counters->entries.count;
	}
	return &counters->entries.items[*slot - 1].counter;
}

const struct counter *counters_find(const struct counters *counters, const char *key)
{
	const uint32_t *slot = counters->slots ? slot_find(counters, key) : NULL;

	return slot && *slot ? &counters->entries.items[*slot - 1].counter : NULL;
}

static void join_times(struct counter *to, const struct counter *from)
{
	if (!to->answered || (from->answered && from->answered < to->answered))
		to->answered = from->answered;
	if (from->dropped > to->dropped)
		to->dropped = from->dropped;
}

void counters_add(struct counters *sum, const struct counters *more)
{
	for (size_t i = 0; i < more->entries.count; i++) {
		const struct counter *from = &more->entries.items[i].counter;
		struct counter *to = counters_get(sum, more->entries.items[i].key);

		to->asked += from->asked;
		to->failed += from->failed;
		if (strncmp(more->entries.items[i].key, "claimant ", 9) == 0) {
			join_times(to, from);
			continue;
		}
		to->answered += from->answered;
		to->dropped += from->dropped;
	}
}

void counters_free(struct counters *counters)
{
	for (size_t i = 0; i < counters->entries.count; i++)
		mem_freep(&counters->entries.items[i].key);
	VEC_FREE(&counters->entries);
	mem_freep(&counters->slots);
	counters->slot_count = 0;
}
