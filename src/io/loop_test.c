/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct diary {
	struct loop *loop;
	struct loop_watch *watch;
	int fds[2];
	unsigned ticks, reads, again;
	int signal;
	char order[16];
};

static void note(struct diary *diary, char what)
{
	size_t length = strlen(diary->order);

	if (length < sizeof(diary->order) - 1)
		diary->order[length] = what;
}

static void on_tick(void *data)
{
	struct diary *diary = data;

	diary->ticks++;
	note(diary, 't');
	if (diary->again) {
		diary->again--;
		loop_again(diary->loop);
	} else if (diary->reads || diary->signal) {
		loop_stop(diary->loop);
	}
}

static void on_read(void *data)
{
	struct diary *diary = data;
	char byte;

	assert_int_equal(read(diary->fds[0], &byte, 1), 1);
	diary->reads++;
	note(diary, 'r');
}

static void on_signal(void *data, int number)
{
	((struct diary *)data)->signal = number;
}

static void on_timer(void *data)
{
	struct diary *diary = data;

	assert_int_equal(write(diary->fds[1], "x", 1), 1);
	loop_unwatch(&diary->watch);
}

static void on_clock(void *data)
{
	struct diary *diary = data;

	assert_int_equal(write(diary->fds[1], "x", 1), 1);
	loop_unwatch(&diary->watch);
}

static int set_up(void **state)
{
	struct diary *diary = calloc(1, sizeof(*diary));

	diary->loop = loop_new(on_tick, diary);
	*state = diary;
	return pipe(diary->fds);
}

static int tear_down(void **state)
{
	struct diary *diary = *state;

	close(diary->fds[0]);
	close(diary->fds[1]);
	loop_free(diary->loop);
	free(diary);
	return 0;
}

static void the_tick_comes_after_what_was_ready(void **state)
{
	struct diary *diary = *state;
	struct loop_watch *watch = loop_watch_fd(diary->loop, diary->fds[0], on_read, diary);

	assert_int_equal(write(diary->fds[1], "x", 1), 1);
	loop_run(diary->loop);
	assert_string_equal(diary->order, "trt");
	loop_unwatch(&watch);
	assert_null(watch);
}

static void again_means_without_waiting(void **state)
{
	struct diary *diary = *state;
	struct loop_watch *watch = loop_watch_fd(diary->loop, diary->fds[0], on_read, diary);

	diary->again = 5;
	assert_int_equal(write(diary->fds[1], "x", 1), 1);
	loop_run(diary->loop);
	assert_true(diary->ticks > 5);
	loop_unwatch(&watch);
}

static void a_timer_fires_once_and_may_go_within_its_own_call(void **state)
{
	struct diary *diary = *state;
	struct loop_watch *watch = loop_watch_fd(diary->loop, diary->fds[0], on_read, diary);

	diary->watch = loop_watch_timer(diary->loop, on_timer, diary);
	assert_false(loop_timer_pending(diary->watch));
	loop_timer_set(diary->watch, 1);
	assert_true(loop_timer_pending(diary->watch));
	loop_run(diary->loop);
	assert_int_equal(diary->reads, 1);
	assert_null(diary->watch);
	loop_unwatch(&watch);
}

static void the_clock_tells_when_it_shows_the_time(void **state)
{
	struct diary *diary = *state;
	struct loop_watch *watch = loop_watch_fd(diary->loop, diary->fds[0], on_read, diary);

	diary->watch = loop_watch_clock(diary->loop, on_clock, diary);
	assert_non_null(diary->watch);
	loop_clock_set(diary->watch, time(NULL) + 1000);
	loop_clock_set(diary->watch, 0);
	loop_clock_set(diary->watch, time(NULL));
	loop_run(diary->loop);
	assert_int_equal(diary->reads, 1);
	assert_null(diary->watch);
	loop_unwatch(&watch);
}

static void signals_arrive_as_events(void **state)
{
	struct diary *diary = *state;
	struct loop_watch *watch = loop_watch_signal(diary->loop, SIGHUP, on_signal, diary);

	raise(SIGHUP);
	loop_run(diary->loop);
	assert_int_equal(diary->signal, SIGHUP);
	loop_unwatch(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_tick_comes_after_what_was_ready, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(again_means_without_waiting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_timer_fires_once_and_may_go_within_its_own_call,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_clock_tells_when_it_shows_the_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(signals_arrive_as_events, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
