/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A look-up in one table: the longest prefix first, and within it the lowest metric; what no next hop
 * of it can carry is passed over for the next. The two families go about it differently.
 *
 * Of Linux, seen on 6.18 by comparison with RTM_GETROUTE:
 *
 * - IPv4's tables local and main are one tree until the first rule is added, for good: then a route
 *   of main that is longer than the local one wins. A state does not tell whether there was a rule.
 * - IPv4: a route by a nexthop object that leads elsewhere than the socket is bound to hides all
 *   routes that begin with the same address, such as 10.0.0.0/8 behind 10.0.0.0/16.
 * - IPv6: a route that refuses lies on lo, so a socket that is bound to a link passes it over.
 * - IPv6: a gateway that does not answer loses its route to a shorter one, unless the host forwards.
 * - IPv6: where no route of the lowest metric is usable, the metrics of the others do not count.
 */
#include "model/inside.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#define LOOPBACK 1

/* In the order in which the kernel thinks of them; the best that a next hop can get is 2. */
enum { SCORE_NONE = -1, SCORE_OTHER = 0, SCORE_FITS = 2 };

static int refusal(uint8_t type)
{
	switch (type) {
	case RTN_BLACKHOLE:
	case RTN_NAT:
		return -EINVAL;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -EAGAIN;
	}
	return 0;
}

/* Addresses of the host itself are there without a carrier. */
static bool needs_carrier(const struct host_route *route)
{
	return route->to.family == AF_INET ? route->scope < RT_SCOPE_HOST :
					     route->type != RTN_LOCAL && route->type != RTN_ANYCAST;
}

/* Whether the kernel counts on the link: it is up, and has a carrier where that is asked for. */
static bool carries(const struct model *model, const struct query *query,
		    const struct host_route *route, uint32_t index, unsigned *doubts)
{
	const struct model_link *link = model_link(model, index);

	if (!link)
		return true; /* of another namespace, or untold */
	if (!link->up)
		return false;
	if (link->linked || query->no_linkstate || !needs_carrier(route))
		return true;
	return !(query->family == AF_INET6 ? conf_own(link->conf.ignore_linkdown[1], doubts) :
					     conf_either(model->all.ignore_linkdown[0],
							 link->conf.ignore_linkdown[0], doubts));
}

/*
 * The route to a gateway, as the kernel looks for it when a route by it is made: in the route's own
 * table, else by all rules (of which table main has to do here).
 */
static const struct host_route *route_to_gateway(const struct model *model, uint32_t table,
						 const struct verdict_hop *hop)
{
	const struct query query = { .family = hop->via.family,
				     .to = hop->via,
				     .out = hop->link,
				     .wish = hop->link,
				     .strict = hop->link != 0,
				     .scope = RT_SCOPE_LINK,
				     .no_linkstate = true };
	const uint32_t tables[] = { table, RT_TABLE_LOCAL, RT_TABLE_MAIN };
	unsigned doubts = 0;

	/* Table local comes first where it is one tree with main. */
	for (int i = model->merged && table == RT_TABLE_MAIN ? 1 : 0; i < 3; i++) {
		const struct model_table *at = model_table(model, tables[i]);
		struct found found = table_lookup(model, at, &query, &doubts);

		if (found.route && !found.error)
			return found.route;
	}
	return NULL;
}

/*
 * IPv4 takes a gateway that is an address of this host for no gateway: then the whole destination is
 * on the link. The link of a gateway that only a plan knows is that of the gateway's network.
 */
static void settle_gateway(const struct model *model, uint32_t table, const struct query *query,
			   struct verdict_hop *hop, unsigned *doubts)
{
	const struct host_route *route;

	if (!hop->via.family || query->scope || (hop->link && hop->via.family != AF_INET))
		return;
	route = route_to_gateway(model, table, hop);
	if (!hop->link && route)
		hop->link = route->link;
	if (!route || route->type != RTN_LOCAL || hop->via.family != AF_INET)
		return;
	hop->via = (struct address){ 0 };
	/* The kernel looked when it was made; a route of somebody's may be younger. */
	if (route->protocol != RTPROT_KERNEL)
		*doubts |= DOUBT_OWN;
}

