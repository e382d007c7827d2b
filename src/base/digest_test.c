/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

/* The first of the vectors that came with the paper: key 00 01 .. 0f, the text 00 01 .. */
static void it_gives_what_the_paper_gives(void **state)
{
	static const uint8_t empty[16] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					   0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 },
			     one[16] = { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
					 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 };
	uint8_t key[16], hash[16];

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	siphash_128(key, NULL, 0, hash);
	assert_memory_equal(hash, empty, sizeof(hash));
	siphash_128(key, "", 1, hash);
	assert_memory_equal(hash, one, sizeof(hash));
}

static void each_bit_and_each_length_counts(void **state)
{
	uint8_t text[64] = { 0 }, first[DIGEST_SIZE], other[DIGEST_SIZE];

	digest_of(text, sizeof(text), first);
	for (size_t bit = 0; bit < sizeof(text) * 8; bit++) {
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
		digest_of(text, sizeof(text), other);
		assert_memory_not_equal(first, other, DIGEST_SIZE);
		text[bit / 8] = 0;
	}
	for (size_t length = 0; length < sizeof(text); length++) {
		digest_of(text, length, other);
		assert_memory_not_equal(first, other, DIGEST_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_what_the_paper_gives),
		cmocka_unit_test(each_bit_and_each_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
