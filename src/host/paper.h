/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PAPER_H
#define MH_HOST_PAPER_H

#include "host/plan.h"

/*
 * The host as it will be when @plan, which leads from @observed to @desired, was carried out: what
 * is asked before anything is done. All that is ours there bears the place and the feature that ask
 * for it, also what needs no operation. Both states sorted, and so is *ret_after, a copy: it outlives
 * them.
 */
void state_after(const struct state *desired, const struct state *observed, const struct plan *plan,
		 struct state *ret_after);
/* The same for the kinds of @kinds alone, a bit for each (1 << OBJECT_LINK); the others are empty. */
void state_after_of(unsigned kinds, const struct state *desired, const struct state *observed,
		    const struct plan *plan, struct state *ret_after);
/* One kind alone, and without places. */
void set_after(const struct plan *plan, enum object_kind kind, const struct state *observed,
	       struct object_set *ret_after);

#endif
