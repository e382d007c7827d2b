/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_NET_FLOW_H
#define MH_NET_FLOW_H

#include "net/address.h"

/* A packet, by what routing looks at. Its family is that of .to. */
struct flow {
	uint32_t in;	     /* the link that it came in by; 0 = this host sends it */
	uint32_t out;	     /* the link that the sending socket is bound to; 0 = none */
	struct address from; /* .family 0: not chosen yet; only if this host sends it */
	struct address to;
	uint32_t mark;
	uint32_t uid; /* of the sending socket; what came in counts as 0 */
	uint8_t ip_protocol, tos;
	uint16_t sport, dport;
	/*
	 * As RTM_GETROUTE asks it, to compare with its answer: .out is only a wish when an IPv6
	 * source is given, and a link in a VRF is not its VRF.
	 */
	bool asked;
};

#endif
