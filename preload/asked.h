/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_ASKED_H
#define PRELOAD_ASKED_H

#include "private.h"

/* A peer, told by the address that it sends from; and the address of ours that it sent to. */
struct asked {
	struct mh_address address;	/* family 0: none, or a group, from which nothing is answered */
	unsigned link;
};

/* Remembers what @peer asked last at our port @port, in network order; an address of family 0 forgets it. */
void asked_note(in_port_t port, const union mh_endpoint *peer, const struct asked *asked);
/*
 * What @peer asked last at @port. Returns 0, or -ENOENT. A server that answers each peer from a port of its
 * own (RFC 1350, section 4) has not been asked there: then what the peer asked last at any port is told, if @any_port.
 */
int asked_find(in_port_t port, const union mh_endpoint *peer, bool any_port, struct asked *ret_asked);
/* In the child after fork(): a lock whose holder is no longer there is open again. */
void asked_forked(void);

#endif
