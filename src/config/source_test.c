/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/source.h"

#include "base/mem.h"
#include "config/folder_test.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Loading @path gives @r and says @expected. */
static struct source *load(const char *path, int r, const char *expected)
{
	AUTO_DIAGS diags = { 0 };
	AUTO_TEXT shown = { 0 };
	struct source *source;

	assert_int_equal(source_load(path, &source, &diags), r);
	diags_render(&diags, source, false, &shown);
	assert_string_equal(text_string(&shown), expected);
	return source;
}

static void one_file_alone_is_read(void **state)
{
	struct source *source;

	write_file("a.yaml", "a: 1\n");
	source = load("a.yaml", 0, "");
	assert_int_equal(source->count, 1);
	assert_string_equal(source->files[0].name, "a.yaml");
	assert_string_equal(source->files[0].text, "a: 1\n");
	assert_int_equal(source->files[0].length, 5);
	source_free(source);
}

static void snippets_beside_it_follow_in_the_order_of_their_names(void **state)
{
	AUTO_MEM char *path = mem_printf("%s/a.yaml", folder);
	AUTO_MEM char *second = mem_printf("%s/conf.d/20.yaml", folder);
	struct source *source;

	make_folder("conf.d");
	write_file("a.yaml", "a");
	write_file("conf.d/20.yaml", "c");
	write_file("conf.d/10.yaml", "b");
	write_file("conf.d/.hidden.yaml", "no");
	write_file("conf.d/README", "no");
	write_file("conf.d/.yaml", "no");
	write_file("conf.d/10.yaml~", "no");
	source = load("a.yaml", 0, "");
	assert_int_equal(source->count, 3);
	assert_string_equal(source->files[1].name, "conf.d/10.yaml");
	assert_string_equal(source->files[2].text, "c");
	source_free(source);
	source = load(path, 0, "");
	assert_int_equal(source->count, 3);
	assert_string_equal(source->files[2].name, second);
	source_free(source);
}

static void what_cannot_be_read_is_named(void **state)
{
	source_free(load("a.yaml", -ENOENT, "error: a.yaml: No such file or directory\n"));
	make_folder("b.yaml");
	source_free(load("b.yaml", -EISDIR, "error: b.yaml: Is a directory\n"));
}

static void all_unreadable_files_are_named_at_once(void **state)
{
	make_folder("conf.d");
	make_folder("conf.d/10.yaml");
	assert_int_equal(mkfifo("conf.d/20.yaml", 0644), 0);
	assert_int_equal(symlink("nowhere", "conf.d/30.yaml"), 0);
	source_free(
		load("a.yaml", -ENOENT,
		     "error: a.yaml: No such file or directory\n"
		     "error: conf.d/10.yaml: not a regular file; only such are read from conf.d\n"
		     "error: conf.d/20.yaml: not a regular file; only such are read from conf.d\n"
		     "error: conf.d/30.yaml: No such file or directory\n"));
}

static void too_much_is_refused(void **state)
{
	static char large[SOURCE_MAX_BYTES + 1];
	AUTO_TEXT expected = { 0 };

	memset(large, '#', sizeof(large) - 1);
	write_file("a.yaml", large);
	source_free(load("a.yaml", 0, ""));
	make_folder("conf.d");
	write_file("conf.d/a.yaml", "x");
	source_free(
		load("a.yaml", -EFBIG,
		     "error: conf.d/a.yaml: all files together may have 64 MiB, and are larger\n"));
}

static void too_many_files_are_refused(void **state)
{
	char name[32];

	write_file("a.yaml", "");
	make_folder("conf.d");
	for (unsigned i = 0; i < SOURCE_MAX_FILES; i++) {
		snprintf(name, sizeof(name), "conf.d/%03u.yaml", i);
		write_file(name, "");
	}
	source_free(load("a.yaml", -EFBIG,
			 "error: conf.d/255.yaml: more than 256 files; join some of them\n"));
}

static void standard_input_is_read_alone(void **state)
{
	int input = dup(STDIN_FILENO), pipes[2];
	struct source *source;

	make_folder("conf.d");
	write_file("conf.d/a.yaml", "no");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(write(pipes[1], "a: 1\n", 5), 5);
	close(pipes[1]);
	dup2(pipes[0], STDIN_FILENO);
	source = load("-", 0, "");
	dup2(input, STDIN_FILENO);
	close(input);
	close(pipes[0]);
	assert_int_equal(source->count, 1);
	assert_string_equal(source->files[0].name, "standard input");
	assert_string_equal(source->files[0].text, "a: 1\n");
	source_free(source);
}

static void a_packed_source_unpacks_to_the_same(void **state)
{
	struct source *source = source_of_text("a", "x\0y", 3), *again,
		      *other = source_of_text("a", "x\0z", 3);
	AUTO_TEXT packed = { 0 };

	source_pack(source, &packed);
	assert_int_equal(source_unpack(packed.data, packed.length, &again), 0);
	assert_true(source_equal(source, again));
	assert_false(source_equal(source, other));
	assert_string_equal(again->files[0].name, "a");
	assert_memory_equal(again->files[0].text, "x\0y", 4);
	source_free(source);
	source_free(again);
	source_free(other);
}

