/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of ways out: what leaves by a link, or by one of several, and nothing else. They hold the
 * networks of the links, those of our routes that leave by them, and where none of these is a
 * default, the default that somebody else gave table main (DHCP, router advertisements). Routes
 * that end a way end it here as well.
 */
#include "feature/routing/routing_out.h"

#include "host/kind.h"

#include <stdlib.h>
#include <string.h>

/* A table being filled. */
struct filling {
	VEC(uint32_t) links; /* that are up */
	uint32_t table;
	VEC(struct host_route) routes;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void out_set_finish(struct out_set *set)
{
	size_t kept = 0;

	if (set->names.count)
		qsort(set->names.items, set->names.count, sizeof(*set->names.items), by_name);
	for (size_t i = 0; i < set->names.count; i++)
		if (!kept || strcmp(set->names.items[kept - 1], set->names.items[i]))
			set->names.items[kept++] = set->names.items[i];
	set->names.count = kept;
}

char *out_set_key(const struct out_set *set)
{
	AUTO_TEXT key = { 0 };

	text_puts(&key, "out");
	for (size_t i = 0; i < set->names.count; i++)
		text_printf(&key, "%s%s", i ? "+" : " ", set->names.items[i]);
	return mem_strdup(text_string(&key));
}

void out_set_free(struct out_set *set)
{
	VEC_FREE(&set->names);
}

static bool leaves_by(const struct filling *filling, uint32_t index)
{
	for (size_t i = 0; i < filling->links.count; i++)
		if (filling->links.items[i] == index)
			return true;
	return false;
}

/* By all of its ways. */
static bool route_leaves_by(const struct work *work, const struct filling *filling,
			    const struct host_route *route)
{
	const struct built_hop *hop = route->nexthop ? built_hop(work, route->nexthop) : NULL;

	if (!route->nexthop)
		return leaves_by(filling, route->link);
	for (unsigned i = 0; hop && i < hop->count; i++)
		if (!leaves_by(filling, hop->links[i]))
			return false;
	return hop;
}

static bool ends_way(const struct host_route *route)
{
	return route->type == RTN_UNREACHABLE || route->type == RTN_BLACKHOLE ||
	       route->type == RTN_PROHIBIT;
}

static void take(struct filling *filling, const struct host_route *route)
{
	struct host_route *copy = VEC_PUSH(&filling->routes);

	*copy = *route;
	copy->table = filling->table;
	copy->scope = 0;
}

static void take_nets(const struct work *work, struct filling *filling)
{
	for (size_t i = 0; i < work->ways.nets.count; i++) {
		const struct way_net *net = &work->ways.nets.items[i];
		struct host_route route = { .type = RTN_UNICAST, .to = net->net, .link = net->link };

		if (net->net.length < address_bits(net->net.family) && leaves_by(filling, net->link))
			take(filling, &route);
	}
}

static int by_link(const void *a, const void *b)
{
	const struct out_route *x = a, *y = b;

	if (x->link != y->link)
		return x->link < y->link ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/*
 * What tables of ways out may be made of, once for all of them: our routes of main, defaults of our
 * tables, somebody else's defaults of main; those of one link side by side. Those with a nexthop
 * object, or that end a way, have link 0.
 */
static void index_routes(struct work *work)
{
	const struct state *observed = work->facts->observed;

	work->indexed = true;
	for (size_t i = work->routes_from; i < work->tables_end; i++) {
		const struct host_route *route = state_at(&work->desired->state, OBJECT_ROUTE, i);

		if (route->table == RT_TABLE_MAIN || !route->to.length)
			*VEC_PUSH(&work->out_routes) =
				(struct out_route){ route->nexthop ? 0 : route->link, i };
	}
	if (work->out_routes.count)
		qsort(work->out_routes.items, work->out_routes.count,
		      sizeof(*work->out_routes.items), by_link);
	STATE_EACH(observed, OBJECT_ROUTE, const struct host_route, route)
		if (!route->object.ours && route->table == RT_TABLE_MAIN && !route->to.length &&
		    route->type == RTN_UNICAST && !route->hops && !route->nexthop)
			*VEC_PUSH(&work->foreign) = route;
}

static size_t first_by_link(const struct work *work, uint32_t link)
{
	size_t low = 0, high = work->out_routes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (work->out_routes.items[middle].link < link)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Our routes of main by way of @link (or of none), or @main false: the defaults of our tables. */
static void take_by_link(const struct work *work, struct filling *filling, uint32_t link, bool main)
{
	for (size_t i = first_by_link(work, link);
	     i < work->out_routes.count && work->out_routes.items[i].link == link; i++) {
		const struct host_route *route = state_at(&work->desired->state, OBJECT_ROUTE,
							  work->out_routes.items[i].index);

		if ((route->table == RT_TABLE_MAIN) == main &&
		    ((main && ends_way(route)) || route_leaves_by(work, filling, route)))
			take(filling, route);
	}
}

static void take_ours(const struct work *work, struct filling *filling, bool main)
{
	take_by_link(work, filling, 0, main);
	for (size_t i = 0; i < filling->links.count; i++)
		take_by_link(work, filling, filling->links.items[i], main);
}

static bool has_default(const struct filling *filling, uint8_t family)
{
	for (size_t i = 0; i < filling->routes.count; i++)
		if (!filling->routes.items[i].to.length &&
		    filling->routes.items[i].to.family == family)
			return true;
	return false;
}

/* The default that somebody else gave table main, of several that with the smallest metric. */
static void take_foreign(const struct work *work, struct filling *filling, uint8_t family)
{
	const struct host_route *best = NULL;
	struct host_route route;

	if (has_default(filling, family))
		return;
	for (size_t i = 0; i < work->foreign.count; i++) {
		const struct host_route *other = work->foreign.items[i];

		if (other->to.family == family && leaves_by(filling, other->link) &&
		    (!best || other->metric < best->metric))
			best = other;
	}
	if (!best)
		return;
	route = (struct host_route){
		.type = RTN_UNICAST, .to = best->to, .link = best->link, .via = best->via
	};
	route.onlink = work->confined && route.via.family == AF_INET;
	take(filling, &route);
}

static int by_key(const void *a, const void *b)
{
	const struct host_route *x = *(const struct host_route *const *)a;
	const struct host_route *y = *(const struct host_route *const *)b;
	int r = prefix_compare(&x->to, &y->to);

	r = r ? r : (x->metric > y->metric) - (x->metric < y->metric);
	return r ? r : (x > y) - (x < y);
}

static void note_defaults(struct work *work, const struct filling *filling)
{
	struct filled_table *filled = &work->filled.items[work->filled.count - 1];

	for (size_t i = 0; i < filling->routes.count; i++) {
		const struct host_route *route = &filling->routes.items[i];

		if (route->to.length || route->type != RTN_UNICAST)
			continue;
		filled->default4 |= route->to.family == AF_INET;
		filled->default6 |= route->to.family == AF_INET6;
	}
}

/* Of several with one key the first: what our routes say comes last, being no network. */
static void desire_filled(struct work *work, struct filling *filling, struct place place)
{
	size_t count = filling->routes.count;
	AUTO_MEM struct host_route **order = mem_alloc((count + 1) * sizeof(*order));

	for (size_t i = 0; i < count; i++) {
		order[i] = &filling->routes.items[i];
		/* As the kernel would: so that two of one key are seen to be. */
		route_kind.complete(order[i]);
	}
	qsort(order, count, sizeof(*order), by_key);
	for (size_t i = 0; i < count; i++)
		if (!i || prefix_compare(&order[i - 1]->to, &order[i]->to) != 0 ||
		    order[i - 1]->metric != order[i]->metric)
			desire_object(work->desired, OBJECT_ROUTE, place, order[i]);
	note_defaults(work, filling);
	VEC_FREE(&filling->routes);
}

uint32_t out_table(struct work *work, const struct out_set *set, struct place place)
{
	AUTO_MEM char *key = out_set_key(set);
	struct filling filling = { .table = numbers_of(&work->tables, key) };

	for (size_t i = 0; i < work->filled.count; i++)
		if (work->filled.items[i].table == filling.table)
			return filling.table;
	*VEC_PUSH(&work->filled) = (struct filled_table){ .table = filling.table };
	for (size_t i = 0; i < set->names.count; i++) {
		const struct way_link *link = ways_link(&work->ways, set->names.items[i]);

		if (link && link->up)
			*VEC_PUSH(&filling.links) = link->index;
	}
	if (!work->indexed)
		index_routes(work);
	take_nets(work, &filling);
	take_ours(work, &filling, true);
	if (!has_default(&filling, AF_INET) || !has_default(&filling, AF_INET6))
		take_ours(work, &filling, false);
	take_foreign(work, &filling, AF_INET);
	take_foreign(work, &filling, AF_INET6);
	desire_filled(work, &filling, place);
	VEC_FREE(&filling.links);
	return filling.table;
}

uint32_t out_table_of_one(struct work *work, const char *link, struct place place)
{
	struct out_set set = { 0 };
	uint32_t table;

	*VEC_PUSH(&set.names) = link;
	table = out_table(work, &set, place);
	out_set_free(&set);
	return table;
}

static bool allows(const struct forward_config *entry, const char *in)
{
	return !entry->in || !strcmp(entry->in, in);
}

bool out_set_of(const struct routing *routing, const char *in, struct out_set *ret_set)
{
	const struct forward_config *entry = routing->forwarding.items;
	struct out_set set = { 0 };

	for (unsigned i = 0; i < routing->forwarding.count; i++) {
		if (allows(&entry[i], in) && !entry[i].out) {
			out_set_free(&set);
			return false;
		}
		if (allows(&entry[i], in))
			*VEC_PUSH(&set.names) = entry[i].out;
	}
	out_set_finish(&set);
	*ret_set = set;
	return true;
}

static bool symmetric_wants(const struct routing *routing, const char *link)
{
	const char *const *name = routing->symmetric.items;

	for (unsigned i = 0; i < routing->symmetric.count; i++)
		if (!strcmp(name[i], "true") || !strcmp(name[i], link))
			return true;
	return false;
}

const struct way_link *answers_by(const struct routing *routing, const struct ways *ways,
				  const struct way_net *net)
{
	const struct way_link *link = net->own.family ? ways_link_at(ways, net->link) : NULL;

	if (!link || link->loopback || link->in_vrf || address_is_link_local(&net->own) ||
	    !symmetric_wants(routing, link->name))
		return NULL;
	return link;
}

const struct way_link *arrives_by(const struct routing *routing, const struct ways *ways, unsigned i)
{
	const struct arrival_config *arrival = routing->arrivals.items;
	const struct way_link *link = ways_link(ways, arrival[i].link);

	return link && !link->loopback && !link->in_vrf ? link : NULL;
}

/* Marks in @answered, by their place among the links, those that have a table of their own. */
static void mark_own_tables(const struct routing *routing, const struct ways *ways, bool *answered)
{
	const struct way_link *host = routing->host.out ? ways_link(ways, routing->host.out) : NULL;

	for (size_t i = 0; routing->symmetric.count && i < ways->nets.count; i++) {
		const struct way_link *link = answers_by(routing, ways, &ways->nets.items[i]);

		if (link)
			answered[link - ways->links.items] = true;
	}
	for (unsigned i = 0; i < routing->arrivals.count; i++) {
		const struct way_link *link = arrives_by(routing, ways, i);

		if (link)
			answered[link - ways->links.items] = true;
	}
	if (host)
		answered[host - ways->links.items] = true;
}

void out_tables_note(const struct routing *routing, const struct ways *ways, struct numbers *tables)
{
	const struct forward_config *entry = routing->forwarding.items;
	AUTO_MEM bool *answered = mem_alloc(ways->links.count + 1);

	for (unsigned i = 0; i < routing->forwarding.count; i++) {
		struct out_set set = { 0 };
		AUTO_MEM char *key = NULL;

		if (!entry[i].in || !out_set_of(routing, entry[i].in, &set))
			continue;
		key = out_set_key(&set);
		numbers_note(tables, key);
		out_set_free(&set);
	}
	mark_own_tables(routing, ways, answered);
	for (size_t i = 0; i < ways->links.count; i++) {
		AUTO_MEM char *key = mem_printf("out %s", ways->links.items[i].name);

		if (answered[i])
			numbers_note(tables, key);
	}
}
