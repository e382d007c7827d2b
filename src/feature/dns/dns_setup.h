/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_SETUP_H
#define MH_FEATURE_DNS_SETUP_H

#include "dns/answer.h"
#include "dns/tsig.h"
#include "dns/zones.h"
#include "feature/counters.h"
#include "feature/dns/dns_blobs.h"
#include "net/lpm.h"

#include <stdatomic.h>

/* What the threads count for a setup, each for itself. */
struct dns_setup_counts {
	struct counter *zones, *prefixes;
};

/*
 * What the worker serves: built once by the main thread, then only read, by all threads. Zones whose
 * files did not change are those of the setup before.
 */
struct dns_setup {
	struct dns_orders orders;
	const struct dns_order_zone **sorted; /* its zones, by name */
	struct zone **loaded; /* of each zone of the orders; NULL: it could not be built */
	uint32_t *order_of;   /* of each zone of .zones, by its index there */
	struct zones *zones;
	struct tsig_key *keys; /* of each key of the orders; one that makes no sense has no name */
	const struct tsig_key **key_list;
	bool nested;	    /* a prefix that is listened on lies in another one */
	struct lpm *listen; /* .value is the index in orders.listen */
	unsigned threads;
	struct dns_setup_counts *counts;
	atomic_uint transfers;	/* that still read it */
	struct dns_setup *next; /* in the list of those that wait for their transfers to end */
};

struct dns_setup_source {
	struct dns_blobs *blobs;
	unsigned threads;
	const struct dns_setup *before; /* or NULL */
	/* Told of each zone that could not be built. */
	void (*refused)(void *data, const char *zone, const char *why);
	void *data;
};

/* Takes *@orders over. Where a zone cannot be built, the one of .before goes on. */
struct dns_setup *dns_setup_new(struct dns_orders *orders, const struct dns_setup_source *source);
/* Once no thread uses it any more, nor a transfer. NULL is fine. */
void dns_setup_free(struct dns_setup *setup);

/* What the threads answer out of, but for the selves. */
void dns_setup_serve(const struct dns_setup *setup, struct dns_server *ret_server);
/* What a thread counted for zones and prefixes, by their names. */
void dns_setup_tell(const struct dns_setup *setup, unsigned thread, struct counters *sum);
/* The index of the zone of that name in the orders, or -1. */
int64_t dns_setup_find(const struct dns_setup *setup, const char *name);

#endif
