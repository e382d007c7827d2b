/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_MODEL_H
#define MH_MODEL_MODEL_H

#include "host/state.h"
#include "net/flow.h"

/*
 * What Linux does with a packet, worked out from a state: observed, or on paper. Pure. The state
 * must hold all routes (host_interest.all_routes) and the settings that are named below. It is
 * pointed into: it must outlive the model, and stay as it is.
 *
 * Not modelled, since a state does not tell of them: routes for one type of service, IPv6 routes
 * for one source only, what was learned of single destinations (redirects, path MTU), multicast
 * routing, XDP, tc, IPsec, and the nftables rules of other people.
 */
struct model;

/* The settings that it looks at; for host_interest.sysctls. */
extern const char *const model_sysctls[];
extern const size_t model_sysctl_count;

struct model *model_new(const struct state *state);
void model_free(struct model *model);
const struct state *model_state(const struct model *model);

enum verdict_end {
	END_LEAVES,    /* sent or forwarded, out of .hops */
	END_LOCAL,     /* to this host itself */
	END_BROADCAST, /* received, or sent out of .hops */
	END_MULTICAST, /* the same; received: to whoever joined */
	END_REFUSED,   /* by a rule or a route, or for want of one: .error */
	END_NO_FORWARDING,
	END_MARTIAN,   /* an address that may not stand there */
	END_RP_FILTER, /* the way back does not lead out where it came in */
	END_FILTERED,  /* our filter drops it */
	END_GUARDED,   /* the guard of its link drops it: its source is nobody's there */
};

enum step_outcome {
	STEP_DECIDES,
	STEP_NOTHING,  /* the table has no route for it */
	STEP_THROW,    /* the table's route sends it on to the next rule */
	STEP_SUPPRESS, /* the rule passes over a route of so few bits */
	STEP_MAYBE,    /* says more than is modelled here; taken for one that does not match */
};

/* A rule that matched, in the order in which they were asked. */
struct verdict_step {
	const struct host_rule *rule;
	const struct host_route *route; /* or NULL */
	uint32_t table;			/* 0 = none */
	enum step_outcome outcome;
};
#define VERDICT_STEPS 16

/* Why the kernel may do otherwise. */
#define DOUBT_RULE 1	  /* a rule that says more than is modelled: STEP_MAYBE */
#define DOUBT_HOPS 2	  /* several next hops, of which only the first is known */
#define DOUBT_NEXTHOP 4	  /* a nexthop object that is not known */
#define DOUBT_ORDER 8	  /* of two equals, ours and somebody's, the one that came first */
#define DOUBT_MERGED 16	  /* whether IPv4's tables local and main are still one tree */
#define DOUBT_SYSCTL 32	  /* a setting that is not known: taken for the kernel's usual one */
#define DOUBT_SOURCE 64	  /* of several addresses that fit equally well, the first one given */
#define DOUBT_GATEWAY 128 /* several equal default routes: a gateway that answers is preferred */
#define DOUBT_OWN 512 /* whether the gateway was an address of this host when its route was made */
#define DOUBT_SHARED                                                                               \
	256 /* IPv6: what the kernel keeps of another route by the same nexthop object */

struct verdict_hop {
	uint32_t link;
	uint16_t weight;
	struct address via;		   /* .family 0: on the link */
	struct address source;		   /* that the packet bears by this hop, before NAT */
	const struct host_nexthop *object; /* or NULL */
	const struct host_filter *filter;  /* decides on what is forwarded; NULL = none does */
	const struct host_filter *nat;	   /* or NULL */
	enum verdict_end end; /* by this hop: leaves, filtered, or the check of its source */
};

struct verdict {
	enum verdict_end end;
	int error;		      /* 0, or -errno, the one that the sender sees */
	const struct host_rule *rule; /* that decided; or NULL */
	uint32_t table;		      /* 0 = none */
	const struct host_route *route; /* or NULL, also where IPv4 takes the destination for on-link */
	bool assumed;		       /* a bound IPv4 socket: without a route all is on the link */
	struct address source;	       /* before NAT; by the first hop; .family 0 = none is found */
	unsigned doubts;	       /* DOUBT_* */
	unsigned step_count;	       /* may be more than are kept */
	unsigned hop_count;	       /* more than one: by hash */
	int rp_filter;		       /* received, IPv4: 0, 1 strict, 2 loose; else -1 */
	const struct host_route *back; /* received, IPv4: the route to its source that was looked at */
	const struct host_responder *guard; /* that drops it; or NULL */
	struct verdict_step steps[VERDICT_STEPS];
	struct verdict_hop hops[NEXTHOP_MEMBERS];
};

/* Everything that happens to @flow. Allocates nothing. */
void model_lookup(const struct model *model, const struct flow *flow, struct verdict *ret);

#include "model/reply.h"

#endif
