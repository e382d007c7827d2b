/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/runner_orphans.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void the_mark_is_found_in_an_environment(void **state)
{
	char environment[200] = "PATH=/bin\0MULTIHOMED_SCRIPTS=1.1\0", *end = environment;
	uint32_t slot = 0, turn = 0;

	end += sizeof("PATH=/bin\0MULTIHOMED_SCRIPTS=1.1\0") - 1;
	assert_false(orphans_read_mark(environment, (size_t)(end - environment), &slot, &turn));
	orphans_mark(7, UINT32_MAX, end);
	end += strlen(end) + 1;
	assert_true(orphans_read_mark(environment, (size_t)(end - environment), &slot, &turn));
	assert_int_equal(slot, 7);
	assert_int_equal(turn, UINT32_MAX);
	assert_false(orphans_read_mark("", 0, &slot, &turn));
}

static bool is_spared(void *data, pid_t pid, uint32_t slot, uint32_t turn)
{
	return pid == *(const pid_t *)data;
}

/* A child whose child lives on in a session of its own. Returns its number, once both are there. */
static pid_t start_family(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (!fork()) {
			setsid();
			(void)!write(ready[1], "", 1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void who_fled_into_a_session_of_its_own_is_ended(void **state)
{
	pid_t one, other;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	one = start_family();
	other = start_family();
	assert_int_equal(orphans_end(is_spared, &other), 1);
	assert_int_equal(waitpid(one, NULL, 0), one);
	/* Its own child is ours now, and the other family is left alone. */
	assert_int_equal(orphans_end(is_spared, &other), 1);
	assert_true(waitpid(-1, NULL, 0) > 0);
	assert_int_equal(orphans_end(is_spared, &other), 0);
	assert_int_equal(kill(other, 0), 0);
	other = 0;
	assert_int_equal(orphans_end(is_spared, &other), 1);
	assert_true(waitpid(-1, NULL, 0) > 0);
	assert_int_equal(orphans_end(is_spared, &other), 1);
	assert_true(waitpid(-1, NULL, 0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mark_is_found_in_an_environment),
		cmocka_unit_test(who_fled_into_a_session_of_its_own_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
