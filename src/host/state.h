/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_STATE_H
#define MH_HOST_STATE_H

#include "base/text.h"
#include "host/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The host as a value. A state is one sorted set of objects for each kind; a kind is a table of
 * properties, which feeds compare, sort, print, parse, encode, decode and the lines of a plan.
 */

/*
 * The objects of one kind, sorted by key. In a desired state each key stands once. In an observed
 * one a key may have twins: a route of ours and one that somebody appended to it; ours comes first.
 */
struct object_set {
	char *items;
	size_t count, room;
	bool sorted;
};

struct state {
	struct object_set sets[OBJECT_KINDS];
	/* Of a desired one: names the links that it lacks when it is printed; or NULL. */
	const struct state *others;
};

void state_free(struct state *state);

/*
 * Adds a copy; the set is sorted at the next state_sort(). An object of ours is completed as the
 * kernel would (metric, scope), so that what is desired compares equal to what will be observed.
 */
void state_add(struct state *state, enum object_kind kind, const void *object);

/*
 * Sorts every set and drops equal objects. Of two unequal ones with the same key the one added
 * last stays, and @conflict (may be NULL) is told both.
 */
typedef void state_conflict_fn(void *data, enum object_kind kind, const void *first,
			       const void *second);
void state_sort(struct state *state, state_conflict_fn *conflict, void *data);
/* The same for an observed state: keeps twins. */
void state_sort_observed(struct state *state);

/* All of these need a sorted state. */
const void *state_find(const struct state *state, enum object_kind kind, const void *like);
size_t state_count(const struct state *state, enum object_kind kind);
const void *state_at(const struct state *state, enum object_kind kind, size_t index);
/* The index of the first object whose key is not less than that of @like. */
size_t state_lower_bound(const struct state *state, enum object_kind kind, const void *like);

const struct host_link *state_link(const struct state *state, uint32_t index);
const struct host_link *state_link_named(const struct state *state, const char *name);
/* The value of net/FAMILY/conf/LINK/NAME; 0 where it was not read. */
int state_setting(const struct state *state, const char *family, const char *link, const char *name);

/* Typed walks: STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) { ... } */
#define STATE_EACH(state, kind, type, item)                                                        \
	for (type *item = (type *)(state)->sets[kind].items,                                       \
		  *item##_end = item ? item + (state)->sets[kind].count : item;                    \
	     item != item##_end; item++)

/*
 * One line of text for an object, in the words of iproute2, and back:
 *	link eth0 index 2 flags up,lower-up mtu 1500
 *	neighbour 192.0.2.254 link eth0 state reachable
 *	sysctl net/ipv6/ip_nonlocal_bind 1 was 0
 *	address 192.0.2.1/24 link eth0
 *	route local 198.51.100.0/24 table local link lo
 *	route 0.0.0.0/0 via 192.0.2.254 link eth0
 *	listener udp [::]:7777
 * @links names the links; a link that it lacks is printed and read as "#INDEX". What has its usual
 * value (type unicast, table main, metric 0 or 1024 for IPv6, the scope that the kernel would
 * choose) and the protocol are omitted.
 */
void object_print(enum object_kind kind, const void *object, const struct state *links,
		  struct text *text);
/*
 * As object_print, with the properties that tell two objects of one key apart: for "change" lines.
 */
void object_print_change(enum object_kind kind, const void *before, const void *after,
			 const struct state *links, struct text *text);

/*
 * A whole state as text, an object a line, and back; here the protocol of routes and addresses is
 * told, which makes them ours ("protocol multihomed") or somebody's. A sysctl is ours when it says
 * what it "was". '#' at the start of a line is a comment. Parsing gives an observed, sorted state,
 * or -EINVAL and one line in *ret_error.
 */
void state_print(const struct state *state, struct text *text);
int state_parse(const char *text, struct state *ret_state, struct text *ret_error);

const char *object_kind_name(enum object_kind kind);

#endif
