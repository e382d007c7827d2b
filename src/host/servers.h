/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_SERVERS_H
#define MH_HOST_SERVERS_H

#include "base/mem.h"
#include "bpf/replies_seen.h"
#include "host/host.h"

/* The UDP servers of this network namespace, whoever runs them, and how their replies fare. */

/* An unconnected UDP socket with a port. */
struct host_server {
	struct address address; /* that it is bound to; unspecified = wildcard */
	uint16_t port;
	bool only_v6;	 /* IPv6 wildcard: takes no IPv4 */
	uint32_t link;	 /* that it is bound to; 0 = none */
	uint32_t uid;	 /* of who opened it */
	uint32_t inode;	 /* as in /proc/PID/fd */
	uint64_t cgroup; /* number of the cgroup that it was opened in; 0 = unknown */
};

struct host_servers {
	VEC(struct host_server) items; /* by port, then address */
	bool hooked;		       /* the programs are loaded: the rest is filled in */
	struct replies_counters counters;
	struct replies_evidences evidences; /* by port, then family */
	VEC(uint64_t) attached;		    /* numbers of cgroups below an attachment, sorted */
};

/* Asks the kernel (NETLINK_SOCK_DIAG) and the programs. 0 or -errno. */
int host_servers(struct host *host, struct host_servers *ret_servers);
/* It was opened in a cgroup below an attachment. */
bool host_server_is_hooked(const struct host_servers *servers, const struct host_server *server);
void host_servers_free(struct host_servers *servers);

#endif
