/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_HEIR_H
#define MH_DAEMON_HEIR_H

#include "config/source.h"
#include "host/host.h"
#include "io/loop.h"

#include <jansson.h>

/*
 * The binary is upgraded without a gap: the engine executes the program that stands where its own
 * stood, in the same process, and leaves it what the kernel does not keep: open sockets, the texts
 * of the configuration, counters, and the workers of the former program, which serve until those of
 * the new one do.
 */
struct engine;

struct inherited_listener {
	struct host_listener listener;
	int *fds; /* heritage.threads of them */
};

/* A worker of the former program. */
struct inherited_worker {
	const char *name;
	int pid, channel;
	struct loop_watch *child;
};

struct heritage {
	json_t *json;	     /* what the names below point into; "counters", "health" */
	int control;	     /* the control socket, */
	bool control_folder; /* and whether its folder is ours to remove */
	unsigned threads, number, number_before;
	bool own; /* the present configuration is that of the daemon's own file */
	struct source *now, *before;
	VEC(struct inherited_listener) listeners;
	VEC(struct inherited_worker) workers;
};

/*
 * Whether the program at @program would take over: it is executed once to read the texts. Returns 0
 * and what to leave it, or -errno with one line in @error.
 */
int heir_prepare(struct engine *engine, const char *program, int *ret_fd, struct text *error);
/* Executes @program with what heir_prepare() wrote. Returns only on failure: -errno. */
int heir_execute(struct engine *engine, const char *program, int fd);

/* The other side. Takes @fd over; NULL after a line in the log. */
struct heritage *heir_read(int fd);
/* What main() does for "--heir-check FD": the exit status. */
int heir_check(int fd);

/* Gives @engine, whose doors are open, sockets, counters and health. */
void heir_take(struct engine *engine, struct heritage *heritage);
/* The workers of this program answer: those of the former one may end what they began. */
void heir_retire(struct engine *engine);
/* At the end of the engine, which is that of all workers. */
void heir_leave(struct engine *engine);

#endif
