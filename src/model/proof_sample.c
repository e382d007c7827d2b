/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any packet of a cube would do as a counter-example; the one that is shown is one that could be: from
 * where its link leads to, to an address that stands for "anywhere", no ports unless they matter.
 */
#include "model/proof_sample.h"

#include <string.h>

/* The first number, but rather the first host of a network than its own address. */
static proof_number first_of(const struct proof_set *set)
{
	const struct proof_range *range = &set->ranges[0];

	return range->first < range->last && !(range->first & 0xff) ? range->first + 1 : range->first;
}

/* An address that stands for any in documentation (RFC 5737, RFC 3849), if it may be. */
static proof_number example_of(uint8_t family, const struct proof_set *set, const char *ipv4,
			       const char *ipv6)
{
	struct address example;

	if (address_parse(family == AF_INET ? ipv4 : ipv6, &example) == 0 &&
	    proof_set_holds(set, proof_number_of(&example)))
		return proof_number_of(&example);
	return first_of(set);
}

/* A source behind the link: of the first network to which a route leads out of it. */
static proof_number source_behind(const struct proof_space *space, uint32_t link,
				  const struct proof_set *set, proof_number to)
{
	STATE_EACH(space->state, OBJECT_ROUTE, const struct host_route, route) {
		proof_number host;

		if (route->link != link || route->to.family != space->family || !route->to.length ||
		    route->type != RTN_UNICAST)
			continue;
		host = proof_range_of(&route->to).first;
		host += route->to.length < address_bits(route->to.family);
		for (int next = 0; next < 2; next++, host++)
			if (host != to && proof_set_holds(set, host))
				return host;
	}
	return example_of(space->family, set, "198.51.100.1", "2001:db8:1::1");
}

/* 0 = any; else the first one that is not 0. */
static uint16_t number_of(const struct proof_space *space, const struct proof_cube *cube,
			  enum proof_axis axis)
{
	const struct proof_set *set = cube->axes[axis];

	if (set == space->all.axes[axis])
		return 0;
	return (uint16_t)(set->ranges[0].first || !set->ranges[0].last ? set->ranges[0].first : 1);
}

static uint8_t protocol_of(const struct proof_space *space, const struct proof_cube *cube)
{
	const struct proof_set *set = cube->axes[AXIS_PROTOCOL];
	bool ports = cube->axes[AXIS_SPORT] != space->all.axes[AXIS_SPORT] ||
		     cube->axes[AXIS_DPORT] != space->all.axes[AXIS_DPORT];

	if (set == space->all.axes[AXIS_PROTOCOL] && !ports)
		return 0;
	if (proof_set_holds(set, IPPROTO_UDP))
		return IPPROTO_UDP;
	return proof_set_holds(set, IPPROTO_TCP) ? IPPROTO_TCP :
						   (uint8_t)number_of(space, cube, AXIS_PROTOCOL);
}

void proof_sample(const struct proof_space *space, const struct proof_cube *cube,
		  struct flow *ret_packet)
{
	uint32_t slot = (uint32_t)cube->axes[AXIS_IN]->ranges[0].first;
	const struct host_link *link = proof_slot_link(space, slot);
	const struct proof_set *from = cube->axes[AXIS_FROM];
	proof_number to = example_of(space->family, cube->axes[AXIS_TO], "192.0.2.1", "2001:db8::1");
	proof_number source = link ? source_behind(space, link->index, from, to) :
				     from->ranges[0].first;

	*ret_packet = (struct flow){
		.in = link ? link->index : 0,
		.ip_protocol = protocol_of(space, cube),
		.tos = (uint8_t)cube->axes[AXIS_TOS]->ranges[0].first,
		.from = proof_address(space->family, source),
		.to = proof_address(space->family, to),
		.mark = space->marks.items[cube->axes[AXIS_MARK]->ranges[0].first],
		.uid = (uint32_t)cube->axes[AXIS_UID]->ranges[0].first,
		.sport = number_of(space, cube, AXIS_SPORT),
		.dport = number_of(space, cube, AXIS_DPORT),
	};
	if (!link && !source)
		ret_packet->from = (struct address){ 0 };
}
