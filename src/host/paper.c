/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan that is carried out on paper. What the kernel will fill in by itself (a connected route
 * beside a new address) is not foreseen: a proof on the running host sees that later.
 */
#include "host/paper.h"

#include "base/mem.h"
#include "host/any.h"
#include "host/copies.h"
#include "host/kind.h"

#include <stdlib.h>

/*
 * Which observed objects the plan takes away or puts others in the place of, by their index. Where
 * somebody's stands and there may be but one, the kernel will refuse: on paper it makes room.
 */
static bool *find_gone(const struct plan *plan, enum object_kind kind, const struct state *observed)
{
	const struct object_set *set = &observed->sets[kind];
	bool *gone = mem_alloc(set->count + 1);

	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->items[i];
		const char *before = operation->before;

		if (operation->kind != kind)
			continue;
		if (!before && !kind_of(kind)->twins)
			before = state_find(observed, kind, operation->after);
		if (before)
			gone[(size_t)(before - set->items) / kind_of(kind)->size] = true;
	}
	return gone;
}

/* Says of everything of ours who asks for it: one walk beside the desired objects. */
static void note_places(const struct object_set *desired, struct object_set *after,
			const struct kind *kind)
{
	size_t i = 0;

	for (size_t j = 0; j < after->count; j++) {
		struct object *object = set_at(after, kind, j);

		while (i < desired->count && kind_compare(kind, set_at(desired, kind, i), object) < 0)
			i++;
		if (i == desired->count)
			return;
		if (object->ours && kind_compare(kind, set_at(desired, kind, i), object) == 0) {
			const struct object *asked = set_at(desired, kind, i);

			object->place = asked->place;
			object->feature = asked->feature;
		}
	}
}

void set_after(const struct plan *plan, enum object_kind kind, const struct state *observed,
	       struct object_set *ret_after)
{
	const struct object_set *before = &observed->sets[kind];
	const struct kind *of = kind_of(kind);
	bool *gone = find_gone(plan, kind, observed);
	struct object_set after = { 0 };

	for (size_t i = 0; i < before->count; i++)
		if (!gone[i])
			set_push(&after, of, set_at(before, of, i));
	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->items[i];
		union host_object left;

		if (operation->kind == kind && operation->after)
			set_push(&after, of, operation->after);
		else if (operation->kind == kind && of->left && of->left(operation->before, &left))
			set_push(&after, of, &left);
	}
	set_sort_observed(&after, of);
	free(gone);
	*ret_after = after;
}

static void kind_after(const struct object_set *desired, const struct state *observed,
		       const struct plan *plan, enum object_kind kind, struct object_set *after)
{
	set_after(plan, kind, observed, after);
	if (kind == OBJECT_SYSCTL)
		copies_foresee(plan, desired, after);
	note_places(desired, after, kind_of(kind));
}

void state_after_of(unsigned kinds, const struct state *desired, const struct state *observed,
		    const struct plan *plan, struct state *ret_after)
{
	*ret_after = (struct state){ 0 };
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		if (kinds & 1u << kind)
			kind_after(&desired->sets[kind], observed, plan, (enum object_kind)kind,
				   &ret_after->sets[kind]);
}

void state_after(const struct state *desired, const struct state *observed, const struct plan *plan,
		 struct state *ret_after)
{
	state_after_of(~0u, desired, observed, plan, ret_after);
}
