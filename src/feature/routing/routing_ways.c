/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The links and the networks that routes may lean on: what the host has, and what other keys of the
 * same configuration are about to give it. What of ours stands there but is not desired any more
 * does not count, since it will be gone.
 */
#include "feature/routing/routing_work.h"

#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>

/* For ask(): not by which link, but whose address it is. */
#define LINK_OWN UINT32_MAX

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct way_link *)a)->name, ((const struct way_link *)b)->name);
}

static void gather_observed(const struct state *observed, struct ways *ways)
{
	STATE_EACH(observed, OBJECT_LINK, const struct host_link, link) {
		const struct host_link *master = state_link(observed, link->master);
		struct way_link *way = VEC_PUSH(&ways->links);

		memcpy(way->name, link->name, sizeof(way->name));
		way->index = link->index;
		way->table = link->type == LINK_VRF ? link->table : 0;
		way->up = link->flags & IFF_UP;
		way->carrier = way->up && link->flags & (IFF_LOWER_UP | IFF_RUNNING);
		way->loopback = link->flags & IFF_LOOPBACK;
		way->lone = link->flags & (IFF_POINTOPOINT | IFF_NOARP);
		way->in_vrf = master && master->type == LINK_VRF;
	}
}

/* A link that is there keeps what is seen of it; one that will be made is as good as up. */
static void gather_desired(const struct state *desired, struct ways *ways, size_t observed)
{
	STATE_EACH(desired, OBJECT_LINK, const struct host_link, link) {
		struct way_link *way = NULL;

		for (size_t i = 0; i < observed && !way; i++)
			if (!strcmp(ways->links.items[i].name, link->name))
				way = &ways->links.items[i];
		if (!way) {
			way = VEC_PUSH(&ways->links);
			memcpy(way->name, link->name, sizeof(way->name));
		}
		way->index = link->index;
		way->up = way->up || link->state != LINK_DOWN;
		way->table = link->type == LINK_VRF ? link->table : way->table;
	}
}

static void add_address(struct ways *ways, const struct host_address *address)
{
	struct way_net *net = VEC_PUSH(&ways->nets);

	net->net = prefix_clean(&address->prefix);
	net->own = prefix_address(&address->prefix);
	net->link = address->link;
}

static void gather_nets(const struct facts *facts, const struct state *desired, struct ways *ways)
{
	STATE_EACH(facts->observed, OBJECT_ADDRESS, const struct host_address, address)
		if (!address->object.ours)
			add_address(ways, address);
	STATE_EACH(desired, OBJECT_ADDRESS, const struct host_address, address)
		add_address(ways, address);
	STATE_EACH(facts->observed, OBJECT_ROUTE, const struct host_route, route)
		if (!route->object.ours && route->table == RT_TABLE_MAIN && route->to.length &&
		    route->type == RTN_UNICAST && route->link && !route->via.family && !route->hops)
			ways_add_net(ways, &route->to, route->link);
}

static void note_advised(const struct facts *facts, struct ways *ways)
{
	STATE_EACH(facts->observed, OBJECT_ROUTE, const struct host_route, route)
		for (size_t i = 0; route->protocol == RTPROT_RA && i < ways->links.count; i++)
			ways->links.items[i].advised |= ways->links.items[i].index == route->link;
}

void ways_gather(const struct facts *facts, const struct state *desired, struct ways *ret_ways)
{
	gather_observed(facts->observed, ret_ways);
	gather_desired(desired, ret_ways, ret_ways->links.count);
	gather_nets(facts, desired, ret_ways);
	note_advised(facts, ret_ways);
	if (ret_ways->links.count)
		qsort(ret_ways->links.items, ret_ways->links.count, sizeof(*ret_ways->links.items),
		      by_name);
}

void ways_free(struct ways *ways)
{
	VEC_FREE(&ways->links);
	VEC_FREE(&ways->nets);
}

const struct way_link *ways_link(const struct ways *ways, const char *name)
{
	struct way_link like = { 0 };

	if (!ways->links.count || strlen(name) >= sizeof(like.name))
		return NULL;
	memcpy(like.name, name, strlen(name));
	return bsearch(&like, ways->links.items, ways->links.count, sizeof(like), by_name);
}

