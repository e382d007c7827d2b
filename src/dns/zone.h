/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_H
#define MH_DNS_ZONE_H

#include "dns/name.h"

/*
 * A zone as it is served: immutable once it is built (zone_load.h), so that threads read it without a
 * lock. Names and records stand packed in one piece of memory; a hash table of names leads there.
 */

/* What was found out about a name when the zone was built. */
enum zone_flag {
	ZONE_APEX = 1 << 0,
	ZONE_CUT = 1 << 1,	/* a delegation: NS, and not the apex */
	ZONE_BELOW = 1 << 2,	/* below a cut: at best glue (RFC 2181, 5.4.1), never an answer */
	ZONE_EMPTY = 1 << 3,	/* no records, but names below it (RFC 4592, 2.2.2) */
	ZONE_WILDCARD = 1 << 4, /* "*." before this name exists */
	ZONE_CNAME = 1 << 5,
	ZONE_DNAME = 1 << 6,
	ZONE_NSEC3 = 1 << 7, /* holds NSEC3 alone: no name of the zone (RFC 5155, 7.2.8) */
	ZONE_DEAD = 1 << 8,  /* replaced while building */
};

/* A name, in lower case, then its sets; .size is that of all of it. */
struct zone_node {
	uint8_t length, labels; /* as those of struct dns_name */
	uint16_t flags;
	uint32_t size;
	uint8_t name[];
};

/*
 * The records of one type at a name, as they go into a message: for each one an owner of two bytes
 * (0xc00c: a pointer to the name of the question), type, class, TTL, length of data, data. Behind them
 * the RRSIGs that cover them, in the same form. Where the owner is another one, the two bytes
 * are written anew. All TTLs of a set are equal. The data are as in the file, names uncompressed.
 */
struct zone_rrset {
	uint16_t type, count, signatures;
	uint16_t size, signatures_size; /* bytes of the records, and of the signatures behind them */
	uint8_t records[];
};

#define ZONE_OWNER 0xc00c
#define ZONE_RECORD_HEAD 12 /* bytes before a record's data */

/* What lies at a name, and above it: all that RFC 1034, 4.3.2 asks for. */
struct zone_match {
	const struct zone_node *node;	  /* the name itself, perhaps ZONE_EMPTY; or NULL */
	const struct zone_node *encloser; /* the name itself, or the nearest name above that exists */
	const struct zone_node *wildcard; /* "*." before the encloser, when there is no .node */
	const struct zone_node *cut; /* the topmost delegation at the name or above; the apex is none */
	const struct zone_node *dname; /* a DNAME strictly above the name, and no cut on the way */
	unsigned label;		       /* where the encloser begins: name->starts[label] */
};

enum zone_denial { ZONE_UNSIGNED, ZONE_NSEC_SIGNED, ZONE_NSEC3_SIGNED };
#define ZONE_HASH_SIZE 20 /* SHA-1, the only one that NSEC3 has */

struct zone_slot {
	uint32_t hash, offset; /* in units of four bytes; 0: empty */
};

/* What a slot keeps of the hash of a name. */
static inline uint32_t zone_hash(uint64_t whole)
{
	return (uint32_t)(whole ^ whole >> 32);
}

struct zone {
	const uint8_t *bytes; /* the nodes, one after the other, from the fourth byte */
	size_t size;
	struct zone_slot *slots;
	uint32_t mask;
	uint32_t names, records; /* names that exist, the empty ones too */
	const struct zone_node *apex;
	const struct zone_rrset *soa;
	uint32_t serial,
		negative_ttl;	 /* the latter as RFC 2308, 3 says: of SOA's TTL and its MINIMUM */
	uint8_t labels, deepest; /* of the apex, and of the deepest name */
	uint8_t salt_length;
	const uint8_t *salt;
	uint16_t iterations;
	enum zone_denial denial;
	uint32_t *ordered; /* names with NSEC in canonical order, or NSEC3s by their hash */
	uint32_t ordered_count, references;
};

/* Takes a further reference, and drops one; the last one frees. Of one thread. */
struct zone *zone_ref(struct zone *zone);
void zone_unref(struct zone *zone); /* NULL is fine */

/* Looks a name up that is the apex or below it. */
void zone_find(const struct zone *zone, const struct dns_name *name, struct zone_match *ret_match);
/* The name from the label @label of @name on, or NULL. */
const struct zone_node *zone_node_at(const struct zone *zone, const struct dns_name *name,
				     unsigned label);
/* Asks the memory ahead for what zone_find() will read first; and for what it will read then. */
void zone_prefetch(const struct zone *zone, const struct dns_name *name);
void zone_prefetch_node(const struct zone *zone, uint64_t hash);

/* The set of @type, or NULL. RRSIGs stand with what they cover and are no set of their own. */
const struct zone_rrset *zone_rrset(const struct zone_node *node, uint16_t type);
/* From set to set: the first one for NULL; NULL behind the last one. */
const struct zone_rrset *zone_rrset_next(const struct zone_node *node, const struct zone_rrset *set);
/* From record to record; @end is rrset->records + rrset->size, or that of the signatures. */
const uint8_t *zone_record_next(const uint8_t *record);
uint32_t zone_rrset_ttl(const struct zone_rrset *set);
/* From node to node in no order, NSEC3s too: the first one for NULL; NULL behind the last one. */
const struct zone_node *zone_node_next(const struct zone *zone, const struct zone_node *node);

/* ZONE_NSEC_SIGNED: the name with the NSEC that is or covers @name. */
const struct zone_node *zone_nsec(const struct zone *zone, const uint8_t *name);
/* ZONE_NSEC3_SIGNED: the hash of a name in lower case, and who has or covers a hash. */
void zone_nsec3_hash(const struct zone *zone, const uint8_t *name, uint8_t ret_hash[ZONE_HASH_SIZE]);
const struct zone_node *zone_nsec3(const struct zone *zone, const uint8_t hash[ZONE_HASH_SIZE],
				   bool *ret_same);

#endif
