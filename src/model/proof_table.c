/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table, cut into stretches. Routes come sorted, a prefix right before everything inside it, so that
 * one sweep with a stack of the prefixes that are open knows at each address which is the longest.
 * Stretches with one fate make up a way; there are few of them, however many routes there are.
 */
#include "model/proof_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What one route does, before it is known where. */
struct fate {
	enum proof_end end;
	bool vague;
	const struct proof_set *links;
};

struct open {
	proof_number last;
	const struct host_route *route;
	uint32_t way;
};

#define FATES 256

struct sweep {
	struct proof_space *space;
	struct proof_table *table;
	struct open open[130]; /* one for each length, and nothing at the bottom */
	size_t depth;
	/* The ways of plain routes, which are nearly all, by link and nexthop. */
	struct {
		uint32_t link, nexthop, way;
		bool known;
	} seen[FATES];
	struct host_route last; /* whose gateway's link was looked for, and was .link */
};

static bool is_on(const struct proof_space *space, const char *format, const char *link)
{
	struct host_sysctl like = { 0 };
	struct text name = { 0 };
	const struct host_sysctl *found;

	text_printf(&name, format, space->family == AF_INET ? "ipv4" : "ipv6", link);
	strncpy(like.name, text_string(&name), sizeof(like.name) - 1);
	text_free(&name);
	found = state_find(space->state, OBJECT_SYSCTL, &like);
	return found && strcmp(found->value, "0") != 0;
}

/* The kernel passes over it: its link has no carrier, and that matters by the settings. */
static bool is_passed_over(const struct proof_space *space, const struct host_route *route)
{
	static const char setting[] = "net/%s/conf/%s/ignore_routes_with_linkdown";
	const struct host_link *link = route->link ? state_link(space->state, route->link) : NULL;

	if (!link || !(link->flags & IFF_UP) || (link->flags & IFF_LOWER_UP))
		return false;
	return is_on(space, setting, link->name) || is_on(space, setting, "all");
}

/* The link whose network holds the gateway of a route that names no link: what will be filled in. */
static uint32_t link_of_gateway(const struct proof_space *space, const struct address *via)
{
	const struct host_address *best = NULL;

	STATE_EACH(space->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct prefix network = prefix_clean(&address->prefix);

		if (prefix_holds(&network, via) &&
		    (!best || best->prefix.length < address->prefix.length))
			best = address;
	}
	return best ? best->link : 0;
}

static void add_hop(struct proof_space *space, struct fate *fate, uint32_t link,
		    const struct address *via)
{
	const struct proof_set *slot;

	if (!link && via->family)
		link = link_of_gateway(space, via);
	slot = proof_slot_set(space, link);
	fate->end = PROOF_SENDS;
	fate->vague |= !slot->count;
	fate->links = proof_set_or(space->sets, fate->links, slot);
}

static void add_nexthop(struct proof_space *space, struct fate *fate, uint32_t id)
{
	const struct host_nexthop *nexthop = state_find(space->state, OBJECT_NEXTHOP,
							&(struct host_nexthop){ .id = id });

	if (!nexthop)
		fate->vague = true;
	else if (!nexthop->blackhole)
		add_hop(space, fate, nexthop->link, &nexthop->via);
}

static void add_nexthops(struct proof_space *space, struct fate *fate, uint32_t id)
{
	const struct host_nexthop *nexthop = state_find(space->state, OBJECT_NEXTHOP,
							&(struct host_nexthop){ .id = id });

	fate->end = PROOF_REFUSED; /* a blackhole, or a group without a living member */
	if (!nexthop || !nexthop->member_count)
		add_nexthop(space, fate, id);
	for (size_t i = 0; nexthop && i < nexthop->member_count; i++)
		add_nexthop(space, fate, nexthop->members[i].id);
	if (fate->vague)
		fate->end = PROOF_SENDS;
}

static struct fate fate_of(struct proof_space *space, const struct host_route *route)
{
	struct fate fate = { .end = PROOF_SENDS, .links = space->none };

