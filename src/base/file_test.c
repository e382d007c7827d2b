/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/file-test-XXXXXX";
static char path[64], fresh[64], other[64];

static int set_up(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/kept", folder);
	snprintf(fresh, sizeof(fresh), "%s/kept.new", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	unlink(fresh);
	unlink(other);
	return rmdir(folder);
}

static void put(const char *where, const char *what)
{
	FILE *file = fopen(where, "w");

	assert_non_null(file);
	fputs(what, file);
	fclose(file);
}

static void what_is_replaced_is_read_back(void **state)
{
	AUTO_TEXT text = { 0 }, back = { 0 };
	struct stat status;

	text_puts(&text, "first");
	assert_int_equal(file_replace(path, &text), 0);
	text_puts(&text, " and second");
	assert_int_equal(file_replace(path, &text), 0);
	assert_int_equal(file_read_private(path, 100, &back), 0);
	assert_string_equal(text_string(&back), "first and second");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(access(fresh, F_OK), -1);
}

static void what_others_may_write_is_not_believed(void **state)
{
	AUTO_TEXT back = { 0 };

	put(path, "x");
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(file_read_private(path, 100, &back), -EPERM);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(file_read_private(path, 100, &back), 0);
}

static void a_link_is_not_followed(void **state)
{
	AUTO_TEXT text = { 0 }, back = { 0 };

	put(other, "precious");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(file_read_private(path, 100, &back), -EPERM);
	assert_int_equal(symlink(other, fresh), 0);
	text_puts(&text, "mine");
	assert_int_equal(file_replace(path, &text), 0);
	assert_int_equal(text_read_file(other, 100, &back), 0);
	assert_string_equal(text_string(&back), "precious");
}

static void what_is_too_long_or_absent_is_told_apart(void **state)
{
	AUTO_TEXT back = { 0 };

	assert_int_equal(file_read_private(path, 100, &back), -ENOENT);
	put(path, "12345678");
	assert_int_equal(file_read_private(path, 7, &back), -EFBIG);
	assert_int_equal(file_read_private(folder, 100, &back), -EPERM);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_replaced_is_read_back),
		test(what_others_may_write_is_not_believed),
		test(a_link_is_not_followed),
		test(what_is_too_long_or_absent_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
