/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Beside a few texts that a person can check, a property: whatever values the tables of fields
 * allow, printing and reading gives the same values. They are drawn at random, straight into
 * structs, so that the parser has no part in making what it is tried with.
 */
#include "config/read_test.h"

#include "base/mem.h"

#include <stdlib.h>

#define RANDOM_CONFIGS 2000

/* A table of values of one type; the same seed gives the same ones. */
struct dice {
	struct arena *arena;
	uint64_t seed;
	unsigned names; /* drawn so far, so that no key comes twice */
};

static uint32_t roll(struct dice *dice, uint64_t sides)
{
	dice->seed = dice->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((dice->seed >> 32) % sides);
}

/* Pieces that have tripped parsers of YAML. */
static const char *draw_string(struct dice *dice, const struct config_field *field)
{
	static const char *const pieces[] = { "a",
					      " ",
					      ": ",
					      "#",
					      " #",
					      "'",
					      "\"",
					      "\\",
					      "\n",
					      "\t",
					      "- ",
					      "~",
					      "null",
					      "yes",
					      "0x1f",
					      "1.5",
					      "{",
					      "]",
					      ",",
					      "&",
					      "*",
					      "!",
					      "%",
					      "@",
					      "\xc3\xa4",
					      "\xc2\x85",
					      "\xe2\x80\xa8",
					      "\x01",
					      "\x7f",
					      "\xef\xbb\xbf",
					      "\xf0\x9f\x90\xa7",
					      "\xef\xbf\xbf",
					      "---",
					      "..." };
	AUTO_TEXT text = { 0 };

	while (text.length < field->min || roll(dice, 3)) {
		const char *piece = pieces[roll(dice, ARRAY_SIZE(pieces))];

		if (field->max && text.length + strlen(piece) > field->max)
			break;
		text_puts(&text, piece);
	}
	while (text.length < field->min)
		text_puts(&text, "x");
	return arena_copy(dice->arena, text_string(&text), text.length);
}

static const char *draw_name(struct dice *dice)
{
	static const char *const words[] = { "eth", "on", "null", "-", ".", "1e", "y", "0x" };

	return arena_printf(dice->arena, "%s%u", words[roll(dice, ARRAY_SIZE(words))], dice->names++);
}

static struct prefix draw_prefix(struct dice *dice, bool whole)
{
	struct prefix prefix = { .family = roll(dice, 2) ? AF_INET : AF_INET6 };

	for (size_t i = 0; i < address_size(prefix.family); i++)
		prefix.bytes[i] = roll(dice, 2) ? 0 : (uint8_t)roll(dice, 256);
	prefix.length = whole ? address_bits(prefix.family) :
				(uint8_t)roll(dice, address_bits(prefix.family) + 1u);
	return prefix_clean(&prefix);
}

static uint32_t draw_number(struct dice *dice, const struct config_field *field)
{
	uint64_t max = field->max ? field->max : UINT32_MAX;

	if (field->type == CONFIG_DURATION && roll(dice, 2))
		return (uint32_t)(max / 1000 * 1000);
	return (uint32_t)(field->min + roll(dice, max - field->min + 1));
}

static void draw_scalar(struct dice *dice, const struct config_field *field, void *value)
{
	uint32_t words = 0;

	if (field->type == CONFIG_BOOL) {
		*(bool *)value = roll(dice, 2);
	} else if (field->type == CONFIG_U32 || field->type == CONFIG_DURATION) {
		*(uint32_t *)value = draw_number(dice, field);
	} else if (field->type == CONFIG_ENUM) {
		while (field->words[words])
			words++;
		*(uint32_t *)value = roll(dice, words);
	} else if (field->type == CONFIG_STRING) {
		*(const char **)value = draw_string(dice, field);
	} else if (field->type == CONFIG_NAME || field->type == CONFIG_IFNAME) {
		*(const char **)value = draw_name(dice);
	} else if (field->type == CONFIG_PLACED) {
		*(struct prefix *)value = draw_prefix(dice, true);
	} else if (field->type == CONFIG_MAC) {
		*(struct config_mac *)value =
			(struct config_mac){ true, { 2, 0, (uint8_t)roll(dice, 256) } };
	} else if (field->type == CONFIG_PREFIX || field->type == CONFIG_NET) {
		*(struct prefix *)value = draw_prefix(dice,
						      field->type == CONFIG_NET && roll(dice, 2));
	} else if (field->type == CONFIG_ADDRESS) {
		const struct prefix prefix = draw_prefix(dice, true);

		*(struct address *)value = prefix_address(&prefix);
	} else if (field->type == CONFIG_WORD) {
		*(char *)value = (char)('a' + roll(dice, 6));
	} else if (field->type == CONFIG_PORTS) {
		uint16_t first = (uint16_t)(1 + roll(dice, 65535));

		*(struct config_ports *)value =
			(struct config_ports){ first, roll(dice, 2) ? first : 65535 };
	}
}

