/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Linux drops every packet whose sender has a local address, and a claim makes the whole prefix
 * local: gateways and neighbours inside it would be cut off. What is excepted gets a route of its
 * own in table local, where it wins over the claim for being longer. (A throw route would be
 * shorter to write, but IPv4 keeps the tables local and main merged until the first rule comes, and
 * then throws into nothing; and a route in table main loses for good once a rule has come.)
 *
 * A neighbour that was once excepted stays so, even when the kernel forgets it: were it dropped
 * with its entry, it could never come back, since nobody hears it inside a claim. The memory is the
 * kernel's: our own routes, told from those of the file by their metric.
 */
#include "feature/prefixes/prefixes.h"

#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_IPV6 1024      /* what Linux gives to a route without one */
#define METRIC_BY_ITSELF 1090 /* gateways and neighbours */

#define NUD_ALIVE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct collect {
	const struct config_list *claims;
	const struct facts *facts;
	const struct lpm *by_prefix; /* claim by its prefix */
	unsigned *learned;	     /* how many neighbours each claim has excepted */
	struct exceptions *into;
};

struct host_route claim_route(const struct prefix *prefix, uint32_t loopback)
{
	return (struct host_route){
		.table = RT_TABLE_LOCAL,
		.to = *prefix,
		.metric = prefix->family == AF_INET6 ? METRIC_IPV6 : 0,
		.type = RTN_LOCAL,
		.protocol = HOST_PROTOCOL,
		.scope = prefix->family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
		.link = loopback,
	};
}

static const struct claim *claim_at(const struct collect *collect, unsigned index)
{
	return (const struct claim *)collect->claims->items + index;
}

/* The claim that holds @address, as its index; or -1. */
static int claim_of(const struct collect *collect, const struct address *address)
{
	const struct lpm_entry *entry = lpm_find(collect->by_prefix, address);

	return entry ? (int)entry->value : -1;
}

/* A copy of the foreign route @like, for table local and for @to. */
static struct host_route route_copy(const struct host_route *like, const struct prefix *to)
{
	bool on_link = address_is_unspecified(&like->via);
	bool passes = like->type == RTN_UNICAST;

	return (struct host_route){
		.table = RT_TABLE_LOCAL,
		.to = *to,
		.metric = to->family == AF_INET6 ? METRIC_IPV6 : 0,
		.type = like->type,
		.protocol = HOST_PROTOCOL,
		.scope = to->family == AF_INET && on_link && passes ? RT_SCOPE_LINK :
								      RT_SCOPE_UNIVERSE,
		.link = passes ? like->link : 0,
		.via = like->via,
		.source = like->source,
	};
}

static void add(struct collect *collect, unsigned claim, enum exception_why why, struct place place,
		const struct host_route *route)
{
	struct exception *exception = VEC_PUSH(&collect->into->items);

	exception->claim = claim;
	exception->why = why;
	exception->place = place;
	exception->route = *route;
}

/* Where the file says "except": what table main has for it, whole. */
static void add_from_file(struct collect *collect, unsigned index)
{
	const struct claim *claim = claim_at(collect, index);
	const struct state *observed = collect->facts->observed;
	const struct prefix *excepted = claim->except.items;

	for (unsigned i = 0; i < claim->except.count; i++) {
		const struct host_route *cover = facts_route_to(collect->facts, &excepted[i]);
		struct host_route nowhere = { .type = RTN_UNREACHABLE };
		struct host_route first = { .table = RT_TABLE_MAIN, .to = excepted[i] };
		struct host_route route = route_copy(cover ? cover : &nowhere, &excepted[i]);
		size_t at = state_lower_bound(observed, OBJECT_ROUTE, &first);

		add(collect, index, EXCEPTION_FILE, claim->except.places[i], &route);
		for (; at < state_count(observed, OBJECT_ROUTE); at++) {
			const struct host_route *inner = state_at(observed, OBJECT_ROUTE, at);

			if (inner->table != RT_TABLE_MAIN || !prefix_covers(&excepted[i], &inner->to))
				break;
			if (inner->object.ours || prefix_compare(&inner->to, &excepted[i]) == 0)
				continue;
			route = route_copy(inner, &inner->to);
			add(collect, index, EXCEPTION_FILE, claim->except.places[i], &route);
		}
	}
}

