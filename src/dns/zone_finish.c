/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a zone needs besides its records: the names in between that have none, who lies below a
 * delegation, where the wildcards are, the order of those that deny.
 */
#include "base/mem.h"
#include "dns/base32.h"
#include "dns/type.h"
#include "dns/zone_build.h"
#include "net/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT 4
/* Of dead bytes, a share from which on the living ones move together. */
#define DEAD_SHARE 16
#define HUGE_PAGE ((uintptr_t)2 << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h of 6.1; Debian's C library does not name it yet */
#endif

/* What a name has from that above it, and that above it from the name. */
static void resolve_one(struct zone_node *node, struct zone_node *above)
{
	if (above->flags & (ZONE_CUT | ZONE_BELOW))
		node->flags |= ZONE_BELOW;
	else if (node->flags & BUILD_NS)
		node->flags |= ZONE_CUT;
	if (above->flags & (ZONE_DNAME | BUILD_UNDER_DNAME))
		node->flags |= BUILD_UNDER_DNAME;
	if (node->name[0] == 1 && node->name[1] == '*')
		above->flags |= ZONE_WILDCARD;
	node->flags |= BUILD_RESOLVED;
}

/*
 * Climbs from a name until one about which all is known, making what is missing on the way, and then
 * tells those that it met, from the top. Each name is met once, so that a million of them stay cheap.
 */
static void resolve(struct zone_builder *builder, uint32_t offset)
{
	uint32_t path[NAME_LABELS + 1];
	unsigned met = 0, label = 0;
	struct dns_name name;
	const struct zone_node *node = zone_builder_node(builder, offset);

	name_read(&name, node->name, node->length);
	while (!(zone_builder_node(builder, offset)->flags & BUILD_RESOLVED)) {
		path[met++] = offset;
		offset = zone_index_find(builder, &builder->names, &name, ++label)->offset;
		if (!offset)
			offset = zone_builder_empty(builder, &name, label);
	}
	while (met) {
		struct zone_node *above = zone_builder_node(builder, offset);

		offset = path[--met];
		resolve_one(zone_builder_node(builder, offset), above);
	}
}

static void resolve_all(struct zone_builder *builder, uint32_t apex)
{
	const struct zone_node *node;

	zone_builder_node(builder, apex)->flags |= ZONE_APEX | BUILD_RESOLVED;
	for (size_t at = UNIT; at < builder->used; at += node->size) {
		uint32_t offset = (uint32_t)(at / UNIT);

		if (!(zone_builder_node(builder, offset)->flags & (ZONE_DEAD | ZONE_NSEC3)))
			resolve(builder, offset);
		/* Only now: what is made moves what there is. */
		node = zone_builder_node(builder, offset);
	}
}

/* Moves the living nodes together, and makes the index anew. */
static void compact(struct zone_builder *builder)
{
	uint8_t *bytes = mem_alloc(builder->used - builder->dead);
	size_t used = UNIT;
	const struct zone_node *node;

	memset(builder->names.slots, 0,
	       ((size_t)builder->names.mask + 1) * sizeof(*builder->names.slots));
	for (size_t at = UNIT; at < builder->used; at += node->size) {
		node = (const struct zone_node *)(builder->bytes + at);
		if (node->flags & ZONE_DEAD)
			continue;
		memcpy(bytes + used, node, node->size);
		used += node->size;
	}
	free(builder->bytes);
	builder->bytes = bytes;
	builder->used = builder->room = used;
	builder->dead = 0;
	for (size_t at = UNIT; at < used; at += node->size) {
		struct dns_name name;

		node = (const struct zone_node *)(bytes + at);
		if (node->flags & ZONE_NSEC3)
			continue;
		name_read(&name, node->name, node->length);
		*zone_index_find(builder, &builder->names, &name,
				 0) = (struct zone_slot){ .hash = zone_hash(name.hashes[0]),
							  .offset = (uint32_t)(at / UNIT) };
	}
}

static int compare_names(const void *one, const void *other, void *bytes)
{
	const struct zone_node *a =
		(const struct zone_node *)((uint8_t *)bytes + (size_t) * (const uint32_t *)one * UNIT);
	const struct zone_node *b =
		(const struct zone_node *)((uint8_t *)bytes +
					   (size_t) * (const uint32_t *)other * UNIT);

	return name_compare(a->name, b->name);
}

/* A file that a signer wrote is in order already. */
static void sort_ordered(struct zone *zone)
{
	for (uint32_t i = 1; i < zone->ordered_count; i++)
		if (compare_names(&zone->ordered[i - 1], &zone->ordered[i], (void *)zone->bytes) > 0) {
			qsort_r(zone->ordered, zone->ordered_count, sizeof(*zone->ordered),
				compare_names, (void *)zone->bytes);
			return;
		}
}

static bool denies(const struct zone *zone, const struct zone_node *node)
{
	if (zone->denial == ZONE_NSEC3_SIGNED)
		return node->flags & ZONE_NSEC3 && base32_is_hash(node->name);
	return !(node->flags & ZONE_NSEC3) && zone_rrset(node, DNS_NSEC);
}

