/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/diag.h"

#include "config/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One error at @line and @column of the file @yaml, called "f", is shown as @expected. */
static void assert_shown(const char *yaml, struct place at, const char *expected)
{
	struct source *source = source_of_text("f", yaml, strlen(yaml));
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };

	assert_int_equal(diag_at(&diags, at, -ERANGE, "no"), -ERANGE);
	diags_render(&diags, source, false, &shown);
	assert_string_equal(text_string(&shown), expected);
	source_free(source);
}

static void the_line_and_a_caret_are_shown(void **state)
{
	assert_shown("a: 1\nb: 2\nc: 3\n", (struct place){ 2, 4, 0 },
		     "f:2:4: error: no\n    b: 2\n       ^\n");
	assert_shown("a: 1", (struct place){ 1, 5, 0 }, "f:1:5: error: no\n    a: 1\n        ^\n");
}

static void without_a_place_there_is_only_the_text(void **state)
{
	assert_shown("a: 1\n", (struct place){ 0 }, "error: no\n");
	assert_shown("a: 1\n", (struct place){ 1, 1, 7 }, "error: no\n");
}

static void a_line_that_shows_nothing_is_left_out(void **state)
{
	assert_shown("a: 1\n \t \n", (struct place){ 2, 1, 0 }, "f:2:1: error: no\n");
	assert_shown("a: 1\n", (struct place){ 2, 1, 0 }, "f:2:1: error: no\n");
	assert_shown("", (struct place){ 9, 1, 0 }, "f:9:1: error: no\n");
}

static void the_caret_stands_right_behind_tabs_and_wide_characters(void **state)
{
	assert_shown("\ta:\tb", (struct place){ 1, 5, 0 },
		     "f:1:5: error: no\n"
		     "            a:      b\n"
		     "                    ^\n");
	/* Two bytes, one column; three bytes, two columns; a combining mark without a column of its own. */
	assert_shown("\xc3\xa4: b", (struct place){ 1, 4, 0 },
		     "f:1:4: error: no\n    \xc3\xa4: b\n       ^\n");
	assert_shown("\xe6\xbc\xa2: b", (struct place){ 1, 4, 0 },
		     "f:1:4: error: no\n    \xe6\xbc\xa2: b\n        ^\n");
	assert_shown("a\xcc\x88: b", (struct place){ 1, 5, 0 },
		     "f:1:5: error: no\n    a\xcc\x88: b\n       ^\n");
}

static void lines_end_where_yaml_ends_them(void **state)
{
	assert_shown("a\r\nb\rc\xc2\x85"
		     "d\xe2\x80\xa9"
		     "e: 1\n",
		     (struct place){ 5, 1, 0 }, "f:5:1: error: no\n    e: 1\n    ^\n");
}

static void what_could_play_tricks_on_a_terminal_is_a_question_mark(void **state)
{
	assert_shown("a\x1b[1m\xc2\x9b\xff\xe2\x80\xae"
		     "b",
		     (struct place){ 1, 9, 0 }, "f:1:9: error: no\n    a?[1m???b\n            ^\n");
}

static void a_long_line_is_cut_around_the_caret(void **state)
{
	AUTO_TEXT line = { 0 };
	AUTO_TEXT expected = { 0 };

	for (unsigned i = 0; i < 50; i++)
		text_puts(&line, "0123456789");
	text_puts(&expected, "f:1:3: error: no\n    ");
	text_append(&expected, line.data, 100);
	text_puts(&expected, "...\n      ^\n");
	assert_shown(line.data, (struct place){ 1, 3, 0 }, expected.data);

	expected.length = 0;
	text_puts(&expected, "f:1:251: error: no\n    ...");
	text_append(&expected, line.data, 100);
	text_printf(&expected, "...\n    %*s^\n", 53, "");
	assert_shown(line.data, (struct place){ 1, 251, 0 }, expected.data);

	expected.length = 0;
	text_puts(&expected, "f:1:501: error: no\n    ...");
	text_append(&expected, line.data, 50);
	text_printf(&expected, "\n    %*s^\n", 53, "");
	assert_shown(line.data, (struct place){ 1, 501, 0 }, expected.data);
}

