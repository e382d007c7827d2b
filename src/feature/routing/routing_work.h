/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_WORK_H
#define MH_FEATURE_ROUTING_WORK_H

#include "feature/routing/routing_ways.h"

/* What the parts of desire() share. */

/* A nexthop object that is desired, and the links that it leaves by. */
struct built_hop {
	uint32_t id, links[NEXTHOP_MEMBERS];
	uint8_t family, count;
};

/* Routes that wait for one and the same: told once. */
struct waiting {
	struct place place;
	char *what, *why;
	unsigned count;
};

struct built_rule {
	struct host_rule rule;
	struct place place;
	/* Stands at another time of day: its preference is kept, so that no other rule moves. */
	bool absent;
};
struct built_rules {
	VEC(struct built_rule) items;
};

/* A desired route, by the link that it leaves by. */
struct out_route {
	uint32_t link;
	size_t index;
};

/* A table of ways out, and whether it has a default route that leads somewhere. */
struct filled_table {
	uint32_t table;
	bool default4, default6;
};

struct work {
	const struct routing *routing;
	const struct facts *facts;
	struct desired *desired;
	struct ways ways;
	struct numbers tables, hops;
	VEC(struct built_hop) built;
	VEC(struct waiting) waiting;
	bool confined; /* rules look at the host's own packets: see host_is_confined() */
	bool crowded;  /* there are routes of somebody else's */
	/* What `routes` and then the tables became, in the set of desired routes. */
	size_t routes_from, tables_end;
	VEC(struct filled_table) filled;
	bool indexed; /* the two below are filled */
	VEC(struct out_route) out_routes;
	VEC(const struct host_route *) foreign;
	struct built_rules rules[2]; /* by family: IPv4, IPv6; of `rules` */
};

/* tables.c */
void tables_number(const struct routing *routing, struct numbers *tables);
/* The number of the table that a rule calls @name. */
uint32_t table_called(const struct work *work, const char *name);
/* Who makes routes and rules with this number. */
const char *protocol_called(uint8_t protocol);

/* hops.c */
void hops_number(struct work *work);
void hops_desire(struct work *work);
/* The id of the named next hop, for routes of @family; 0 = not ready. */
uint32_t hop_ready(const struct work *work, const char *name, uint8_t family);
/* The same for the hops of @route. */
uint32_t hops_ready(struct work *work, const struct route_config *route, uint8_t family);
bool hop_has_family(const struct routing *routing, const char *name, uint8_t family);
/* Some of the hops may carry packets of @family. */
bool hops_have_family(const struct config_list *hops, uint8_t family);
const struct built_hop *built_hop(const struct work *work, uint32_t id);

/* A way that is looked for. */
struct way_wanted {
	const struct address *via; /* .family 0 = none */
	const char *link;	   /* or NULL */
	bool carrier;		   /* a nexthop object needs it */
	struct place place;
	const char *what; /* "the next hop janet" */
};
/* True with the link to leave by; or tells why not. */
bool way_find(struct work *work, const struct way_wanted *wanted, uint32_t *ret_link);
void wait_for(struct work *work, struct place place, const char *what, const char *why);

/* routes.c */
void routes_desire(struct work *work);

/* rules.c */
void rules_desire(struct work *work);
/* Empties @rules. */
void rules_desire_built(struct work *work, struct built_rules *rules);

#endif
