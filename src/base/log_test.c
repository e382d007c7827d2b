/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr = -1, captured = -1;

static void capture(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	captured = ends[0];
}

/* What was written to standard error since capture(). */
static const char *release(void)
{
	static char written[8192];
	ssize_t got;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	got = read(captured, written, sizeof(written) - 1);
	close(captured);
	written[got < 0 ? 0 : got] = '\0';
	return written;
}

static void a_line_names_its_speaker(void **state)
{
	unsetenv("JOURNAL_STREAM");
	log_open("engine", LOG_NOTICE);
	capture();
	log_error("link %s is gone", "eth7");
	assert_string_equal(release(), "multihomed: engine: link eth7 is gone\n");
}

static void what_is_quieter_than_wanted_is_not_written(void **state)
{
	log_open("engine", LOG_WARNING);
	capture();
	log_debug("tick");
	log_notice("generation 2");
	log_warning("events were lost");
	assert_string_equal(release(), "multihomed: engine: events were lost\n");
}

static void the_journal_gets_the_level(void **state)
{
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_open("engine", LOG_DEBUG);
	capture();
	log_error("e");
	log_warning("w");
	log_notice("n");
	log_debug("d");
	assert_string_equal(release(), "<3>multihomed: engine: e\n<4>multihomed: engine: w\n"
				       "<5>multihomed: engine: n\n<7>multihomed: engine: d\n");
	unsetenv("JOURNAL_STREAM");
}

static void a_line_too_long_is_cut_and_still_ends(void **state)
{
	const char *written;

	log_open("engine", LOG_NOTICE);
	capture();
	log_error("%5000d", 1);
	written = release();
	assert_true(strlen(written) < 2100);
	assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
}

static void logging_keeps_errno(void **state)
{
	log_open("engine", LOG_NOTICE);
	capture();
	errno = EADDRINUSE;
	log_error("listener");
	assert_int_equal(errno, EADDRINUSE);
	release();
}

static void the_clock_never_goes_back(void **state)
{
	int64_t before = clock_now_us(), now;

	assert_true(before > 0);
	for (unsigned i = 0; i < 1000; i++) {
		now = clock_now_us();
		assert_true(now >= before);
		before = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_its_speaker),
		cmocka_unit_test(what_is_quieter_than_wanted_is_not_written),
		cmocka_unit_test(the_journal_gets_the_level),
		cmocka_unit_test(a_line_too_long_is_cut_and_still_ends),
		cmocka_unit_test(logging_keeps_errno),
		cmocka_unit_test(the_clock_never_goes_back),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
