/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zones.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Beyond that, names in no order cost a wait for the memory each. */
#define LARGE 20000

static void add(struct zones *zones, uint32_t number)
{
	const struct zone *zone = zones->items[number - 1];
	struct dns_name apex;

	name_read(&apex, zone->apex->name, zone->apex->length);
	uint32_t hash = zone_hash(apex.hashes[0]), at = hash & zones->mask;

	while (zones->slots[at].offset)
		at = (at + 1) & zones->mask;
	zones->slots[at] = (struct zone_slot){ .hash = hash, .offset = number };
	zones->depths[zone->labels / 64] |= UINT64_C(1) << zone->labels % 64;
}

struct zones *zones_new(struct zone *const *items, size_t count)
{
	struct zones *zones = mem_alloc(sizeof(*zones));
	size_t slots = 8, names = 0;

	while (slots < count * 2)
		slots *= 2;
	zones->slots = mem_alloc(slots * sizeof(*zones->slots));
	zones->mask = (uint32_t)slots - 1;
	zones->items = mem_alloc((count + 1) * sizeof(struct zone *));
	for (size_t i = 0; i < count; i++) {
		zones->items[zones->count++] = zone_ref(items[i]);
		add(zones, (uint32_t)zones->count);
		names += items[i]->names;
	}
	zones->large = names > LARGE;
	return zones;
}

void zones_free(struct zones *zones)
{
	if (!zones)
		return;
	for (size_t i = 0; i < zones->count; i++)
		zone_unref(zones->items[i]);
	free(zones->items);
	free(zones->slots);
	free(zones);
}

/* The number of the zone whose apex is @name from @label on, from 1; 0 for none. */
static uint32_t find(const struct zones *zones, const struct dns_name *name, unsigned label)
{
	uint32_t hash = zone_hash(name->hashes[label]);
	unsigned start = name->starts[label];

	for (uint32_t at = hash;; at++) {
		const struct zone_slot *slot = &zones->slots[at & zones->mask];

		if (!slot->offset)
			return 0;
		if (slot->hash != hash)
			continue;
		const struct zone_node *apex = zones->items[slot->offset - 1]->apex;

		if (apex->length == name->length - start &&
		    !memcmp(apex->name, name->wire + start, apex->length))
			return slot->offset;
	}
}

const struct zone *zones_find(const struct zones *zones, const struct dns_name *name,
			      unsigned label, size_t *ret_index)
{
	for (; label <= name->labels; label++) {
		unsigned labels = name->labels - label;
		uint32_t number;

		if (!(zones->depths[labels / 64] >> labels % 64 & 1))
			continue;
		number = find(zones, name, label);
		if (number) {
			*ret_index = number - 1;
			return zones->items[number - 1];
		}
	}
	return NULL;
}
