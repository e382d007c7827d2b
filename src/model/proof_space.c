/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets as cubes: a set for each axis. Intersection goes axis by axis; what remains of a cube
 * without another is, for each axis on which they differ, one cube that lies outside there and inside
 * on the axes before.
 */
#include "model/proof_space.h"

#include "model/proof_table.h"

#include <stdlib.h>
#include <string.h>

static proof_number axis_end(const struct proof_space *space, enum proof_axis axis)
{
	switch (axis) {
	case AXIS_IN:
		return state_count(space->state, OBJECT_LINK);
	case AXIS_FROM:
	case AXIS_TO:
		return space->family == AF_INET ? UINT32_MAX : ~(proof_number)0;
	case AXIS_MARK:
		return space->marks.count - 1;
	case AXIS_PROTOCOL:
	case AXIS_TOS:
		return UINT8_MAX;
	case AXIS_SPORT:
	case AXIS_DPORT:
		return UINT16_MAX;
	case AXIS_UID:
	case AXES:
		break;
	}
	return UINT32_MAX;
}

struct proof_space *proof_space_new(const struct state *state, uint8_t family,
				    const struct proof_mark *marks, size_t mark_count)
{
	struct proof_space *space = mem_alloc(sizeof(*space));

	space->state = state;
	space->family = family;
	space->sets = proof_sets_new();
	space->none = proof_set_none(space->sets);
	space->too_big = !proof_marks_cut(marks, mark_count, &space->marks);
	for (int axis = 0; axis < AXES; axis++)
		space->all.axes[axis] = proof_set_range(space->sets, 0,
							axis_end(space, (enum proof_axis)axis));
	return space;
}

void proof_space_free(struct proof_space *space)
{
	if (!space)
		return;
	for (size_t i = 0; i < space->tables.count; i++)
		proof_table_free(space->tables.items[i]);
	VEC_FREE(&space->tables);
	VEC_FREE(&space->marks);
	proof_sets_free(space->sets);
	free(space);
}

uint32_t proof_slot(const struct proof_space *space, uint32_t link)
{
	const struct host_link *found = state_link(space->state, link);

	return found ? (uint32_t)(found - (const struct host_link *)state_at(space->state,
									     OBJECT_LINK, 0)) +
			       1 :
		       0;
}

const struct host_link *proof_slot_link(const struct proof_space *space, uint32_t slot)
{
	return slot && slot <= state_count(space->state, OBJECT_LINK) ?
		       state_at(space->state, OBJECT_LINK, slot - 1) :
		       NULL;
}

const struct host_link *proof_slot_vrf(const struct proof_space *space, const struct host_link *link)
{
	const struct host_link *master = link->type == LINK_VRF ?
						 link :
						 state_link(space->state, link->master);

	return master && master->type == LINK_VRF ? master : NULL;
}

const struct proof_set *proof_slots_of_vrf(struct proof_space *space, const struct host_link *vrf)
{
	VEC(struct proof_range) ranges = { 0 };
	const struct proof_set *set;

	for (uint32_t slot = 1; slot <= state_count(space->state, OBJECT_LINK); slot++) {
		const struct host_link *in = proof_slot_vrf(space, proof_slot_link(space, slot));

		if (in && (!vrf || in == vrf))
			*VEC_PUSH(&ranges) = (struct proof_range){ slot, slot };
	}
	set = proof_set_of(space->sets, ranges.items, ranges.count);
	VEC_FREE(&ranges);
	return set;
}

const struct proof_set *proof_slots_named(struct proof_space *space, const char *name)
{
	const struct host_link *link = state_link_named(space->state, name);

	if (!strcmp(name, "lo"))
		return proof_set_range(space->sets, PROOF_HOST, PROOF_HOST);
	if (!link)
		return space->none;
	if (link->type == LINK_VRF)
		return proof_slots_of_vrf(space, link);
	return proof_slot_vrf(space, link) ? space->none : proof_slot_set(space, link->index);
}

const struct proof_set *proof_slot_set(struct proof_space *space, uint32_t link)
{
	uint32_t slot = proof_slot(space, link);

	return slot ? proof_set_range(space->sets, slot, slot) : space->none;
}

const struct proof_set *proof_mark_set(struct proof_space *space, uint32_t value, uint32_t mask)
{
	VEC(struct proof_range) ranges = { 0 };
	const struct proof_set *set;

	for (size_t i = 0; i < space->marks.count; i++)
		if ((space->marks.items[i] & mask) == (value & mask))
			*VEC_PUSH(&ranges) = (struct proof_range){ i, i };
	set = proof_set_of(space->sets, ranges.items, ranges.count);
	VEC_FREE(&ranges);
	return set;
}

const struct proof_set *proof_span_set(struct proof_space *space, enum proof_axis axis,
				       struct span span)
{
	if (!span.end)
		return space->all.axes[axis];
	return span.first >= span.end ? space->none :
					proof_set_range(space->sets, span.first, span.end - 1);
}

bool proof_cube_empty(const struct proof_cube *cube)
{
	for (int axis = 0; axis < AXES; axis++)
		if (!cube->axes[axis]->count)
			return true;
	return false;
}

bool proof_cube_meet(const struct proof_cube *a, const struct proof_cube *b)
{
	for (int axis = 0; axis < AXES; axis++)
		if (!proof_set_meet(a->axes[axis], b->axes[axis]))
			return false;
	return true;
}

bool proof_cube_and(struct proof_space *space, const struct proof_cube *a,
		    const struct proof_cube *b, struct proof_cube *ret_cube)
{
	if (!proof_cube_meet(a, b))
		return false;
	for (int axis = 0; axis < AXES; axis++)
		ret_cube->axes[axis] = proof_set_and(space->sets, a->axes[axis], b->axes[axis]);
	ret_cube->doubt = a->doubt ? a->doubt : b->doubt;
	return true;
}

void proof_cube_without(struct proof_space *space, const struct proof_cube *a,
			const struct proof_cube *b, struct proof_cubes *cubes)
{
	struct proof_cube inside = *a;

	for (int axis = 0; axis < AXES; axis++) {
		const struct proof_set *outside = proof_set_without(space->sets, inside.axes[axis],
								    b->axes[axis]);

		if (!outside->count)
			continue;
		*VEC_PUSH(cubes) = inside;
		cubes->items[cubes->count - 1].axes[axis] = outside;
		inside.axes[axis] = proof_set_and(space->sets, inside.axes[axis], b->axes[axis]);
		if (!inside.axes[axis]->count)
			return;
	}
}