/* What a field is when it is not given. */
static void draw_nothing(const struct config_field *field, void *value)
{
	if (field->type == CONFIG_BOOL)
		*(bool *)value = field->def;
	else if (field->type == CONFIG_U32 || field->type == CONFIG_DURATION ||
		 field->type == CONFIG_ENUM)
		*(uint32_t *)value = (uint32_t)field->def;
	for (const struct config_field *inner = field->fields; inner && inner->name; inner++)
		draw_nothing(inner, (char *)value + inner->offset);
}

static void draw(struct dice *dice, const struct config_field *field, void *value)
{
	struct config_list *list = value;
	struct config_record *record = value;

	if (field->type == CONFIG_LIST || field->type == CONFIG_MAP) {
		list->count = (unsigned)field->min +
			      roll(dice, field->max ? field->max - field->min + 1 : 4);
		list->items = arena_alloc(dice->arena, list->count * config_size(field->item));
		for (unsigned i = 0; i < list->count; i++)
			draw(dice, field->item, (char *)list->items + i * config_size(field->item));
		return;
	}
	if (field->type != CONFIG_RECORD) {
		draw_scalar(dice, field, value);
		return;
	}
	record->place = (struct place){ .line = 1, .column = 1 };
	for (const struct config_field *inner = field->fields; inner->name; inner++) {
		/* A map's key is never left out, and these tables put it first. */
		if (inner->required || inner == field->fields || roll(dice, 2))
			draw(dice, inner, (char *)value + inner->offset);
		else
			draw_nothing(inner, (char *)value + inner->offset);
	}
}

static void assert_same(const struct config_field *field, const void *a, const void *b)
{
	const struct config_list *left = a, *right = b;

	if (field->type == CONFIG_LIST || field->type == CONFIG_MAP) {
		assert_int_equal(left->count, right->count);
		for (unsigned i = 0; i < left->count; i++)
			assert_same(field->item,
				    (const char *)left->items + i * config_size(field->item),
				    (const char *)right->items + i * config_size(field->item));
	} else if (field->type == CONFIG_RECORD) {
		assert_int_equal(place_known(((const struct config_record *)a)->place),
				 place_known(((const struct config_record *)b)->place));
		for (const struct config_field *inner = field->fields; inner->name; inner++)
			assert_same(inner, (const char *)a + inner->offset,
				    (const char *)b + inner->offset);
	} else if (field->type == CONFIG_STRING || field->type == CONFIG_NAME ||
		   field->type == CONFIG_IFNAME) {
		const char *x = *(const char *const *)a, *y = *(const char *const *)b;

		assert_int_equal(!x, !y);
		assert_string_equal(x ? x : "", y ? y : "");
	} else {
		assert_memory_equal(a, b, config_size(field));
	}
}

static void random_configurations_read_back_as_they_were(void **state)
{
	for (unsigned i = 0; i < RANDOM_CONFIGS; i++) {
		AUTO_ARENA arena = arena_new();
		AUTO_TEXT printed = { 0 };
		AUTO_TEXT again = { 0 };
		struct dice dice = { .arena = arena, .seed = i };
		const void *values[SAMPLE_SECTIONS] = { NULL };
		const struct config drawn = { .values = values };
		struct config *config;

		for (size_t j = 0; j < SAMPLE_SECTIONS; j++) {
			void *value = arena_alloc(arena, config_size(sample_sections[j].root));

			draw(&dice, sample_sections[j].root, value);
			if (roll(&dice, 4))
				values[j] = value;
		}
		config_print(&drawn, sample_sections, SAMPLE_SECTIONS, &printed);
		config = read_good(text_string(&printed));
		for (size_t j = 0; j < SAMPLE_SECTIONS; j++) {
			assert_int_equal(!values[j], !config->values[j]);
			if (values[j])
				assert_same(sample_sections[j].root, values[j], config->values[j]);
		}
		config_print(config, sample_sections, SAMPLE_SECTIONS, &again);
		assert_string_equal(text_string(&again), text_string(&printed));
		config_free(config);
	}
}

static void assert_prints(const char *yaml, const char *expected)
{
	struct config *config = read_good(yaml);
	AUTO_TEXT printed = { 0 };

	config_print(config, sample_sections, SAMPLE_SECTIONS, &printed);
	assert_string_equal(text_string(&printed), expected);
	config_free(config);
}

static void the_print_is_block_style_without_defaults(void **state)
{
	assert_prints("routing: { symmetric: no, tables: { b: { id: 2 }, a: { id: 1 } } }\n"
		      "prefixes: [ { nonlocal-bind: off, except: [192.0.2.1/32, '192.0.2.8/29'],\n"
		      "              prefix: 192.0.2.0/24 },\n"
		      "            { prefix: \"::/0\", nonlocal-bind: yes, except: [] } ]\n",
		      "prefixes:\n"
		      "  - prefix: 192.0.2.0/24\n"
		      "    except:\n"
		      "      - 192.0.2.1\n"
		      "      - 192.0.2.8/29\n"
		      "    nonlocal-bind: false\n"
		      "  - prefix: \"::/0\"\n"
		      "routing:\n"
		      "  tables:\n"
		      "    b:\n"
		      "      id: 2\n"
		      "    a:\n"
		      "      id: 1\n");
}

