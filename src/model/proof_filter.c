/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our forward filter, asked about all packets that leave by one link.
 */
#include "model/proof_rules.h"

#include <string.h>

static const struct proof_set *prefix_set(struct proof_space *space, enum proof_axis axis,
					  const struct prefix *prefix)
{
	if (!prefix->family)
		return space->all.axes[axis];
	return prefix->family == space->family ? proof_set_prefix(space->sets, prefix) : space->none;
}

static struct proof_cube selected(struct proof_space *space, const struct host_filter *filter)
{
	struct proof_cube cube = space->all;

	if (filter->in[0])
		cube.axes[AXIS_IN] = proof_slots_named(space, filter->in);
	cube.axes[AXIS_FROM] = prefix_set(space, AXIS_FROM, &filter->from);
	cube.axes[AXIS_TO] = prefix_set(space, AXIS_TO, &filter->to);
	if (filter->ip_protocol)
		cube.axes[AXIS_PROTOCOL] = proof_set_range(space->sets, filter->ip_protocol,
							   filter->ip_protocol);
	cube.axes[AXIS_SPORT] = proof_span_set(space, AXIS_SPORT, filter->sport);
	cube.axes[AXIS_DPORT] = proof_span_set(space, AXIS_DPORT, filter->dport);
	if (filter->mask)
		cube.axes[AXIS_MARK] = proof_mark_set(space, filter->mark, filter->mask);
	return cube;
}

/* What one filter leaves to those behind it; what it lets pass goes to @passes. */
static struct proof_cubes ask(struct proof_space *space, const struct host_filter *filter,
			      const struct proof_cubes *cubes, struct proof_passes *passes)
{
	struct proof_cube selection = selected(space, filter), match;
	struct proof_cubes rest = { 0 };

	for (size_t i = 0; i < cubes->count; i++) {
		if (!proof_cube_and(space, &cubes->items[i], &selection, &match)) {
			*VEC_PUSH(&rest) = cubes->items[i];
			continue;
		}
		if (filter->verdict == FILTER_ACCEPT)
			*VEC_PUSH(passes) = (struct proof_pass){ match, filter };
		proof_cube_without(space, &cubes->items[i], &match, &rest);
	}
	return rest;
}

void proof_filter_cut(struct proof_space *space, uint32_t out, struct proof_passes *ret_passes)
{
	const struct host_link *link = proof_slot_link(space, out);
	struct proof_cubes cubes = { 0 };

	*ret_passes = (struct proof_passes){ 0 };
	*VEC_PUSH(&cubes) = space->all;
	STATE_EACH(space->state, OBJECT_FILTER, const struct host_filter, filter) {
		struct proof_cubes rest;

		if (filter->chain != FILTER_FORWARD)
			continue;
		if (filter->out[0] && (!link || strcmp(filter->out, link->name) != 0))
			continue;
		rest = ask(space, filter, &cubes, ret_passes);
		VEC_FREE(&cubes);
		cubes = rest;
	}
	for (size_t i = 0; i < cubes.count; i++)
		*VEC_PUSH(ret_passes) = (struct proof_pass){ cubes.items[i], NULL };
	VEC_FREE(&cubes);
}
