/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PORTS_H
#define MH_HOST_PORTS_H

#include "net/address.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * On which ports the programs of this network namespace can be reached: asked for, and an event when a
 * socket is closed, whoever closes it and however (sock_diag(7), Linux 4.6). That one is opened is
 * no event: who waits for it looks again now and then.
 */
/* The events' descriptor, to be closed by the caller. Returns 0 or -errno. */
int ports_open(int *ret_fd);
/* Takes all events that are there; looking tells what is so. */
void ports_receive(int fd);

struct port_seen {
	uint8_t protocol;
	bool only_v6; /* a socket of IPv6 that is not reached over IPv4 as well */
	uint16_t port;
	struct address address; /* ::ffff:192.0.2.1 is told as 192.0.2.1, which it is */
};
/* Told of each socket that listens (TCP) or is bound and not connected (UDP). */
typedef void port_fn(void *data, const struct port_seen *port);
/* @protocol: IPPROTO_TCP or IPPROTO_UDP. Returns 0 or -errno. */
int ports_look(uint8_t protocol, port_fn *told, void *data);

#endif
