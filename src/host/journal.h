/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_JOURNAL_H
#define MH_HOST_JOURNAL_H

#include "base/mem.h"
#include "host/any.h"
#include "host/kind.h"

/*
 * What events told of one kind of object, in the order in which they came, until it is merged into
 * the sorted set.
 */
struct change {
	union host_object object;
	bool removed;
	bool replaces; /* it stands for what had its key before */
};

struct journal {
	VEC(struct change) changes;
};

void journal_add(struct journal *journal, const struct change *change);
void journal_clear(struct journal *journal);

/*
 * Merges all changes into the sorted @set: its length plus k log k for k changes. Clears the
 * journal. Returns whether anything differs that somebody asks for. *ret_lost is set when the
 * changes do not fit what the set holds: something was missed, and a dump has to tell what is true.
 */
bool journal_merge(struct journal *journal, const struct kind *kind, struct object_set *set,
		   bool *ret_lost);

/* Whether two sorted sets differ in anything that somebody asks for. */
bool set_is_news(const struct object_set *before, const struct object_set *after,
		 const struct kind *kind);

#endif
