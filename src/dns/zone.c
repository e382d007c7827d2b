/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone.h"
#include "base/mem.h"
#include "dns/base32.h"

/*
 * SHA1() of OpenSSL 3 looks its algorithm up, locks and allocates for 40 ns of work; what
 * it calls deprecated does none of that.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <malloc.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 4		 /* what a slot's offset counts */
#define LARGE (1u << 20) /* a zone whose memory is worth being given back */

struct zone *zone_ref(struct zone *zone)
{
	zone->references++;
	return zone;
}

void zone_unref(struct zone *zone)
{
	if (!zone || --zone->references)
		return;
	bool large = zone->size > LARGE;

	free((void *)zone->bytes);
	free(zone->slots);
	free(zone->ordered);
	free(zone);
	/* The C library would keep some tens of megabytes for the next zone, a day later. */
	if (large)
		malloc_trim(0);
}

static const struct zone_node *node_of(const struct zone *zone, uint32_t offset)
{
	return (const struct zone_node *)(zone->bytes + (size_t)offset * UNIT);
}

/* The name of @length bytes in lower case whose hash is @whole. */
static const struct zone_node *find(const struct zone *zone, uint64_t whole, const uint8_t *wire,
				    size_t length)
{
	uint32_t hash = zone_hash(whole);

	for (uint32_t at = hash;; at++) {
		const struct zone_slot *slot = &zone->slots[at & zone->mask];

		if (!slot->offset)
			return NULL;
		if (slot->hash != hash)
			continue;
		const struct zone_node *node = node_of(zone, slot->offset);

		if (node->length == length && !memcmp(node->name, wire, length))
			return node;
	}
}

const struct zone_node *zone_node_at(const struct zone *zone, const struct dns_name *name,
				     unsigned label)
{
	unsigned start = name->starts[label];

	return find(zone, name->hashes[label], name->wire + start, name->length - start);
}

void zone_prefetch(const struct zone *zone, const struct dns_name *name)
{
	__builtin_prefetch(&zone->slots[zone_hash(name->hashes[0]) & zone->mask]);
}

void zone_prefetch_node(const struct zone *zone, uint64_t hash)
{
	const struct zone_slot *slot = &zone->slots[zone_hash(hash) & zone->mask];

	if (slot->offset)
		__builtin_prefetch(node_of(zone, slot->offset));
}

/*
 * The nearest name above @name that exists, the apex at the furthest. Where a name exists all those
 * above it do, since the empty ones are nodes as well; so the deepest is found by halving, and a
 * question of 127 labels costs no more than seven look-ups.
 */
static const struct zone_node *closest(const struct zone *zone, const struct dns_name *name,
				       unsigned *ret_label)
{
	const struct zone_node *encloser = zone->apex;
	unsigned exists = name->labels - zone->labels;
	/* The name itself is known not to exist, nor has the zone one of so many labels. */
	unsigned lacks = name->labels > zone->deepest ? name->labels - zone->deepest - 1 : 0;

	while (exists - lacks > 1) {
		unsigned middle = (exists + lacks) / 2;
		const struct zone_node *node = zone_node_at(zone, name, middle);

		if (node) {
			encloser = node;
			exists = middle;
		} else {
			lacks = middle;
		}
	}
	*ret_label = exists;
	return encloser;
}

/* The topmost delegation on the way from the apex to the name from @label on, which exists. */
static const struct zone_node *find_cut(const struct zone *zone, const struct dns_name *name,
					unsigned label)
{
	const struct zone_node *node;

	do
		node = zone_node_at(zone, name, label++);
	while (node->flags & ZONE_BELOW);
	return node;
}

static const struct zone_node *find_wildcard(const struct zone *zone, const struct dns_name *name,
					     unsigned label)
{
	static const uint8_t star[8] = "\1*";
	unsigned start = name->starts[label];
	uint8_t wire[NAME_SIZE + 2];

	memcpy(wire, star, 2);
	memcpy(wire + 2, name->wire + start, name->length - start);
	return find(zone, name_hash(name->hashes[label], star), wire, name->length - start + 2);
}

