/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_HEAP_H
#define MH_FEATURE_CHECKS_HEAP_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What is due when. Each check has one entry all its life: it is the start of its next probe, and
 * the deadline of the one that runs. A node belongs to its owner, who sets nothing in it.
 */
struct checks_node {
	int64_t at_us;
	size_t index; /* in the heap, from 1; 0 = not in it */
};

struct checks_heap {
	VEC(struct checks_node *) nodes;
};

/* Puts @node at its place, or at another one when it is in already. */
void checks_heap_set(struct checks_heap *heap, struct checks_node *node, int64_t at_us);
void checks_heap_remove(struct checks_heap *heap, struct checks_node *node);
/* The one that is due first, or NULL. */
struct checks_node *checks_heap_first(const struct checks_heap *heap);
void checks_heap_free(struct checks_heap *heap);

#endif