static void they_are_sorted_by_place_and_equals_keep_their_order(void **state)
{
	struct source *source = source_of_text("f", "ab\ncd\n", 6);
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };

	diag_at(&diags, (struct place){ 2, 2, 0 }, -EINVAL, "fourth");
	diag_at(&diags, (struct place){ 2, 1, 0 }, -EINVAL, "second");
	diag_warn(&diags, (struct place){ 2, 1, 0 }, "third");
	diag_at(&diags, (struct place){ 1, 2, 0 }, -EINVAL, "first");
	diag_warn(&diags, (struct place){ 0 }, "of no %s", "place");
	diags_sort(&diags);
	diags_render(&diags, source, false, &shown);
	assert_string_equal(text_string(&shown), "warning: of no place\n"
						 "f:1:2: error: first\n    ab\n     ^\n"
						 "f:2:1: error: second\n    cd\n    ^\n"
						 "f:2:1: warning: third\n    cd\n    ^\n"
						 "f:2:2: error: fourth\n    cd\n     ^\n");
	assert_int_equal(diags.errors, 3);
	source_free(source);
}

static void the_other_place_is_a_note_below(void **state)
{
	struct source *source = source_of_text("f", "ab\ncd\n", 6);
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };

	diag_between(&diags, (struct place){ 2, 1, 0 }, (struct place){ 1, 2, 0 }, -EEXIST, "%s",
		     "again");
	diags_render(&diags, source, false, &shown);
	assert_string_equal(text_string(&shown), "f:2:1: error: again\n    cd\n    ^\n"
						 "f:1:2: note: the other place\n    ab\n     ^\n");
	source_free(source);
}

static void a_flood_is_bounded_and_counted(void **state)
{
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };

	for (unsigned i = 0; i < 250; i++)
		diag_warn(&diags, (struct place){ 0 }, "w");
	for (unsigned i = 0; i < 120; i++)
		diag_at(&diags, (struct place){ 0 }, -EINVAL, "e");
	assert_int_equal(diags.count, 2 * DIAGS_MAX);
	assert_int_equal(diags.errors, 120);
	diags_render(&diags, NULL, false, &shown);
	assert_string_equal(strstr(shown.data, "error: e\n... "), "error: e\n... and 170 more\n");
}

static void colours_are_only_for_those_who_ask(void **state)
{
	struct source *source = source_of_text("f", "ab\n", 3);
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };

	diag_at(&diags, (struct place){ 1, 1, 0 }, -EINVAL, "no");
	diag_render(&diags.items[0], source, true, &shown);
	assert_string_equal(text_string(&shown), "\033[1mf:1:1:\033[0m \033[1;31merror:\033[0m no\n"
						 "    ab\n"
						 "    \033[1;32m^\033[0m\n");
	source_free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_and_a_caret_are_shown),
		cmocka_unit_test(without_a_place_there_is_only_the_text),
		cmocka_unit_test(a_line_that_shows_nothing_is_left_out),
		cmocka_unit_test(the_caret_stands_right_behind_tabs_and_wide_characters),
		cmocka_unit_test(lines_end_where_yaml_ends_them),
		cmocka_unit_test(what_could_play_tricks_on_a_terminal_is_a_question_mark),
		cmocka_unit_test(a_long_line_is_cut_around_the_caret),
		cmocka_unit_test(they_are_sorted_by_place_and_equals_keep_their_order),
		cmocka_unit_test(the_other_place_is_a_note_below),
		cmocka_unit_test(a_flood_is_bounded_and_counted),
		cmocka_unit_test(colours_are_only_for_those_who_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
