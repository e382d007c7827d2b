/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_POLICY_H
#define MH_HOST_POLICY_H

#include "host/filter.h"

#include <linux/rtnetlink.h>

/* The objects that say where packets go: routes, next hops, rules. */

/* Tables that nobody gave a number have one of ours: TABLES_BASE + 0 .. 2^TABLES_BITS - 1. */
#define TABLES_BASE 0x6d000000u
#define TABLES_BITS 16

/*
 * Preferences of our rules: of those that people write, then of those that follow from intents. 1000
 * is left to the rule that Linux makes for VRFs, 32766 and 32767 to table main and default.
 */
#define PREFERENCE_RULES 1001
#define PREFERENCE_INTENTS 24000
#define PREFERENCE_END 30000

/*
 * A zero .link, .metric, .scope of a desired route means "as the kernel fills it in". Other
 * people may hold several routes of one key (`ip route append`): see state.h about twins. The order
 * of the fields leaves no holes: there may be millions.
 */
struct host_route {
	struct object object;
	uint32_t table;	   /* key; RT_TABLE_* */
	struct prefix to;  /* key; clean */
	uint16_t initcwnd; /* segments; RTAX_INITCWND */
	uint32_t metric;   /* key; RTA_PRIORITY */
	uint8_t type;	   /* RTN_* */
	uint8_t protocol;  /* RTPROT_* */
	uint8_t scope;	   /* RT_SCOPE_*; IPv4 only */
	uint8_t hops;	   /* how many next hops in all, when there are several; else 0 */
	uint32_t link;	   /* RTA_OIF; 0 = none */
	uint32_t nexthop; /* RTA_NH_ID; 0 = none. Of ours: then .link, .via and .hops are not told */
	uint32_t mtu;	  /* bytes; RTAX_MTU; 0 = that of the path */
	uint32_t window;  /* bytes; RTAX_WINDOW */
	struct address via;    /* RTA_GATEWAY or RTA_VIA; of several next hops the first */
	struct address source; /* RTA_PREFSRC */
	/*
	 * RTNH_F_ONLINK: the kernel shall not ask its rules for the gateway when it is added. It asks as
	 * the host itself, IPv4 only, and rules may confine the host to another link.
	 */
	uint8_t onlink;
};

/* The most members of a next hop group. */
#define NEXTHOP_MEMBERS 16

/*
 * A nexthop object (Linux 5.3), or a group of them. Those of a link vanish with its carrier, and the
 * routes that lean on them go untold.
 */
struct host_nexthop {
	struct object object;
	uint32_t id;	  /* key */
	uint8_t family;	  /* AF_UNSPEC for a group */
	uint8_t protocol; /* RTPROT_* */
	uint8_t blackhole;
	uint8_t onlink;	   /* as of a route */
	uint8_t resilient; /* a group whose flows keep their member while it lives (Linux 5.13) */
	uint32_t link;
	struct address via;
	uint16_t buckets;    /* resilient; 0 = the kernel's choice when desired */
	uint32_t idle;	     /* resilient: seconds after which a bucket may move */
	uint32_t unbalanced; /* resilient: seconds after which it is forced to; 0 = never */
	uint8_t member_count;
	struct host_member {
		uint32_t id;
		uint16_t weight; /* 1-256; above it Linux 6.12 */
	} members[NEXTHOP_MEMBERS];
};

/*
 * A policy routing rule. Somebody else's may share the preference of ours; the kernel tells rules
 * apart by all that they say, their protocol included.
 */
struct host_rule {
	struct object object;
	uint8_t family;	     /* key; AF_INET, AF_INET6 */
	uint32_t preference; /* key; FRA_PRIORITY */
	uint8_t action;	     /* FR_ACT_*: table, goto, nop, blackhole, unreachable, prohibit */
	uint8_t protocol;    /* RTPROT_*; who made it */
	uint8_t invert;	     /* matches what the selectors do not: "not" */
	uint8_t l3mdev;	     /* the table of the VRF that the packet's link is in */
	uint8_t tos;
	uint8_t ip_protocol; /* IPPROTO_*; 0 = any */
	uint8_t opaque;	     /* observed: says more than is modelled here */
	uint32_t table;
	uint32_t target;	/* goto: the preference to go on at */
	char in[IFNAMSIZ];	/* "" = any; "lo" = the host's own packets */
	char out[IFNAMSIZ];	/* of sockets bound to a link */
	struct prefix from, to; /* .family 0 = any */
	uint32_t mark, mask;
	struct span uid; /* of local sockets */
	struct span sport, dport;
	uint32_t suppress; /* 0 = none; else routes of fewer bits than this are passed over */
};

#endif
