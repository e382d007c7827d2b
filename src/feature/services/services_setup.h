/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_SETUP_H
#define MH_FEATURE_SERVICES_SETUP_H

#include "feature/services/services_wire.h"
#include "net/lpm.h"

#include <stdatomic.h>

/*
 * Connections of a service over all threads; lives on from setup to setup, as long as the service's
 * name does.
 */
struct services_live {
	atomic_uint connections;
};

struct services_service {
	char name[SERVICES_NAME_SIZE];
	enum services_kind kind;
	uint32_t max_connections;
	int64_t idle_us;
	struct services_live *live;
};

/*
 * Set in the values of the tables below when no prefix of the table lies inside that one: it may be
 * remembered.
 */
#define SERVICES_LEAF 0x80000000u

/* Who answers on a port, by the address asked: .value is the index of a service. */
struct services_port {
	uint8_t protocol;
	uint16_t port;
	struct lpm *by_address;
};

/*
 * What the worker serves: built once, then only read, by all threads; but each thread writes the
 * counters that are its own. They are those of the services, of the claims, and of what belongs to
 * no service, in this order.
 */
struct services_setup {
	struct services_service *services;
	struct prefix *claims;
	uint32_t service_count, claim_count;
	struct lpm *claim_table;     /* .value is the index of a claim */
	struct services_port *ports; /* sorted */
	size_t port_count;
	unsigned threads;
	struct counter **counters; /* of each thread */
	struct counter *before;	   /* counted under the setups before this one */
};

/* Whom a datagram counts for. */
struct services_account {
	uint32_t service; /* or the last counter: outside */
	uint32_t claim;	  /* index of its counter, or SERVICES_NO_CLAIM */
};

#define SERVICES_NO_CLAIM UINT32_MAX

/* The account of every address in one prefix: most packets of a host ask for the same few. */
struct services_memo {
	uint8_t family; /* 0: nothing is remembered */
	uint64_t bits[2], mask[2];
	struct services_account account;
};

/*
 * Builds what @orders ask for. What bears the same name in @before (or NULL) shares its live
 * numbers.
 */
struct services_setup *services_setup_new(const struct services_orders *orders, unsigned threads,
					  const struct services_setup *before);
/*
 * Ends @before once no thread uses it any more: what it counted goes on in @setup (or is forgotten:
 * NULL).
 */
void services_setup_succeed(struct services_setup *setup, struct services_setup *before);

/* Who answers on the port, or NULL. */
const struct lpm *services_setup_port(const struct services_setup *setup, uint8_t protocol,
				      uint16_t port);
/* The index of the service of that name, or -1. */
int services_setup_find(const struct services_setup *setup, const char *name);

static inline uint32_t services_setup_counters(const struct services_setup *setup)
{
	return setup->service_count + setup->claim_count + 1;
}

/* Everything counted so far, as bytes for services_report(). From any thread. */
void services_setup_report(const struct services_setup *setup, struct text *report);

static inline uint32_t services_setup_index(const struct lpm_entry *entry)
{
	return entry->value & ~SERVICES_LEAF;
}

#endif