const struct way_link *ways_link_at(const struct ways *ways, uint32_t index)
{
	for (size_t i = 0; i < ways->links.count; i++)
		if (ways->links.items[i].index == index)
			return &ways->links.items[i];
	return NULL;
}

void ways_add_net(struct ways *ways, const struct prefix *net, uint32_t link)
{
	struct way_net *more = VEC_PUSH(&ways->nets);

	more->net = *net;
	more->link = link;
	memset(ways->cache, 0, sizeof(ways->cache));
}

static uint32_t look_for(const struct ways *ways, const struct address *via, uint32_t link)
{
	const struct way_net *best = NULL;

	for (size_t i = 0; i < ways->nets.count; i++) {
		const struct way_net *net = &ways->nets.items[i];

		if ((!link || net->link == link) && prefix_holds(&net->net, via) &&
		    (!best || net->net.length > best->net.length))
			best = net;
	}
	return best ? best->link : 0;
}

/* The own address @address: its link, or 0. */
static uint32_t look_for_own(const struct ways *ways, const struct address *address)
{
	for (size_t i = 0; i < ways->nets.count; i++)
		if (ways->nets.items[i].own.family && address_equal(&ways->nets.items[i].own, address))
			return ways->nets.items[i].link;
	return 0;
}

/* A full table of routes has few routers: what was asked is remembered. */
static uint32_t ask(struct ways *ways, const struct address *address, uint32_t link)
{
	struct reach *known;
	uint32_t hash = link;

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = hash * 31 + address->bytes[i];
	known = &ways->cache[hash % ARRAY_SIZE(ways->cache)];
	if (!address_equal(&known->via, address) || known->link != link)
		*known = (struct reach){ .via = *address,
					 .link = link,
					 .found = link == LINK_OWN ? look_for_own(ways, address) :
								     look_for(ways, address, link) };
	return known->found;
}

uint32_t ways_reach(struct ways *ways, const struct address *via, uint32_t link)
{
	return ask(ways, via, link);
}

const struct way_link *ways_own(struct ways *ways, const struct address *address)
{
	return ways_link_at(ways, ask(ways, address, LINK_OWN));
}

uint32_t hash_text(const char *text)
{
	uint32_t hash = fnv_32_text(text);

	return hash ^ hash >> 16;
}

void numbers_note(struct numbers *numbers, const char *name)
{
	VEC_PUSH(&numbers->items)->name = mem_strdup(name);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct number *)a)->name, ((const struct number *)b)->name);
}

void numbers_choose(struct numbers *numbers, uint32_t base, unsigned bits)
{
	uint32_t mask = (1u << bits) - 1;
	bool *taken = mem_alloc((size_t)mask + 1);
	size_t kept = 0;

	if (numbers->items.count)
		qsort(numbers->items.items, numbers->items.count, sizeof(*numbers->items.items),
		      by_text);
	for (size_t i = 0; i < numbers->items.count; i++) {
		struct number *number = &numbers->items.items[i];
		uint32_t at = hash_text(number->name) & mask;

		if (kept && !strcmp(numbers->items.items[kept - 1].name, number->name)) {
			mem_freep(&number->name);
			continue;
		}
		for (uint32_t tries = 0; taken[at] && tries <= mask; tries++)
			at = (at + 1) & mask;
		taken[at] = true;
		number->value = base + at;
		numbers->items.items[kept++] = *number;
	}
	numbers->items.count = kept;
	mem_freep(&taken);
}

uint32_t numbers_of(const struct numbers *numbers, const char *name)
{
	const struct number like = { .name = (char *)name };
	const struct number *found = numbers->items.count ?
					     bsearch(&like, numbers->items.items,
						     numbers->items.count, sizeof(like), by_text) :
					     NULL;

	return found ? found->value : 0;
}

void numbers_free(struct numbers *numbers)
{
	for (size_t i = 0; i < numbers->items.count; i++)
		mem_freep(&numbers->items.items[i].name);
	VEC_FREE(&numbers->items);
}
