/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_SPACE_H
#define MH_MODEL_PROOF_SPACE_H

#include "base/mem.h"
#include "host/state.h"
#include "model/proof_set.h"

/* The space of the packets of one family. */

/* What a packet has, as far as anybody looks at it. */
enum proof_axis {
	AXIS_IN, /* a slot: 0 = sent by the host, else 1 + the index of the link in the state */
	AXIS_FROM,
	AXIS_TO,
	AXIS_MARK, /* a class of marks */
	AXIS_PROTOCOL,
	AXIS_SPORT,
	AXIS_DPORT,
	AXIS_UID,
	AXIS_TOS,
	AXES
};
#define PROOF_HOST 0

/* All packets that have of each axis something in its set. */
struct proof_cube {
	const struct proof_set *axes[AXES];
	const struct host_rule *doubt; /* a rule on the way that says more than is modelled */
};
struct proof_cubes {
	struct proof_cube *items;
	size_t count, room;
};

/* Marks that every rule, filter and statement treats alike, by one of them. */
struct proof_marks {
	uint32_t *items;
	size_t count, room;
};

struct proof_table;

struct proof_space {
	const struct state *state;
	struct proof_sets *sets;
	uint8_t family;
	struct proof_cube all;
	const struct proof_set *none;
	struct proof_marks marks;
	VEC(struct proof_table *) tables; /* those that were looked at: proof_table.c */
	bool too_big;			  /* it was given up: more classes than memory allows */
};

/* What a selector says of marks. */
struct proof_mark {
	uint32_t value, mask;
};

/* @marks: all that are asked for anywhere. */
struct proof_space *proof_space_new(const struct state *state, uint8_t family,
				    const struct proof_mark *marks, size_t mark_count);
void proof_space_free(struct proof_space *space);

uint32_t proof_slot(const struct proof_space *space, uint32_t link);
const struct host_link *proof_slot_link(const struct proof_space *space, uint32_t slot);
/* The slot of one link as a set; empty when there is no such link. */
const struct proof_set *proof_slot_set(struct proof_space *space, uint32_t link);
/* The VRF that @link is, or is in; or NULL. */
const struct host_link *proof_slot_vrf(const struct proof_space *space, const struct host_link *link);
/*
 * The slots that a rule or a filter means by a link that a packet came in by. What comes in by a link
 * of a VRF has come in by the VRF, for them. "lo" is the host itself.
 */
const struct proof_set *proof_slots_named(struct proof_space *space, const char *name);
/* Those that are in @vrf, itself included; NULL = in any VRF. */
const struct proof_set *proof_slots_of_vrf(struct proof_space *space, const struct host_link *vrf);
const struct proof_set *proof_mark_set(struct proof_space *space, uint32_t value, uint32_t mask);
const struct proof_set *proof_span_set(struct proof_space *space, enum proof_axis axis,
				       struct span span);

/* What of @a is in @b; false when nothing is. Doubts are joined. */
bool proof_cube_and(struct proof_space *space, const struct proof_cube *a,
		    const struct proof_cube *b, struct proof_cube *ret_cube);
bool proof_cube_meet(const struct proof_cube *a, const struct proof_cube *b);
/* Adds what of @a is not in @b to @cubes, in parts that do not overlap. */
void proof_cube_without(struct proof_space *space, const struct proof_cube *a,
			const struct proof_cube *b, struct proof_cubes *cubes);
bool proof_cube_empty(const struct proof_cube *cube);

/* proof_marks.c: cuts all marks into classes. Returns false when there are too many. */
bool proof_marks_cut(const struct proof_mark *marks, size_t count, struct proof_marks *ret_marks);

#endif