void zone_find(const struct zone *zone, const struct dns_name *name, struct zone_match *ret_match)
{
	const struct zone_node *node = NULL;

	*ret_match = (struct zone_match){ 0 };
	if (name->labels <= zone->deepest)
		node = zone_node_at(zone, name, 0);
	ret_match->node = node;
	ret_match->encloser = node ? node : closest(zone, name, &ret_match->label);
	uint16_t flags = ret_match->encloser->flags;

	if (flags & (ZONE_CUT | ZONE_BELOW))
		ret_match->cut = find_cut(zone, name, ret_match->label);
	else if (!node && flags & ZONE_DNAME)
		ret_match->dname = ret_match->encloser;
	if (!node && flags & ZONE_WILDCARD)
		ret_match->wildcard = find_wildcard(zone, name, ret_match->label);
}

static const uint8_t *node_end(const struct zone_node *node)
{
	return (const uint8_t *)node + node->size;
}

const struct zone_rrset *zone_rrset_next(const struct zone_node *node, const struct zone_rrset *set)
{
	const uint8_t *at = set ? set->records + set->size + set->signatures_size :
				  node->name + node->length;

	/* Sets begin at even addresses; what is left at the end is the node's own filling. */
	at += (uintptr_t)at & 1;
	return at + sizeof(*set) <= node_end(node) ? (const struct zone_rrset *)at : NULL;
}

const struct zone_rrset *zone_rrset(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = zone_rrset_next(node, NULL);

	while (set && set->type != type)
		set = zone_rrset_next(node, set);
	return set;
}

const uint8_t *zone_record_next(const uint8_t *record)
{
	return record + ZONE_RECORD_HEAD + (record[10] << 8 | record[11]);
}

uint32_t zone_rrset_ttl(const struct zone_rrset *set)
{
	const uint8_t *ttl = set->records + 6;

	return (uint32_t)ttl[0] << 24 | (uint32_t)ttl[1] << 16 | (uint32_t)ttl[2] << 8 | ttl[3];
}

const struct zone_node *zone_node_next(const struct zone *zone, const struct zone_node *node)
{
	const uint8_t *at = node ? node_end(node) : zone->bytes + UNIT;

	for (; at < zone->bytes + zone->size; at = node_end((const struct zone_node *)at))
		if (!(((const struct zone_node *)at)->flags & ZONE_DEAD))
			return (const struct zone_node *)at;
	return NULL;
}

/* The last of the first @count of the ordered; the chain is a ring. */
static const struct zone_node *before(const struct zone *zone, uint32_t count)
{
	return node_of(zone, zone->ordered[(count ? count : zone->ordered_count) - 1]);
}

const struct zone_node *zone_nsec(const struct zone *zone, const uint8_t *name)
{
	uint32_t low = 0, high = zone->ordered_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (name_compare(node_of(zone, zone->ordered[middle])->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return before(zone, low);
}

void zone_nsec3_hash(const struct zone *zone, const uint8_t *name, uint8_t ret_hash[ZONE_HASH_SIZE])
{
	uint8_t buffer[NAME_SIZE + 255];
	size_t length = name_length(name);
	SHA_CTX context;

	/* RFC 5155, 5: each round hashes the result of the former, the salt behind it. */
	memcpy(buffer, name, length);
	for (unsigned round = 0; round <= zone->iterations; round++) {
		memcpy(buffer + length, zone->salt, zone->salt_length);
		SHA1_Init(&context);
		SHA1_Update(&context, buffer, length + zone->salt_length);
		SHA1_Final(ret_hash, &context);
		memcpy(buffer, ret_hash, ZONE_HASH_SIZE);
		length = ZONE_HASH_SIZE;
	}
}

const struct zone_node *zone_nsec3(const struct zone *zone, const uint8_t hash[ZONE_HASH_SIZE],
				   bool *ret_same)
{
	uint32_t low = 0, high = zone->ordered_count;
	char label[BASE32_HASH_SIZE];
	int compared = 1;

	/* The alphabet of base32hex keeps the order, so that text can be compared for bytes. */
	base32_put(hash, label);
	while (low < high && compared) {
		uint32_t middle = low + (high - low) / 2;

		compared = memcmp(node_of(zone, zone->ordered[middle])->name + 1, label,
				  BASE32_HASH_SIZE);
		if (compared <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_same = !compared;
	return before(zone, low);
}
