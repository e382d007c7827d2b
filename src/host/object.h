/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_OBJECT_H
#define MH_HOST_OBJECT_H

#include "bpf/neighbours.h"
#include "host/link.h"
#include "host/policy.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

/* All kinds of objects, as values. Fields marked "key" tell two of a kind apart. */

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
	uint8_t allmulti;    /* takes every multicast frame */
	struct link_former former;
	struct link_bond bond;
	struct link_port port;
	struct link_vlan vlan;
	struct link_bridge bridge;
	uint32_t table;	       /* vrf */
	uint32_t macvlan_mode; /* MACVLAN_MODE_* */
};

/*
 * Desired with a MAC address it is permanent, without one the kernel resolves it, but never forgets
 * it (NTF_EXT_LEARNED): neither counts against the limits of the neighbour table.
 */
struct host_neighbour {
	struct object object;
	uint32_t link;		/* key */
	struct address address; /* key */
	uint16_t state;		/* NUD_* */
	uint8_t flags;		/* NTF_* */
	uint8_t mac[6];		/* zeros = none; desired: as the kernel resolves it */
	uint8_t protocol;	/* RTPROT_*; who made it */
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

/*
 * What a responder does when somebody asks for an address: of all prefixes of its link that hold it
 * the longest decides.
 */
struct host_answer {
	struct object object;
	uint32_t link;	      /* key */
	struct prefix prefix; /* key; clean */
	uint8_t verdict;      /* enum neighbours_verdict */
	uint8_t flags;	      /* NEIGHBOURS_OVERRIDE ... */
	uint8_t mac[6];	      /* NEIGHBOURS_BOUND: of the owner */
	uint32_t owner;	      /* whose the address is, for counters; 0 = nobody's */
};

/* Answers ARP and neighbour discovery on a link by the answers of it. */
struct host_responder {
	struct object object;
	uint32_t link;	/* key */
	uint8_t way;	/* enum neighbours_way; desired NEIGHBOURS_AUTO: any */
	uint8_t guard;	/* frames whose source is no OWN address are dropped */
	uint8_t router; /* says in advertisements that we are one */
	uint32_t owner; /* whom to count spoofed frames to; 0 = several */
};

struct host_listener {
	struct object object;
	uint8_t protocol;	/* key; IPPROTO_UDP, IPPROTO_TCP */
	struct address address; /* key; the unspecified one = wildcard */
	uint16_t port;		/* key */
};

#endif