static struct verdict_hop plain_hop(const struct model *model, const struct query *query,
				    const struct host_route *route, unsigned *doubts)
{
	struct verdict_hop hop = { .link = route->link, .weight = 1, .via = route->via };

	settle_gateway(model, route->table, query, &hop, doubts);
	return hop;
}

static struct verdict_hop object_hop(const struct host_nexthop *object, uint16_t weight)
{
	return (struct verdict_hop){
		.link = object->link, .weight = weight, .via = object->via, .object = object
	};
}

/* A next hop of a group, or false when it is not known. */
static bool member_hop(const struct model *model, const struct host_nexthop *object, unsigned at,
		       struct verdict_hop *ret_hop)
{
	const struct host_nexthop *member = model_nexthop(model, object->members[at].id);

	if (member)
		*ret_hop = object_hop(member, object->members[at].weight);
	return member != NULL;
}

static bool good_ipv4(const struct model *model, const struct query *query,
		      const struct host_route *route, const struct verdict_hop *hop, unsigned *doubts)
{
	return (!query->out || query->out == hop->link) &&
	       carries(model, query, route, hop->link, doubts);
}

/* 1: @ret_found is set; 0: no next hop is good; -1: and the rest of the leaf is hidden. */
static int try_object_ipv4(const struct model *model, const struct query *query,
			   const struct host_nexthop *object, struct found *ret_found,
			   unsigned *doubts)
{
	struct verdict_hop hop;

	if (object->blackhole) {
		ret_found->error = -EINVAL;
		return 1;
	}
	if (!object->member_count) {
		ret_found->hop = object_hop(object, 1);
		return good_ipv4(model, query, ret_found->route, &ret_found->hop, doubts) ? 1 : -1;
	}
	for (unsigned i = 0; i < object->member_count; i++) {
		if (!member_hop(model, object, i, &hop) ||
		    !good_ipv4(model, query, ret_found->route, &hop, doubts))
			continue;
		ret_found->hop = hop;
		return 1;
	}
	return -1;
}

static int try_ipv4(const struct model *model, const struct query *query,
		    const struct host_route *route, struct found *ret_found, unsigned *doubts)
{
	const struct host_nexthop *object;

	if (route->scope < query->scope)
		return 0;
	*ret_found = (struct found){ .route = route, .error = refusal(route->type) };
	if (ret_found->error)
		return 1;
	if (route->nexthop) {
		object = model_nexthop(model, route->nexthop);
		if (object)
			return try_object_ipv4(model, query, object, ret_found, doubts);
		*doubts |= DOUBT_NEXTHOP;
	}
	if (route->hops)
		*doubts |= DOUBT_HOPS;
	ret_found->hop = plain_hop(model, query, route, doubts);
	return good_ipv4(model, query, route, &ret_found->hop, doubts);
}

static const struct host_route *route_at(const struct model *model, size_t index,
					 const struct host_route *first)
{
	const struct host_route *route;

	if (index >= state_count(model->state, OBJECT_ROUTE))
		return NULL;
	route = state_at(model->state, OBJECT_ROUTE, index);
	return !first || (route->table == first->table && !prefix_compare(&route->to, &first->to)) ?
		       route :
		       NULL;
}

/* All routes of one prefix, by metric. As try_ipv4(). */
static int try_run_ipv4(const struct model *model, const struct query *query, size_t index,
			struct found *ret_found, unsigned *doubts)
{
	const struct host_route *first = route_at(model, index, NULL), *route, *next;
	int r;

	for (route = first; route; route = route_at(model, ++index, first)) {
		r = try_ipv4(model, query, route, ret_found, doubts);
		if (!r)
			continue;
		next = route_at(model, index + 1, first);
		if (r > 0 && next && next->metric == route->metric) {
			if (next->object.ours != route->object.ours)
				*doubts |= DOUBT_ORDER;
			if (!route->to.length && route->via.family && next->via.family)
				*doubts |= DOUBT_GATEWAY;
		}
		return r;
	}
	return 0;
}

