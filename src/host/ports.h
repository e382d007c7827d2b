/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PORTS_H
#define MH_HOST_PORTS_H

#include "net/address.h"

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

/* Told of each socket that listens (TCP) or is bound and not connected (UDP). */
typedef void port_fn(void *data, uint8_t protocol, const struct address *address, uint16_t port);
/* @protocol: IPPROTO_TCP or IPPROTO_UDP. Returns 0 or -errno. */
int ports_look(uint8_t protocol, port_fn *told, void *data);

#endif
