/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The routes that addresses bring with them. They are worked out for the host before and after a
 * plan, and only the difference is carried over: what the kernel has by now stays as it is, even
 * where it is not understood here (addresses with a peer, of a lifetime).
 *
 * And what goes with its link, when that goes down, joins a bond, or becomes too small for IPv6, and with
 * its last IPv4 address. What is lost for a moment only is put back (taken.c), so that nothing
 * is foreseen of it. Of a route with several next hops nothing is, either: the others carry it.
 *
 * Not foreseen, since they lead nowhere else: IPv6's link-local and multicast networks of a new
 * link, and the anycast addresses of a router.
 */
#include "host/foresee.h"

#include "host/disturb.h"
#include "host/kind.h"

#include <linux/if_addr.h>
#include <string.h>

#define METRIC_ADDRESS 256 /* IP6_RT_PRIO_ADDRCONF of the kernel */

static bool is_up(const struct host_link *link)
{
	return (link->flags & IFF_UP) || link->state == LINK_UP;
}

#define DEEPEST 8 /* links upon links */

/* VLANs go down with the link below. */
static bool is_down(const struct state *state, const struct host_link *link)
{
	for (unsigned i = 0; link && i < DEEPEST; i++) {
		if (!is_up(link))
			return true;
		link = link->type == LINK_VLAN ? state_link(state, link->parent) : NULL;
	}
	return false;
}

static bool is_member_of_bond(const struct host_link *link)
{
	return link->master && link->port.type == LINK_BOND;
}

enum link_end link_ends(const struct state *before, const struct state *after, uint32_t index)
{
	const struct host_link *old = state_link(before, index), *new = state_link(after, index);

	if (!old || !index)
		return LINK_GOES_ON;
	if (!new)
		return LINK_GOES;
	if (is_down(before, old))
		return LINK_GOES_ON;
	if (!is_member_of_bond(old) && is_member_of_bond(new))
		return LINK_JOINS_BOND;
	if (is_down(after, new))
		return LINK_GOES_DOWN;
	if (old->mtu >= MTU_IPV6 && new->mtu &&new->mtu < MTU_IPV6)
		return LINK_SHRINKS;
	return LINK_GOES_ON;
}

/* The table of the VRF that the link is in; else @otherwise. */
static uint32_t table_of(const struct state *state, const struct host_link *link, uint32_t otherwise)
{
	const struct host_link *vrf = link->type == LINK_VRF ? link : state_link(state, link->master);

	return vrf && vrf->type == LINK_VRF ? vrf->table : otherwise;
}

static void imply(struct state *implied, const struct host_route *route)
{
	state_add(implied, OBJECT_ROUTE, route);
}

static struct prefix broadcast_of(const struct prefix *network)
{
	struct prefix broadcast = *network;

	broadcast.length = 32;
	for (unsigned bit = network->length; bit < 32; bit++)
		broadcast.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return broadcast;
}

