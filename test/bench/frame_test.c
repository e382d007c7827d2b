/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct frame question(const char *from, const char *to)
{
	struct frame frame = {
		.to_mac = { 2, 0, 0, 0, 0, 1 },
		.from_mac = { 2, 0, 0, 0, 0, 2 },
		.to_port = 7,
		.from_port = 20000,
		.run = 0x11223344,
		.slot = 5,
		.number = 77,
		.payload = 33,
	};

	assert_int_equal(address_parse(from, &frame.from), 0);
	assert_int_equal(address_parse(to, &frame.to), 0);
	return frame;
}

/* What a receiver does: the sum over pseudo header and datagram, checksum included, is all ones. */
static uint32_t udp_sum(const uint8_t *addresses, size_t size, const uint8_t *udp, size_t length)
{
	uint32_t sum = 17 + (uint32_t)length;

	for (size_t i = 0; i < size; i++)
		sum += (uint32_t)addresses[i] << (i % 2 ? 0 : 8);
	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)udp[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void a_question_reads_back_as_it_was_written(void **state)
{
	static const char *const pairs[][2] = { { "192.0.2.2", "198.51.100.255" },
						{ "2001:db8::2", "2001:db8:1:1::ffff" } };

	for (size_t i = 0; i < 2; i++) {
		struct frame written = question(pairs[i][0], pairs[i][1]), read;
		uint8_t bytes[FRAME_MAX_BYTES];
		size_t length = frame_put(&written, bytes, sizeof(bytes));

		assert_int_equal(length, 14 + (i ? 40 : 20) + 8 + 33);
		assert_int_equal(frame_get(bytes, length, &read), 0);
		assert_memory_equal(&read, &written, sizeof(read));
	}
}

static void checksums_are_those_that_a_receiver_wants(void **state)
{
	struct frame v4 = question("192.0.2.2", "198.51.100.255"),
		     v6 = question("2001:db8::2", "2001:db8:1:1::1");
	uint8_t bytes[FRAME_MAX_BYTES];
	uint32_t header = 0;

	for (v4.number = v6.number = 0; v4.number < 3000; v4.number++, v6.number++) {
		frame_put(&v4, bytes, sizeof(bytes));
		assert_int_equal(udp_sum(bytes + 26, 8, bytes + 34, 8 + 33), 0xffff);
		frame_put(&v6, bytes, sizeof(bytes));
		assert_int_equal(udp_sum(bytes + 22, 32, bytes + 54, 8 + 33), 0xffff);
	}
	frame_put(&v4, bytes, sizeof(bytes));
	for (size_t i = 14; i < 34; i += 2)
		header += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	assert_int_equal((header & 0xffff) + (header >> 16), 0xffff);
}

static void a_changed_or_cut_payload_is_told_from_foreign_traffic(void **state)
{
	struct frame written = question("2001:db8::2", "2001:db8:1:1::1"), read;
	uint8_t bytes[FRAME_MAX_BYTES];
	size_t length = frame_put(&written, bytes, sizeof(bytes));

	assert_int_equal(frame_get(bytes, length - 1, &read), -EBADMSG);
	bytes[length - 1] ^= 1;
	assert_int_equal(frame_get(bytes, length, &read), -EBADMSG);
	bytes[62] ^= 1; /* the first byte of the magic number */
	assert_int_equal(frame_get(bytes, length, &read), -ENOMSG);
	assert_int_equal(frame_get(bytes, 20, &read), -ENOMSG);
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct frame written = question("192.0.2.2", "192.0.2.1");
	uint8_t bytes[74];

	assert_int_equal(frame_put(&written, bytes, sizeof(bytes)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_reads_back_as_it_was_written),
		cmocka_unit_test(checksums_are_those_that_a_receiver_wants),
		cmocka_unit_test(a_changed_or_cut_payload_is_told_from_foreign_traffic),
		cmocka_unit_test(what_does_not_fit_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
