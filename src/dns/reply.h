/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_REPLY_H
#define MH_DNS_REPLY_H

#include "dns/query.h"
#include "dns/zone.h"

/*
 * A reply as it is written: whole sets of records or nothing of them, each name compressed against
 * those that stand before it (RFC 1035, 4.1.4).
 */
#define REPLY_NAMES 64 /* names remembered for that, and each name above them is one */

enum reply_section { REPLY_ANSWER, REPLY_AUTHORITY, REPLY_ADDITIONAL };

/* Up to where it is written; what follows can be taken back. */
struct reply_mark {
	size_t at;
	uint16_t counts[3];
	uint16_t names;
};

struct dns_reply {
	uint8_t *bytes;
	size_t limit;
	struct reply_mark mark;
	uint16_t flags; /* AA and TC; the rest follows from the query */
	uint16_t last_name; /* a pointer to the name that was written last; 0: out of a pointer's reach */
	const struct dns_query *query;
	uint32_t hashes[REPLY_NAMES];
	uint16_t offsets[REPLY_NAMES];
	struct dns_name name; /* the one that is being written */
};

/* Where the owner of a set stands already, as a compression pointer; or 0, and its name. */
struct reply_owner {
	uint16_t pointer;
	const uint8_t *name;
};

/* Begins with the header's room and the question of @query, in the case that it has (RFC 4343). */
void reply_start(struct dns_reply *reply, const struct dns_query *query, uint8_t *bytes,
		 size_t limit);
/* Takes everything back but the question. */
void reply_empty(struct dns_reply *reply);

#define REPLY_TTL_AS_IT_IS UINT32_MAX

struct reply_set {
	enum reply_section section;
	struct reply_owner owner;
	const struct zone_rrset *set;
	uint32_t ttl_limit; /* no record says more */
	bool signatures;    /* with what signs the set */
};

/* Each returns false when the set does not fit; then nothing of it is written. */
bool reply_put_set(struct dns_reply *reply, const struct reply_set *what);
bool reply_put_signatures(struct dns_reply *reply, const struct reply_set *what);
bool reply_put_cname(struct dns_reply *reply, const struct reply_owner *owner, uint32_t ttl,
		     const uint8_t *target);

/*
 * Writes header and, for a query with EDNS, the OPT, for which the caller kept room beyond .limit,
 * up to @room. Returns the length of it all.
 */
size_t reply_finish(struct dns_reply *reply, struct edns_reply *edns, size_t room);

#endif
