/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_SHELL_H
#define MH_DAEMON_SHELL_H

#include "daemon/generation.h"
#include "feature/worker.h"
#include "host/host.h"
#include "io/loop.h"

/*
 * The shell around one worker: starts it when it has something to do, gives it its
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
	void (*health)(void *data, const struct healths *news); /* a worker tells */
	void (*died)(void *data, const struct worker *worker);
	void *data;
};

struct shell *shell_new(const struct shell_owner *owner, const struct worker *worker);
/* Ends the worker and waits for its end. */
void shell_free(struct shell *shell);

/*
 * Sends blobs, configuration and update that the worker makes of @config (NULL: nothing) and the facts,
 * each when it differs from what the worker has; starts the worker when it is needed. The content
 * of blobs is used until the next call, as @config is, by which it is known that nothing changed.
 * Returns whether the worker is told anything else than before.
 */
bool shell_configure(struct shell *shell, const struct config *config, const struct facts *facts);
/* Whether shell_configure() would send configuration or update, and return true as it does then. */
bool shell_differs(const struct shell *shell, const struct config *config, const struct facts *facts);
/* The same for the update alone: what follows the facts. Returns whether anything was sent. */
bool shell_update(struct shell *shell, const struct config *config, const struct facts *facts);
/* Opens the files that the worker appends to, anew: somebody may have moved them away. */
void shell_reopen(struct shell *shell);
/*
 * Makes the worker's listeners those that @host has open and a feature of its asks for in @desired: the
 * difference, again. Starts the worker for the first one.
 */
void shell_sync(struct shell *shell, const struct host *host, const struct state *desired);

/*
 * Asks for a report; false when there is nobody to ask. Its answer also says that everything which
 * was sent before is done. @number is not 0.
 */
bool shell_ask(struct shell *shell, uint32_t number);
/* Ends a worker that does not answer, if its word is waited for as a fact. */
void shell_end_silent(struct shell *shell);
bool shell_awaited(const struct shell *shell); /* the last one asked for is still to come */
const struct counters *shell_counters(struct shell *shell);
/* What a worker before the first one counted. */
void shell_inherit(struct shell *shell, const struct counters *counters);

struct shell_status {
	const char *name;
	int pid; /* 0 = not running */
	int channel;
	unsigned restarts;
	size_t listeners;
};
void shell_status(const struct shell *shell, struct shell_status *ret_status);
/* Whether it has, or ever had, anything to do: others are not worth a line. */
bool shell_matters(const struct shell_status *status);

/*
 * The life of a worker process: what main() does for "--worker NAME THREADS". Returns only when it
 * could not begin: the exit status.
 */
int shell_worker_main(const char *name, const char *threads);

#endif
