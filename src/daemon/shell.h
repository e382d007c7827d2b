/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_SHELL_H
#define MH_DAEMON_SHELL_H

#include "daemon/generation.h"
#include "feature/worker.h"
#include "host/host.h"
#include "io/loop.h"

/*
 * The shell around one feature's worker: starts it when it has something to do, gives it its
 * configuration and its sockets, starts it anew when it dies, and keeps its counters.
 */
struct shell;

struct shell_owner {
	struct loop *loop;
	unsigned threads; /* of each worker; as many sockets has every listener */
	bool one_process; /* for debugging: workers are threads of the engine, with its rights */
	void (*told)(void *data, const char *text); /* something happened: one line */
	void (*reported)(void *data,
			 uint32_t number); /* the answer to shell_ask() came, or never will */
	void *data;
};

struct shell *shell_new(const struct shell_owner *owner, const struct feature *feature);
/* Ends the worker and waits for its end. */
void shell_free(struct shell *shell);

/*
 * Sends @config as the worker sees it together with the facts, when that differs from what it has.
 */
void shell_configure(struct shell *shell, const void *config, const struct facts *facts);
/*
 * Makes the worker's listeners those that @host has open: the difference, again. Starts the worker
 * for the first one.
 */
void shell_sync(struct shell *shell, const struct host *host);

/*
 * Asks for a report; false when there is nobody to ask. Its answer also says that everything which
 * was sent before is done. @number is not 0.
 */
bool shell_ask(struct shell *shell, uint32_t number);
bool shell_awaited(const struct shell *shell); /* the last one asked for is still to come */
const struct counters *shell_counters(struct shell *shell);

struct shell_status {
	const char *name;
	int pid; /* 0 = not running */
	unsigned restarts;
	size_t listeners;
};
void shell_status(const struct shell *shell, struct shell_status *ret_status);

/*
 * The life of a worker process: what main() does for "--worker NAME THREADS". Returns only when it
 * could not begin: the exit status.
 */
int shell_worker_main(const char *name, const char *threads);

#endif
