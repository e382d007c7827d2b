/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_TABLE_H
#define MH_FEATURE_NEIGHBOURS_TABLE_H

#include "bpf/neighbours_shared.h"
#include "feature/counters.h"
#include "feature/neighbours/neighbours_wire.h"
#include "net/lpm.h"

/*
 * What the worker answers by: the rules of each link in a longest-prefix table of its own, and the
 * counters, which outlive a change of the rules. Built once, then only read.
 */
struct neighbours_bound {
	uint8_t mac[6];
	struct neighbours_who_value who;
};

struct neighbours_place {
	uint32_t index;
	struct neighbours_settings settings;
	struct lpm *rules;		/* the value: number of the rule */
	struct neighbours_bound *bound; /* whose a MAC address is, sorted */
	uint32_t bound_count;
	uint32_t counter; /* "responder NAME": index in .counters.entries */
};

/* Where what concerns an owner is counted. */
struct neighbours_account {
	uint32_t owner, counter;
};

struct neighbours_table {
	struct neighbours_orders orders;
	struct neighbours_value *values;     /* of the rules */
	struct neighbours_place *places;     /* of the ports */
	struct neighbours_account *accounts; /* sorted */
	uint32_t account_count;
	struct counters counters;
};

/* Takes @orders over, and the counts of what is still there out of @former (NULL: there is none). */
struct neighbours_table *neighbours_table_new(struct neighbours_orders *orders,
					      const struct neighbours_table *former);
void neighbours_table_free(struct neighbours_table *table);

/* NULL: nothing is answered there. */
const struct neighbours_place *neighbours_table_place(const struct neighbours_table *table,
						      uint32_t link);
/* The rule of the longest prefix of the link that holds the address, or NULL. */
const struct neighbours_value *neighbours_table_rule(const struct neighbours_table *table,
						     const struct neighbours_place *place,
						     const struct address *address);
/* Whose the MAC is by an OWN rule of the link that is bound to it, or NULL. */
const struct neighbours_who_value *neighbours_table_who(const struct neighbours_place *place,
							const uint8_t mac[6]);
/* The counter of an owner, or NULL. */
struct counter *neighbours_table_counter(const struct neighbours_table *table, uint32_t owner);

#endif
