/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_ASK_H
#define PRELOAD_ASK_H

#include <stdbool.h>

#include "private.h"

/* Questions to a socket, and small changes of it. Nothing here is interposed, and errno is anybody's. */

int ask_option(int fd, int level, int name, int *ret_value);
int ask_set(int fd, int level, int name, int value);

bool ask_is_udp(int fd, int *ret_family);
int ask_local(int fd, union mh_endpoint *ret_local);
bool ask_has_peer(int fd);
/* Whether a datagram waits to be read. */
bool ask_waits(int fd);
/* The same of one that is on its way from this host; false when it does not come. */
bool ask_arrives(int fd);
/* Whether both are descriptors of one socket. */
bool ask_same(int fd, int other);

in_port_t ask_port(const union mh_endpoint *endpoint);
socklen_t ask_length(const union mh_endpoint *endpoint);
bool ask_is_wildcard(const union mh_endpoint *endpoint);
bool ask_equal(const union mh_endpoint *a, const union mh_endpoint *b);
/* @address and @port as a socket of @family says them. Returns -EAFNOSUPPORT where it cannot. */
int ask_endpoint(int family, const struct mh_address *address, in_port_t port, unsigned link,
		 union mh_endpoint *ret_endpoint);

/* Takes the peer from a socket. What the kernel undoes beside (device, a port that it chose itself) stays. */
int ask_disconnect(int fd);

#endif
