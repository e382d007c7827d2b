/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_WAYS_H
#define MH_FEATURE_ROUTING_WAYS_H

#include "feature/routing/routing.h"

/* The links as they will be, and numbers for names. */

/* A link as it will be: observed, or desired by another key. */
struct way_link {
	char name[IFNAMSIZ];
	uint32_t index, table; /* .table: of a VRF */
	bool up, carrier, loopback;
	bool lone;    /* one neighbour at most: a tunnel, ppp */
	bool advised; /* has a route by router advertisement */
	bool in_vrf;
};

/* A network that a link is connected to, and the host's own address in it (family 0 = none). */
struct way_net {
	struct prefix net;
	struct address own;
	uint32_t link;
};

struct ways {
	VEC(struct way_link) links; /* by name */
	VEC(struct way_net) nets;
	struct reach {
		struct address via;
		uint32_t link, found;
	} cache[1024];
};

/* What others desire must stand in @desired already. */
void ways_gather(const struct facts *facts, const struct state *desired, struct ways *ret_ways);
void ways_free(struct ways *ways);
const struct way_link *ways_link(const struct ways *ways, const char *name);
const struct way_link *ways_link_at(const struct ways *ways, uint32_t index);
/* A network that our own configuration lays on a link. */
void ways_add_net(struct ways *ways, const struct prefix *net, uint32_t link);
/* The link whose network holds @via, of @link alone when that is not 0; 0 = none. */
uint32_t ways_reach(struct ways *ways, const struct address *via, uint32_t link);
/* The link that bears @address as the host's own, or NULL. */
const struct way_link *ways_own(struct ways *ways, const struct address *address);

/* Numbers for names, which do not depend on their order. */
struct number {
	char *name;
	uint32_t value;
};
struct numbers {
	VEC(struct number) items;
};
void numbers_note(struct numbers *numbers, const char *name);
/* Chooses @base + 0 .. 2^@bits - 1 for each. */
void numbers_choose(struct numbers *numbers, uint32_t base, unsigned bits);
uint32_t numbers_of(const struct numbers *numbers, const char *name); /* 0 = none */
void numbers_free(struct numbers *numbers);
/* FNV-1a. */
uint32_t hash_text(const char *text);

#endif
