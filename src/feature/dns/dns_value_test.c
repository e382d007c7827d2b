/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_value.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void base64_is_read(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *bytes;
	} cases[] = {
		{ "", 0, "" },
		{ "Zg==", 1, "f" },
		{ "Zm8=", 2, "fo" },
		{ "Zm9v", 3, "foo" },
		{ "Zm9vYmFy", 6, "foobar" },
		{ "Zg=", -EINVAL, "" },
		{ "Zg", -EINVAL, "" },
		{ "Z===", -EINVAL, "" },
		{ "Zm 9", -EINVAL, "" },
		{ "=Zm9", -EINVAL, "" },
		{ "Zm9vYmFyYmFy", -EINVAL, "" },
	};
	uint8_t bytes[8];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(dns_base64(cases[i].text, bytes, sizeof(bytes)), cases[i].r);
		if (cases[i].r > 0)
			assert_memory_equal(bytes, cases[i].bytes, (size_t)cases[i].r);
	}
}

static void a_secret_file_has_one_line_or_two(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "", -EINVAL },
		{ "\n", -EINVAL },
		{ "000102030405060708090a0b0c0d0e0F\n", 1 },
		{ "000102030405060708090a0b0c0d0e0f\n\nffffffffffffffffffffffffffffffff", 2 },
		{ "000102030405060708090a0b0c0d0e0\n", -EINVAL },
		{ "000102030405060708090a0b0c0d0e0g\n", -EINVAL },
		{ "00010203040506070809ffffffffffff\n00010203040506070809ffffffffffff\n"
		  "00010203040506070809ffffffffffff\n",
		  -EINVAL },
	};
	uint8_t secrets[2][16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config_file file = { .text = cases[i].text, .length = strlen(cases[i].text) };

		assert_int_equal(dns_cookie_secrets(&file, secrets, 2), cases[i].r);
		if (cases[i].r > 0)
			assert_memory_equal(secrets[0], "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17",
					    16);
	}
}

static void note(void *data, const char *name)
{
	text_printf(data, "%s|", name);
}

static void included_files_are_found(void **state)
{
	static const char zone[] =
		"$INCLUDE one\n$include\ttwo.inc sub ; a comment\n"
		" $INCLUDE no\n; $INCLUDE no\n$INCLUDE\n$INCLUDE \"three four\"\n"
		"$INCLUDEfive\n$INCLUDE six;seven\n$INCLUDE a\\ b\r\n$INCLUDE \"open\n"
		"$INCLUDE last";
	AUTO_TEXT found = { 0 };

	dns_zone_includes(zone, strlen(zone), note, &found);
	assert_string_equal(text_string(&found), "one|two.inc|three four|five|six|a b|last|");
}

static void a_name_is_relative_unless_it_ends_with_a_dot(void **state)
{
	const struct dns_zone zone = { .name = "example.com" }, root = { .name = "." };
	char text[NAME_TEXT_SIZE];
	struct dns_name name;

	assert_int_equal(dns_self_name_of(&zone, "www", &name), 0);
	assert_string_equal(name_text(name.wire, text), "www.example.com.");
	assert_int_equal(dns_self_name_of(&zone, "www.example.com.", &name), 0);
	assert_string_equal(name_text(name.wire, text), "www.example.com.");
	assert_int_equal(dns_self_name_of(&root, "www", &name), 0);
	assert_string_equal(name_text(name.wire, text), "www.");
	assert_int_equal(dns_self_name_of(&zone, "a..b", &name), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read),
		cmocka_unit_test(a_secret_file_has_one_line_or_two),
		cmocka_unit_test(included_files_are_found),
		cmocka_unit_test(a_name_is_relative_unless_it_ends_with_a_dot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
