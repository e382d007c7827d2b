/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_FOLDER_TEST_H
#define MH_CONFIG_FOLDER_TEST_H

/* For tests: a folder and the files in it. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Every test has an empty folder to itself, and stands in it. */
static char folder[] = "/tmp/config_test.XXXXXX";

static inline int enter_folder(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	AUTO_MEM char *command = mem_printf("rm -rf %s", folder);

	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#endif
