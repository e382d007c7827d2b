/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_SELVES_H
#define MH_DNS_SELVES_H

#include "dns/zone.h"
#include "net/address.h"

/*
 * Names that are answered with addresses of this server's own, in the place of those of the zone.
 * The table is small and stands beside the zones, so that no zone is touched when a service dies.
 */
enum self_mode {
	SELF_ADDRESSES, /* with its addresses; NODATA for a family that has none */
	SELF_ASKED,	/* with the address asked; NODATA for the other family */
	SELF_REFUSED,
	SELF_SERVFAIL,
	SELF_NODATA,
	SELF_SILENT,
};

struct self_source {
	const uint8_t *name; /* on the wire, in any case */
	enum self_mode mode;
	bool not_ready; /* said by EDE 14 */
	uint32_t ttl;
	const struct address *addresses;
	size_t address_count;
};

struct self {
	enum self_mode mode;
	bool not_ready;
	uint32_t ttl;
	const struct zone_rrset *a, *aaaa; /* or NULL */
};

struct selves;

/* Immutable once it is made. Of two sources of one name the first counts. */
struct selves *selves_new(const struct self_source *sources, size_t count);
void selves_free(struct selves *selves); /* NULL is fine */
/* That of @name, or NULL; @selves may be NULL. */
const struct self *selves_find(const struct selves *selves, const struct dns_name *name);

/* One address as a set of records, of the family that it has. */
#define SELF_SET_SIZE (sizeof(struct zone_rrset) + ZONE_RECORD_HEAD + 16)
const struct zone_rrset *self_set_put(const struct address *address, uint32_t ttl,
				      uint8_t ret_set[SELF_SET_SIZE]);

#endif
