/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"
#include "dns/name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dns_name parsed(const char *text)
{
	struct dns_name name;

	assert_int_equal(name_parse(text, &name), 0);
	return name;
}

static void text_comes_back_as_it_went_in(void **state)
{
	static const char *const texts[] = {
		".",	    "example.com.",	"*.example.com.",
		"a\\.b.c.", "\\000\\255.test.", "_443._tcp.www.example.com.",
		"a\\@b.c.", "\\032.x.",		"x\\\\y.z."
	};
	char buffer[NAME_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_string_equal(name_text(parsed(texts[i]).wire, buffer), texts[i]);
	assert_string_equal(name_text(parsed("WWW.Example.COM").wire, buffer), "www.example.com.");
}

static void text_that_is_no_name_is_refused(void **state)
{
	static const char *const texts[] = { "",    "..",    ".a",	"a..b",
					     "a\\", "a\\25", "a\\256.", "\\0a1" };
	struct dns_name name;
	char label[80], whole[400];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(name_parse(texts[i], &name), -EINVAL);
	memset(label, 'x', sizeof(label));
	label[64] = '\0';
	assert_int_equal(name_parse(label, &name), -EINVAL);
	label[63] = '\0';
	assert_int_equal(name_parse(label, &name), 0);
	/* Three labels of 63 and one of 61 are 255 bytes on the wire; one more is too many. */
	snprintf(whole, sizeof(whole), "%s.%s.%s.%.61s", label, label, label, label);
	assert_int_equal(name_parse(whole, &name), 0);
	assert_int_equal(name.length, NAME_SIZE);
	snprintf(whole, sizeof(whole), "%s.%s.%s.%.62s", label, label, label, label);
	assert_int_equal(name_parse(whole, &name), -EINVAL);
}

static void each_byte_is_lowered_as_c_does_it(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t wire[] = { 3, (uint8_t)byte, (uint8_t)byte, 'q', 0 };
		uint8_t lower = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : (uint8_t)byte;
		struct dns_name name;

		assert_int_equal(name_read(&name, wire, sizeof(wire)), sizeof(wire));
		assert_int_equal(name.wire[1], lower);
		assert_int_equal(name.wire[2], lower);
		assert_int_equal(name.wire[0], 3);
	}
}

static void a_name_is_read_as_far_as_it_goes(void **state)
{
	static const uint8_t wire[] = "\3www\7Example\3com\0and more";
	struct dns_name name;

	assert_int_equal(name_read(&name, wire, sizeof(wire)), 17);
	assert_int_equal(name.labels, 3);
	assert_int_equal(name.starts[1], 4);
	assert_int_equal(name.starts[3], 16);
	for (size_t cut = 0; cut < 17; cut++)
		assert_int_equal(name_read(&name, wire, cut), 0);
	assert_int_equal(name_read(&name, "\300\014", 2), 0);
	assert_int_equal(name_read(&name, "\100a", 2), 0);
}

static void the_longest_names_are_read(void **state)
{
	uint8_t wire[300];
	struct dns_name name;

	for (unsigned i = 0; i < 300; i += 2)
		memcpy(wire + i, "\1x", 2);
	assert_int_equal(name_read(&name, wire, sizeof(wire)), 0);
	wire[254] = 0;
	assert_int_equal(name_read(&name, wire, sizeof(wire)), 255);
	assert_int_equal(name.labels, NAME_LABELS);
	memcpy(wire + 252, "\2xx", 4);
	assert_int_equal(name_read(&name, wire, sizeof(wire)), 0);
}

static void a_hash_is_that_of_the_name_above(void **state)
{
	struct dns_name deep = parsed("a-label-that-is-longer-than-eight.b.example.com.");
	struct dns_name above;

	for (unsigned i = 0; i <= deep.labels; i++) {
		assert_int_not_equal(
			name_read(&above, deep.wire + deep.starts[i], deep.length - deep.starts[i]),
			0);
		assert_true(above.hashes[0] == deep.hashes[i]);
	}
	assert_false(parsed("ab.c.").hashes[0] == parsed("a.bc.").hashes[0]);
	assert_true(parsed("AB.c.").hashes[0] == parsed("ab.C.").hashes[0]);
}

static void the_order_is_that_of_rfc_4034(void **state)
{
	/* Its own example, section 6.1. */
	static const char *const order[] = {
		"example.",	    "a.example.",      "yljkjljk.a.example.",
		"Z.a.example.",	    "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.",    "\\200.z.example."
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (size_t j = 0; j < ARRAY_SIZE(order); j++) {
			int compared = name_compare(parsed(order[i]).wire, parsed(order[j]).wire);

			assert_int_equal((compared > 0) - (compared < 0), (i > j) - (i < j));
		}
}

static void below_goes_by_labels_and_not_by_letters(void **state)
{
	struct dns_name zone = parsed("example.com.");

	assert_true(name_within(parsed("EXAMPLE.com.").wire, zone.wire));
	assert_true(name_within(parsed("a.b.example.com.").wire, zone.wire));
	assert_false(name_within(parsed("anexample.com.").wire, zone.wire));
	assert_false(name_within(parsed("com.").wire, zone.wire));
	assert_true(name_within(zone.wire, parsed(".").wire));
}

static void compressed_names_are_followed_backwards(void **state)
{
	/* "com" at 0, "example" + pointer at 5, "www" + pointer at 15. */
	static const uint8_t message[] = "\3Com\0\7example\300\0\3www\300\5!";
	uint8_t wire[NAME_SIZE];
	char buffer[NAME_TEXT_SIZE];
	size_t end;

	assert_int_equal(name_expand(message, sizeof(message) - 1, 15, wire, &end), 17);
	assert_int_equal(end, 21);
	assert_string_equal(name_text(wire, buffer), "www.example.Com.");
	assert_int_equal(name_expand(message, sizeof(message) - 1, 0, wire, &end), 5);
	assert_int_equal(end, 5);
}

static void pointers_that_go_round_are_refused(void **state)
{
	static const uint8_t to_itself[] = "\300\0", forward[] = "\300\3x\1a\0",
			     round[] = "\1a\300\0";
	uint8_t wire[NAME_SIZE];
	size_t end;

	assert_int_equal(name_expand(to_itself, 2, 0, wire, &end), 0);
	assert_int_equal(name_expand(forward, 6, 0, wire, &end), 0);
	assert_int_equal(name_expand(round, 4, 0, wire, &end), 0);
	assert_int_equal(name_expand(round, 4, 4, wire, &end), 0);
	assert_int_equal(name_expand(round, 3, 2, wire, &end), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_back_as_it_went_in),
		cmocka_unit_test(text_that_is_no_name_is_refused),
		cmocka_unit_test(each_byte_is_lowered_as_c_does_it),
		cmocka_unit_test(a_name_is_read_as_far_as_it_goes),
		cmocka_unit_test(the_longest_names_are_read),
		cmocka_unit_test(a_hash_is_that_of_the_name_above),
		cmocka_unit_test(the_order_is_that_of_rfc_4034),
		cmocka_unit_test(below_goes_by_labels_and_not_by_letters),
		cmocka_unit_test(compressed_names_are_followed_backwards),
		cmocka_unit_test(pointers_that_go_round_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
