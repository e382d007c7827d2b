/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/counters.h"

#include <string.h>

static struct counters_entry *entry_find(const struct counters *counters, const char *key)
{
	for (size_t i = 0; i < counters->entries.count; i++)
		if (strcmp(counters->entries.items[i].key, key) == 0)
			return &counters->entries.items[i];
	return NULL;
}

struct counter *counters_get(struct counters *counters, const char *key)
{
	struct counters_entry *entry = entry_find(counters, key);

	if (!entry) {
		entry = VEC_PUSH(&counters->entries);
		entry->key = mem_strdup(key);
	}
	return &entry->counter;
}

const struct counter *counters_find(const struct counters *counters, const char *key)
{
	const struct counters_entry *entry = entry_find(counters, key);

	return entry ? &entry->counter : NULL;
}

void counters_add(struct counters *sum, const struct counters *more)
{
	for (size_t i = 0; i < more->entries.count; i++) {
		const struct counter *from = &more->entries.items[i].counter;
		struct counter *to = counters_get(sum, more->entries.items[i].key);

		to->asked += from->asked;
		to->answered += from->answered;
		to->dropped += from->dropped;
		to->failed += from->failed;
	}
}

void counters_free(struct counters *counters)
{
	for (size_t i = 0; i < counters->entries.count; i++)
		mem_freep(&counters->entries.items[i].key);
	VEC_FREE(&counters->entries);
}
