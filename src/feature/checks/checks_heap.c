/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A heap of four children a node: half as deep as one of two, and the children of a node share a
 * cache line. A wheel would be O(1), but not exact, and at 10,000 checks the heap is 7 levels.
 */
#include "feature/checks/checks_heap.h"

#define CHILDREN 4

static void place(struct checks_heap *heap, size_t at, struct checks_node *node)
{
	heap->nodes.items[at] = node;
	node->index = at + 1;
}

static void rise(struct checks_heap *heap, size_t at)
{
	struct checks_node *node = heap->nodes.items[at];

	while (at) {
		size_t parent = (at - 1) / CHILDREN;

		if (heap->nodes.items[parent]->at_us <= node->at_us)
			break;
		place(heap, at, heap->nodes.items[parent]);
		at = parent;
	}
	place(heap, at, node);
}

static size_t earliest_child(const struct checks_heap *heap, size_t at)
{
	size_t best = at * CHILDREN + 1;

	for (size_t child = best + 1; child <= at * CHILDREN + CHILDREN; child++)
		if (child < heap->nodes.count &&
		    heap->nodes.items[child]->at_us < heap->nodes.items[best]->at_us)
			best = child;
	return best;
}

static void sink(struct checks_heap *heap, size_t at)
{
	struct checks_node *node = heap->nodes.items[at];

	while (at * CHILDREN + 1 < heap->nodes.count) {
		size_t child = earliest_child(heap, at);

		if (heap->nodes.items[child]->at_us >= node->at_us)
			break;
		place(heap, at, heap->nodes.items[child]);
		at = child;
	}
	place(heap, at, node);
}

void checks_heap_set(struct checks_heap *heap, struct checks_node *node, int64_t at_us)
{
	if (!node->index) {
		*VEC_PUSH(&heap->nodes) = node;
		node->index = heap->nodes.count;
	}
	node->at_us = at_us;
	rise(heap, node->index - 1);
	sink(heap, node->index - 1);
}

void checks_heap_remove(struct checks_heap *heap, struct checks_node *node)
{
	size_t at = node->index - 1;
	struct checks_node *last;

	if (!node->index)
		return;
	node->index = 0;
	last = heap->nodes.items[--heap->nodes.count];
	if (last == node)
		return;
	place(heap, at, last);
	rise(heap, at);
	sink(heap, last->index - 1);
}

struct checks_node *checks_heap_first(const struct checks_heap *heap)
{
	return heap->nodes.count ? heap->nodes.items[0] : NULL;
}

void checks_heap_free(struct checks_heap *heap)
{
	VEC_FREE(&heap->nodes);
}