	switch (route->type) {
	case RTN_UNICAST:
		break;
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		fate.end = PROOF_HOST_OWN;
		return fate;
	case RTN_THROW:
		fate.end = PROOF_PASSES;
		return fate;
	default:
		fate.end = PROOF_REFUSED;
		return fate;
	}
	if (route->nexthop)
		add_nexthops(space, &fate, route->nexthop);
	else
		add_hop(space, &fate, route->link, &route->via);
	fate.vague |= route->hops > 1 && !route->nexthop;
	return fate;
}

static uint32_t way_of_fate(struct proof_table *table, const struct fate *fate)
{
	for (uint32_t i = 0; i < table->ways.count; i++) {
		const struct proof_way *way = &table->ways.items[i];

		if (way->end == fate->end && way->vague == fate->vague && way->links == fate->links)
			return i;
	}
	*VEC_PUSH(&table->ways) =
		(struct proof_way){ .end = fate->end, .vague = fate->vague, .links = fate->links };
	return (uint32_t)table->ways.count - 1;
}

static uint32_t way_of(struct sweep *sweep, const struct host_route *route)
{
	unsigned at = (route->link * 31 + route->nexthop) % FATES;
	bool plain = route->type == RTN_UNICAST && route->hops < 2 && (route->link || route->nexthop);
	struct fate fate;

	if (plain && sweep->seen[at].known && sweep->seen[at].link == route->link &&
	    sweep->seen[at].nexthop == route->nexthop)
		return sweep->seen[at].way;
	fate = fate_of(sweep->space, route);
	if (plain) {
		sweep->seen[at].known = true;
		sweep->seen[at].link = route->link;
		sweep->seen[at].nexthop = route->nexthop;
		sweep->seen[at].way = way_of_fate(sweep->table, &fate);
	}
	return way_of_fate(sweep->table, &fate);
}

/* From @first on, another route decides. What began at the same address has ended before it began. */
static void turn(struct sweep *sweep, proof_number first)
{
	struct proof_table *table = sweep->table;
	const struct open *top = &sweep->open[sweep->depth - 1];
	struct proof_stretch *last = table->stretches.count ?
					     &table->stretches.items[table->stretches.count - 1] :
					     NULL;

	if (!last || last->first != first)
		last = VEC_PUSH(&table->stretches);
	*last = (struct proof_stretch){ first, top->route, top->way };
}

/* Ends the prefixes that end before @number; all of them when there is none. */
static void close_before(struct sweep *sweep, const proof_number *number)
{
	proof_number end = sweep->open[0].last;

	while (sweep->depth > 1) {
		proof_number last = sweep->open[sweep->depth - 1].last;

		if (number && last >= *number)
			return;
		sweep->depth--;
		if (last != end)
			turn(sweep, last + 1);
	}
}

static void open_route(struct sweep *sweep, const struct host_route *route, uint32_t way)
{
	struct proof_range range = proof_range_of(&route->to);

	close_before(sweep, &range.first);
	sweep->open[sweep->depth++] = (struct open){ range.last, route, way };
	turn(sweep, range.first);
}

/*
 * Several routes of one prefix and metric. Of IPv4 the first one stands before the others, but which of
 * ours and somebody's came first is not known; IPv6 may take any of them.
 */
static uint32_t way_of_twins(struct sweep *sweep, const struct host_route *twins, size_t count)
{
	uint32_t way = way_of(sweep, &twins[0]);

	for (size_t i = 1; i < count; i++) {
		uint32_t other = way_of(sweep, &twins[i]);
		struct proof_way *ways = sweep->table->ways.items;
		bool matters = sweep->space->family == AF_INET6 ||
			       twins[i].object.ours != twins[0].object.ours;
		struct fate fate = { ways[way].end, true, ways[way].links };

		if (!matters || other == way)
			continue;
		if (ways[other].end == PROOF_SENDS)
			fate.end = PROOF_SENDS;
		fate.links = proof_set_or(sweep->space->sets, fate.links, ways[other].links);
		way = way_of_fate(sweep->table, &fate);
	}
	return way;
}

