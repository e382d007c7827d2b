/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Next hops: where a way leads, whether it does so yet, and nexthop objects for those with a name
 * and for several beside one another. Linux takes an object only while its link has a carrier, so a
 * group is made of those members that have one.
 */
#include "feature/routing/routing_work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOPS_BASE 0x6d000000u
#define HOPS_BITS 20

static const uint8_t families[] = { AF_INET, AF_INET6 };

static const char *family_text(uint8_t family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

void wait_for(struct work *work, struct place place, const char *what, const char *why)
{
	struct waiting *waiting;

	for (size_t i = work->waiting.count; i > 0 && i + 16 > work->waiting.count; i--) {
		waiting = &work->waiting.items[i - 1];
		if (!strcmp(waiting->why, why)) {
			waiting->count++;
			return;
		}
	}
	waiting = VEC_PUSH(&work->waiting);
	waiting->place = place;
	waiting->what = mem_strdup(what);
	waiting->why = mem_strdup(why);
}

static void refuse_own(struct work *work, const struct way_wanted *wanted, const struct way_link *own)
{
	char text[ADDRESS_TEXT_SIZE];

	diag_at(work->desired->diags, wanted->place, -EINVAL,
		"%s is an address of this host itself, on link %s; write the address of the router",
		address_text(wanted->via, text), own->name);
}

/* Why @wanted does not lead anywhere yet, into @why; true when it does. */
static bool way_leads(struct work *work, const struct way_wanted *wanted,
		      const struct way_link *link, uint32_t *ret_link, struct text *why)
{
	uint32_t found = link ? link->index : 0;
	char text[ADDRESS_TEXT_SIZE];

	if (wanted->via->family && !address_is_link_local(wanted->via))
		found = ways_reach(&work->ways, wanted->via, found);
	if (!link)
		link = ways_link_at(&work->ways, found);
	if (!found || !link)
		text_printf(why, "a network of %s%s that holds %s", link ? "link " : "any link",
			    link ? link->name : "", address_text(wanted->via, text));
	else if (!link->up)
		text_printf(why, "link %s to be up", link->name);
	else if (wanted->carrier && !link->carrier)
		text_printf(why, "link %s to have a carrier", link->name);
	*ret_link = found;
	return !why->length;
}

bool way_find(struct work *work, const struct way_wanted *wanted, uint32_t *ret_link)
{
	const struct way_link *link = wanted->link ? ways_link(&work->ways, wanted->link) : NULL;
	const struct way_link *own = wanted->via->family ? ways_own(&work->ways, wanted->via) : NULL;
	AUTO_TEXT why = { 0 };

	if (own) {
		refuse_own(work, wanted, own);
		return false;
	}
	if (wanted->link && !link)
		text_printf(&why, "link %s, which does not exist", wanted->link);
	else if (way_leads(work, wanted, link, ret_link, &why))
		return true;
	wait_for(work, wanted->place, wanted->what, text_string(&why));
	return false;
}

/* What a member is called where its number is chosen. */
static char *member_name(const struct gateway *via, const char *link, uint8_t family)
{
	char text[ADDRESS_TEXT_SIZE];

	return mem_printf("via %s link %s %s", address_text(&via->address, text), link ? link : "",
			  family_text(family));
}

static char *group_name(const struct route_config *route, uint8_t family)
{
	const struct hop *hop = route->hops.items;
	AUTO_TEXT name = { 0 };

	for (unsigned i = 0; i < route->hops.count; i++) {
		AUTO_MEM char *member = member_name(&hop[i].via, hop[i].link, family);

		text_printf(&name, "%s*%u ", member, hop[i].weight);
	}
	if (place_known(route->resilient.record.place))
		text_printf(&name, "resilient %u %u %u ", route->resilient.buckets,
			    route->resilient.idle_ms, route->resilient.unbalanced_ms);
	text_puts(&name, family_text(family));
	return mem_strdup(text_string(&name));
}

static char *named_name(const char *name, uint8_t family)
{
	return mem_printf("name %s %s", name, family_text(family));
}

static bool member_is_of(const struct gateway *via, uint8_t family)
{
	return !via->address.family || via->address.family == family;
}

static void note_members(struct numbers *numbers, const struct config_list *hops)
{
	const struct hop *hop = hops->items;

	for (unsigned i = 0; i < hops->count; i++)
		for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
			AUTO_MEM char *name = member_name(&hop[i].via, hop[i].link, families[f]);

			numbers_note(numbers, name);
		}
}

static void note_routes(struct numbers *numbers, const struct config_list *routes)
{
	const struct route_config *route = routes->items;

	for (unsigned i = 0; i < routes->count; i++)
		for (size_t f = 0; route[i].hops.count && f < ARRAY_SIZE(families); f++) {
			AUTO_MEM char *name = group_name(&route[i], families[f]);

			numbers_note(numbers, name);
			note_members(numbers, &route[i].hops);
		}
}

void hops_number(struct work *work)
{
	const struct named_hop *hop = work->routing->nexthops.items;
	const struct table_config *table = work->routing->tables.items;

	for (unsigned i = 0; i < work->routing->nexthops.count; i++)
		for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
			AUTO_MEM char *name = named_name(hop[i].name, families[f]);

			numbers_note(&work->hops, name);
			note_members(&work->hops, &hop[i].hops);
		}
	note_routes(&work->hops, &work->routing->routes);
	for (unsigned i = 0; i < work->routing->tables.count; i++)
		note_routes(&work->hops, &table[i].routes);
	numbers_choose(&work->hops, HOPS_BASE, HOPS_BITS);
}

