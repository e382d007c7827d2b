/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that remembers what sysctls were, and what becomes of a broken one. */
#include "host/memory.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FORWARDING "net/ipv4/conf/eth0.5/forwarding"
#define RANGE "net/ipv4/ip_local_port_range"

static char folder[] = "/tmp/multihomed-memory-XXXXXX";
static char path[64];

static void file_holds(const char *wanted)
{
	struct text text = { 0 };

	assert_int_equal(text_read_file(path, 4096, &text), 0);
	assert_string_equal(text_string(&text), wanted);
	text_free(&text);
}

static void write_file(const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void what_is_remembered_outlives_the_process(void **data)
{
	struct memory memory;

	memory_open(&memory, path);
	assert_int_equal(memory_remember(&memory, FORWARDING, "0", "1"), 0);
	assert_int_equal(memory_remember(&memory, RANGE, "32768 60999", "1024 65535"), 0);
	file_holds(FORWARDING "\t0\t1\t\n" RANGE "\t32768 60999\t1024 65535\t\n");
	memory_close(&memory);
	memory_open(&memory, path);
	assert_string_equal(memory_find(&memory, RANGE)->former, "32768 60999");
	assert_string_equal(memory_find(&memory, FORWARDING)->written, "1");
	assert_null(memory_find(&memory, "net/ipv4/forwarding"));
	assert_int_equal(memory_forget(&memory, FORWARDING), 0);
	file_holds(RANGE "\t32768 60999\t1024 65535\t\n");
	assert_int_equal(memory_forget(&memory, RANGE), 0);
	assert_int_equal(access(path, F_OK), -1);
	memory_close(&memory);
}

static void the_first_value_stays_and_the_last_two_of_ours_are_known(void **data)
{
	struct memory memory;

	memory_open(&memory, path);
	memory_remember(&memory, FORWARDING, "0", "1");
	memory_remember(&memory, FORWARDING, "1", "2");
	file_holds(FORWARDING "\t0\t2\t1\n");
	memory_remember(&memory, FORWARDING, "2", "2");
	file_holds(FORWARDING "\t0\t2\t1\n");
	memory_forget(&memory, FORWARDING);
	memory_close(&memory);
}

static void broken_lines_are_passed_over(void **data)
{
	static const char text[] = "net/ipv4/good\t0\t1\t\n"
				   "net/../../etc/passwd\t0\t1\t\n"
				   "kernel/hostname\tme\tyou\t\n"
				   "net/ipv4/short\t0\n"
				   "net/ipv4/good\t5\t6\t\n"
				   "net/ipv4/more\t0\t1\t\tx\n"
				   "net/ipv4/long\t0123456789012345678901234567890123456789\t1\t\n"
				   "\x01\xff\n"
				   "net/ipv4/last\t0\t1\t";
	struct memory memory;

	write_file(text, sizeof(text) - 1);
	memory_open(&memory, path);
	assert_int_equal(memory.entries.count, 2);
	assert_string_equal(memory_find(&memory, "net/ipv4/good")->former, "0");
	assert_non_null(memory_find(&memory, "net/ipv4/last"));
	memory_close(&memory);
}

static void a_file_that_is_not_ours_is_no_memory(void **data)
{
	struct memory memory;

	write_file("net/ipv4/good\t0\t1\t\n\0binary", 27);
	memory_open(&memory, path);
	assert_int_equal(memory.entries.count, 0);
	memory_close(&memory);
	unlink(path);
}

static void what_cannot_be_kept_is_not_remembered(void **data)
{
	struct memory memory;

	memory_open(&memory, "/nonexistent/memory");
	assert_int_equal(memory_remember(&memory, FORWARDING, "0", "1"), -ENOENT);
	assert_null(memory_find(&memory, FORWARDING));
	memory_close(&memory);
}

static void without_a_file_it_lasts_as_long_as_the_process(void **data)
{
	struct memory memory;

	memory_open(&memory, NULL);
	assert_int_equal(memory_remember(&memory, FORWARDING, "0", "1"), 0);
	assert_non_null(memory_find(&memory, FORWARDING));
	assert_int_equal(memory_forget(&memory, FORWARDING), 0);
	memory_close(&memory);
}

static void only_names_of_the_network_are_valid(void **data)
{
	assert_true(sysctl_name_is_valid("net/ipv6/ip_nonlocal_bind"));
	assert_true(sysctl_name_is_valid(FORWARDING));
	assert_true(sysctl_name_is_valid("net/ipv4/conf/..eth/forwarding"));
	assert_false(sysctl_name_is_valid("net/../kernel/hostname"));
	assert_false(sysctl_name_is_valid("net/ipv4/./x"));
	assert_false(sysctl_name_is_valid("net//x"));
	assert_false(sysctl_name_is_valid("net/x/"));
	assert_false(sysctl_name_is_valid("net/"));
	assert_false(sysctl_name_is_valid("/net/x"));
	assert_false(sysctl_name_is_valid("kernel/hostname"));
	assert_false(sysctl_name_is_valid("net/x\n"));
	assert_false(sysctl_name_is_valid(
		"net/"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_remembered_outlives_the_process),
		cmocka_unit_test(the_first_value_stays_and_the_last_two_of_ours_are_known),
		cmocka_unit_test(broken_lines_are_passed_over),
		cmocka_unit_test(a_file_that_is_not_ours_is_no_memory),
		cmocka_unit_test(what_cannot_be_kept_is_not_remembered),
		cmocka_unit_test(without_a_file_it_lasts_as_long_as_the_process),
		cmocka_unit_test(only_names_of_the_network_are_valid),
	};
	int failed;

	log_open("test", LOG_ERROR);
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/sysctls", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
