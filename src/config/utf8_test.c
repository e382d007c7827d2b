/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/utf8.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void characters_are_decoded(void **state)
{
	static const struct {
		const char *text;
		unsigned bytes;
		uint32_t code;
	} cases[] = {
		{ "a", 1, 'a' },
		{ "\x7f", 1, 0x7f },
		{ "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 },
		{ "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	};
	uint32_t code;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(utf8_next(cases[i].text, strlen(cases[i].text), &code),
				 cases[i].bytes);
		assert_int_equal(code, cases[i].code);
		assert_int_equal(utf8_next(cases[i].text, strlen(cases[i].text) - 1, &code), 0);
	}
}

static void what_is_no_utf8_is_refused(void **state)
{
	/* A lone continuation, over-long, a surrogate, beyond Unicode, a broken continuation, 5 bytes. */
	static const char *const cases[] = { "\x80",
					     "\xc0\x80",
					     "\xc1\xbf",
					     "\xe0\x9f\xbf",
					     "\xf0\x8f\xbf\xbf",
					     "\xed\xa0\x80",
					     "\xf4\x90\x80\x80",
					     "\xe2\x28\xa1",
					     "\xf8\x88\x80\x80\x80" };
	uint32_t code;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_next(cases[i], strlen(cases[i]), &code), 0);
}

static void line_breaks_are_those_of_yaml(void **state)
{
	assert_int_equal(utf8_break("\n", 1), 1);
	assert_int_equal(utf8_break("\r\n", 2), 2);
	assert_int_equal(utf8_break("\rx", 2), 1);
	assert_int_equal(utf8_break("\xc2\x85", 2), 2);
	assert_int_equal(utf8_break("\xe2\x80\xa8", 3), 3);
	assert_int_equal(utf8_break("\xe2\x80\xa9", 3), 3);
	assert_int_equal(utf8_break("\xe2\x80\xa7", 3), 0);
	assert_int_equal(utf8_break("x", 1), 0);
	assert_int_equal(utf8_break("", 0), 0);
}

static void long_text_is_cut_between_characters(void **state)
{
	AUTO_TEXT text = { 0 };

	utf8_append_shown(&text, "\xc3\xa4\xc3\xb6\xc3\xbc", 6, 2);
	utf8_append_shown(&text, "|\x07\xff|", 4, 4);
	assert_string_equal(text.data, "\xc3\xa4\xc3\xb6...|??|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_decoded),
		cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(line_breaks_are_those_of_yaml),
		cmocka_unit_test(long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
