/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routes of the configuration to routes of the host. A route waits for what Linux would refuse it
 * without: its link, a network that holds its router, its source address. Linux would take the
 * host's own address as a router, and the default route without any, and both lead to a neighbour
 * table full of everybody: the first is refused here, the second is warned of.
 */
#include "feature/routing/routing_work.h"

#include "host/kind.h"
#include "host/protocols.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>

static const uint8_t types[] = {
	[WORD_UNICAST] = RTN_UNICAST,	  [WORD_UNREACHABLE] = RTN_UNREACHABLE,
	[WORD_BLACKHOLE] = RTN_BLACKHOLE, [WORD_PROHIBIT] = RTN_PROHIBIT,
	[WORD_THROW] = RTN_THROW,
};

/* Shorter than this, all that lies in it is more than any Ethernet has as neighbours. */
#define SHORTEST_ONLINK_IPV4 12
#define SHORTEST_ONLINK_IPV6 32

/* A route of the configuration under way. */
struct laying {
	const struct route_config *config;
	struct host_route route; /* all but .to and what depends on its family */
	char what[ADDRESS_TEXT_SIZE + 32];
	bool looked; /* its way was looked for, and told when there is none */
	bool warned;
};

static bool anybody_elses(const struct state *observed)
{
	STATE_EACH(observed, OBJECT_ROUTE, const struct host_route, route)
		if (!route->object.ours)
			return true;
	return false;
}

static struct prefix default_of(uint8_t family)
{
	return (struct prefix){ .family = family };
}

/* Whether `default` by this route means the default of @family, too. */
static bool default_has_family(const struct work *work, const struct route_config *route,
			       uint8_t family)
{
	if (route->source.family && route->source.family != family)
		return false;
	if (route->via.address.family)
		return route->via.address.family == family;
	if (route->via.name)
		return hop_has_family(work->routing, route->via.name, family);
	return !route->hops.count || hops_have_family(&route->hops, family);
}

static void warn_of_onlink(const struct work *work, struct laying *laying, const struct prefix *to,
			   uint32_t index)
{
	const struct way_link *link = ways_link_at(&work->ways, index);
	unsigned shortest = to->family == AF_INET ? SHORTEST_ONLINK_IPV4 : SHORTEST_ONLINK_IPV6;
	char text[ADDRESS_TEXT_SIZE];

	if (!link || link->lone || link->loopback || to->length >= shortest || laying->warned)
		return;
	laying->warned = true;
	diag_warn(work->desired->diags,
		  ROUTING_PLACE(laying->config, route_fields, route_config, link),
		  "%s without a router makes a neighbour on %s of every destination: the neighbour "
		  "table fills, and the host crawls; add 'via: ADDRESS'",
		  prefix_text(to, text), link->name);
}

/* Linux takes no IPv6 address as a source before it knows that nobody else has it. */
static bool is_settled(const struct work *work, const struct address *source)
{
	if (source->family == AF_INET)
		return true;
	STATE_EACH(work->facts->observed, OBJECT_ADDRESS, const struct host_address, address)
		if (prefix_holds(&address->prefix, source) &&
		    !memcmp(address->prefix.bytes, source->bytes, sizeof(source->bytes)))
			return !(address->flags & IFA_F_TENTATIVE);
	return false;
}

static bool source_is_there(struct work *work, const struct laying *laying)
{
	const struct address *source = &laying->config->source;
	char text[ADDRESS_TEXT_SIZE];
	AUTO_TEXT why = { 0 };

	if (!source->family || (ways_own(&work->ways, source) && is_settled(work, source)))
		return true;
	text_printf(&why, "the address %s, which is to be its source",
		    address_text(&laying->config->source, text));
	wait_for(work, laying->config->record.place, laying->what, text_string(&why));
	return false;
}

/* The next hop of one destination; false: it waits, and that is told. */
static bool lay_way(struct work *work, struct laying *laying, struct host_route *route)
{
	const struct route_config *config = laying->config;

	if (config->type != WORD_UNICAST)
		return true;
	if (config->via.name || config->hops.count) {
		route->nexthop = config->via.name ?
					 hop_ready(work, config->via.name, route->to.family) :
					 hops_ready(work, config, route->to.family);
		return route->nexthop;
	}
	/* The same for all destinations of the route: looked for, and told, once. */
	if (!laying->looked) {
		struct way_wanted wanted = { .via = &config->via.address,
					     .link = config->link,
					     .what = laying->what,
					     .place = ROUTING_PLACE(config, route_fields,
								    route_config, via) };

		laying->looked = true;
		if (!way_find(work, &wanted, &laying->route.link))
			laying->route.link = 0;
	}
	route->link = laying->route.link;
	route->via = config->via.address;
	route->onlink = work->confined && route->via.family == AF_INET;
	return route->link;
}

/* @route of table main lies on its link, so that routers may be found through it. */
static bool is_onlink(const struct host_route *route)
{
	return route->type == RTN_UNICAST && route->link && !route->via.family && route->to.length;
}

