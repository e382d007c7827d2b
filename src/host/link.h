/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_LINK_H
#define MH_HOST_LINK_H

#include "net/address.h"

#include <stdint.h>

/* What a link may be made of, each a part of struct host_link (object.h). */
enum link_type {
	LINK_PLAIN, /* a device of its own, as hardware is */
	LINK_BOND,
	LINK_VLAN,
	LINK_VRF,
	LINK_BRIDGE,
	LINK_MACVLAN,
	LINK_DUMMY,
	LINK_VETH,
	LINK_OTHER, /* some type that is not modelled */
	LINK_TYPES
};

/*
 * The group of links of ours that are about to be deleted, all of them by one request: a name for what
 * goes, and nobody else's. One that is still there after a death in between is ours, and goes, or
 * gets its mark back.
 */
#define LINK_GROUP_GOING 0x6d676f6e

/* The indexes of links that we make are drawn from here. */
#define LINK_INDEX_FIRST 0x10000
#define LINK_INDEX_COUNT 0xff00

enum link_state { LINK_ANYHOW, LINK_DOWN, LINK_UP };

/* What of a link that is not ours we changed, and what it was before: see links.c. */
enum {
	LINK_FORMER_STATE = 1,
	LINK_FORMER_MTU = 2,
	LINK_FORMER_QUEUE = 4,
	LINK_FORMER_MASTER = 8,
	LINK_FORMER_MAC = 16,
	LINK_FORMER_ALLMULTI = 32
};

struct link_former {
	uint8_t known; /* LINK_FORMER_*; the others say nothing */
	uint8_t state, allmulti;
	uint8_t mac[6];
	uint32_t mtu, queue, master;
};

#define BOND_TARGETS 4

/* As the kernel numbers them (BOND_MODE_*, BOND_XMIT_POLICY_* ...); times in milliseconds. */
struct link_bond {
	uint8_t mode, lacp_rate, hash, ad_select, fail_over_mac, reselect;
	uint32_t miimon, updelay, downdelay, min_links, arp_interval;
	uint32_t primary;		      /* index */
	struct address targets[BOND_TARGETS]; /* of ARP or neighbour discovery, when it monitors by them */
	/* Observed only. */
	uint32_t active; /* index of the member that carries the traffic, in modes that have one */
	uint16_t aggregator; /* 802.3ad: the one in use */
	uint16_t ports;	     /* 802.3ad: how many members are in it */
	uint8_t partner[6];  /* 802.3ad: who speaks LACP at the other end; zeros = nobody */
};

/* A link as a member of the one above. Observed, but .type. */
struct link_port {
	uint8_t type;		/* of the master; enum link_type */
	uint8_t backup;		/* bond: carries no traffic now */
	uint8_t broken;		/* bond: 0 = its MII monitor sees it up; BOND_LINK_* */
	uint16_t aggregator;	/* 802.3ad: another one than the bond's carries no traffic */
	uint16_t partner_state; /* 802.3ad: LACP_STATE_* of the partner */
};

struct link_vlan {
	uint16_t id;
	uint16_t protocol; /* ETH_P_8021Q, ETH_P_8021AD */
};

struct link_bridge {
	uint8_t stp, vlan_filtering;
	uint32_t ageing, forward_delay; /* ms */
};

#endif
