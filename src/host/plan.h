/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PLAN_H
#define MH_HOST_PLAN_H

#include "base/mem.h"
#include "host/state.h"

/*
 * The difference between what is desired and what is observed, as operations in the order in
 * which they may be done: adds and changes by rank (link, sysctl, address, neighbour, route,
 * listener), then deletes by falling rank, so that the new way opens before the old one closes.
 */
enum operation_type { OPERATION_ADD, OPERATION_CHANGE, OPERATION_DELETE };

struct operation {
	enum operation_type type;
	enum object_kind kind;
	const void *before; /* into the observed state; NULL for ADD */
	const void *after;  /* into the desired state, or released; NULL for DELETE */
};

struct plan {
	struct operation *items;
	size_t count, room;
	size_t opens;	      /* so many adds and changes come first; the rest are deletes */
	VEC(void *) released; /* owned: what becomes of objects that go back to what they were */
};

/*
 * Only objects marked as ours are changed or deleted. A desired object that exists, foreign but
 * equal in everything that matters, needs nothing. One that exists, foreign and different, becomes
 * an ADD that the kernel will refuse, for the user to see. A sysctl or a link is changed whoever set
 * it, and what we only changed goes back to what it was, by a CHANGE among the deletes. Both
 * states sorted. The plan points into both: they must outlive it unchanged.
 */
void plan_make(const struct state *desired, const struct state *observed, struct plan *ret_plan);
/* The same for a few keys alone, in any order; one may be named more than once. */
struct plan_key {
	enum object_kind kind;
	const void *like; /* an object that has the key */
};
void plan_make_some(const struct state *desired, const struct state *observed,
		    const struct plan_key *keys, size_t count, struct plan *ret_plan);
void plan_free(struct plan *plan);

/* "+ route local 198.51.100.0/24 table local link lo", "- ...", "~ ...: VALUE -> VALUE". */
void operation_print(const struct operation *operation, const struct state *links, struct text *text);

#endif