/*
 * Takes back the route that was just added if somebody else has its key and leads elsewhere: the
 * kernel would refuse it, and its replacing would take what is not ours.
 */
static void refuse_clash(struct work *work, const struct laying *laying)
{
	struct object_set *set = &work->desired->state.sets[OBJECT_ROUTE];
	const struct host_route *route = set_at(set, &route_kind, set->count - 1), *other;
	const struct state *observed = work->facts->observed;
	size_t at = state_lower_bound(observed, OBJECT_ROUTE, route), first = at;
	AUTO_TEXT text = { 0 };

	for (; at < state_count(observed, OBJECT_ROUTE); at++) {
		other = state_at(observed, OBJECT_ROUTE, at);
		if (kind_compare(&route_kind, other, route) != 0)
			break;
		if (other->object.ours || kind_satisfies(&route_kind, route, other))
			return;
	}
	if (at == first)
		return;
	other = state_at(observed, OBJECT_ROUTE, first);
	object_print(OBJECT_ROUTE, other, observed, &text);
	diag_at(work->desired->diags, laying->config->record.place, -EEXIST,
		"'%s' stands in its place, made by %s; "
		"give this one another `metric`, or remove that one",
		text_string(&text), protocol_called(other->protocol));
	set->count--;
}

static void lay_one(struct work *work, struct laying *laying, const struct prefix *to)
{
	struct host_route route = laying->route;

	route.to = *to;
	if (!lay_way(work, laying, &route))
		return;
	if (laying->config->source.family == to->family)
		route.source = laying->config->source;
	if (route.type == RTN_UNICAST && route.link && !route.via.family)
		warn_of_onlink(work, laying, to, route.link);
	desire_object(work->desired, OBJECT_ROUTE, laying->config->record.place, &route);
	if (work->crowded)
		refuse_clash(work, laying);
	if (is_onlink(&route))
		ways_add_net(&work->ways, &route.to, route.link);
}

static void lay_defaults(struct work *work, struct laying *laying)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct prefix to = default_of(families[i]);

		if (default_has_family(work, laying->config, families[i]))
			lay_one(work, laying, &to);
	}
}

static void lay(struct work *work, const struct route_config *config, uint32_t table)
{
	const struct prefix *to = config->to.items;
	char text[ADDRESS_TEXT_SIZE];
	struct laying laying = { .config = config };

	laying.route = (struct host_route){ .table = table,
					    .metric = config->metric,
					    .type = types[config->type],
					    .mtu = config->mtu,
					    .window = config->window,
					    .initcwnd = (uint16_t)config->initcwnd };
	snprintf(laying.what, sizeof(laying.what), "the route to %s",
		 to->length == TO_DEFAULT ? "default" : prefix_text(to, text));
	if (!source_is_there(work, &laying))
		return;
	for (unsigned i = 0; i < config->to.count; i++) {
		if (to[i].length == TO_DEFAULT)
			lay_defaults(work, &laying);
		else
			lay_one(work, &laying, &to[i]);
	}
}

static bool has_router(const struct route_config *route)
{
	return route->via.address.family || route->via.name || route->hops.count;
}

static void lay_all(struct work *work, const struct config_list *routes, uint32_t table,
		    bool by_router)
{
	const struct route_config *route = routes->items;

	for (unsigned i = 0; i < routes->count; i++)
		if (has_router(&route[i]) == by_router)
			lay(work, &route[i], table);
}

static void tell_waiting(struct work *work)
{
	for (size_t i = 0; i < work->waiting.count; i++) {
		struct waiting *waiting = &work->waiting.items[i];

		if (waiting->count)
			desire_pending(work->desired, waiting->place, "%s and %u more wait for %s",
				       waiting->what, waiting->count, waiting->why);
		else
			desire_pending(work->desired, waiting->place, "%s waits for %s",
				       waiting->what, waiting->why);
		mem_freep(&waiting->what);
		mem_freep(&waiting->why);
	}
	VEC_FREE(&work->waiting);
}

void routes_desire(struct work *work)
{
	const struct table_config *table = work->routing->tables.items;

	work->crowded = anybody_elses(work->facts->observed);
	work->routes_from = state_count(&work->desired->state, OBJECT_ROUTE);
	/* What lies on a link comes first, for routers are found through it. */
	lay_all(work, &work->routing->routes, RT_TABLE_MAIN, false);
	hops_desire(work);
	lay_all(work, &work->routing->routes, RT_TABLE_MAIN, true);
	for (unsigned i = 0; i < work->routing->tables.count; i++) {
		uint32_t number = table_called(work, table[i].name);

		lay_all(work, &table[i].routes, number, false);
		lay_all(work, &table[i].routes, number, true);
	}
	work->tables_end = state_count(&work->desired->state, OBJECT_ROUTE);
	tell_waiting(work);
}