/* How many routes from @route on have its prefix, and (@metric) its metric. */
static size_t run_of(const struct host_route *route, const struct host_route *end, bool metric)
{
	const struct host_route *next = route + 1;

	while (next < end && next->table == route->table &&
	       !prefix_compare(&next->to, &route->to) && (!metric || next->metric == route->metric))
		next++;
	return (size_t)(next - route);
}

/* A rule passes over routes of few bits, but not over a refusal. */
static bool is_suppressed(const struct sweep *sweep, const struct host_route *route, uint32_t way)
{
	return route->to.length < sweep->table->suppress &&
	       sweep->table->ways.items[way].end != PROOF_REFUSED;
}

static void sweep_routes(struct sweep *sweep, const struct host_route *route,
			 const struct host_route *end)
{
	for (size_t run; route < end; route += run) {
		const struct host_route *best = route;
		uint32_t way;

		run = run_of(route, end, false);
		while (best < route + run && is_passed_over(sweep->space, best))
			best++;
		if (best == route + run)
			continue;
		way = way_of_twins(sweep, best, run_of(best, route + run, true));
		open_route(sweep, best, is_suppressed(sweep, best, way) ? sweep->open[0].way : way);
	}
	close_before(sweep, NULL);
}

struct ranges {
	struct proof_range *items;
	size_t count, room;
};

/* Which destinations go which way. */
static void gather(struct proof_space *space, struct proof_table *table)
{
	struct ranges *ranges = mem_alloc(table->ways.count * sizeof(*ranges));

	for (size_t i = 0; i < table->stretches.count; i++) {
		const struct proof_stretch *stretch = &table->stretches.items[i];
		bool last = i + 1 == table->stretches.count;

		*VEC_PUSH(&ranges[stretch->way]) = (struct proof_range){
			stretch->first,
			last ? space->all.axes[AXIS_TO]->ranges[0].last : stretch[1].first - 1
		};
	}
	for (size_t way = 0; way < table->ways.count; way++) {
		table->ways.items[way].to = proof_set_of(space->sets, ranges[way].items,
							 ranges[way].count);
		VEC_FREE(&ranges[way]);
	}
	free(ranges);
}

static const struct host_route *table_start(const struct proof_space *space, uint32_t number,
					    uint8_t family)
{
	size_t at = state_lower_bound(space->state, OBJECT_ROUTE,
				      &(struct host_route){ .table = number, .to.family = family });

	return (const struct host_route *)space->state->sets[OBJECT_ROUTE].items + at;
}

static struct proof_table *table_new(struct proof_space *space, uint32_t number, uint32_t suppress)
{
	struct proof_table *table = mem_alloc(sizeof(*table));
	struct sweep *sweep = mem_alloc(sizeof(*sweep));

	table->number = number;
	table->suppress = suppress;
	*sweep = (struct sweep){ .space = space, .table = table, .depth = 1 };
	sweep->open[0] = (struct open){
		.last = space->all.axes[AXIS_TO]->ranges[0].last,
		.way = way_of_fate(table, &(struct fate){ PROOF_PASSES, false, space->none }),
	};
	turn(sweep, 0);
	sweep_routes(sweep, table_start(space, number, space->family),
		     table_start(space, number, space->family + 1));
	gather(space, table);
	table->passes = table->ways.items[0].to;
	free(sweep);
	return table;
}

const struct proof_table *proof_table_of(struct proof_space *space, uint32_t number, uint32_t suppress)
{
	for (size_t i = 0; i < space->tables.count; i++) {
		const struct proof_table *table = space->tables.items[i];

		if (table->number == number && table->suppress == suppress)
			return table;
	}
	*VEC_PUSH(&space->tables) = table_new(space, number, suppress);
	return space->tables.items[space->tables.count - 1];
}

void proof_table_free(struct proof_table *table)
{
	if (!table)
		return;
	VEC_FREE(&table->ways);
	VEC_FREE(&table->stretches);
	free(table);
}

const struct proof_stretch *proof_table_at(const struct proof_table *table, proof_number to)
{
	size_t low = 0, high = table->stretches.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (table->stretches.items[middle].first <= to)
			low = middle;
		else
			high = middle;
	}
	return &table->stretches.items[low];
}
