/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include "base/fd.h"

#include <errno.h>
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

static void an_empty_text_is_an_empty_string(void **state)
{
	struct text text = { 0 };

	assert_string_equal(text_string(&text), "");
	text_free(&text);
	assert_string_equal(text_string(&text), "");
}

static void a_text_grows_by_what_is_added(void **state)
{
	AUTO_TEXT text = { 0 };

	text_puts(&text, "route ");
	text_printf(&text, "%s %s/%d", "local", "198.51.100.0", 24);
	text_append(&text, " table local", 6);
	assert_string_equal(text_string(&text), "route local 198.51.100.0/24 table");
	assert_int_equal(text.length, strlen(text.data));
}

static void a_text_of_many_pieces_loses_none(void **state)
{
	AUTO_TEXT text = { 0 };
	char *at;

	for (unsigned i = 0; i < 20000; i++)
		text_printf(&text, "%u,", i);
	at = text.data;
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(strtoul(at, &at, 10), i);
		assert_int_equal(*at++, ',');
	}
	assert_int_equal(*at, '\0');
}

static void bytes_with_nuls_are_kept(void **state)
{
	AUTO_TEXT text = { 0 };

	text_append(&text, "a\0b", 3);
	text_append(&text, NULL, 0);
	assert_int_equal(text.length, 3);
	assert_memory_equal(text.data, "a\0b", 4);
}

/* A temporary file of @length bytes 'x'; the caller unlinks @path. */
static void file_of(size_t length, char path[32])
{
	AUTO_FD fd = mkstemp(strcpy(path, "/tmp/mh-text-XXXXXX"));
	AUTO_TEXT text = { 0 };

	assert_true(fd >= 0);
	for (size_t i = 0; i < length; i++)
		text_append(&text, "x", 1);
	if (length)
		assert_int_equal(write(fd, text.data, length), length);
}

static void a_file_is_read_whole_up_to_the_limit(void **state)
{
	static const size_t lengths[] = { 0, 1, 65535, 65536, 65537, 200000 };
	char path[32];

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		AUTO_TEXT text = { 0 };

		file_of(lengths[i], path);
		assert_int_equal(text_read_file(path, lengths[i], &text), 0);
		assert_int_equal(text.length, lengths[i]);
		assert_int_equal(strlen(text_string(&text)), lengths[i]);
		unlink(path);
	}
}

static void a_file_beyond_the_limit_is_refused_and_nothing_written(void **state)
{
	AUTO_TEXT text = { 0 };
	char path[32];

	file_of(1001, path);
	assert_int_equal(text_read_file(path, 1000, &text), -EFBIG);
	assert_null(text.data);
	unlink(path);
}

static void only_a_regular_file_is_read_and_nobody_is_waited_for(void **state)
{
	AUTO_TEXT text = { 0 };
	char path[32];

	file_of(1001, path);
	assert_int_equal(text_read_regular(path, 1000, &text), -EFBIG);
	assert_int_equal(text_read_regular(path, 1001, &text), 0);
	assert_int_equal(text.length, 1001);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(text_read_regular(path, 1000, &text), -ENOTSUP);
	unlink(path);
	assert_int_equal(text_read_regular(path, 1000, &text), -ENOENT);
	assert_int_equal(text_read_regular("/", 1000, &text), -EISDIR);
	assert_int_equal(text_read_regular("/dev/zero", 1000, &text), -ENOTSUP);
	/* Of a length that is not known before. */
	text_free(&text);
	assert_int_equal(text_read_regular("/proc/self/stat", 4096, &text), 0);
	assert_true(text.length > 0);
}

static void what_cannot_be_read_says_why(void **state)
{
	AUTO_TEXT text = { 0 };

	assert_int_equal(text_read_file("/nonexistent/multihomed.yaml", 1000, &text), -ENOENT);
	assert_int_equal(text_read_file("/", 1000, &text), -EISDIR);
	assert_null(text.data);
}

static const char *const keys[] = { "prefix", "neighbours", "except", "nonlocal-bind", "via", NULL };

static void a_mistyped_key_finds_the_one_that_was_meant(void **state)
{
	assert_string_equal(text_nearest("prefx", keys), "prefix");
	assert_string_equal(text_nearest("perfix", keys), "prefix");
	assert_string_equal(text_nearest("neighbors", keys), "neighbours");
	assert_string_equal(text_nearest("nonlocalbind", keys), "nonlocal-bind");
	assert_string_equal(text_nearest("via", keys), "via");
	assert_string_equal(text_nearest("vai", keys), "via");
}

static void a_word_unlike_every_key_finds_none(void **state)
{
	assert_null(text_nearest("services", keys));
	assert_null(text_nearest("xyz", keys));
	assert_null(text_nearest("a-word-that-is-much-longer-than-any-typing-mistake", keys));
	assert_null(text_nearest("prefix", (const char *const[]){ NULL }));
}

static void of_two_near_words_the_nearer_is_meant(void **state)
{
	static const char *const words[] = { "listen-on", "listen", NULL };

	assert_string_equal(text_nearest("lisen", words), "listen");
	assert_string_equal(text_nearest("listen-no", words), "listen-on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_an_empty_string),
		cmocka_unit_test(a_text_grows_by_what_is_added),
		cmocka_unit_test(a_text_of_many_pieces_loses_none),
		cmocka_unit_test(bytes_with_nuls_are_kept),
		cmocka_unit_test(a_file_is_read_whole_up_to_the_limit),
		cmocka_unit_test(a_file_beyond_the_limit_is_refused_and_nothing_written),
		cmocka_unit_test(only_a_regular_file_is_read_and_nobody_is_waited_for),
		cmocka_unit_test(what_cannot_be_read_says_why),
		cmocka_unit_test(a_mistyped_key_finds_the_one_that_was_meant),
		cmocka_unit_test(a_word_unlike_every_key_finds_none),
		cmocka_unit_test(of_two_near_words_the_nearer_is_meant),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