static void order(struct zone *zone)
{
	VEC(uint32_t) ordered = { 0 };

	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));)
		if (denies(zone, node))
			*VEC_PUSH(&ordered) = (uint32_t)(((const uint8_t *)node - zone->bytes) / UNIT);
	if (!ordered.count) {
		zone->denial = ZONE_UNSIGNED;
		return;
	}
	zone->ordered = mem_resize(ordered.items, ordered.count * sizeof(*ordered.items));
	zone->ordered_count = (uint32_t)ordered.count;
	sort_ordered(zone);
}

/* RFC 5155, 7.1: NSEC3 is in use when the apex says by which parameters. */
static void find_denial(struct zone *zone)
{
	const struct zone_rrset *set = zone_rrset(zone->apex, DNS_NSEC3PARAM);

	if (set && set->count) {
		struct wire_reader reader = wire_reader(set->records + ZONE_RECORD_HEAD,
							set->size - ZONE_RECORD_HEAD);

		wire_get_u16(&reader);
		zone->iterations = wire_get_u16(&reader);
		zone->salt_length = wire_get_u8(&reader);
		zone->salt = wire_get_view(&reader, zone->salt_length);
		zone->denial = ZONE_NSEC3_SIGNED;
	} else if (zone_rrset(zone->apex, DNS_NSEC)) {
		zone->denial = ZONE_NSEC_SIGNED;
	} else {
		return;
	}
	order(zone);
}

static void find_soa(struct zone *zone)
{
	const struct zone_rrset *soa = zone_rrset(zone->apex, DNS_SOA);
	const uint8_t *numbers = soa->records + soa->size - 20;
	struct wire_reader reader = wire_reader(numbers, 20);
	uint32_t ttl = zone_rrset_ttl(soa), minimum;

	zone->soa = soa;
	zone->serial = wire_get_u32(&reader);
	wire_get_view(&reader, 12);
	minimum = wire_get_u32(&reader);
	zone->negative_ttl = minimum < ttl ? minimum : ttl;
}

static void count_names(struct zone *zone)
{
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));) {
		if (node->flags & ZONE_NSEC3)
			continue;
		zone->names++;
		if (node->labels > zone->deepest)
			zone->deepest = node->labels;
	}
}

/*
 * A look-up in a large zone touches two places that no cache holds, and with pages of four
 * kilobytes each of them costs a walk through the page tables as well. Where the kernel can (Linux
 * 6.1) the pages become huge ones; where not, all is as before.
 */
static void use_huge_pages(const void *memory, size_t size)
{
	uintptr_t start = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)memory + size) & ~(HUGE_PAGE - 1);

	if (start < end)
		madvise((void *)start, end - start, MADV_COLLAPSE);
}

/* One SOA at the apex, or there is no zone of which more could be said. */
static bool has_soa(struct zone_builder *builder, uint32_t apex)
{
	struct zone_record record = { .owner = builder->origin.wire };
	const struct zone_rrset *soa = apex ? zone_rrset(zone_builder_node(builder, apex), DNS_SOA) :
					      NULL;
	char text[NAME_TEXT_SIZE];

	name_text(builder->origin.wire, text);
	if (!soa || !soa->count) {
		zone_error(builder->problems, &record,
			   "the zone has no SOA at its apex %s; is that the name of this zone?",
			   text);
		return false;
	}
	if (soa->count > 1) {
		record.type = DNS_SOA;
		record.data = zone_record_next(soa->records) + ZONE_RECORD_HEAD;
		record.length = (uint16_t)(record.data[-2] << 8 | record.data[-1]);
		zone_error(builder->problems, &record, "a zone has one SOA; this is a further one");
		return false;
	}
	return true;
}

struct zone *zone_builder_finish(struct zone_builder *builder)
{
	struct zone *zone;
	uint32_t apex;

	zone_builder_flush(builder);
	zone_builder_join(builder);
	apex = zone_index_find(builder, &builder->names, &builder->origin, 0)->offset;
	if (!has_soa(builder, apex))
		return NULL;
	resolve_all(builder, apex);
	if (builder->dead > builder->used / DEAD_SHARE)
		compact(builder);
	apex = zone_index_find(builder, &builder->names, &builder->origin, 0)->offset;
	zone = mem_alloc(sizeof(*zone));
	zone->references = 1;
	zone->bytes = mem_resize(builder->bytes, builder->used);
	zone->size = builder->used;
	zone->slots = builder->names.slots;
	zone->mask = builder->names.mask;
	zone->records = builder->records;
	builder->bytes = NULL;
	builder->names.slots = NULL;
	zone->apex = (const struct zone_node *)(zone->bytes + (size_t)apex * UNIT);
	zone->labels = zone->apex->labels;
	use_huge_pages(zone->bytes, zone->size);
	use_huge_pages(zone->slots, ((size_t)zone->mask + 1) * sizeof(*zone->slots));
	count_names(zone);
	find_soa(zone);
	find_denial(zone);
	return zone;
}
