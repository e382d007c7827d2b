/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One open-addressed hash for all lengths of a family, and the list of lengths in use, longest
 * first. A trie was rejected: a host claims prefixes of two or three lengths, and two or three
 * probes beat a walk over up to 128 bits.
 */
#include "net/lpm.h"

#include "base/mem.h"

#include <string.h>

struct family_table {
	uint32_t *slots; /* entry number + 1; 0 = empty */
	uint32_t mask;
	uint8_t lengths[129];
	unsigned length_count;
};

struct lpm {
	struct lpm_entry *entries;
	struct family_table v4, v6;
};

static const struct family_table *lpm_table(const struct lpm *lpm, uint8_t family)
{
	return family == AF_INET ? &lpm->v4 : family == AF_INET6 ? &lpm->v6 : NULL;
}

/* Mixes the 16 address bytes and the length (multiply and xor-shift, as in MurmurHash3's finalizer). */
static uint32_t prefix_hash(const struct prefix *prefix)
{
	uint64_t high, low, hash;

	memcpy(&high, prefix->bytes, 8);
	memcpy(&low, prefix->bytes + 8, 8);
	hash = (high ^ (low * 0x9e3779b97f4a7c15u)) + prefix->length * 0xc2b2ae3d27d4eb4fu;
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdu;
	hash ^= hash >> 33;
	return (uint32_t)hash;
}

static const struct lpm_entry *table_find(const struct lpm *lpm, const struct family_table *table,
					  const struct prefix *prefix)
{
	for (uint32_t at = prefix_hash(prefix);; at++) {
		uint32_t slot = table->slots[at & table->mask];

		if (!slot)
			return NULL;
		if (prefix_compare(&lpm->entries[slot - 1].prefix, prefix) == 0)
			return &lpm->entries[slot - 1];
	}
}

static void table_build(struct lpm *lpm, struct family_table *table, uint8_t family, size_t count)
{
	bool used[129] = { false };
	size_t mine = 0, size = 8;

	for (size_t i = 0; i < count; i++)
		mine += lpm->entries[i].prefix.family == family;
	while (size < mine * 2 + 1)
		size *= 2;
	table->slots = mem_alloc(size * sizeof(*table->slots));
	table->mask = (uint32_t)size - 1;
	for (size_t i = 0; i < count; i++) {
		const struct prefix *prefix = &lpm->entries[i].prefix;
		uint32_t at;

		if (prefix->family != family || table_find(lpm, table, prefix))
			continue;
		for (at = prefix_hash(prefix); table->slots[at & table->mask]; at++)
			;
		table->slots[at & table->mask] = (uint32_t)i + 1;
		used[prefix->length] = true;
	}
	for (int length = 128; length >= 0; length--)
		if (used[length])
			table->lengths[table->length_count++] = (uint8_t)length;
}

struct lpm *lpm_new(const struct lpm_entry *entries, size_t count)
{
	struct lpm *lpm = mem_alloc(sizeof(*lpm));

	lpm->entries = mem_alloc((count + 1) * sizeof(*entries));
	if (count)
		memcpy(lpm->entries, entries, count * sizeof(*entries));
	table_build(lpm, &lpm->v4, AF_INET, count);
	table_build(lpm, &lpm->v6, AF_INET6, count);
	return lpm;
}

void lpm_free(struct lpm *lpm)
{
	if (!lpm)
		return;
	mem_freep(&lpm->entries);
	mem_freep(&lpm->v4.slots);
	mem_freep(&lpm->v6.slots);
	mem_freep(&lpm);
}

const struct lpm_entry *lpm_find_within(const struct lpm *lpm, const struct address *address,
					uint8_t longest)
{
	const struct family_table *table = lpm_table(lpm, address->family);
	const struct lpm_entry *entry;
	struct prefix prefix;

	if (!table)
		return NULL;
	for (unsigned i = 0; i < table->length_count; i++) {
		if (table->lengths[i] > longest)
			continue;
		prefix = prefix_of_address(address);
		prefix.length = table->lengths[i];
		prefix = prefix_clean(&prefix);
		entry = table_find(lpm, table, &prefix);
		if (entry)
			return entry;
	}
	return NULL;
}

const struct lpm_entry *lpm_find(const struct lpm *lpm, const struct address *address)
{
	return lpm_find_within(lpm, address, 128);
}

const struct lpm_entry *lpm_find_cover(const struct lpm *lpm, const struct prefix *prefix)
{
	struct address address = prefix_address(prefix);

	return lpm_find_within(lpm, &address, prefix->length);
}
