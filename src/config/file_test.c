/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/config.h"

#include "base/mem.h"
#include "config/folder_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct zone {
	struct config_record record;
	const char *name;
	struct config_file file;
};

/* Every line "+NAME" includes a file. */
static void find_included(const char *text, size_t length,
			  void (*told)(void *data, const char *name), void *data)
{
	char name[64];

	for (const char *at = text; (at = memchr(at, '+', length - (size_t)(at - text))); at++)
		if (sscanf(at, "+%63[^\n]", name) == 1)
			told(data, name);
}

static const struct config_field zone_fields[] = {
	{ "name", CONFIG_NAME, offsetof(struct zone, name), .help = "its name" },
	{ "file", CONFIG_FILE, offsetof(struct zone, file), .max = 20, .includes = find_included,
	  .help = "its file" },
	{ 0 }
};
static const struct config_field zone = { .type = CONFIG_RECORD,
					  .fields = zone_fields,
					  .size = sizeof(struct zone) };
static const struct config_field zones = { .type = CONFIG_MAP, .item = &zone };
static const struct config_section sections[] = { { "zones", &zones } };

/* What is read of @yaml, after it was looked through for files. */
static struct config *read_config(const char *yaml, bool attach, const char *expected)
{
	struct source *source = source_of_text("a.yaml", yaml, strlen(yaml));
	AUTO_TEXT shown = { 0 };
	AUTO_DIAGS diags = { 0 };
	struct config *config;

	if (attach)
		config_attach(source, sections, 1);
	config_read(source, sections, 1, &diags, &config);
	diags_sort(&diags);
	diags_render(&diags, config->source, false, &shown);
	assert_string_equal(text_string(&shown), expected);
	return config;
}

static const struct zone *zone_at(const struct config *config, unsigned index)
{
	return (const struct zone *)((const struct config_list *)config->values[0])->items + index;
}

static void the_text_of_a_file_comes_with_its_name(void **state)
{
	AUTO_TEXT printed = { 0 };
	struct config *config;

	write_file("one", "first");
	config = read_config("zones: {a: {file: one}, b: {}}\n", true, "");
	assert_string_equal(zone_at(config, 0)->file.name, "one");
	assert_string_equal(zone_at(config, 0)->file.text, "first");
	assert_int_equal(zone_at(config, 0)->file.length, 5);
	assert_int_equal(zone_at(config, 0)->file.number, 1);
	assert_null(zone_at(config, 1)->file.name);
	config_print(config, sections, 1, &printed);
	assert_string_equal(text_string(&printed), "zones:\n  a:\n    file: one\n  b: {}\n");
	config_free(config);
}

static void what_a_file_includes_is_found_from_it(void **state)
{
	struct config_file included, again;
	struct config *config;

	write_file("one", "+two\n");
	write_file("two", "+one\n+three\n");
	config = read_config("zones: {a: {file: one}}\n", true, "");
	assert_int_equal(config->source->attached, 3);
	assert_int_equal(config_file_beside(&zone_at(config, 0)->file, "two", &included), 0);
	assert_string_equal(included.text, "+one\n+three\n");
	assert_int_equal(config_file_beside(&included, "one", &again), 0);
	assert_ptr_equal(again.text, zone_at(config, 0)->file.text);
	assert_int_equal(config_file_beside(&included, "three", &again), -ENOENT);
	assert_int_equal(config_file_beside(&included, "four", &again), -ENOENT);
	config_free(config);
}

static void what_is_included_from_elsewhere_is_not_shown(void **state)
{
	struct place place = { .line = 1, .column = 1 };
	AUTO_TEXT shown = { 0 }, packed = { 0 };
	AUTO_DIAGS diags = { 0 };
	struct config *config;
	struct source *again;

	write_file("one", "+/etc/issue\n+l\n+two");
	write_file("two", "beside");
	assert_int_equal(symlink("/etc/issue", "l"), 0);
	config = read_config("zones: {a: {file: one}}\n", true, "");
	assert_string_equal(config->source->files[2].name, "/etc/issue");
	assert_true(config->source->files[2].quiet);
	assert_true(config->source->files[3].quiet);
	assert_false(config->source->files[1].quiet || config->source->files[4].quiet);
	source_pack(config->source, &packed);
	assert_int_equal(source_unpack(packed.data, packed.length, &again), 0);
	assert_true(source_equal(config->source, again));
	for (place.file = 2; place.file < 5; place.file++)
		diag_at(&diags, place, -EINVAL, "wrong");
	diags_render(&diags, again, false, &shown);
	assert_string_equal(text_string(&shown), "/etc/issue:1:1: error: wrong\n"
						 "l:1:1: error: wrong\n"
						 "two:1:1: error: wrong\n"
						 "    beside\n"
						 "    ^\n");
	source_free(again);
	config_free(config);
}

static void what_cannot_be_read_is_told_where_it_is_named(void **state)
{
	write_file("large", "123456789012345678901");
	config_free(read_config("zones:\n  a: {file: missing}\n  b: {file: .}\n  c: {file: "
				"large}\n  d: {file: \"\"}\n",
				true,
				"a.yaml:2:13: error: missing: No such file or directory; it is "
				"looked for beside a.yaml\n"
				"      a: {file: missing}\n"
				"                ^\n"
				"a.yaml:3:13: error: .: Is a directory\n"
				"      b: {file: .}\n"
				"                ^\n"
				"a.yaml:4:13: error: large has 21 bytes; at most 20 are read\n"
				"      c: {file: large}\n"
				"                ^\n"
				"a.yaml:5:13: error: a path of 0 bytes; it may have 1 to 4096\n"
				"      d: {file: \"\"}\n"
				"                ^\n"));
}

static void who_only_reads_opens_nothing(void **state)
{
	write_file("one", "first");
	config_free(read_config("zones: {a: {file: one}}\n", false,
				"a.yaml:1:19: error: this file was not sent along; are mhctl and "
				"multihomed of one version?\n"
				"    zones: {a: {file: one}}\n"
				"                      ^\n"));
}

static void a_place_within_a_file_is_shown_there(void **state)
{
	struct config *config;
	AUTO_TEXT shown = { 0 };
	AUTO_DIAGS diags = { 0 };

	write_file("one", "a\r\nb\xe2\x80\xa8 c\nd\n");
	config = read_config("zones: {a: {file: one}}\n", true, "");
	diag_at(&diags, (struct place){ .file = 1, .line = 3, .column = 1 }, -EINVAL, "wrong");
	diags_render(&diags, config->source, false, &shown);
	assert_string_equal(text_string(&shown), "one:3:1: error: wrong\n    d\n    ^\n");
	config_free(config);
}

#define TEST_IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_FOLDER(the_text_of_a_file_comes_with_its_name),
		TEST_IN_FOLDER(what_a_file_includes_is_found_from_it),
		TEST_IN_FOLDER(what_is_included_from_elsewhere_is_not_shown),
		TEST_IN_FOLDER(what_cannot_be_read_is_told_where_it_is_named),
		TEST_IN_FOLDER(who_only_reads_opens_nothing),
		TEST_IN_FOLDER(a_place_within_a_file_is_shown_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