const struct built_hop *built_hop(const struct work *work, uint32_t id)
{
	for (size_t i = 0; i < work->built.count; i++)
		if (work->built.items[i].id == id)
			return &work->built.items[i];
	return NULL;
}

/* One object for one way, when it leads. */
static const struct built_hop *single_desire(struct work *work, const struct way_wanted *wanted,
					     uint32_t id, uint8_t family)
{
	struct host_nexthop nexthop = { .id = id, .family = family, .via = *wanted->via };
	struct built_hop *built = (struct built_hop *)built_hop(work, id);

	nexthop.onlink = work->confined && nexthop.via.family == AF_INET;
	if (built)
		return built;
	if (!way_find(work, wanted, &nexthop.link))
		return NULL;
	desire_object(work->desired, OBJECT_NEXTHOP, wanted->place, &nexthop);
	built = VEC_PUSH(&work->built);
	*built = (struct built_hop){ .id = id, .family = family, .count = 1 };
	built->links[0] = nexthop.link;
	return built;
}

/* A group as it is asked for. */
struct group_wanted {
	const struct config_list *hops;
	const struct resilient *resilient;
	const char *what;
	struct place place;
	uint32_t id;
	uint8_t family;
};

static void add_member(struct work *work, const struct group_wanted *wanted, const struct hop *hop,
		       struct host_nexthop *group, struct built_hop *built)
{
	AUTO_MEM char *name = member_name(&hop->via, hop->link, wanted->family);
	const struct built_hop *member =
		single_desire(work,
			      &(struct way_wanted){ .via = &hop->via.address,
						    .link = hop->link,
						    .carrier = true,
						    .place = hop->record.place,
						    .what = wanted->what },
			      numbers_of(&work->hops, name), wanted->family);

	if (!member)
		return;
	built->links[group->member_count] = member->links[0];
	group->members[group->member_count++] = (struct host_member){ member->id,
								      (uint16_t)hop->weight };
}

static uint32_t group_desire(struct work *work, const struct group_wanted *wanted)
{
	struct host_nexthop group = { .id = wanted->id };
	struct built_hop built = { .id = wanted->id, .family = wanted->family };
	const struct hop *hop = wanted->hops->items;

	if (built_hop(work, wanted->id))
		return wanted->id;
	for (unsigned i = 0; i < wanted->hops->count && group.member_count < NEXTHOP_MEMBERS; i++)
		if (member_is_of(&hop[i].via, wanted->family))
			add_member(work, wanted, &hop[i], &group, &built);
	if (!group.member_count)
		return 0;
	if (place_known(wanted->resilient->record.place)) {
		group.resilient = 1;
		group.buckets = (uint16_t)wanted->resilient->buckets;
		group.idle = wanted->resilient->idle_ms / 1000;
		group.unbalanced = wanted->resilient->unbalanced_ms / 1000;
	}
	desire_object(work->desired, OBJECT_NEXTHOP, wanted->place, &group);
	built.count = group.member_count;
	*VEC_PUSH(&work->built) = built;
	return wanted->id;
}

static void named_desire(struct work *work, const struct named_hop *hop, uint8_t family)
{
	AUTO_MEM char *name = named_name(hop->name, family);
	AUTO_MEM char *what = mem_printf("the next hop %s", hop->name);
	uint32_t id = numbers_of(&work->hops, name);

	if (hop->hops.count)
		group_desire(work, &(struct group_wanted){ .hops = &hop->hops,
							   .resilient = &hop->resilient,
							   .what = what,
							   .place = hop->record.place,
							   .id = id,
							   .family = family });
	else
		single_desire(work,
			      &(struct way_wanted){ .via = &hop->via.address,
						    .link = hop->link,
						    .carrier = true,
						    .place = hop->record.place,
						    .what = what },
			      id, family);
}

bool hops_have_family(const struct config_list *hops, uint8_t family)
{
	const struct hop *hop = hops->items;

	for (unsigned i = 0; i < hops->count; i++)
		if (member_is_of(&hop[i].via, family))
			return true;
	return false;
}

bool hop_has_family(const struct routing *routing, const char *name, uint8_t family)
{
	const struct named_hop *hop = routing->nexthops.items;

	for (unsigned i = 0; i < routing->nexthops.count; i++)
		if (!strcmp(hop[i].name, name))
			return hop[i].hops.count ? hops_have_family(&hop[i].hops, family) :
						   member_is_of(&hop[i].via, family);
	return false;
}

void hops_desire(struct work *work)
{
	const struct named_hop *hop = work->routing->nexthops.items;

	for (unsigned i = 0; i < work->routing->nexthops.count; i++)
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			if (hop_has_family(work->routing, hop[i].name, families[f]))
				named_desire(work, &hop[i], families[f]);
}

uint32_t hop_ready(const struct work *work, const char *name, uint8_t family)
{
	/* IPv4 may go by way of an IPv6 router, where there is no other. */
	bool other = family == AF_INET && !hop_has_family(work->routing, name, family);
	AUTO_MEM char *key = named_name(name, other ? AF_INET6 : family);
	uint32_t id = numbers_of(&work->hops, key);

	return built_hop(work, id) ? id : 0;
}

uint32_t hops_ready(struct work *work, const struct route_config *route, uint8_t family)
{
	bool other = family == AF_INET && !hops_have_family(&route->hops, family);
	AUTO_MEM char *name = NULL;

	family = other ? AF_INET6 : family;
	name = group_name(route, family);
	if (!hops_have_family(&route->hops, family))
		return 0;
	return group_desire(work, &(struct group_wanted){ .hops = &route->hops,
							  .resilient = &route->resilient,
							  .what = "a route with several hops",
							  .place = route->record.place,
							  .id = numbers_of(&work->hops, name),
							  .family = family });
}
