/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl/run_program.h"

#include "base/mem.h"

#include <elf.h>
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

#define FILE_MOST (16u << 20)

static char folder[] = "/tmp/mhctl-run-XXXXXX";
static char *path;

/* Puts an executable file at @path. */
static void put(const void *bytes, size_t length, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void put_script(const char *text)
{
	put(text, strlen(text), 0755);
}

static void assert_obstacle(const char *name, const char *part)
{
	struct run_program program;
	AUTO_TEXT error = { 0 };

	assert_int_equal(run_program_find(name, &program, &error), 0);
	if (*part)
		assert_non_null(strstr(text_string(&program.obstacle), part));
	else
		assert_string_equal(text_string(&program.obstacle), "");
	run_program_free(&program);
}

static void assert_missing(const char *name, int status, const char *line)
{
	struct run_program program;
	AUTO_TEXT error = { 0 };

	assert_int_equal(run_program_find(name, &program, &error), status);
	assert_string_equal(text_string(&error), line);
}

static void a_program_of_the_loader_can_be_helped(void **state)
{
	assert_obstacle("sh", "");
	assert_obstacle("/bin/sh", "");
}

static void a_script_is_as_its_interpreter(void **state)
{
	put_script("#! /bin/sh -e\ntrue\n");
	assert_obstacle(path, "");
	put_script("#!/usr/bin/env sh\ntrue\n");
	assert_obstacle(path, "");
	put_script("true\n");
	assert_obstacle(path, "");
	put_script("#!/no/such/interpreter\n");
	assert_obstacle(path, "cannot be looked at: /no/such/interpreter");
}

static void a_script_that_interprets_itself_comes_to_an_end(void **state)
{
	AUTO_MEM char *text = mem_printf("#!%s\n", path);

	put_script(text);
	assert_obstacle(path, "is a script of a script");
}

/* A copy of /bin/sh, of which one thing is another. */
static void a_program_of_another_kind_is_told(void **state)
{
	AUTO_TEXT shell = { 0 };
	Elf64_Ehdr *header;
	Elf64_Phdr *segment;

	assert_int_equal(text_read_file("/bin/sh", FILE_MOST, &shell), 0);
	header = (Elf64_Ehdr *)shell.data;
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		skip();
	segment = (Elf64_Phdr *)(shell.data + header->e_phoff);
	while (segment->p_type != PT_INTERP)
		segment++;

	strcpy(shell.data + segment->p_offset, "/lib/another");
	put(shell.data, shell.length, 0755);
	assert_obstacle(path, "is started by another loader than mhctl: /lib/another");
	segment->p_type = PT_NULL;
	put(shell.data, shell.length, 0755);
	assert_obstacle(path, "is linked statically");
	header->e_machine ^= 1;
	put(shell.data, shell.length, 0755);
	assert_obstacle(path, "another kind of machine");
	put(shell.data, 100, 0755);
	assert_obstacle(path, "another kind of machine");
}

static void a_program_that_gets_the_rights_of_another_user_is_not_lent_a_library(void **state)
{
	AUTO_TEXT shell = { 0 };

	if (geteuid() != 0)
		skip();
	assert_int_equal(text_read_file("/bin/sh", FILE_MOST, &shell), 0);
	put(shell.data, shell.length, 04755);
	assert_obstacle(path, "");
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(chmod(path, 04755), 0);
	assert_obstacle(path, "runs with the rights of somebody else");
	assert_int_equal(chown(path, 0, 0), 0);
}

static void along_the_path_the_first_that_can_be_run_is_taken(void **state)
{
	AUTO_MEM char *before = mem_strdup(getenv("PATH"));
	AUTO_MEM char *with = mem_printf("/no/such/folder:%s:/bin", folder);
	struct run_program program;
	AUTO_TEXT error = { 0 };

	put_script("#!/bin/sh\n");
	assert_int_equal(setenv("PATH", with, 1), 0);
	assert_int_equal(run_program_find("program", &program, &error), 0);
	assert_string_equal(program.path, path);
	run_program_free(&program);
	assert_int_equal(chmod(path, 0644), 0);
	assert_missing("program", RUN_NOT_RUNNABLE, "program: Permission denied");
	assert_int_equal(unlink(path), 0);
	assert_missing("program", RUN_NOT_FOUND, "program: not found in PATH");
	assert_missing("", RUN_NOT_FOUND, ": not found in PATH");
	assert_missing("/tmp", RUN_NOT_RUNNABLE, "/tmp: Permission denied");
	setenv("PATH", before, 1);
}

static void the_library_is_the_one_that_is_named(void **state)
{
	AUTO_TEXT library = { 0 }, error = { 0 };

	put_script("not looked into");
	setenv("MULTIHOME_PRELOAD_LIBRARY", path, 1);
	assert_int_equal(run_library_find(&library, &error), 0);
	assert_string_equal(text_string(&library), path);
	setenv("MULTIHOME_PRELOAD_LIBRARY", "/no/such/library.so", 1);
	assert_int_equal(run_library_find(&library, &error), -ENOENT);
	assert_string_equal(text_string(&error),
			    "libmultihome-preload.so is not installed: /no/such/library.so");
	unsetenv("MULTIHOME_PRELOAD_LIBRARY");
}

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	path = mem_printf("%s/program", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	rmdir(folder);
	mem_freep(&path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_the_loader_can_be_helped),
		cmocka_unit_test(a_script_is_as_its_interpreter),
		cmocka_unit_test(a_script_that_interprets_itself_comes_to_an_end),
		cmocka_unit_test(a_program_of_another_kind_is_told),
		cmocka_unit_test(a_program_that_gets_the_rights_of_another_user_is_not_lent_a_library),
		cmocka_unit_test(along_the_path_the_first_that_can_be_run_is_taken),
		cmocka_unit_test(the_library_is_the_one_that_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
