/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NODES 300

/* The slow twin: look at all. */
static int64_t least(const struct checks_node *nodes, const bool *in)
{
	int64_t best = INT64_MAX;

	for (size_t i = 0; i < NODES; i++)
		if (in[i] && nodes[i].at_us < best)
			best = nodes[i].at_us;
	return best;
}

static void the_first_is_the_one_that_a_look_at_all_finds(void **state)
{
	struct checks_node nodes[NODES] = { 0 };
	struct checks_heap heap = { 0 };
	bool in[NODES] = { false };

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned which = (unsigned)rand() % NODES;

		if (rand() % 3) {
			checks_heap_set(&heap, &nodes[which], rand() % 1000);
			in[which] = true;
		} else {
			checks_heap_remove(&heap, &nodes[which]);
			in[which] = false;
		}
		if (checks_heap_first(&heap))
			assert_int_equal(checks_heap_first(&heap)->at_us, least(nodes, in));
		else
			assert_int_equal(least(nodes, in), INT64_MAX);
	}
	checks_heap_free(&heap);
}

static void what_is_not_in_can_be_removed_in_vain(void **state)
{
	struct checks_node node = { 0 };
	struct checks_heap heap = { 0 };

	checks_heap_remove(&heap, &node);
	checks_heap_set(&heap, &node, 5);
	checks_heap_remove(&heap, &node);
	checks_heap_remove(&heap, &node);
	assert_null(checks_heap_first(&heap));
	checks_heap_free(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_the_one_that_a_look_at_all_finds),
		cmocka_unit_test(what_is_not_in_can_be_removed_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
