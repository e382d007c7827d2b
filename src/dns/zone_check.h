/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_CHECK_H
#define MH_DNS_ZONE_CHECK_H

#include "dns/zone_problems.h"

/*
 * Looks a zone through that was just built, flags of the builder and all. An error is what would make
 * answers wrong or the zone unusable; a warning is what somebody surely did not mean.
 */
struct zone_check {
	const struct zone *zone;
	struct zone_problems *problems;
	int64_t now; /* 0: do not look at the times of signatures */
};

void zone_check(const struct zone *zone, int64_t now, struct zone_problems *problems);

/* Of a zone with DNSSEC: each set at @node is signed, as it should be. */
void zone_check_signatures(const struct zone_check *check, const struct zone_node *node);
/* NSEC or NSEC3: a chain without holes, which names every name and its types. */
void zone_check_denial(const struct zone_check *check);

/* ZONEMD, where there is one. */
void zone_check_digest(const struct zone_check *check);

/* A set, or one record of it, as a problem names it. */
struct zone_record zone_check_set(const struct zone_node *node, uint16_t type);
struct zone_record zone_check_record(const struct zone_node *node, uint16_t type,
				     const uint8_t *record);

#endif
