/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_ASKED_H
#define PRELOAD_ASKED_H

#include "private.h"

/* The address of ours that a peer sent to. */
struct asked {
	struct mh_address address; /* family 0: none, or a group, from which nothing is answered */
	unsigned link;
};

/* A peer, by the address and port that it sends from. */
struct asked_key {
	struct mh_address address;
	uint32_t scope;
	in_port_t port;
};

struct asked_key asked_key_of(const union mh_endpoint *peer);
bool asked_key_equal(const struct asked_key *a, const struct asked_key *b);

/*
 * Remembers what @peer asked last at our port @port, in network order; an address of family 0
 * forgets it.
 */
void asked_note(in_port_t port, const union mh_endpoint *peer, const struct asked *asked);
/*
 * What @peer asked last at @port. Returns 0, or -ENOENT. A server that answers each peer from a
 * port of its own (RFC 1350, section 4) has not been asked there: then what the peer asked last at
 * any port is told, if @any_port.
 */
int asked_find(in_port_t port, const union mh_endpoint *peer, bool any_port, struct asked *ret_asked);
/* In the child after fork(): a lock whose holder is no longer there is open again. */
void asked_forked(void);

#endif
