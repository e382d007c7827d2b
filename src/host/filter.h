/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_FILTER_H
#define MH_HOST_FILTER_H

#include "host/head.h"
#include "net/address.h"

#include <linux/if.h>

/* Numbers from .first on, .end not among them; .end == 0: any. */
struct span {
	uint32_t first, end;
};

enum filter_chain { FILTER_FORWARD, FILTER_NAT };
enum filter_verdict {
	FILTER_ACCEPT,
	FILTER_DROP,
	FILTER_MASQUERADE, /* FILTER_NAT: to an address of the link */
	FILTER_SNAT,	   /* FILTER_NAT: to .first .. .last */
};

/*
 * A rule of the nftables table "multihomed" (inet). The first one that matches decides; what none
 * matches is accepted. Ports need an .ip_protocol that has some.
 */
struct host_filter {
	struct object object;
	uint8_t chain;	/* key; FILTER_FORWARD, FILTER_NAT */
	uint32_t order; /* key */
	uint8_t verdict;
	uint8_t ip_protocol;		  /* 0 = any */
	char in[IFNAMSIZ], out[IFNAMSIZ]; /* "" = any; FILTER_NAT: .in is "" */
	struct prefix from, to;		  /* .family 0 = any */
	struct span sport, dport;
	uint32_t mark, mask;
	struct address first, last; /* FILTER_SNAT; equal = one */
	/*
	 * Observed: what stands in the table is not what we would write for it, or somebody else put
	 * it there (then .order counts down from FILTER_ORDER_ALIEN, and nothing else is known).
	 */
	uint8_t altered;
};
#define FILTER_ORDER_ALIEN UINT32_MAX

#endif
