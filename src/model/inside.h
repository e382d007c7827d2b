/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_INSIDE_H
#define MH_MODEL_INSIDE_H

#include "model/model.h"
#include "net/lpm.h"

/* What the files of the model share. */

/* A setting of a link; -1 = the state does not tell. */
struct model_conf {
	int8_t forwarding, rp_filter, src_valid_mark, accept_local, route_localnet, send_redirects;
	int8_t ignore_linkdown[2]; /* IPv4, IPv6 */
	int8_t use_oif_addrs_only, use_tempaddr;
};

struct model_link {
	const struct host_link *link;
	uint32_t vrf;	 /* the index of the VRF that it is, or is in; 0 = none */
	bool up, linked; /* IFF_UP; has a carrier */
	struct model_conf conf;
	size_t addresses, address_count; /* in the set */
};

#define NO_LINK UINT32_MAX /* the name of a link that is not there: matches nothing */

struct model_rule {
	const struct host_rule *rule;
	uint32_t in, out; /* indexes; 0 = any */
	bool in_vrf, out_vrf;
	size_t target;			 /* goto: where to go on; past the end = nowhere */
	const struct model_table *table; /* NULL = none, or it is chosen by VRF */
};

struct model_table {
	uint32_t id;
	struct lpm *lpm; /* value: index of the prefix's first route in the set */
};

struct model_rules {
	struct model_rule *items;
	size_t count;
	bool dissects; /* what is received is looked into for its protocol and ports */
};

struct model {
	const struct state *state;
	struct model_link *links; /* by index */
	size_t link_count;
	const struct model_link **by_name;
	struct model_conf all;
	int8_t forwarding6;	    /* net/ipv6/conf/all/forwarding */
	struct model_table *tables; /* by id */
	size_t table_count;
	struct model_shared *shared; /* for each nexthop object */
	struct model_rules rules[2]; /* IPv4, IPv6 */
	/* IPv4's tables local and main are one tree until the first rule is added: see tables.c. */
	bool merged;
	bool custom_local; /* IPv4: a local route that the kernel did not make */
};

/* IPv6 takes what it made of one route by a nexthop object for all of them (seen on 6.18). */
struct model_shared {
	const struct host_route *route; /* one of them; NULL = none */
	bool sources_differ, lengths_differ;
};

/* A question as the kernel puts it (struct flowi). */
struct query {
	uint8_t family, ip_protocol, tos;
	bool has_from;
	uint8_t scope;		/* IPv4: of a gateway, no route of a wider scope will do */
	bool no_linkstate;	/* IPv4: a link without carrier will do */
	bool strict, reachable; /* IPv6: only by .wish; only by gateways that answer */
	uint32_t in, out, vrf;	/* .in: the index of lo for what this host sends */
	uint32_t wish;		/* IPv6: the link that breaks a tie */
	struct address from, to;
	uint32_t mark, uid;
	uint16_t sport, dport;
};

/* An answer of the tables. */
struct found {
	int error; /* 0, or -errno; -EAGAIN: ask on */
	const struct host_route *route;
	struct verdict_hop hop; /* the one that is usable and fits; others by hops_of() */
};

/* model.c */
const struct model_link *model_link(const struct model *model, uint32_t index);
const struct model_link *model_link_named(const struct model *model, const char *name);
const struct model_table *model_table(const struct model *model, uint32_t id);
const struct host_nexthop *model_nexthop(const struct model *model, uint32_t id);
/* Of all nexthop objects that the route may go by. */
struct model_shared model_shared(const struct model *model, const struct host_route *route);
/* A setting that counts when it is set for all or for the link; the larger; the link's own. */
bool conf_either(int8_t all, int8_t link, unsigned *doubts);
int conf_larger(int8_t all, int8_t link, unsigned *doubts);
bool conf_own(int8_t link, unsigned *doubts);

/* rules.c: walks the rules. 0 or -errno; tells of rule, steps, doubts in @verdict. */
int rules_lookup(const struct model *model, const struct query *query, struct verdict *verdict,
		 struct found *ret_found);

/* tables.c; @table may be NULL: an empty one */
struct found table_lookup(const struct model *model, const struct model_table *table,
			  const struct query *query, unsigned *doubts);
/* All that the packet may take of the route that was found. */
void hops_of(const struct model *model, const struct query *query, const struct found *found,
	     struct verdict *verdict);

/* sources.c: the address that a packet gets; .family 0 = none. */
struct address source_ipv4(const struct model *model, uint32_t link, const struct address *via,
			   uint8_t scope, unsigned *doubts);
struct address source_ipv6(const struct model *model, uint32_t link, const struct address *to,
			   unsigned *doubts);
void filter_hops(const struct model *model, const struct flow *flow, uint32_t in,
		 struct verdict *verdict);

#endif
