/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* With the address sanitizer, too, a request that is too large gives NULL instead of ending the test. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

struct pair {
	int number;
	char letter;
};

static void a_vector_keeps_what_was_pushed_in_order(void **state)
{
	VEC(struct pair) pairs = { 0 };

	for (int i = 0; i < 1000; i++) {
		struct pair *pair = VEC_PUSH(&pairs);

		assert_int_equal(pair->number, 0);
		assert_int_equal(pair->letter, 0);
		*pair = (struct pair){ .number = i, .letter = (char)('a' + i % 26) };
	}
	assert_int_equal(pairs.count, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pairs.items[i].number, i);
		assert_int_equal(pairs.items[i].letter, 'a' + i % 26);
	}
	VEC_FREE(&pairs);
	assert_null(pairs.items);
	assert_int_equal(pairs.count, 0);
}

static void a_vector_can_be_filled_again_after_it_was_freed(void **state)
{
	VEC(int) numbers = { 0 };

	*VEC_PUSH(&numbers) = 1;
	VEC_FREE(&numbers);
	*VEC_PUSH(&numbers) = 2;
	assert_int_equal(numbers.count, 1);
	assert_int_equal(numbers.items[0], 2);
	VEC_FREE(&numbers);
}

static void a_pushed_item_is_zero_even_where_another_one_stood(void **state)
{
	VEC(int) numbers = { 0 };

	*VEC_PUSH(&numbers) = 7;
	numbers.count = 0;
	assert_int_equal(*VEC_PUSH(&numbers), 0);
	VEC_FREE(&numbers);
}

static void printed_text_is_whole(void **state)
{
	char *text = mem_printf("%s:%u", "192.0.2.1", 53u);

	assert_string_equal(text, "192.0.2.1:53");
	mem_freep(&text);
	assert_null(text);
}

static void want_of_memory_is_told_in_one_line_and_ends_the_process(void **state)
{
	char said[8192] = "", *line;
	size_t length = 0;
	int out[2], status;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(out), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		size_t room = SIZE_MAX / 4;

		dup2(out[1], STDERR_FILENO);
		mem_grow(NULL, room, &room, sizeof(uint64_t));
		_exit(0);
	}
	close(out[1]);
	while ((got = read(out[0], said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)got;
	close(out[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	line = strstr(said, "multihomed: out of memory");
	assert_non_null(line);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_descriptor_closes_itself_unless_it_was_taken(void **state)
{
	int closed, taken;

	{
		AUTO_FD first = open("/dev/null", O_RDONLY | O_CLOEXEC);
		AUTO_FD second = open("/dev/null", O_RDONLY | O_CLOEXEC);

		closed = first;
		taken = fd_take(&second);
	}
	assert_int_equal(fcntl(closed, F_GETFD), -1);
	assert_true(fcntl(taken, F_GETFD) >= 0);
	close(taken);
}

static void closing_a_descriptor_keeps_errno(void **state)
{
	int none = -1, bad = 1 << 20;

	errno = EADDRINUSE;
	fd_closep(&none);
	fd_closep(&bad);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(bad, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_keeps_what_was_pushed_in_order),
		cmocka_unit_test(a_vector_can_be_filled_again_after_it_was_freed),
		cmocka_unit_test(a_pushed_item_is_zero_even_where_another_one_stood),
		cmocka_unit_test(printed_text_is_whole),
		cmocka_unit_test(want_of_memory_is_told_in_one_line_and_ends_the_process),
		cmocka_unit_test(a_descriptor_closes_itself_unless_it_was_taken),
		cmocka_unit_test(closing_a_descriptor_keeps_errno),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
