/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_BUILD_H
#define MH_DNS_ZONE_BUILD_H

#include "base/text.h"
#include "dns/zone_problems.h"

/*
 * From records in the order of the file to the packed nodes of a zone. Files hold the records of a
 * name one after the other, nearly always; so they are gathered until the name changes and then
 * written as they will be served, and no second copy of the zone is ever held. Of a name that comes
 * again its pieces are put together at the end.
 */

/* Further flags of nodes, which mean nothing once the zone is built. */
enum zone_build_flag {
	BUILD_RESOLVED = 1 << 12,    /* what follows from the names above is known */
	BUILD_NS = 1 << 13,	     /* has NS */
	BUILD_UNDER_DNAME = 1 << 14, /* where there may be no name (RFC 6672, 2.4) */
};

/* A hash table of names under construction. */
struct zone_index {
	struct zone_slot *slots;
	uint32_t mask, count;
};

struct zone_gathered {
	uint16_t set, type, length; /* .set: the type, or that which an RRSIG covers */
	uint32_t ttl, offset;	    /* the latter of the data, in zone_builder.data */
	uint32_t number;
};

struct zone_piece {
	uint32_t node, piece; /* offsets as in slots */
};

struct zone_builder {
	struct zone_problems *problems;
	struct dns_name origin;
	uint8_t *bytes;
	size_t used, room, dead;
	struct zone_index names, hashes; /* the names of the zone, and the owners of NSEC3 */
	uint8_t owner[NAME_SIZE]; /* whose records are being gathered, as the file writes it */
	size_t owner_length;
	VEC(struct zone_gathered) gathered;
	struct text data;
	VEC(struct zone_piece) pieces;
	uint32_t records;
};

static inline struct zone_node *zone_builder_node(const struct zone_builder *builder, uint32_t offset)
{
	return (struct zone_node *)(builder->bytes + (size_t)offset * 4);
}

void zone_builder_init(struct zone_builder *builder, const uint8_t *origin,
		       struct zone_problems *problems);
void zone_builder_free(struct zone_builder *builder);
/* A record that is within the zone and whose data are valid. */
void zone_builder_add(struct zone_builder *builder, const struct zone_record *record,
		      size_t owner_length);
/* Writes what was gathered last; nothing more will come. */
void zone_builder_flush(struct zone_builder *builder);

/* The slot of @name, or the empty one that it would take; there is room for one more. */
struct zone_slot *zone_index_find(struct zone_builder *builder, struct zone_index *index,
				  const struct dns_name *name, unsigned label);
/* Writes an empty node and leads there. Returns its offset. */
uint32_t zone_builder_empty(struct zone_builder *builder, const struct dns_name *name,
			    unsigned label);
/* Puts the pieces of names together. */
void zone_builder_join(struct zone_builder *builder);

/* Returns the zone, or NULL when there is no SOA at the apex, which is told. */
struct zone *zone_builder_finish(struct zone_builder *builder);

#endif
