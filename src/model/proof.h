/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_H
#define MH_MODEL_PROOF_H

#include "base/text.h"
#include "host/state.h"
#include "model/model.h"

/*
 * Statements about all packets, proven on the host as a value. Nothing is sampled: the space of
 * packets is cut along the rules, the tables and the filter into pieces that each meet one fate, and
 * a statement holds when no piece within it says otherwise.
 *
 * What is looked at: packets with an address of one host as their destination. Left out are those
 * that policy routing does not decide about: to multicast, broadcast and link-local destinations,
 * and of the host's own ones those of sockets bound to a link. The host's own packets have no
 * source yet or one of the host's addresses.
 */
enum proof_says {
	PROOF_LEAVES,  /* what leaves the host leaves by one of .links; none = nothing leaves */
	PROOF_REACHES, /* all of it leaves by one of .links, or (none) by any, or is for the host */
	PROOF_SYMMETRIC, /* the host's packets with a source of a link leave by that link */
};

/* A statement: of which packets, and what. */
struct proof_claim {
	enum proof_says says;
	uint8_t family;	   /* AF_UNSPEC = both, as far as .from and .to allow */
	char in[IFNAMSIZ]; /* "" = any link; "lo" = sent by the host */
	/*
	 * Of the host's packets only those that it begins by itself: with no source yet, or with one
	 * that it would choose for a packet that leaves by one of .links.
	 */
	bool begun;
	struct prefix from, to; /* .family 0 = any */
	uint32_t mark, mask;	/* .mask 0 = any */
	uint8_t ip_protocol;	/* 0 = any */
	struct span sport, dport, uid;
	const char *const *links; /* names */
	size_t link_count;
};

enum proof_result {
	PROOF_HOLDS,
	PROOF_VIOLATED, /* by .packet */
	PROOF_UNKNOWN,	/* it depends on what is not modelled: .why */
	PROOF_EMPTY,	/* it speaks of no packet at all: .why */
};

/* What became of a claim. The pointers lead into the state. */
struct proof_finding {
	enum proof_result result;
	struct flow packet;		  /* PROOF_VIOLATED, and PROOF_UNKNOWN: one that may */
	const struct host_rule *rule;	  /* that decided; NULL = none did */
	const struct host_route *route;	  /* NULL = the rule says it, or no route was found */
	const struct host_filter *filter; /* that lets it pass; NULL = none speaks of it */
	const struct host_rule *doubt;	  /* PROOF_UNKNOWN: says more than is modelled; or NULL */
	uint32_t table;			  /* of the route */
	char leaves[IFNAMSIZ];		  /* "" = it does not */
	char wanted[IFNAMSIZ];		  /* PROOF_SYMMETRIC: by which it should */
	char why[160];
};

/* Looks at all of @claims together, which is cheaper than one by one. @state is sorted. */
void proof_check(const struct state *state, const struct proof_claim *claims, size_t count,
		 struct proof_finding *ret_findings);

/*
 * The finding in words: "a packet in bond0 from 10.16.0.1 to 192.0.2.1 leaves eth0 (rule 2001,
 * table main, route 0.0.0.0/0 via 10.2.2.254 link eth0)". @place (may be NULL) adds where in the
 * file an object was asked for.
 */
typedef void proof_place_fn(void *data, struct place place, struct text *text);
void proof_print(const struct state *state, const struct proof_finding *finding,
		 proof_place_fn *place, void *data, struct text *text);

#endif
