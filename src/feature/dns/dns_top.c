/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The addresses are dealt by a hash into small sets, and the least of a set gives way instead of the
 * least of all: four comparisons, no heap, two cache lines. What is lost by that: an address that
 * shares its set with four busier ones is missed.
 */
#include "feature/dns/dns_top.h"

#include <stdlib.h>
#include <string.h>

static unsigned set_of(const struct address *address)
{
	uint64_t halves[2];

	memcpy(halves, address->bytes, sizeof(halves));
	halves[0] = (halves[0] ^ halves[1] * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
	return (unsigned)(halves[0] >> 57) % DNS_TOP_SETS;
}

void dns_top_count(struct dns_top *top, const struct address *address)
{
	struct dns_top_entry *set = top->entries[set_of(address)], *least = set;

	for (unsigned i = 0; i < DNS_TOP_WAYS; i++) {
		if (address_equal(&set[i].address, address)) {
			set[i].count++;
			return;
		}
		if (set[i].count < least->count)
			least = &set[i];
	}
	least->address = *address;
	least->error = least->count;
	least->count++;
}

static int by_address(const void *a, const void *b)
{
	return address_compare(&((const struct dns_top_entry *)a)->address,
			       &((const struct dns_top_entry *)b)->address);
}

static uint64_t sure(const struct dns_top_entry *entry)
{
	return entry->count - entry->error;
}

static int by_count(const void *a, const void *b)
{
	uint64_t first = sure(a), second = sure(b);

	return first == second ? by_address(a, b) : first < second ? 1 : -1;
}

void dns_top_join(struct dns_top_list *list, const struct dns_top *top)
{
	const struct dns_top_entry *entries = top->entries[0];

	for (unsigned i = 0; i < DNS_TOP_SETS * DNS_TOP_WAYS; i++)
		if (entries[i].address.family)
			*VEC_PUSH(&list->items) = entries[i];
}

/* Several threads may have counted one address. */
static void merge(struct dns_top_list *list)
{
	size_t kept = 0;

	qsort(list->items.items, list->items.count, sizeof(*list->items.items), by_address);
	for (size_t i = 1; i < list->items.count; i++) {
		struct dns_top_entry *last = &list->items.items[kept], *next = &list->items.items[i];

		if (address_equal(&last->address, &next->address)) {
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
