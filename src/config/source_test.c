/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/source.h"

#include "base/mem.h"

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

/* Every test has an empty folder to itself, and stands in it. */
static char folder[] = "/tmp/source_test.XXXXXX";

static int enter_folder(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	AUTO_MEM char *command = mem_printf("rm -rf %s", folder);

	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

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

static void a_packed_source_beyond_the_bounds_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int r;
	} cases[] = {
		{ "\0\0\1\1", 4, -EFBIG }, /* 257 files */
		{ "\0\0\0\1"
		  "\0\0\0\1"
		  "a"
		  "\4\0\0\1",
		  13, -EFBIG }, /* a text of 64 MiB and a byte */
		{ "\0\0\0\1"
		  "\0\0\0\1"
		  "a"
		  "\4\0\0\0",
		  13, -EPROTO }, /* 64 MiB that are not there */
		{ "\0\0\0\1"
		  "\0\0\0\0"
		  "\0\0\0\0",
		  12, -EPROTO }, /* no name */
		{ "\0\0\0\1"
		  "\0\0\0\2"
		  "a\0"
		  "\0\0\0\0",
		  14, -EPROTO }, /* a NUL in the name */
		{ "\0\0\0\1"
		  "\xff\xff\xff\xff"
		  "a"
		  "\0\0\0\0",
		  13, -EPROTO },
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
		cmocka_unit_test(every_cut_of_a_packed_source_is_malformed),
		cmocka_unit_test(a_packed_source_beyond_the_bounds_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
