/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_OBJECT_H
#define MH_HOST_OBJECT_H

#include "base/place.h"
#include "host/link.h"
#include "net/address.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
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
	OBJECT_NEIGHBOUR, /* observed only */
	OBJECT_CGROUP,	  /* observed only: control groups that are asked for, and exist */
	OBJECT_FILTER,	  /* a rule of our nftables table: it closes before the ways open */
	OBJECT_SYSCTL,
	OBJECT_ADDRESS,
	OBJECT_NEXTHOP,
	OBJECT_ROUTE,
	OBJECT_RULE,
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

struct host_link {
	struct object object;
	uint32_t index; /* key */
	char name[IFNAMSIZ];
	uint8_t type;	/* enum link_type */
	uint8_t state;	/* enum link_state: administratively */
	uint32_t flags; /* observed: IFF_*, without the volatile ones that nobody asks for */
	uint32_t mtu;
	uint32_t master;     /* index of the bridge, bond or VRF above; 0 = none */
	uint32_t parent;     /* vlan, macvlan: the link below; veth: the other end; 0 = none */
	uint32_t queue;	     /* packets; txqueuelen */
	uint32_t group;	     /* HOST_PROTOCOL = we made it */
	uint8_t mac[6];	     /* zeros = none, or none of this length */
	uint8_t depth;	     /* desired: how many links must stand before it */
	char peer[IFNAMSIZ]; /* desired, veth: how the other end is to be named */
	struct link_former former;
	struct link_bond bond;
	struct link_port port;
	struct link_vlan vlan;
	struct link_bridge bridge;
	uint32_t table;	       /* vrf */
	uint32_t macvlan_mode; /* MACVLAN_MODE_* */
};

struct host_neighbour {
	struct object object;
	uint32_t link;		/* key */
	struct address address; /* key */
	uint16_t state;		/* NUD_* */
	uint8_t flags;		/* NTF_* */
	uint8_t mac[6];		/* zeros = none */
};

/* One value below /proc/sys. "Ours" = we changed it and remember what it was. */
struct host_sysctl {
	struct object object;
	char name[80]; /* key; "net/ipv6/ip_nonlocal_bind": with '/', since link names may hold '.' */
	char value[32];	 /* fields parted by one space */
	char former[32]; /* observed, ours: what it was before; "" otherwise */
};

struct host_address {
	struct object object;
	uint32_t link;	      /* key */
	struct prefix prefix; /* key; the address itself and the length of its network */
	uint8_t scope;	      /* RT_SCOPE_*; the kernel's own choice for IPv6 */
	uint8_t protocol;     /* IFAPROT_*, 0 = none given */
	uint32_t flags;	      /* IFA_F_* */
};

/*
 * A zero .link, .metric, .scope of a desired route means "as the kernel fills it in". Other
 * people may hold several routes of one key (`ip route append`): see state.h about twins.
 */
struct host_route {
	struct object object;
	uint32_t table;	       /* key; RT_TABLE_* */
	struct prefix to;      /* key; clean */
	uint32_t metric;       /* key; RTA_PRIORITY */
	uint8_t type;	       /* RTN_* */
	uint8_t protocol;      /* RTPROT_* */
	uint8_t scope;	       /* RT_SCOPE_*; IPv4 only */
	uint8_t hops;	       /* how many next hops in all, when there are several; else 0 */
	uint32_t link;	       /* RTA_OIF; 0 = none */
	struct address via;    /* RTA_GATEWAY or RTA_VIA; of several next hops the first */
	struct address source; /* RTA_PREFSRC */
	uint32_t nexthop; /* RTA_NH_ID; 0 = none. Of ours: then .link, .via and .hops are not told */
	uint32_t mtu;	  /* bytes; RTAX_MTU; 0 = that of the path */
	uint32_t window;  /* bytes; RTAX_WINDOW */
	uint16_t initcwnd; /* segments; RTAX_INITCWND */
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

/* Numbers from .first on, .end not among them; .end == 0: any. */
struct span {
	uint32_t first, end;
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

enum filter_chain { FILTER_FORWARD, FILTER_NAT };
enum filter_verdict {
	FILTER_ACCEPT,
	FILTER_DROP,
	FILTER_MASQUERADE, /* FILTER_NAT: to an address of the link */
	FILTER_SNAT,	   /* FILTER_NAT: to .first .. .last */
};

/*
 * A rule of the nftables table "multihomed" (inet). The first one that matches decides; what none
 * matches is accepted. Ports need an .ip_protocol that has some.
 */
struct host_filter {
	struct object object;
	uint8_t chain;	/* key; FILTER_FORWARD, FILTER_NAT */
	uint32_t order; /* key */
	uint8_t verdict;
	uint8_t ip_protocol;		  /* 0 = any */
	char in[IFNAMSIZ], out[IFNAMSIZ]; /* "" = any; FILTER_NAT: .in is "" */
	struct prefix from, to;		  /* .family 0 = any */
	struct span sport, dport;
	uint32_t mark, mask;
	struct address first, last; /* FILTER_SNAT; equal = one */
	/*
	 * Observed: what stands in the table is not what we would write for it, or somebody else put
	 * it there (then .order counts down from FILTER_ORDER_ALIEN, and nothing else is known).
	 */
	uint8_t altered;
};
#define FILTER_ORDER_ALIEN UINT32_MAX

/* Room for the path of a control group below the root of the hierarchy, and the NUL. */
#define CGROUP_NAME_SIZE 256

struct host_cgroup {
	struct object object;
	char name[CGROUP_NAME_SIZE]; /* key; "all" = the root */
};

struct host_attachment {
	struct object object;
	/* Key; "#NUMBER" = one that nobody asks for any more, by the number of the cgroup. */
	char cgroup[CGROUP_NAME_SIZE];
};

struct host_listener {
	struct object object;
	uint8_t protocol;	/* key; IPPROTO_UDP, IPPROTO_TCP */
	struct address address; /* key; the unspecified one = wildcard */
	uint16_t port;		/* key */
};

#endif
