/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/read_test.h"

#include "base/mem.h"

static const struct config_list *claims_of(const struct config *config)
{
	return config->values[0];
}

/* Reads several files: .names end with a NULL. */
static struct config *read_files(const char *const files[][2], struct text *ret_shown)
{
	struct source *source = source_of_text(files[0][0], files[0][1], strlen(files[0][1]));
	AUTO_DIAGS diags = { 0 };
	struct config *config;

	for (size_t i = 1; files[i][0]; i++) {
		struct source *more = source_of_text(files[i][0], files[i][1], strlen(files[i][1]));

		source->files = mem_resize(source->files,
					   (source->count + 1) * sizeof(*source->files));
		source->files[source->count++] = more->files[0];
		mem_freep(&more->files);
		mem_freep(&more);
	}
	config_read(source, sample_sections, SAMPLE_SECTIONS, &diags, &config);
	diags_sort(&diags);
	diags_render(&diags, config->source, false, ret_shown);
	return config;
}

static void an_empty_file_is_an_empty_configuration(void **state)
{
	static const char *const texts[] = { "",	   "\n",  "# nothing\n", "---\n",
					     "---\n...\n", "~\n", "{}\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = read_good(texts[i]);

		for (size_t j = 0; j < SAMPLE_SECTIONS; j++)
			assert_null(config->values[j]);
		config_free(config);
	}
}

static void records_start_as_their_defaults(void **state)
{
	struct config *config = read_good("prefixes:\n- prefix: 192.0.2.0/24\n"
					  "links: {eth0: {}}\n");
	const struct sample_claim *claim = claims_of(config)->items;
	const struct config_list *links = config->values[2];
	const struct sample_link *link = links->items;

	assert_true(claim->nonlocal_bind);
	assert_int_equal(claim->except.count, 0);
	assert_int_equal(claim->prefix.length, 24);
	assert_int_equal(link->mtu, 1500);
	assert_int_equal(link->bond.miimon_ms, 100);
	assert_false(place_known(link->bond.record.place));
	assert_null(config->values[1]);
	config_free(config);
}

static void every_value_knows_its_place(void **state)
{
	struct config *config = read_good("prefixes:\n"
					  "  - prefix: 192.0.2.0/24\n"
					  "    except: [192.0.2.1, 192.0.2.2]\n"
					  "links:\n"
					  "  bond0: {mtu: 9000}\n");
	const struct sample_claim *claim = claims_of(config)->items;
	const struct config_list *links = config->values[2];
	const struct sample_link *link = links->items;
	struct place place;

	assert_int_equal(claims_of(config)->place.line, 2);
	assert_int_equal(claims_of(config)->places[0].column, 5);
	place = CONFIG_PLACE(claim, sample_claim_fields, struct sample_claim, prefix);
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 13);
	place = CONFIG_PLACE(claim, sample_claim_fields, struct sample_claim, nonlocal_bind);
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 5);
	assert_int_equal(claim->except.places[1].line, 3);
	assert_int_equal(claim->except.places[1].column, 25);
	assert_int_equal(link->record.place.line, 5);
	assert_int_equal(link->record.place.column, 3);
	assert_int_equal(link->record.places[0].column, 3);
	assert_int_equal(link->record.places[3].column, 16);
	place = CONFIG_PLACE(&link->bond, sample_bond_fields, struct sample_bond, mode);
	assert_false(place_known(place));
	config_free(config);
}

static void unknown_keys_are_suggested_or_listed(void **state)
{
	assert_mistake("prefixes:\n  - ^prefx: 192.0.2.0/24\n",
		       "unknown key 'prefx' in prefixes; did you mean 'prefix'?");
	assert_mistake("prefixes:\n  - prefix: 192.0.2.0/24\n    ^zzz: 1\n",
		       "unknown key 'zzz' in prefixes; the keys are prefix, except, neighbours, "
		       "nonlocal-bind");
	assert_mistake("^prefixs: []\n", "unknown key 'prefixs'; did you mean 'prefixes'?");
	assert_mistake("^zzz: []\n",
		       "unknown key 'zzz'; the keys are prefixes, services, links, routing");
	assert_mistake("links: {eth0: {^nmae: x}}\n",
		       "unknown key 'nmae' in eth0; the keys are bond, weights, mtu");
	assert_mistake("links: {b: {bond: {members: [], ^mod: off}}}\n",
		       "unknown key 'mod' in bond; did you mean 'mode'?");
}

