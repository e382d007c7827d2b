/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_INTEREST_H
#define MH_HOST_INTEREST_H

#include "host/host.h"
#include "net/lpm.h"

/* An interest, kept and made quick to ask. */
struct taste {
	struct prefix *prefixes; /* sorted */
	size_t prefix_count;
	struct lpm *by_prefix;
	char **sysctls;	  /* NULL-terminated */
	char **cgroups;	  /* the same */
	uint32_t *tables; /* sorted */
	size_t table_count;
	bool local_routes, all_routes, link_routes;
};

void taste_set(struct taste *taste, const struct host_interest *interest);
void taste_free(struct taste *taste);

/*
 * Whether a route has to be kept: ours, or in table main or local with an overlap, or with a
 * gateway, that is asked for.
 */
bool taste_wants_route(const struct taste *taste, const struct host_route *route);
/* Every route of the table is asked for. */
bool taste_wants_table(const struct taste *taste, uint32_t table);
/* Whether everything that @taste wants is wanted by @other as well. */
bool taste_within(const struct taste *taste, const struct taste *other);
/* Two lists of names, ended by NULL; either may be NULL. */
bool taste_same_names(char *const *names, char *const *others);

#endif
