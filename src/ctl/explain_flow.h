/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_EXPLAIN_FLOW_H
#define MH_CTL_EXPLAIN_FLOW_H

#include "model/model.h"

/* A packet as it was typed; links by name, since those are only known once the host is. */
struct question {
	struct flow flow;
	const char *in, *out; /* NULL = not given */
	const char *asks; /* "ARP" or "neighbour discovery": who is asked for a station; else NULL */
};

/*
 * Reads "from A to B in LINK proto udp dport 53 ...", in any order; only "to" must be there.
 * Returns 0, or -EINVAL with one line in @error: the mistake and a way out.
 */
int question_parse(const char *const *terms, unsigned count, struct question *ret_question,
		   struct text *error);
/*
 * Finds the links in @state. Returns 0, or -ENODEV with one line in @error. "lo" is this host.
 */
int question_resolve(struct question *question, const struct state *state, struct text *error);
/* "A packet from 10.16.0.1 to 192.0.2.1, in bond0, udp, to port 53", "ARP of ... for ... on eth3" */
void question_title(const struct question *question, const struct state *state, struct text *text);
/* The same without its first words. */
void question_print(const struct flow *flow, const struct state *state, struct text *text);
/* "tcp", "udp", "icmp" ..., or the number. */
const char *transport_text(uint8_t protocol, char buffer[8]);

#endif