static void what_is_empty_is_printed_as_such(void **state)
{
	assert_prints("", "");
	assert_prints("prefixes: []\nlinks: {}\nrouting: {}\n",
		      "prefixes: []\nlinks: {}\nrouting: {}\n");
	assert_prints("links: {eth0: {weights: [[], [1]], bond: {members: []}}}\n",
		      "links:\n"
		      "  eth0:\n"
		      "    bond:\n"
		      "      members: []\n"
		      "    weights:\n"
		      "      - []\n"
		      "      - - 1\n");
}

static void one_value_stands_for_the_record_that_says_no_more(void **state)
{
	assert_prints(
		"routing: { halls: { a: [ 5, [6, 7], { seats: 8 }, { name: b, seats: [9] } ],\n"
		"                    c: { guests: [ {} ] }, d: [], e: {} } }\n",
		"routing:\n"
		"  halls:\n"
		"    a:\n"
		"      - 5\n"
		"      - - 6\n"
		"        - 7\n"
		"      - 8\n"
		"      - name: b\n"
		"        seats: 9\n"
		"    c:\n"
		"      - {}\n"
		"    d: {}\n"
		"    e: {}\n");
}

static void durations_take_the_largest_whole_unit(void **state)
{
	static const struct {
		uint32_t milliseconds;
		const char *text;
	} cases[] = { { 0, "0s" },	 { 1, "1ms" },
		      { 1000, "1s" },	 { 1500, "1500ms" },
		      { 90000, "90s" },	 { 120000, "2m" },
		      { 7200000, "2h" }, { 4294967295, "4294967295ms" } };
	const struct config_field field = { .type = CONFIG_DURATION };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_TEXT text = { 0 };

		config_value_print(&field, &cases[i].milliseconds, &text);
		assert_string_equal(text_string(&text), cases[i].text);
	}
}

static void texts_are_quoted_where_any_yaml_would_guess(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "a/b.c-d_e@f", "a/b.c-d_e@f" },
		{ "/etc/x", "/etc/x" },
		{ "802.3ad", "802.3ad" },
		{ "", "\"\"" },
		{ "no", "\"no\"" },
		{ "Null", "\"Null\"" },
		{ "~", "\"~\"" },
		{ "12", "\"12\"" },
		{ "1e3", "\"1e3\"" },
		{ "0x1f", "\"0x1f\"" },
		{ "-x", "\"-x\"" },
		{ "a b", "\"a b\"" },
		{ "a: b", "\"a: b\"" },
		{ "a:", "\"a:\"" },
		{ "::1", "\"::1\"" },
		{ "a\"\\", "\"a\\\"\\\\\"" },
		{ "a\nb\tc", "\"a\\nb\\tc\"" },
		{ "\x01", "\"\\u0001\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
		{ "\xe2\x80\xae", "\"\\u202E\"" },
		{ "\xff", "\"\\uFFFD\"" },
	};
	const struct config_field field = { .type = CONFIG_STRING };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_TEXT text = { 0 };

		config_value_print(&field, &cases[i][0], &text);
		assert_string_equal(text_string(&text), cases[i][1]);
	}
}

static void a_single_value_is_printed_in_one_line(void **state)
{
	struct config *config = read_good(
		"links: {eth0: {mtu: 9000, weights: [[1, 2], []]}, \"on\": {}}\n"
		"services:\n"
		"- {name: a, kind: echo, listen: [\"2001:db8::\", 192.0.2.0/24], ports: [53, "
		"7-9]}\n");
	AUTO_TEXT links = { 0 };
	AUTO_TEXT services = { 0 };

	config_value_print(sample_sections[1].root, config->values[1], &services);
	assert_string_equal(services.data,
			    "[{name: a, kind: echo, listen: [\"2001:db8::\", 192.0.2.0/24], "
			    "ports: [53, 7-9]}]");
	config_value_print(sample_sections[2].root, config->values[2], &links);
	assert_string_equal(links.data, "{eth0: {weights: [[1, 2], []], mtu: 9000}, \"on\": {}}");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_print_is_block_style_without_defaults),
		cmocka_unit_test(what_is_empty_is_printed_as_such),
		cmocka_unit_test(one_value_stands_for_the_record_that_says_no_more),
		cmocka_unit_test(durations_take_the_largest_whole_unit),
		cmocka_unit_test(texts_are_quoted_where_any_yaml_would_guess),
		cmocka_unit_test(a_single_value_is_printed_in_one_line),
		cmocka_unit_test(random_configurations_read_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
