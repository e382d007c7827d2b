/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_LOAD_H
#define MH_FEATURE_DNS_LOAD_H

#include "dns/zone_load.h"
#include "feature/dns/dns_blobs.h"

/*
 * Builds the zone of @order out of @blobs. Returns 0, or -errno with what is wrong in @error, one
 * line: the engine read the same files before, so that there should be nothing.
 */
int dns_load(const struct dns_order_zone *order, struct dns_blobs *blobs, struct text *error,
	     struct zone **ret_zone);

/* Both say the same of the content of a zone: it need not be built anew. */
bool dns_load_same(const struct dns_order_zone *a, const struct dns_order_zone *b);

#endif
