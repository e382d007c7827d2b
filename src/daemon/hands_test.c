/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/hands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void what_was_decided_outlives_who_decided(void **state)
{
	char folder[] = "/tmp/hands-XXXXXX";
	struct hands hands;
	char *path;

	assert_non_null(mkdtemp(folder));
	path = mem_printf("%s/checks", folder);
	hands_open(&hands, mem_strdup(path));
	assert_int_equal(hands_get(&hands, "web"), HEALTH_AUTO);
	assert_int_equal(hands_set(&hands, "web", HEALTH_DRAINED), 0);
	assert_int_equal(hands_set(&hands, "dns peer chicago www", HEALTH_FORCED_UP), 0);
	assert_int_equal(hands_set(&hands, "gone", HEALTH_FORCED_DOWN), 0);
	assert_int_equal(hands_set(&hands, "gone", HEALTH_AUTO), 0);
	hands_free(&hands);
	hands_open(&hands, mem_strdup(path));
	assert_int_equal(hands_get(&hands, "web"), HEALTH_DRAINED);
	assert_int_equal(hands_get(&hands, "dns peer chicago www"), HEALTH_FORCED_UP);
	assert_int_equal(hands_get(&hands, "gone"), HEALTH_AUTO);
	assert_int_equal(hands.items.count, 2);
	hands_free(&hands);
	unlink(path);
	rmdir(folder);
	free(path);
}

static void what_cannot_be_kept_is_not_decided(void **state)
{
	struct hands hands;

	hands_open(&hands, mem_strdup("/nowhere/at/all"));
	assert_true(hands_set(&hands, "web", HEALTH_DRAINED) < 0);
	assert_int_equal(hands_get(&hands, "web"), HEALTH_AUTO);
	hands_free(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_decided_outlives_who_decided),
		cmocka_unit_test(what_cannot_be_kept_is_not_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