static void imply_ipv4(const struct state *state, const struct host_address *address,
		       const struct host_link *link, struct state *implied)
{
	struct address own = prefix_address(&address->prefix);
	bool loopback = link->flags & IFF_LOOPBACK;
	struct host_route route = { .table = table_of(state, link, RT_TABLE_LOCAL),
				    .to = prefix_of_address(&own),
				    .type = RTN_LOCAL,
				    .protocol = RTPROT_KERNEL,
				    .scope = RT_SCOPE_HOST,
				    .link = link->index,
				    .source = own };

	/* That one stays while the link is down. */
	imply(implied, &route);
	if (!is_up(link) || (address->flags & IFA_F_SECONDARY) || address->prefix.length == 32)
		return;
	if (address->prefix.length < 31) {
		route.type = RTN_BROADCAST;
		route.scope = RT_SCOPE_LINK;
		route.to = broadcast_of(&address->prefix);
		imply(implied, &route);
	}
	if (address->flags & IFA_F_NOPREFIXROUTE)
		return;
	route.type = loopback ? RTN_LOCAL : RTN_UNICAST;
	route.scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	route.table = table_of(state, link, loopback ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
	route.to = prefix_clean(&address->prefix);
	imply(implied, &route);
}

static void imply_ipv6(const struct state *state, const struct host_address *address,
		       const struct host_link *link, struct state *implied)
{
	struct address own = prefix_address(&address->prefix);
	struct host_route route = { .table = table_of(state, link, RT_TABLE_LOCAL),
				    .to = prefix_of_address(&own),
				    .type = RTN_LOCAL,
				    .protocol = RTPROT_KERNEL,
				    .link = link->index };

	imply(implied, &route);
	if ((address->flags & IFA_F_NOPREFIXROUTE) || (link->flags & IFF_LOOPBACK))
		return;
	route.type = RTN_UNICAST;
	route.metric = METRIC_ADDRESS;
	route.table = table_of(state, link, RT_TABLE_MAIN);
	route.to = prefix_clean(&address->prefix);
	imply(implied, &route);
}

static void imply_all(const struct state *state, struct state *implied)
{
	STATE_EACH(state, OBJECT_ADDRESS, const struct host_address, address) {
		const struct host_link *link = state_link(state, address->link);

		if (!link)
			continue;
		if (address->prefix.family == AF_INET)
			imply_ipv4(state, address, link, implied);
		else if (is_up(link))
			imply_ipv6(state, address, link, implied);
	}
	state_sort_observed(implied);
}

/* Of twins (a network on two links) the one of the same link. */
static bool has(const struct state *state, const struct host_route *route)
{
	size_t count = state_count(state, OBJECT_ROUTE);

	for (size_t i = state_lower_bound(state, OBJECT_ROUTE, route); i < count; i++) {
		const struct host_route *other = state_at(state, OBJECT_ROUTE, i);

		if (kind_compare(&route_kind, other, route) != 0)
			return false;
		if (other->link == route->link && other->type == route->type)
			return true;
	}
	return false;
}

static bool has_address(const struct state *state, const struct address *own)
{
	STATE_EACH(state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address other = prefix_address(&address->prefix);

		if (address_equal(&other, own))
			return true;
	}
	return false;
}

static bool has_ipv4(const struct state *state, uint32_t link)
{
	const struct host_address like = { .link = link, .prefix.family = AF_INET };
	size_t at = state_lower_bound(state, OBJECT_ADDRESS, &like);
	const struct host_address *first = at < state_count(state, OBJECT_ADDRESS) ?
						   state_at(state, OBJECT_ADDRESS, at) :
						   NULL;

	return first && first->link == link && first->prefix.family == AF_INET;
}

/* The last IPv4 address of its link goes, and a gateway is then on no network that is connected. */
static bool loses_network(const struct host_route *route, const struct state *observed,
			  const struct state *left)
{
	return route->to.family == AF_INET && route->via.family && !route->onlink && !route->hops &&
	       has_ipv4(observed, route->link) && !has_ipv4(left, route->link);
}

/* It goes with its link. */
static bool goes_along(const struct host_route *route, enum link_end end)
{
	switch (end) {
	case LINK_GOES_ON:
		return false;
	case LINK_GOES:
		return true;
	case LINK_GOES_DOWN:
	case LINK_JOINS_BOND:
		return !route->hops && (route->to.family == AF_INET6 || route->type != RTN_LOCAL);
	case LINK_SHRINKS:
		return !route->hops && route->to.family == AF_INET6;
	}
	return false;
}

/* Its address, its link, or (IPv4) the address that it bears has gone. */
static bool has_gone(const struct host_route *route, const struct state *observed,
		     const struct state *before, const struct state *after, const struct state *left)
{
	if (goes_along(route, link_ends(observed, left, route->link)) ||
	    loses_network(route, observed, left))
		return true;
	if (route->protocol == RTPROT_KERNEL)
		return has(before, route) && !has(after, route);
	return route->source.family == AF_INET && has_address(observed, &route->source) &&
	       !has_address(left, &route->source);
}

static void drop_gone(const struct state *observed, const struct state *before,
		      const struct state *implied, struct state *after)
{
	struct object_set *set = &after->sets[OBJECT_ROUTE];
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct host_route *route = set_at(set, &route_kind, i);

		if (!has_gone(route, observed, before, implied, after))
			memmove(set_at(set, &route_kind, kept++), route, sizeof(*route));
	}
	set->count = kept;
}

/* IPv6 leaves a link that goes down; ours are brought back, and so stay on paper. */
static void drop_addresses(const struct state *observed, struct state *after)
{
	struct object_set *set = &after->sets[OBJECT_ADDRESS];
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct host_address *address = set_at(set, &address_kind, i);
		enum link_end end = link_ends(observed, after, address->link);

		if (end != LINK_GOES && (end == LINK_GOES_ON || address->object.ours ||
					 address->prefix.family == AF_INET))
			memmove(set_at(set, &address_kind, kept++), address, sizeof(*address));
	}
	set->count = kept;
}

static void add_new(const struct state *before, const struct state *implied, struct state *after)
{
	const struct host_route *last = NULL;
	struct state fresh = { 0 };

	/* Of two addresses in one network the first one stands for it. */
	STATE_EACH(implied, OBJECT_ROUTE, const struct host_route, route) {
		bool again = last && last->link == route->link &&
			     kind_compare(&route_kind, last, route) == 0;

		if (!again && !has(before, route) && !has(after, route))
			imply(&fresh, route);
		last = route;
	}
	STATE_EACH(&fresh, OBJECT_ROUTE, const struct host_route, route) {
		imply(after, route);
	}
	state_sort_observed(after);
	state_free(&fresh);
}

static bool same_sets(const struct state *a, const struct state *b, enum object_kind kind)
{
	size_t size = state_count(a, kind) * kind_of(kind)->size;

	return state_count(a, kind) == state_count(b, kind) &&
	       (!size || !memcmp(a->sets[kind].items, b->sets[kind].items, size));
}

void state_foresee(const struct state *observed, struct state *after)
{
	struct state before = { 0 }, implied = { 0 };

	/* The usual case, in which a full table need not be walked. */
	if (same_sets(observed, after, OBJECT_ADDRESS) && same_sets(observed, after, OBJECT_LINK))
		return;
	drop_addresses(observed, after);
	imply_all(observed, &before);
	imply_all(after, &implied);
	drop_gone(observed, &before, &implied, after);
	add_new(&before, &implied, after);
	state_free(&before);
	state_free(&implied);
}