static void add_by_itself(struct collect *collect, const struct address *address, uint32_t link,
			  enum exception_why why)
{
	int index = claim_of(collect, address);
	struct host_route like = { .type = RTN_UNICAST, .link = link }, route;
	struct prefix to = prefix_of_address(address);

	if (index < 0)
		return;
	if (why != EXCEPTION_GATEWAY && collect->learned[index]++ >= CLAIM_MAX_LEARNED)
		return;
	route = route_copy(&like, &to);
	route.metric = METRIC_BY_ITSELF;
	add(collect, (unsigned)index, why, claim_at(collect, (unsigned)index)->record.place, &route);
}

/* Gateways, and what of our own exceptions was learned before. */
static void add_from_routes(struct collect *collect)
{
	STATE_EACH(collect->facts->observed, OBJECT_ROUTE, const struct host_route, route) {
		struct address to = prefix_address(&route->to);

		if (!route->object.ours && route->link && !address_is_unspecified(&route->via))
			add_by_itself(collect, &route->via, route->link, EXCEPTION_GATEWAY);
		else if (route->object.ours && route->table == RT_TABLE_LOCAL &&
			 route->type == RTN_UNICAST && route->metric == METRIC_BY_ITSELF &&
			 route->to.length == address_bits(route->to.family))
			add_by_itself(collect, &to, route->link, EXCEPTION_LEARNED);
	}
}

/* A neighbour counts where table main leads to it on its own link. */
static bool is_connected(const struct collect *collect, const struct address *address, uint32_t link)
{
	struct prefix to = prefix_of_address(address);
	const struct host_route *route = facts_route_to(collect->facts, &to);

	return route && route->link == link && address_is_unspecified(&route->via);
}

static void add_from_neighbours(struct collect *collect)
{
	STATE_EACH(collect->facts->observed, OBJECT_NEIGHBOUR, const struct host_neighbour,
		   neighbour) {
		if ((neighbour->state & NUD_ALIVE) && claim_of(collect, &neighbour->address) >= 0 &&
		    is_connected(collect, &neighbour->address, neighbour->link))
			add_by_itself(collect, &neighbour->address, neighbour->link,
				      EXCEPTION_NEIGHBOUR);
	}
}

static int exception_order(const void *a, const void *b)
{
	const struct exception *first = a, *second = b;
	int r = (first->claim > second->claim) - (first->claim < second->claim);

	r = r ? r : prefix_compare(&first->route.to, &second->route.to);
	r = r ? r : (int)first->why - (int)second->why;
	/*
	 * Of several routes of table main to one prefix the one of the lowest metric was met first;
	 * keep it first.
	 */
	return r ? r :
		   (first->place.line > second->place.line) -
			       (first->place.line < second->place.line);
}

/* Of several reasons for one prefix the first one stays. */
static void drop_repeated(struct exceptions *exceptions)
{
	struct exception *items = exceptions->items.items;
	size_t kept = 0;

	for (size_t i = 0; i < exceptions->items.count; i++)
		if (!kept || items[kept - 1].claim != items[i].claim ||
		    prefix_compare(&items[kept - 1].route.to, &items[i].route.to) != 0)
			items[kept++] = items[i];
	exceptions->items.count = kept;
}

void claims_exceptions(const struct config_list *claims, const struct facts *facts,
		       struct exceptions *ret_exceptions)
{
	struct lpm_entry *entries = mem_alloc((claims->count + 1) * sizeof(*entries));
	struct collect collect = { .claims = claims, .facts = facts, .into = ret_exceptions };
	const struct claim *claim = claims->items;
	struct lpm *by_prefix;

	for (unsigned i = 0; i < claims->count; i++)
		entries[i] = (struct lpm_entry){ .prefix = claim[i].prefix, .value = i };
	by_prefix = lpm_new(entries, claims->count);
	collect.by_prefix = by_prefix;
	collect.learned = mem_alloc((claims->count + 1) * sizeof(*collect.learned));
	for (unsigned i = 0; i < claims->count; i++)
		add_from_file(&collect, i);
	add_from_routes(&collect);
	add_from_neighbours(&collect);
	if (ret_exceptions->items.count)
		qsort(ret_exceptions->items.items, ret_exceptions->items.count,
		      sizeof(struct exception), exception_order);
	drop_repeated(ret_exceptions);
	mem_freep(&collect.learned);
	mem_freep(&entries);
	lpm_free(by_prefix);
}

void exceptions_free(struct exceptions *exceptions)
{
	VEC_FREE(&exceptions->items);
}