static void what_is_attached_travels_along(void **state)
{
	struct source *source = source_of_text("a.yaml", "x", 1), *again;
	AUTO_TEXT packed = { 0 };

	write_file("z", "zone");
	make_folder("b");
	write_file("b/c", "included");
	assert_int_equal(source_attach(source, "a.yaml", "z"), 1);
	assert_int_equal(source_attach(source, "a.yaml", "b/c"), 2);
	assert_int_equal(source_attach(source, "b/c", "d"), 3);
	assert_int_equal(source_attach(source, "a.yaml", "z"), 1);
	assert_int_equal(source->attached, 3);
	assert_string_equal(source->files[3].name, "b/d");
	source_pack(source, &packed);
	assert_int_equal(source_unpack(packed.data, packed.length, &again), 0);
	assert_true(source_equal(source, again));
	assert_int_equal(source_find(again, "a.yaml", "b/c"), 2);
	assert_int_equal(source_find(again, "b/c", "c"), 2);
	assert_int_equal(source_find(again, "a.yaml", "c"), -1);
	assert_int_equal(again->files[3].error, -ENOENT);
	assert_memory_equal(again->files[1].digest, source->files[1].digest, DIGEST_SIZE);
	for (size_t length = 0; length < packed.length; length++) {
		struct source *cut;

		assert_int_equal(source_unpack(packed.data, length, &cut), -EPROTO);
	}
	source_free(again);
	source_free(source);
}

static void only_regular_files_are_attached(void **state)
{
	struct source *source = source_of_text("a.yaml", "x", 1);

	assert_int_equal(mkfifo("fifo", 0644), 0);
	make_folder("folder");
	assert_int_equal(source->files[0].error, 0);
	source_attach(source, "a.yaml", "fifo");
	assert_int_equal(source->files[1].error, -ENOTSUP);
	source_attach(source, "a.yaml", "folder");
	assert_int_equal(source->files[2].error, -EISDIR);
	source_free(source);
}

static void a_path_is_relative_to_the_main_file(void **state)
{
	struct source *source = source_of_text("/etc/m/m.yaml", "x", 1);
	int number = source_attach(source, "/etc/m/conf.d/x.yaml", "zones/a");

	assert_string_equal(source->files[number].name, "/etc/m/zones/a");
	number = source_attach(source, "/etc/m/zones/a", "b");
	assert_string_equal(source->files[number].name, "/etc/m/zones/b");
	number = source_attach(source, "/etc/m/m.yaml", "/nowhere/at/all");
	assert_string_equal(source->files[number].name, "/nowhere/at/all");
	source_free(source);
}

static void every_cut_of_a_packed_source_is_malformed(void **state)
{
	struct source *source = source_of_text("name", "text", 4), *again;
	AUTO_TEXT packed = { 0 };

	source_pack(source, &packed);
	for (size_t length = 0; length < packed.length; length++)
		assert_int_equal(source_unpack(packed.data, length, &again), -EPROTO);
	text_append(&packed, "", 1);
	assert_int_equal(source_unpack(packed.data, packed.length, &again), -EPROTO);
	source_free(source);
}

#define ONE_FILE "\0\0\0\1\0\0\0\0"
#define ONE_MORE "\0\0\0\2\0\0\0\1\0\0\0\1c\0\0\0\0"
#define ATTACHED "\0\0\0\1a"

static void a_packed_source_beyond_the_bounds_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int r;
	} cases[] = {
		{ "\0\0\1\1\0\0\0\0", 8, -EFBIG },		 /* 257 files */
		{ "\0\1\0\0\0\0\xff\xff", 8, -EFBIG },		 /* 65535 attached ones */
		{ "\0\0\0\1\0\0\0\1", 8, -EPROTO },		 /* attached to nothing */
		{ ONE_FILE "\0\0\0\1a\4\0\0\1", 17, -EFBIG },	 /* a text of 64 MiB and a byte */
		{ ONE_FILE "\0\0\0\1a\4\0\0\0", 17, -EPROTO },	 /* 64 MiB that are not there */
		{ ONE_FILE "\0\0\0\0\0\0\0\0", 16, -EPROTO },	 /* no name */
		{ ONE_FILE "\0\0\0\2a\0\0\0\0\0", 18, -EPROTO }, /* a NUL in the name */
		{ ONE_FILE "\xff\xff\xff\xff"
			   "a\0\0\0\0",
		  17, -EPROTO },
		{ ONE_MORE ATTACHED "\x20\0\0\1", 26, -EFBIG },		/* 512 MiB and a byte */
		{ ONE_MORE ATTACHED "\0\0\0\1x\0\0\0\1", 31, -EPROTO }, /* a text and an error */
		{ ONE_MORE ATTACHED "\0\0\0\0\0\1\0\0", 30, -EPROTO },	/* no errno */
		{ "\0\0\0\3\0\0\0\2\0\0\0\1c\0\0\0\0" ATTACHED "\0\0\0\0\0\0\0\2" ATTACHED
		  "\0\0\0\0\0\0\0\2",
		  43, -EPROTO }, /* twice */
	};
	struct source *source;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(source_unpack(cases[i].bytes, cases[i].length, &source), cases[i].r);
}

#define TEST_IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_FOLDER(one_file_alone_is_read),
		TEST_IN_FOLDER(snippets_beside_it_follow_in_the_order_of_their_names),
		TEST_IN_FOLDER(what_cannot_be_read_is_named),
		TEST_IN_FOLDER(all_unreadable_files_are_named_at_once),
		TEST_IN_FOLDER(too_much_is_refused),
		TEST_IN_FOLDER(too_many_files_are_refused),
		TEST_IN_FOLDER(standard_input_is_read_alone),
		cmocka_unit_test(a_packed_source_unpacks_to_the_same),
		TEST_IN_FOLDER(what_is_attached_travels_along),
		TEST_IN_FOLDER(only_regular_files_are_attached),
		cmocka_unit_test(a_path_is_relative_to_the_main_file),
		cmocka_unit_test(every_cut_of_a_packed_source_is_malformed),
		cmocka_unit_test(a_packed_source_beyond_the_bounds_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
