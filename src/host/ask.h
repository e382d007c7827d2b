/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_ASK_H
#define MH_HOST_ASK_H

#include "host/host.h"
#include "net/flow.h"

/* What the kernel says that it would do with a packet (RTM_GETROUTE). It never names the rule. */
struct route_answer {
	int error;     /* 0, or -errno: refused. Linux 6.14 and later: -EINVAL also for rp_filter */
	uint8_t type;  /* RTN_* */
	uint32_t link; /* of several next hops the one for this packet */
	struct address via;    /* .family 0: none */
	struct address source; /* .family 0: not told */
	bool has_route;
	struct host_route route; /* the one that was found, and its table: RTM_F_FIB_MATCH */
};

/*
 * Returns 0, -EOPNOTSUPP for a protocol that the kernel cannot be asked about (it knows TCP, UDP,
 * ICMP; IPv4 takes none for UDP), or -errno when it could not be asked.
 */
int host_ask_route(struct host *host, const struct flow *flow, struct route_answer *ret_answer);

#endif
