/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_OBJECT_H
#define MH_HOST_OBJECT_H

#include "base/place.h"
#include "net/address.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

/* The objects that a host is made of, as values. Fields marked "key" tell two of a kind apart. */

/* How routes and addresses of ours are marked: rtm_protocol, IFA_PROTO (Linux 5.18). 'm' */
#define HOST_PROTOCOL 109

enum object_kind {
	OBJECT_LINK,	  /* observed only */
	OBJECT_NEIGHBOUR, /* observed only */
	OBJECT_CGROUP,	  /* observed only: control groups that are asked for, and exist */
	OBJECT_SYSCTL,
	OBJECT_ADDRESS,
	OBJECT_ROUTE,
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
	uint32_t flags; /* IFF_*, without the volatile ones that nobody asks for */
	uint32_t mtu;
	uint32_t master; /* index of the bridge, bond or VRF above; 0 = none */
	uint8_t mac[6];	 /* zeros = none, or none of this length */
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
};

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
