/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys are dealt by a hash into small sets, and the least of a set gives way instead of the
 * least of all: four comparisons, no heap, two cache lines. What is lost by that: a key that
 * shares its set with four busier ones is missed. Two keys of one hash of 64 bits would be taken for
 * one; who looks for such gains a wrong number in a list of statistics.
 */
#include "feature/dns/dns_top.h"

#include <stdlib.h>
#include <string.h>

uint64_t dns_top_hash(const void *key, size_t length)
{
	const uint8_t *at = key;
	uint64_t hash = length, word;

	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, at, length);
	return (hash ^ word) * 0xff51afd7ed558ccdu;
}

void dns_top_init(struct dns_top *top, size_t key_size)
{
	top->key_size = key_size;
	top->keys = mem_alloc(DNS_TOP_SETS * DNS_TOP_WAYS * key_size);
}

void dns_top_free(struct dns_top *top)
{
	mem_freep(&top->keys);
}

static uint8_t *key_of(const struct dns_top *top, const struct dns_top_count *count)
{
	return top->keys + (size_t)(count - top->counts[0]) * top->key_size;
}

void dns_top_count(struct dns_top *top, uint64_t hash, const void *key, size_t length)
{
	/* The highest bits of a product are the best mixed. */
	unsigned number = (unsigned)(hash * 0x9e3779b97f4a7c15u >> 57) % DNS_TOP_SETS;
	struct dns_top_count *set = top->counts[number], *least = set;
	uint8_t *bytes;

	for (unsigned i = 0; i < DNS_TOP_WAYS; i++) {
		if (set[i].hash == hash && set[i].count) {
			set[i].count++;
			return;
		}
		if (set[i].count < least->count)
			least = &set[i];
	}
	bytes = key_of(top, least);
	memcpy(bytes, key, length);
	memset(bytes + length, 0, top->key_size - length);
	least->hash = hash;
	least->error = least->count;
	least->count++;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct dns_top_entry *)a)->key,
		      ((const struct dns_top_entry *)b)->key, DNS_TOP_KEY);
}

static uint64_t sure(const struct dns_top_entry *entry)
{
	return entry->count - entry->error;
}

static int by_count(const void *a, const void *b)
{
	uint64_t first = sure(a), second = sure(b);

	return first == second ? by_key(a, b) : first < second ? 1 : -1;
}

void dns_top_join(struct dns_top_list *list, const struct dns_top *top)
{
	const struct dns_top_count *counts = top->counts[0];

	for (unsigned i = 0; i < DNS_TOP_SETS * DNS_TOP_WAYS; i++) {
		struct dns_top_entry *entry;

		if (!counts[i].count)
			continue;
		entry = VEC_PUSH(&list->items);
		memcpy(entry->key, key_of(top, &counts[i]), top->key_size);
		entry->count = counts[i].count;
		entry->error = counts[i].error;
	}
}

/* Several threads may have counted one key. */
static void merge(struct dns_top_list *list)
{
	size_t kept = 0;

	qsort(list->items.items, list->items.count, sizeof(*list->items.items), by_key);
	for (size_t i = 1; i < list->items.count; i++) {
		struct dns_top_entry *last = &list->items.items[kept], *next = &list->items.items[i];

		if (by_key(last, next) == 0) {
			last->count += next->count;
			last->error += next->error;
		} else {
			list->items.items[++kept] = *next;
		}
	}
	list->items.count = kept + 1;
}

void dns_top_cut(struct dns_top_list *list, size_t most)
{
	if (!list->items.count)
		return;
	merge(list);
	qsort(list->items.items, list->items.count, sizeof(*list->items.items), by_count);
	if (list->items.count > most)
		list->items.count = most;
	while (list->items.count && !sure(&list->items.items[list->items.count - 1]))
		list->items.count--;
}
