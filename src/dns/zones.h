/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONES_H
#define MH_DNS_ZONES_H

#include "dns/zone.h"

/*
 * All zones that are served: immutable, so that a new generation is a new catalog, which takes over the
 * zones that did not change.
 */
struct zones {
	struct zone **items; /* in the order of the caller's list */
	size_t count;
	struct zone_slot *slots; /* offset: the number of an item, from 1 */
	uint32_t mask;
	uint64_t depths[2]; /* of how many labels there are zones */
	bool large;	    /* more names than the processor's caches hold */
};

/* Takes a reference to each of @zones, no two of which have one apex. */
struct zones *zones_new(struct zone *const *zones, size_t count);
void zones_free(struct zones *zones); /* NULL is fine */

/*
 * The zone that holds @name from its label @label on: the one with the longest apex. Label 1 asks
 * for the zone above that name, as DS wants it (RFC 4035, 3.1.4.1). NULL when there is none;
 * *ret_index is its place in the list.
 */
const struct zone *zones_find(const struct zones *zones, const struct dns_name *name,
			      unsigned label, size_t *ret_index);

#endif
