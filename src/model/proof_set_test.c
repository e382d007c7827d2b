/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets against a slow honest twin: a line of sixty-four boxes, each full or empty. */
#include "model/proof_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Boxes stand at both ends of the numbers, where an overflow would show. */
static proof_number number_of_box(unsigned box)
{
	return box < 32 ? box : ~(proof_number)0 - (63 - box);
}

static const struct proof_set *set_of_boxes(struct proof_sets *sets, uint64_t boxes)
{
	struct proof_range ranges[64];
	size_t count = 0;

	for (unsigned box = 0; box < 64; box++)
		if (boxes >> box & 1)
			ranges[count++] = (struct proof_range){ number_of_box(box),
								number_of_box(box) };
	return proof_set_of(sets, ranges, count);
}

/* Few runs, so that ranges are long and meet often. */
static uint64_t random_boxes(void)
{
	uint64_t boxes = 0;

	for (int runs = rand() % 5; runs > 0; runs--) {
		unsigned first = (unsigned)rand() % 64, length = 1 + (unsigned)rand() % 20;

		for (unsigned box = first; box < 64 && box < first + length; box++)
			boxes |= UINT64_C(1) << box;
	}
	return boxes;
}

static void sets_are_what_boxes_are(void **data)
{
	struct proof_sets *sets = proof_sets_new();

	srand(4);
	for (int round = 0; round < 20000; round++) {
		uint64_t x = random_boxes(), y = random_boxes();
		const struct proof_set *a = set_of_boxes(sets, x), *b = set_of_boxes(sets, y);

		assert_ptr_equal(proof_set_and(sets, a, b), set_of_boxes(sets, x & y));
		assert_ptr_equal(proof_set_or(sets, a, b), set_of_boxes(sets, x | y));
		assert_ptr_equal(proof_set_without(sets, a, b), set_of_boxes(sets, x & ~y));
		assert_int_equal(proof_set_meet(a, b), (x & y) != 0);
		for (unsigned box = 0; box < 64; box++)
			assert_int_equal(proof_set_holds(a, number_of_box(box)), x >> box & 1);
	}
	proof_sets_free(sets);
}

static void a_prefix_is_the_range_of_its_addresses(void **data)
{
	static const char *const texts[][3] = {
		{ "192.0.2.0/24", "192.0.2.0", "192.0.2.255" },
		{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.3" },
		{ "2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "fe80::1/128", "fe80::1", "fe80::1" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct prefix prefix;
		struct proof_range range;
		struct address first, last;
		char buffer[ADDRESS_TEXT_SIZE];

		assert_int_equal(prefix_parse(texts[i][0], &prefix), 0);
		range = proof_range_of(&prefix);
		first = proof_address(prefix.family, range.first);
		last = proof_address(prefix.family, range.last);
		assert_string_equal(address_text(&first, buffer), texts[i][1]);
		assert_string_equal(address_text(&last, buffer), texts[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_what_boxes_are),
		cmocka_unit_test(a_prefix_is_the_range_of_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
