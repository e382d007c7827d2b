/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/read_test.h"

#include "base/mem.h"
#include "config/tree.h"

static void what_yaml_can_and_a_configuration_should_not_is_refused(void **state)
{
	assert_mistake(
		"routing: ^&here {symmetric: yes}\n",
		"anchors are not taken; write the value out, or quote it if the '&' is its own");
	assert_mistake(
		"routing: ^*here\n",
		"aliases are not taken; write the value out, or quote it if the '*' is its own");
	assert_mistake("routing: {symmetric: ^!!bool yes}\n",
		       "tags are not taken; delete it, or quote the value if the '!' is its own");
	assert_mistake("routing: ^!mine {}\n",
		       "tags are not taken; delete it, or quote the value if the '!' is its own");
	assert_mistake("prefixes: ^!mine []\n",
		       "tags are not taken; delete it, or quote the value if the '!' is its own");
	assert_mistake("routing:\n  ^<<: {symmetric: yes}\n",
		       "merge keys are not taken; write the keys out here");
	assert_mistake("routing: {^[a, b]: c}\n", "a key must be a word, not a list");
	assert_mistake("routing: {^{a: b}: c}\n", "a key must be a word, not a mapping");
	assert_mistake(
		"routing: {}\n^---\nlinks: {}\n",
		"a second document begins here, and a file is one document; delete the '---', or "
		"move the rest into a file of conf.d");
}

static void one_refusal_hides_no_other(void **state)
{
	assert_shows("routing: {tables: {a: {id: &x 1}, b: {id: *x}, c: {id: 0}}}\n",
		     "a.yaml:1:28: error: anchors are not taken; write the value out, or quote it "
		     "if the '&' "
		     "is its own\n"
		     "    routing: {tables: {a: {id: &x 1}, b: {id: *x}, c: {id: 0}}}\n"
		     "                               ^\n"
		     "a.yaml:1:43: error: aliases are not taken; write the value out, or quote it "
		     "if the '*' "
		     "is its own\n"
		     "    routing: {tables: {a: {id: &x 1}, b: {id: *x}, c: {id: 0}}}\n"
		     "                                              ^\n"
		     "a.yaml:1:56: error: 0 is below 1\n"
		     "    routing: {tables: {a: {id: &x 1}, b: {id: *x}, c: {id: 0}}}\n"
		     "                                                           ^\n");
}

static void nesting_has_a_bound(void **state)
{
	assert_mistake("x: [[[[[[[[[[[[[[[^[]]]]]]]]]]]]]]]]\n",
		       "nested deeper than 16; no value here needs that, is a bracket left over?");
	assert_shows("x: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]\n",
		     "a.yaml:1:1: error: unknown key 'x'; the keys are prefixes, services, links, "
		     "routing\n"
		     "    x: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]\n"
		     "    ^\n");
}

static void the_number_of_values_has_a_bound(void **state)
{
	AUTO_TEXT yaml = { 0 };
	AUTO_TEXT shown = { 0 };
	struct config *config;

	text_puts(&yaml, "prefixes:\n");
	for (unsigned i = 0; i < TREE_MAX_NODES; i++)
		text_puts(&yaml, "-\n");
	config = read_sample(yaml.data, &shown);
	assert_string_equal(
		text_string(&shown),
		"a.yaml:4000000:2: error: more than 4000000 keys and values in one file\n"
		"    -\n"
		"     ^\n");
	config_free(config);
}

static void bytes_that_are_no_text_are_refused_where_they_stand(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *shown;
	} cases[] = {
		{ "routing: {}\n\0", 13,
		  "a.yaml:2:1: error: a NUL byte: this is no text file\n    ?\n    ^\n" },
		{ "# gr\xfc\xdf\n", 7,
		  "a.yaml:1:5: error: byte 0xfc is not UTF-8 here; save the file as UTF-8\n"
		  "    # gr??\n        ^\n" },
		{ "# \xc3\xa4\xc3", 5,
		  "a.yaml:1:4: error: byte 0xc3 is not UTF-8 here; save the file as UTF-8\n"
		  "    # \xc3\xa4?\n       ^\n" },
		{ "# \x1b[2J\n", 7,
		  "a.yaml:1:3: error: control character U+001B; delete it, or write it as "
		  "\"\\u001B\" in "
		  "double quotes\n    # ?[2J\n      ^\n" },
		{ "\xff\xfer\0",
		  4, "a.yaml:1:1: error: this file is in UTF-16; save it as UTF-8\n    ??r?\n    ^\n" },
		{ "a\r\nb\xe2\x80\xa8\x01", 8,
		  "a.yaml:3:1: error: control character U+0001; delete it, or write it as "
		  "\"\\u0001\" in "
		  "double quotes\n    ?\n    ^\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_DIAGS diags = { 0 };
		AUTO_TEXT shown = { 0 };
		struct config *config;

		assert_int_equal(config_read(source_of_text("a.yaml", cases[i].bytes, cases[i].length),
					     sample_sections, SAMPLE_SECTIONS, &diags, &config),
				 -22);
		diags_render(&diags, config->source, false, &shown);
		assert_string_equal(text_string(&shown), cases[i].shown);
		config_free(config);
	}
}

static void a_byte_order_mark_is_no_part_of_the_text(void **state)
{
	assert_shows("\xef\xbb\xbfrouting: {symmetric: 7}\n",
		     "a.yaml:1:22: error: expected true or false, found '7'\n"
		     "    routing: {symmetric: 7}\n"
		     "                         ^\n");
}