static void a_key_without_a_space_behind_it_is_no_key(void **state)
{
	assert_mistake("prefixes:\n  - ^prefix:192.0.2.0/24\n",
		       "'prefix:' must be followed by a space to be a key; write 'prefix: ...'");
	assert_mistake("prefixes: [{^prefix:192.0.2.0/24}]\n",
		       "'prefix:' must be followed by a space to be a key; write 'prefix: ...'");
	assert_mistake(
		"^prefixes:[]\n",
		"'prefixes:' must be followed by a space to be a key; write 'prefixes: ...'");
}

static void required_keys_are_missed(void **state)
{
	assert_mistake("prefixes:\n  - ^nonlocal-bind: no\n",
		       "key 'prefix' is missing in prefixes; add 'prefix: 2001:db8:1:1::/64'");
	assert_mistake("routing: {tables: {^a: {}}}\n", "key 'id' is missing in a; add it");
	assert_shows("services:\n  - {}\n",
		     "a.yaml:2:5: error: key 'name' is missing in services; add 'name: who'\n"
		     "      - {}\n"
		     "        ^\n"
		     "a.yaml:2:5: error: key 'kind' is missing in services; add it\n"
		     "      - {}\n"
		     "        ^\n"
		     "a.yaml:2:5: error: key 'listen' is missing in services; add it\n"
		     "      - {}\n"
		     "        ^\n");
}

