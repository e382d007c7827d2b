/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	AUTO_ARENA arena = arena_new();
	static const unsigned char zeros[4096];

	for (size_t size = 1; size <= sizeof(zeros); size = size * 2 + 1) {
		void *memory = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)memory % 16, 0);
		assert_memory_equal(memory, zeros, size);
		memset(memory, 0xff, size);
	}
}

static void pieces_never_overlap(void **state)
{
	enum { PIECES = 500 };
	AUTO_ARENA arena = arena_new();
	unsigned char *pieces[PIECES];

	for (unsigned i = 0; i < PIECES; i++) {
		pieces[i] = arena_alloc(arena, i + 1);
		memset(pieces[i], (int)(i % 251), i + 1);
	}
	for (unsigned i = 0; i < PIECES; i++)
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(pieces[i][j], i % 251);
}

static void a_piece_larger_than_every_block_is_given_too(void **state)
{
	AUTO_ARENA arena = arena_new();
	size_t size = 3u << 20;
	char *before = arena_copy(arena, "before", 6);
	char *large = arena_alloc(arena, size);
	char *after = arena_copy(arena, "after", 5);

	memset(large, 'x', size);
	assert_string_equal(before, "before");
	assert_string_equal(after, "after");
}

static void a_copy_ends_with_nul_and_keeps_nuls_inside(void **state)
{
	AUTO_ARENA arena = arena_new();

	assert_string_equal(arena_copy(arena, "prefixes: []", 8), "prefixes");
	assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_copy(arena, NULL, 0), "");
}

static void printed_text_of_any_length_is_whole(void **state)
{
	AUTO_ARENA arena = arena_new();
	char *text = arena_printf(arena, "%s/%d", "2001:db8::", 64);
	char *wide = arena_printf(arena, "%5000d", 7);

	assert_string_equal(text, "2001:db8::/64");
	assert_int_equal(strlen(wide), 5000);
	assert_int_equal(wide[4999], '7');
}

static void freeing_no_arena_does_nothing(void **state)
{
	struct arena *arena = arena_new();

	arena_free(NULL);
	arena_freep(&arena);
	assert_null(arena);
	arena_freep(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(pieces_never_overlap),
		cmocka_unit_test(a_piece_larger_than_every_block_is_given_too),
		cmocka_unit_test(a_copy_ends_with_nul_and_keeps_nuls_inside),
		cmocka_unit_test(printed_text_of_any_length_is_whole),
		cmocka_unit_test(freeing_no_arena_does_nothing),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