static void the_grammar_is_told_in_words(void **state)
{
	static const char *const cases[][2] = {
		{ "routing:\n  ^@x\n",
		  "a value cannot start with this character; put it in quotes" },
		{ "routing: ^%x\n", "a value cannot start with this character; put it in quotes" },
		{ "routing: ^* all\n",
		  "'*' starts an alias in YAML, which is not taken here; put the value in quotes" },
		{ "routing: ^& all\n", "'&' starts an anchor in YAML, which is not taken here; put "
				       "the value in quotes" },
		{ "routing: [a,^, b]\n", "a value is missing before the ','" },
		{ "^]\n",
		  "this cannot start a value; is a bracket left over, or are quotes missing?" },
		{ "routing: symmetric^: yes\n",
		  "a ':' cannot stand here; correct the indentation, or put the value in quotes" },
		{ "prefixes: ^- x\n",
		  "a list cannot begin on the line of its key; put the '-' on a line of its own" },
		{ "routing: {}\n^links\n", "this key has no ':' behind it; write 'key: value'" },
		{ "routing: {}\nlinks: {eth0: ^\"x}\n",
		  "the quote that opens here is never closed" },
		{ "routing: ^'x\n", "the quote that opens here is never closed" },
		{ "routing: \"a^\\q\"\n",
		  "no such escape; write '\\\\' for a backslash, or use single quotes" },
		{ "routing: \"a\\x^zz\"\n", "'\\x' wants two, '\\u' four and '\\U' eight "
					    "hexadecimal digits; write '\\\\' for a "
					    "backslash" },
		{ "routing: \"\\u^d800\"\n", "there is no such character in Unicode" },
		{ "prefixes: ^[a\n", "the '[' that opens here is never closed" },
		{ "routing: ^{a: b\n", "the '{' that opens here is never closed" },
		{ "routing: {}\n^- x\n", "a '-' cannot stand here: the keys before it make no "
					 "list; correct the indentation" },
		{ "routing: \"a\" ^b\n", "expected a key here; indent it as its neighbours, or put "
					 "the whole value in quotes" },
		{ "prefixes:\n  - prefix: 192.0.2.0/24\n ^x: y\n",
		  "expected a key here; indent it as its neighbours, or put the whole value in "
		  "quotes" },
		{ "prefixes:\n  - a\n  ^b: c\n",
		  "expected '- ' here, as the list above has it; correct the indentation" },
		{ "routing: >^x\n", "after '|' or '>' the text begins on the next line; put a "
				    "value that begins with them in "
				    "quotes" },
		{ "routing: {}\n...\n^links: {}\n", "a file is one document, and it ended above; "
						    "delete the '...' or the lines after it" },
		{ "^%YAML 3.0\n---\nrouting: {}\n",
		  "this version of YAML is not known; delete the line '%YAML'" },
		{ "^%mine\n---\nrouting: {}\n",
		  "a line that begins with '%' is a directive in YAML; delete it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_mistake(cases[i][0], cases[i][1]);
}

static void a_bracket_of_the_wrong_kind_shows_both_ends(void **state)
{
	assert_shows("prefixes:\n  [a,\n   b}\n",
		     "a.yaml:3:5: error: expected ',' or ']' in the list that opens with '['\n"
		     "       b}\n"
		     "        ^\n"
		     "a.yaml:2:3: note: the other place\n"
		     "      [a,\n"
		     "      ^\n");
	assert_shows("routing: {a: b]\n",
		     "a.yaml:1:15: error: expected ',' or '}' in the mapping that opens with '{'\n"
		     "    routing: {a: b]\n"
		     "                  ^\n"
		     "a.yaml:1:10: note: the other place\n"
		     "    routing: {a: b]\n"
		     "             ^\n");
}

static void a_tab_cannot_indent(void **state)
{
	assert_shows("prefixes:\n\t- prefix: 192.0.2.0/24\n",
		     "a.yaml:2:1: error: a tab cannot indent YAML; use spaces\n"
		     "            - prefix: 192.0.2.0/24\n"
		     "    ^\n");
	assert_shows("routing:\n  a: b\n\tc: d\n",
		     "a.yaml:3:1: error: a tab cannot indent YAML; use spaces\n"
		     "            c: d\n"
		     "    ^\n");
	assert_shows("routing: |\n\tx\n",
		     "a.yaml:2:1: error: a tab cannot indent YAML; use spaces\n"
		     "            x\n"
		     "    ^\n");
}

static void what_stood_complete_before_a_slip_is_read(void **state)
{
	assert_shows(
		"routing: {symmetric: 7}\nprefixes:\n  - prefix: 192.0.2.1/24\nlinks: [\n",
		"a.yaml:1:22: error: expected true or false, found '7'\n"
		"    routing: {symmetric: 7}\n"
		"                         ^\n"
		"a.yaml:3:13: error: 192.0.2.1/24 has bits beyond /24; did you mean 192.0.2.0/24?\n"
		"      - prefix: 192.0.2.1/24\n"
		"                ^\n"
		"a.yaml:4:8: error: the bracket that opens here is never closed\n"
		"    links: [\n"
		"           ^\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_yaml_can_and_a_configuration_should_not_is_refused),
		cmocka_unit_test(one_refusal_hides_no_other),
		cmocka_unit_test(nesting_has_a_bound),
		cmocka_unit_test(the_number_of_values_has_a_bound),
		cmocka_unit_test(bytes_that_are_no_text_are_refused_where_they_stand),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_text),
		cmocka_unit_test(the_grammar_is_told_in_words),
		cmocka_unit_test(a_bracket_of_the_wrong_kind_shows_both_ends),
		cmocka_unit_test(a_tab_cannot_indent),
		cmocka_unit_test(what_stood_complete_before_a_slip_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
