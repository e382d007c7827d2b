/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libev behind one door. Its prepare watcher runs after all ready descriptors of a turn were
 * handled and before the next wait: that is where the tick decides.
 */
#include "io/loop.h"

#include "base/mem.h"

#include <errno.h>
#include <ev.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct loop {
	struct ev_loop *ev;
	ev_prepare prepare;
	ev_idle again; /* while active, the loop does not wait */
	loop_fn *tick;
	void *data;
};

struct loop_watch {
	struct loop *loop;
	enum { WATCH_FD, WATCH_SIGNAL, WATCH_CHILD, WATCH_TIMER, WATCH_CLOCK } type;
	union {
		ev_io io;
		ev_signal signal;
		ev_child child;
		ev_timer timer;
	};
	loop_fn *fn;
	loop_signal_fn *signal_fn;
	void *data;
};

static void on_prepare(struct ev_loop *ev, ev_prepare *watcher, int events)
{
	struct loop *loop = watcher->data;

	ev_idle_stop(ev, &loop->again);
	loop->tick(loop->data);
}

static void on_idle(struct ev_loop *ev, ev_idle *watcher, int events)
{
}

static void on_io(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct loop_watch *watch = watcher->data;

	watch->fn(watch->data);
}

static void on_signal(struct ev_loop *ev, ev_signal *watcher, int events)
{
	struct loop_watch *watch = watcher->data;

	watch->signal_fn(watch->data, watcher->signum);
}

static void on_child(struct ev_loop *ev, ev_child *watcher, int events)
{
	struct loop_watch *watch = watcher->data;

	watch->fn(watch->data);
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct loop_watch *watch = watcher->data;

	watch->fn(watch->data);
}

static void on_clock(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct loop_watch *watch = watcher->data;
	uint64_t times;

	/* ECANCELED, once, when the clock was set: that is news, too. EAGAIN: it was stopped meanwhile. */
	if (read(watcher->fd, &times, sizeof(times)) < 0 && errno == EAGAIN)
		return;
	loop_clock_set(watch, 0);
	watch->fn(watch->data);
}

struct loop *loop_new(loop_fn *tick, void *data)
{
	struct loop *loop = mem_alloc(sizeof(*loop));

	/* The default loop: the only one of libev's that reaps children. */
	loop->ev = ev_default_loop(EVFLAG_AUTO);
	if (!loop->ev) {
		mem_freep(&loop);
		return NULL;
	}
	loop->tick = tick;
	loop->data = data;
	ev_prepare_init(&loop->prepare, on_prepare);
	loop->prepare.data = loop;
	ev_prepare_start(loop->ev, &loop->prepare);
	ev_idle_init(&loop->again, on_idle);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_prepare_stop(loop->ev, &loop->prepare);
	ev_idle_stop(loop->ev, &loop->again);
	ev_loop_destroy(loop->ev);
	mem_freep(&loop);
}

void loop_run(struct loop *loop)
{
	ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}

void loop_again(struct loop *loop)
{
	ev_idle_start(loop->ev, &loop->again);
}

static struct loop_watch *watch_new(struct loop *loop, loop_fn *fn, void *data)
{
	struct loop_watch *watch = mem_alloc(sizeof(*watch));

	watch->loop = loop;
	watch->fn = fn;
	watch->data = data;
	return watch;
}

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, loop_fn *fn, void *data)
{
	struct loop_watch *watch = watch_new(loop, fn, data);

	watch->type = WATCH_FD;
	ev_io_init(&watch->io, on_io, fd, EV_READ);
	watch->io.data = watch;
	ev_io_start(loop->ev, &watch->io);
	return watch;
}

struct loop_watch *loop_watch_signal(struct loop *loop, int number, loop_signal_fn *fn, void *data)
{
	struct loop_watch *watch = watch_new(loop, NULL, data);

	watch->type = WATCH_SIGNAL;
	watch->signal_fn = fn;
	ev_signal_init(&watch->signal, on_signal, number);
	watch->signal.data = watch;
	ev_signal_start(loop->ev, &watch->signal);
	return watch;
}

struct loop_watch *loop_watch_child(struct loop *loop, int pid, loop_fn *fn, void *data)
{
	struct loop_watch *watch = watch_new(loop, fn, data);

	watch->type = WATCH_CHILD;
	ev_child_init(&watch->child, on_child, pid, 0);
	watch->child.data = watch;
	ev_child_start(loop->ev, &watch->child);
	return watch;
}

struct loop_watch *loop_watch_timer(struct loop *loop, loop_fn *fn, void *data)
{
	struct loop_watch *watch = watch_new(loop, fn, data);

	watch->type = WATCH_TIMER;
	ev_init(&watch->timer, on_timer);
	watch->timer.data = watch;
	return watch;
}

void loop_timer_set(struct loop_watch *timer, unsigned milliseconds)
{
	struct ev_loop *ev = timer->loop->ev;

	ev_timer_stop(ev, &timer->timer);
	if (!milliseconds)
		return;
	ev_now_update(ev);
	ev_timer_set(&timer->timer, milliseconds / 1000.0, 0.);
	ev_timer_start(ev, &timer->timer);
}

bool loop_timer_pending(const struct loop_watch *timer)
{
	return ev_is_active(&timer->timer);
}

struct loop_watch *loop_watch_clock(struct loop *loop, loop_fn *fn, void *data)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	struct loop_watch *watch;

	if (fd < 0)
		return NULL;
	watch = watch_new(loop, fn, data);
	watch->type = WATCH_CLOCK;
	ev_io_init(&watch->io, on_clock, fd, EV_READ);
	watch->io.data = watch;
	ev_io_start(loop->ev, &watch->io);
	return watch;
}

void loop_clock_set(struct loop_watch *clock, time_t at)
{
	struct itimerspec when = { .it_value = { .tv_sec = at } };

	/* A clock that is set while this is asked leaves it armed, and tells at once. */
	(void)timerfd_settime(clock->io.fd, at ? TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET : 0,
			      &when, NULL);
}

void loop_unwatch(struct loop_watch **watch)
{
	struct loop_watch *gone = *watch;

	*watch = NULL;
	if (!gone)
		return;
	switch (gone->type) {
	case WATCH_FD:
		ev_io_stop(gone->loop->ev, &gone->io);
		break;
	case WATCH_CLOCK:
		ev_io_stop(gone->loop->ev, &gone->io);
		close(gone->io.fd);
		break;
	case WATCH_SIGNAL:
		ev_signal_stop(gone->loop->ev, &gone->signal);
		break;
	case WATCH_CHILD:
		ev_child_stop(gone->loop->ev, &gone->child);
		break;
	case WATCH_TIMER:
		ev_timer_stop(gone->loop->ev, &gone->timer);
		break;
	}
	mem_freep(&gone);
}