static void a_wrong_kind_of_value_is_told_how_to_become_right(void **state)
{
	static const char *const cases[][2] = {
		{ "prefixes:\n  ^prefix: 192.0.2.0/24\n",
		  "expected a list of mappings of prefix, except, neighbours, nonlocal-bind, found "
		  "a "
		  "mapping; put '- ' before its first key" },
		{ "prefixes:^\n", "expected a list of mappings of prefix, except, neighbours, "
				  "nonlocal-bind, found nothing; "
				  "write [] for none, or delete the key" },
		{ "prefixes: [{prefix: 192.0.2.0/24, neighbours: ^eth0}]\n",
		  "expected a list of names of links, found 'eth0'; write [eth0]" },
		{ "prefixes: [{prefix: 2001:db8::/32, except: ^2001:db8::/64}]\n",
		  "expected a list of addresses and prefixes, found '2001:db8::/64'; write "
		  "[2001:db8::/64]" },
		{ "prefixes:\n- prefix: ::/0\n  except: ^::1\n",
		  "expected a list of addresses and prefixes, found '::1'; write [\"::1\"]" },
		{ "links: {eth0: {weights: [^1]}}\n",
		  "expected a list of numbers, found '1'; write [1]" },
		{ "prefixes: ^none\n", "expected a list of mappings of prefix, except, neighbours, "
				       "nonlocal-bind, found 'none'" },
		{ "prefixes: [^192.0.2.0/24]\n",
		  "expected a mapping of prefix, except, neighbours, nonlocal-bind, found "
		  "'192.0.2.0/24'" },
		{ "prefixes:\n- ^- prefix: 192.0.2.0/24\n",
		  "expected a mapping of prefix, except, neighbours, nonlocal-bind, found a list; "
		  "leave the "
		  "'-' away" },
		{ "links: ^[eth0]\n", "expected a mapping of names of links to their keys, found a "
				      "list; write 'NAME:' in place "
				      "of each '-'" },
		{ "links: ^eth0\n",
		  "expected a mapping of names of links to their keys, found 'eth0'" },
		{ "links: {eth0: ^~}\n", "expected a mapping of name, bond, weights, mtu, found "
					 "nothing; write {} when all defaults "
					 "are right" },
		{ "routing: ^yes\n",
		  "expected a mapping of symmetric, tables, halls, found 'yes'" },
		{ "^- prefix: 192.0.2.0/24\n", "expected keys at the top of the file, such as "
					       "prefixes, services, links, routing; found a "
					       "list" },
		{ "^hello\n", "expected keys at the top of the file, such as prefixes, services, "
			      "links, routing; found "
			      "'hello'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_mistake(cases[i][0], cases[i][1]);
}

static void what_stands_for_a_record_is_blamed_as_itself(void **state)
{
	assert_mistake(
		"routing: {halls: {a: ^5}}\n",
		"expected a list of numbers or mappings of name, seats, found '5'; write [5]");
	assert_mistake("routing: {halls: {a: [^300]}}\n", "300 is above 255");
	assert_mistake("routing: {halls: {a: [^x]}}\n", "expected a number, found 'x'");
	assert_mistake("routing: {halls: {a: [^\"seats:5\"]}}\n",
		       "expected a number, found 'seats:5'");
	assert_mistake("routing: {halls: {a: [^seats:5]}}\n",
		       "'seats:' must be followed by a space to be a key; write 'seats: ...'");
	assert_mistake("routing: {halls: {a: ^~}}\n",
		       "expected a list of numbers or mappings of name, seats, or a mapping of "
		       "name, guests, found nothing; write {} when all defaults are right");
}

static void lists_have_their_length(void **state)
{
	assert_mistake("prefixes: [{prefix: 2001:db8::/32, neighbours: ^[a, b, c, d]}]\n",
		       "4 items; at most 3 are possible");
	assert_mistake("services: [{name: a, kind: echo, listen: ^[]}]\n",
		       "0 items; at least 1 is needed");
}

static void a_key_that_stands_twice_shows_both_places(void **state)
{
	assert_shows("prefixes:\n"
		     "  - prefix: 192.0.2.0/24\n"
		     "    prefix: 192.0.2.0/25\n",
		     "a.yaml:3:5: error: key 'prefix' stands twice in prefixes; keep one\n"
		     "        prefix: 192.0.2.0/25\n"
		     "        ^\n"
		     "a.yaml:2:5: note: the other place\n"
		     "      - prefix: 192.0.2.0/24\n"
		     "        ^\n");
	assert_shows("routing: {}\nrouting: {}\n",
		     "a.yaml:2:1: error: key 'routing' stands twice; keep one\n"
		     "    routing: {}\n"
		     "    ^\n"
		     "a.yaml:1:1: note: the other place\n"
		     "    routing: {}\n"
		     "    ^\n");
}

static void of_three_equal_keys_the_later_two_are_blamed(void **state)
{
	assert_shows("links:\n  b: {}\n  a: {}\n  b: {}\n  b: {}\n",
		     "a.yaml:4:3: error: key 'b' stands twice in links; keep one\n"
		     "      b: {}\n"
		     "      ^\n"
		     "a.yaml:2:3: note: the other place\n"
		     "      b: {}\n"
		     "      ^\n"
		     "a.yaml:5:3: error: key 'b' stands twice in links; keep one\n"
		     "      b: {}\n"
		     "      ^\n"
		     "a.yaml:2:3: note: the other place\n"
		     "      b: {}\n"
		     "      ^\n");
}

static void files_are_joined_in_order(void **state)
{
	static const char *const files[][2] = {
		{ "main", "prefixes: [{prefix: 192.0.2.0/24}]\nlinks: {a: {}}\n" },
		{ "10", "links: {b: {}}\nrouting: {symmetric: yes}\n" },
		{ "20", "prefixes: [{prefix: 2001:db8::/32}]\n" },
		{ NULL, NULL },
	};
	AUTO_TEXT shown = { 0 };
	AUTO_TEXT printed = { 0 };
	struct config *config = read_files(files, &shown);

	assert_string_equal(text_string(&shown), "");
	config_print(config, sample_sections, SAMPLE_SECTIONS, &printed);
	assert_string_equal(text_string(&printed), "prefixes:\n"
						   "  - prefix: 192.0.2.0/24\n"
						   "  - prefix: 2001:db8::/32\n"
						   "links:\n"
						   "  a: {}\n"
						   "  b: {}\n"
						   "routing:\n"
						   "  symmetric: true\n");
	assert_int_equal(claims_of(config)->places[1].file, 2);
	config_free(config);
}

static void what_files_give_twice_is_refused_with_both_places(void **state)
{
	static const char *const files[][2] = {
		{ "main", "links: {a: {}, b: {}}\nrouting: {}\n" },
		{ "10", "links: {c: {}, b: {}}\n" },
		{ "20", "routing: {}\n" },
		{ NULL, NULL },
	};
	AUTO_TEXT shown = { 0 };
	struct config *config = read_files(files, &shown);

	assert_string_equal(text_string(&shown),
			    "10:1:16: error: key 'b' stands twice in links; keep one\n"
			    "    links: {c: {}, b: {}}\n"
			    "                   ^\n"
			    "main:1:16: note: the other place\n"
			    "    links: {a: {}, b: {}}\n"
			    "                   ^\n"
			    "20:1:1: error: 'routing' may stand in one file only; join the two\n"
			    "    routing: {}\n"
			    "    ^\n"
			    "main:2:1: note: the other place\n"
			    "    routing: {}\n"
			    "    ^\n");
	config_free(config);
}

static void a_mistake_in_one_file_hides_none_in_another(void **state)
{
	static const char *const files[][2] = {
		{ "main", "prefixes: [\n" },
		{ "10", "links: {a: {mtu: 1}}\n" },
		{ "20", "\x01" },
		{ NULL, NULL },
	};
	AUTO_TEXT shown = { 0 };
	struct config *config = read_files(files, &shown);

	assert_string_equal(text_string(&shown),
			    "main:1:11: error: the bracket that opens here is never closed\n"
			    "    prefixes: [\n"
			    "              ^\n"
			    "10:1:18: error: 1 is below 68\n"
			    "    links: {a: {mtu: 1}}\n"
			    "                     ^\n"
			    "20:1:1: error: control character U+0001; delete it, or write it as "
			    "\"\\u0001\" in double quotes\n"
			    "    ?\n"
			    "    ^\n");
	config_free(config);
}

static void a_flood_in_one_section_hides_none_in_another(void **state)
{
	AUTO_TEXT yaml = { 0 };
	AUTO_TEXT shown = { 0 };
	struct config *config;

	text_puts(&yaml, "routing: {symmetric: maybe}\nprefixes:\n");
	for (unsigned i = 0; i < 300; i++)
		text_puts(&yaml, "- prefix: 192.0.2.1/24\n");
	config = read_sample(yaml.data, &shown);
	assert_ptr_equal(strstr(shown.data, "a.yaml:1:22: error: expected true or false"),
			 shown.data);
	assert_string_equal(strstr(shown.data, "... and"), "... and 225 more\n");
	config_free(config);
}

static void a_mistake_breaks_its_record_and_no_neighbour(void **state)
{
	AUTO_TEXT shown = { 0 };
	struct config *config = read_sample("prefixes:\n"
					    "  - prefix: 192.0.2.0/24\n"
					    "  - prefix: 192.0.2.1/24\n"
					    "  - {prefix: 198.51.100.0/24, except: [nowhere]}\n"
					    "  - prefix: 2001:db8::/32\n"
					    "routing: {symmetric: maybe}\n"
					    "links: {eth0: {mtu: 1}, eth1: {mtu: 1400}}\n",
					    &shown);
	const struct sample_claim *claim = claims_of(config)->items;
	const struct config_list *links = config->values[2];
	const struct sample_link *link = links->items;

	assert_int_equal(claims_of(config)->count, 2);
	assert_int_equal(claim[0].prefix.length, 24);
	assert_int_equal(claim[1].prefix.length, 32);
	assert_int_equal(claim[1].except.count, 0);
	assert_int_equal(claims_of(config)->places[1].line, 5);
	assert_int_equal(links->count, 1);
	assert_string_equal(link->name, "eth1");
	assert_null(config->values[3]);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_an_empty_configuration),
		cmocka_unit_test(records_start_as_their_defaults),
		cmocka_unit_test(every_value_knows_its_place),
		cmocka_unit_test(unknown_keys_are_suggested_or_listed),
		cmocka_unit_test(a_key_without_a_space_behind_it_is_no_key),
		cmocka_unit_test(required_keys_are_missed),
		cmocka_unit_test(a_wrong_kind_of_value_is_told_how_to_become_right),
		cmocka_unit_test(what_stands_for_a_record_is_blamed_as_itself),
		cmocka_unit_test(lists_have_their_length),
		cmocka_unit_test(a_key_that_stands_twice_shows_both_places),
		cmocka_unit_test(of_three_equal_keys_the_later_two_are_blamed),
		cmocka_unit_test(files_are_joined_in_order),
		cmocka_unit_test(what_files_give_twice_is_refused_with_both_places),
		cmocka_unit_test(a_mistake_in_one_file_hides_none_in_another),
		cmocka_unit_test(a_flood_in_one_section_hides_none_in_another),
		cmocka_unit_test(a_mistake_breaks_its_record_and_no_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