/* The longest prefix of both tables; of equal ones that of the second. */
static const struct lpm_entry *longest(const struct model_table *const tables[2],
				       const struct address *to, int bits, bool skip)
{
	const struct lpm_entry *best = NULL;

	for (int i = 0; i < 2; i++) {
		int most = i == 1 && skip ? bits - 1 : bits;
		const struct lpm_entry *entry =
			tables[i] && most >= 0 ? lpm_find_within(tables[i]->lpm, to, (uint8_t)most) :
						 NULL;

		if (entry && (!best || entry->prefix.length >= best->prefix.length))
			best = entry;
	}
	return best;
}

static struct found lookup_ipv4(const struct model *model, const struct model_table *const tables[2],
				const struct query *query, unsigned *doubts)
{
	const struct prefix *hidden = NULL;
	const struct lpm_entry *entry;
	struct found found;
	bool skip = false;
	int bits = 32, r;

	while (bits >= 0 && (entry = longest(tables, &query->to, bits, skip))) {
		const struct host_route *route = route_at(model, entry->value, NULL);

		bits = entry->prefix.length;
		/* Of equal prefixes that of table local comes first, then that of main. */
		skip = tables[0] && tables[1] && route->table == tables[1]->id;
		bits -= !skip;
		if (hidden && !memcmp(hidden->bytes, entry->prefix.bytes, sizeof(hidden->bytes)))
			continue;
		r = try_run_ipv4(model, query, entry->value, &found, doubts);
		if (r > 0)
			return found;
		if (r < 0)
			hidden = &entry->prefix;
	}
	return (struct found){ .error = -EAGAIN };
}

/*
 * Tables local and main as one tree, for the rules of boot: what main has is left to main's own
 * rule. If they are parted after all, local comes first.
 */
static struct found lookup_merged(const struct model *model, const struct model_table *table,
				  const struct query *query, unsigned *doubts)
{
	const struct model_table *const both[] = { model_table(model, RT_TABLE_MAIN),
						   model_table(model, RT_TABLE_LOCAL) };
	const struct model_table *const alone[] = { table, NULL };
	struct found found = lookup_ipv4(model, both, query, doubts);

	if (!found.route || found.route->table == table->id)
		return found;
	if (table->id == RT_TABLE_LOCAL && lookup_ipv4(model, alone, query, doubts).route)
		*doubts |= DOUBT_MERGED;
	return (struct found){ .error = -EAGAIN };
}

static bool answers_not(const struct model *model, const struct verdict_hop *hop)
{
	struct host_neighbour like = { .link = hop->link, .address = hop->via };
	const struct host_neighbour *neighbour = state_find(model->state, OBJECT_NEIGHBOUR, &like);

	return neighbour && (neighbour->state & NUD_FAILED);
}

static int score_hop(const struct model *model, const struct query *query,
		     const struct host_route *route, const struct verdict_hop *hop, unsigned *doubts)
{
	uint32_t link = hop->link ? hop->link : LOOPBACK;
	bool fits = !query->wish || query->wish == link;

	if (!fits && query->strict)
		return SCORE_NONE;
	if (hop->link && !carries(model, query, route, hop->link, doubts))
		return SCORE_NONE;
	if (query->reachable && hop->via.family && answers_not(model, hop))
		return SCORE_NONE;
	return fits ? SCORE_FITS : SCORE_OTHER;
}

/* The best member of a group, the first of equals. */
static int score_group(const struct model *model, const struct query *query,
		       const struct host_route *route, struct verdict_hop *ret_hop, unsigned *doubts)
{
	const struct host_nexthop *object = model_nexthop(model, route->nexthop);
	struct verdict_hop hop;
	int best = SCORE_NONE;

	for (unsigned i = 0; i < object->member_count; i++) {
		int got = member_hop(model, object, i, &hop) ?
				  score_hop(model, query, route, &hop, doubts) :
				  SCORE_NONE;

		if (got > best) {
			best = got;
			*ret_hop = hop;
		}
	}
	return best;
}

