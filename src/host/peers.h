/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PEERS_H
#define MH_HOST_PEERS_H

#include "base/mem.h"
#include "host/host.h"

/* Other machines: whom programs of this one talk to, and the room that neighbours have. */

/* A connected socket, TCP or UDP. */
struct host_peer {
	uint8_t protocol; /* IPPROTO_* */
	struct address address, own;
	uint16_t port, own_port;
	uint32_t uid; /* of who opened it */
};

struct host_peers {
	VEC(struct host_peer) items; /* by address, then port */
};

/*
 * The sockets of this network namespace that are connected to one of @count @ports elsewhere. 0 or
 * -errno.
 */
int host_peers(const uint16_t *ports, size_t count, struct host_peers *ret_peers);
/* Those that wait for connections: .own and .own_port. */
int host_tcp_servers(struct host_peers *ret_servers);
void host_peers_free(struct host_peers *peers);

/* The neighbour table of a family: one for all network namespaces of the machine. */
struct host_neighbour_table {
	uint32_t entries;
	uint32_t limit;	  /* gc_thresh3; 0 = not known */
	uint64_t refused; /* neighbours that found it full since the machine started */
};

/* Of IPv4 and of IPv6. Can be asked in every namespace, without rights. 0 or -errno. */
int host_neighbour_tables(struct host *host, struct host_neighbour_table ret_tables[2]);

#endif
