/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_STATE_H
#define MH_HOST_STATE_H

#include "base/place.h"
#include "base/text.h"
#include "net/address.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The host as a value. A state is one sorted set of objects for each kind; a kind is a table of
 * properties, which feeds compare, sort, print, parse, encode, decode and the lines of a plan.
 */

/* How routes and addresses of ours are marked: rtm_protocol, IFA_PROTO (Linux 5.18). 'm' */
#define HOST_PROTOCOL 109

enum object_kind {
	OBJECT_LINK,		/* observed only */
	OBJECT_NEIGHBOUR,	/* observed only */
	OBJECT_SYSCTL,
	OBJECT_ADDRESS,
	OBJECT_ROUTE,
	OBJECT_LISTENER,	/* a bound socket that a worker of ours serves */
	OBJECT_KINDS
};

/* What every object begins with. */
struct object {
	struct place place;	/* desired: who asked for it */
	uint8_t feature;	/* desired: index of the feature that asked; observed: 0 */
	bool ours;		/* observed: bears our mark; desired: true */
};

struct host_link {
	struct object object;
	uint32_t index;		/* key */
	char name[IFNAMSIZ];
	uint32_t flags;		/* IFF_*, without the volatile ones that nobody asks for */
	uint32_t mtu;
	uint32_t master;	/* index of the bridge, bond or VRF above; 0 = none */
	uint8_t mac[6];
	uint8_t mac_length;
};

struct host_neighbour {
	struct object object;
	uint32_t link;		/* key */
	struct address address;	/* key */
	uint16_t state;		/* NUD_* */
	uint8_t flags;		/* NTF_* */
	uint8_t mac[6];
};

/* One value below /proc/sys. "Ours" = we changed it and remember what it was. */
struct host_sysctl {
	struct object object;
	char name[80];		/* key; "net/ipv6/ip_nonlocal_bind": with '/', since link names may hold '.' */
	char value[32];
};

struct host_address {
	struct object object;
	uint32_t link;		/* key */
	struct prefix prefix;	/* key; the address itself and the length of its network */
	uint8_t scope;		/* RT_SCOPE_* */
	uint8_t protocol;	/* IFAPROT_*, 0 = none given */
	uint32_t flags;		/* IFA_F_* */
};

struct host_route {
	struct object object;
	uint32_t table;		/* key; RT_TABLE_* */
	struct prefix to;	/* key */
	uint32_t metric;	/* key; RTA_PRIORITY */
	uint8_t type;		/* RTN_*; a key too, since the kernel keeps routes of several types side by side */
	uint8_t protocol;	/* RTPROT_* */
	uint8_t scope;		/* RT_SCOPE_*; IPv4 only */
	uint32_t link;		/* RTA_OIF; 0 = none */
	struct address via;	/* RTA_GATEWAY or RTA_VIA; of several next hops the first */
	struct address source;	/* RTA_PREFSRC */
};

struct host_listener {
	struct object object;
	uint8_t protocol;	/* key; IPPROTO_UDP, IPPROTO_TCP */
	struct address address;	/* key; the unspecified one = wildcard */
	uint16_t port;		/* key */
};

/* The objects of one kind, sorted by key, each once. */
struct object_set {
	char *items;
	size_t count, room;
	bool sorted;
};

struct state {
	struct object_set sets[OBJECT_KINDS];
};

void state_free(struct state *state);

/*
 * Adds a copy; the set is sorted at the next state_sort(). In a desired state two different
 * objects of one key are a conflict: see state_sort().
 */
void state_add(struct state *state, enum object_kind kind, const void *object);

/*
 * Sorts every set and drops equal objects. Of two unequal ones with the same key the one added
 * last stays, and @conflict (may be NULL) is told both.
 */
typedef void state_conflict_fn(void *data, enum object_kind kind, const void *first, const void *second);
void state_sort(struct state *state, state_conflict_fn *conflict, void *data);

/* All of these need a sorted state. */
const void *state_find(const struct state *state, enum object_kind kind, const void *like);
size_t state_count(const struct state *state, enum object_kind kind);
const void *state_at(const struct state *state, enum object_kind kind, size_t index);
/* The index of the first object whose key is not less than that of @like. */
size_t state_lower_bound(const struct state *state, enum object_kind kind, const void *like);

const struct host_link *state_link(const struct state *state, uint32_t index);
const struct host_link *state_link_named(const struct state *state, const char *name);

/* Typed walks: STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) { ... } */
#define STATE_EACH(state, kind, type, item)                                             \
	for (type *item = (type *)(state)->sets[kind].items,                            \
		  *item##_end = item ? item + (state)->sets[kind].count : item;         \
	     item != item##_end; item++)

/*
 * One line of text for an object, in the words of iproute2, and back:
 *	link eth0 index 2 flags up,lower-up mtu 1500
 *	neighbour 192.0.2.254 link eth0 state reachable
 *	route local 198.51.100.0/24 table local link lo
 *	sysctl net/ipv6/ip_nonlocal_bind 1
 *	listener udp [::]:7777
 * @links names the links; a link that it lacks is printed and read as "#INDEX".
 * Printing omits the protocol and what has its usual value. Parsing: returns 0 or -EINVAL with *ret_error (arena text).
 * In a text of several lines links come first.
 */
void object_print(enum object_kind kind, const void *object, const struct state *links, struct text *text);
int state_parse(const char *text, struct state *ret_state, struct text *ret_error);
/* As object_print, with the properties that tell two objects of one key apart: for "change" lines. */
void object_print_change(enum object_kind kind, const void *before, const void *after, const struct state *links,
			 struct text *text);

const char *object_kind_name(enum object_kind kind);

#endif