/* What this route is worth, and by which next hop. */
static int try_ipv6(const struct model *model, const struct query *query,
		    const struct host_route *route, struct found *ret_found, unsigned *doubts)
{
	const struct host_nexthop *object = NULL;

	*ret_found = (struct found){ .route = route, .error = refusal(route->type) };
	if (route->nexthop) {
		object = model_nexthop(model, route->nexthop);
		if (!object)
			*doubts |= DOUBT_NEXTHOP;
	}
	if (object && object->blackhole) {
		ret_found->error = -EINVAL;
		return SCORE_FITS + 1; /* whatever was asked for */
	}
	if (object && object->member_count)
		return score_group(model, query, route, &ret_found->hop, doubts);
	if (route->hops)
		*doubts |= DOUBT_HOPS;
	ret_found->hop = object ? object_hop(object, 1) : plain_hop(model, query, route, doubts);
	return score_hop(model, query, route, &ret_found->hop, doubts);
}

/*
 * Of all routes of one prefix the best of the lowest metric. If none of these is usable, all others
 * compete, whatever their metric; of equals the first one wins.
 */
static bool try_run_ipv6(const struct model *model, const struct query *query, size_t index,
			 struct found *ret_found, unsigned *doubts)
{
	const struct host_route *first = route_at(model, index, NULL), *route;
	int best = SCORE_NONE;
	struct found found;

	for (route = first; route; route = route_at(model, ++index, first)) {
		int got;

		if (best > SCORE_NONE && ret_found->route->metric == first->metric &&
		    route->metric != first->metric)
			break;
		got = try_ipv6(model, query, route, &found, doubts);
		if (got == best && best > SCORE_NONE &&
		    route->object.ours != ret_found->route->object.ours)
			*doubts |= DOUBT_ORDER;
		if (got <= best)
			continue;
		best = got;
		*ret_found = found;
	}
	return best > SCORE_NONE;
}

static struct found lookup_ipv6(const struct model *model, const struct model_table *table,
				const struct query *query, bool reachable, unsigned *doubts)
{
	struct query asked = *query;
	const struct lpm_entry *entry;
	struct found found;
	int bits = 128;

	asked.reachable = reachable;
	while (bits >= 0 && (entry = lpm_find_within(table->lpm, &query->to, (uint8_t)bits))) {
		bits = entry->prefix.length - 1;
		if (try_run_ipv6(model, &asked, entry->value, &found, doubts))
			return found;
	}
	return (struct found){ .error = -EAGAIN };
}

struct found table_lookup(const struct model *model, const struct model_table *table,
			  const struct query *query, unsigned *doubts)
{
	const struct model_table *const alone[] = { table, NULL };
	struct found found = { .error = -EAGAIN };

	if (!table)
		return found;
	if (query->family == AF_INET)
		return model->merged && (table->id == RT_TABLE_LOCAL || table->id == RT_TABLE_MAIN) ?
			       lookup_merged(model, table, query, doubts) :
			       lookup_ipv4(model, alone, query, doubts);
	if (model->forwarding6 <= 0)
		found = lookup_ipv6(model, table, query, true, doubts);
	return found.route ? found : lookup_ipv6(model, table, query, false, doubts);
}

void hops_of(const struct model *model, const struct query *query, const struct found *found,
	     struct verdict *verdict)
{
	const struct host_nexthop *object = found->route->nexthop ?
						    model_nexthop(model, found->route->nexthop) :
						    NULL;
	bool bound = query->family == AF_INET && query->out;

	verdict->hop_count = 1;
	verdict->hops[0] = found->hop;
	if (!object || object->member_count < 2 || bound)
		return;
	verdict->hop_count = 0;
	for (unsigned i = 0; i < object->member_count; i++) {
		struct verdict_hop *hop = &verdict->hops[verdict->hop_count];
		const struct host_nexthop *member = model_nexthop(model, object->members[i].id);

		if (!member) {
			verdict->doubts |= DOUBT_NEXTHOP;
			continue;
		}
		*hop = object_hop(member, object->members[i].weight);
		verdict->hop_count++;
	}
}
