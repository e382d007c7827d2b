/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_stand_in_network_order(void **state)
{
	static const uint8_t expected[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
					    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };
	uint8_t bytes[15];
	struct wire_writer writer = wire_writer(bytes, sizeof(bytes));

	wire_put_u8(&writer, 0x01);
	wire_put_u16(&writer, 0x0203);
	wire_put_u32(&writer, 0x04050607);
	wire_put_u64(&writer, 0x08090a0b0c0d0e0f);
	assert_false(writer.broken);
	assert_int_equal(wire_written(&writer), 15);
	assert_memory_equal(bytes, expected, 15);
}

static void what_was_written_is_read_back(void **state)
{
	uint8_t bytes[64];
	char text[5];
	struct wire_writer writer = wire_writer(bytes, sizeof(bytes));
	struct wire_reader reader;

	wire_put_u16(&writer, 65535);
	wire_put_bytes(&writer, "asked", 5);
	wire_put_u64(&writer, UINT64_MAX - 1);
	wire_put_u32(&writer, 0);
	wire_put_u8(&writer, 255);
	reader = wire_reader(bytes, wire_written(&writer));
	assert_int_equal(wire_get_u16(&reader), 65535);
	wire_get_bytes(&reader, text, 5);
	assert_memory_equal(text, "asked", 5);
	assert_true(wire_get_u64(&reader) == UINT64_MAX - 1);
	assert_int_equal(wire_get_u32(&reader), 0);
	assert_false(wire_done(&reader));
	assert_int_equal(wire_left(&reader), 1);
	assert_int_equal(wire_get_u8(&reader), 255);
	assert_true(wire_done(&reader));
}

static void a_read_past_the_end_breaks_the_reader_for_good(void **state)
{
	struct wire_reader reader = wire_reader("\x01\x02\x03", 3);

	assert_int_equal(wire_get_u16(&reader), 0x0102);
	assert_int_equal(wire_get_u16(&reader), 0);
	assert_true(reader.broken);
	assert_int_equal(wire_get_u8(&reader), 0);
	assert_false(wire_done(&reader));
}

static void bytes_that_are_not_there_are_zeros(void **state)
{
	struct wire_reader reader = wire_reader("abc", 3);
	char bytes[4] = { 1, 1, 1, 1 };

	wire_get_bytes(&reader, bytes, 4);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
	assert_true(reader.broken);
	assert_null(wire_get_view(&reader, 0));
}

static void a_view_is_the_bytes_where_they_stand(void **state)
{
	static const char bytes[] = "peerasked";
	struct wire_reader reader = wire_reader(bytes, 9);

	assert_ptr_equal(wire_get_view(&reader, 4), bytes);
	assert_ptr_equal(wire_get_view(&reader, 5), bytes + 4);
	assert_true(wire_done(&reader));
	assert_null(wire_get_view(&reader, SIZE_MAX));
}

static void nothing_at_all_is_done_at_once(void **state)
{
	struct wire_reader reader = wire_reader(NULL, 0);

	assert_true(wire_done(&reader));
	assert_int_equal(wire_get_u8(&reader), 0);
	assert_false(wire_done(&reader));
}

static void too_much_is_not_written_at_all(void **state)
{
	uint8_t bytes[] = { 9, 9, 9, 9 };
	struct wire_writer writer = wire_writer(bytes, 3);

	wire_put_u16(&writer, 1);
	wire_put_u16(&writer, 2);
	assert_true(writer.broken);
	wire_put_u8(&writer, 3);
	assert_int_equal(wire_written(&writer), 2);
	assert_memory_equal(bytes, "\0\1\x9\x9", 4);
}

/* Random reads of random lengths: never a byte beyond the end, which the sanitizer would see. */
static void no_order_of_reads_leaves_the_buffer(void **state)
{
	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		size_t length = (size_t)rand() % 40, taken = 0;
		uint8_t *bytes = malloc(length ? length : 1);
		struct wire_reader reader = wire_reader(bytes, length);

		memset(bytes, 1, length);
		while (!reader.broken) {
			size_t want = (size_t)rand() % 12;
			const uint8_t *view = wire_get_view(&reader, want);

			taken += view ? want : 0;
			for (size_t i = 0; view && i < want; i++)
				assert_int_equal(view[i], 1);
		}
		assert_true(taken <= length);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_in_network_order),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(a_read_past_the_end_breaks_the_reader_for_good),
		cmocka_unit_test(bytes_that_are_not_there_are_zeros),
		cmocka_unit_test(a_view_is_the_bytes_where_they_stand),
		cmocka_unit_test(nothing_at_all_is_done_at_once),
		cmocka_unit_test(too_much_is_not_written_at_all),
		cmocka_unit_test(no_order_of_reads_leaves_the_buffer),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
