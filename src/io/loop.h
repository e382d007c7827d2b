/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_IO_LOOP_H
#define MH_IO_LOOP_H

#include <stdbool.h>
#include <time.h>

/*
 * The event loop (libev behind one door). Handlers record; the tick, which runs after all ready
 * descriptors were drained, decides.
 */
struct loop;
struct loop_watch;

typedef void loop_fn(void *data);
typedef void loop_signal_fn(void *data, int number);

struct loop *loop_new(loop_fn *tick, void *data);
void loop_free(struct loop *loop);
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Makes the loop come round once more without waiting. */
void loop_again(struct loop *loop);

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, loop_fn *fn, void *data); /* readable */
struct loop_watch *loop_watch_signal(struct loop *loop, int number, loop_signal_fn *fn, void *data);
struct loop_watch *loop_watch_child(struct loop *loop, int pid, loop_fn *fn, void *data);
struct loop_watch *loop_watch_timer(struct loop *loop, loop_fn *fn, void *data); /* not yet set */
/* Fires once after @milliseconds; 0 = stop it. */
void loop_timer_set(struct loop_watch *timer, unsigned milliseconds);
bool loop_timer_pending(const struct loop_watch *timer);
/*
 * The clock on the wall. Tells when it shows the time that was asked for, and also when it was set
 * to another time meanwhile; then it is not set any more. NULL when the kernel has no such timer.
 */
struct loop_watch *loop_watch_clock(struct loop *loop, loop_fn *fn, void *data);
void loop_clock_set(struct loop_watch *clock, time_t at); /* 0 = stop it */
void loop_unwatch(struct loop_watch **watch);

#endif
