/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_HEAD_H
#define MH_HOST_HEAD_H

#include "base/place.h"

#include <stdbool.h>
#include <stdint.h>

/* The objects that a host is made of, as values. Fields marked "key" tell two of a kind apart. */

/*
 * How what is ours is marked: rtm_protocol, nh_protocol, FRA_PROTOCOL, IFA_PROTO (Linux 5.18), and
 * the group of a link that we made. 'm'
 */
#define HOST_PROTOCOL 109

enum object_kind {
	OBJECT_LINK,
	OBJECT_CGROUP, /* observed only: control groups that are asked for, and exist */
	OBJECT_FILTER, /* a rule of our nftables table: it closes before the ways open */
	OBJECT_SYSCTL,
	OBJECT_ADDRESS,
	OBJECT_NEIGHBOUR, /* known before packets ask for it */
	OBJECT_NEXTHOP,
	OBJECT_ROUTE,
	OBJECT_RULE,
	OBJECT_ANSWER,	   /* what a responder says of a prefix: before it speaks */
	OBJECT_RESPONDER,  /* answers ARP and neighbour discovery on a link */
	OBJECT_ATTACHMENT, /* our eBPF programs on a control group */
	OBJECT_LISTENER,   /* a bound socket that a worker of ours serves */
	OBJECT_KINDS
};

/* What every object begins with. */
struct object {
	struct place place; /* desired: who asked for it */
	uint8_t feature;    /* desired: index of the feature that asked; observed: 0 */
	bool ours;	    /* observed: bears our mark; desired: true */
};

#endif
