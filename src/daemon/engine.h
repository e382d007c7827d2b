/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_ENGINE_H
#define MH_DAEMON_ENGINE_H

#include "daemon/outcome.h"
#include "daemon/shell.h"
#include "daemon/transaction.h"
#include "host/host.h"
#include "io/loop.h"

/*
 * The one process that decides and writes the kernel. It does one thing at a time: a job, which
 * takes the host from what is observed to what one generation desires. Start, apply, rollback,
 * repair and stop are jobs of the same steps; they differ in what happens at the end.
 */
struct engine;
struct guard;

struct engine_options {
	const char *config_path; /* "builtin" = the built-in configuration */
	const char *socket_path;
	const char *state_path; /* a folder that outlives a boot; NULL = none */
	const char *bpffs; /* where eBPF programs outlive the engine, if that is a mounted bpffs */
	bool one_process, verbose;
	const char *program;	   /* where it was started from; NULL = not known */
	struct heritage *heritage; /* of the program before, taken over; NULL = a start */
};

/*
 * Reads the configuration first, with all rights still there. Returns NULL after one line (or the
 * diagnostics) on standard error; *ret_exit then.
 */
struct engine *engine_new(const struct engine_options *options, int *ret_exit);
/* Until a signal ends it. Returns the exit status. */
int engine_run(struct engine *engine);
void engine_free(struct engine *engine);

/* A question or an order, from the control socket or a signal. */
struct order {
	struct source *source; /* NULL = the engine's own file, read anew; else it is taken over */
	bool back;	       /* of a plan: what a rollback would do, instead */
	bool reload; /* of an apply: the own file as it is in force, with the files that it names */
	char *only; /* then: of these files, only those of what is so called; taken over; or NULL */
	unsigned confirm_ms;
	struct subscriber_hand *hand; /* of engine_enrol(): taken over */
	struct caller caller;
	outcome_fn *told; /* once, perhaps much later */
	void *data;	  /* may be forgotten before by engine_forget() */
};

/* All return -EBUSY when another change is under way or waits to be confirmed, -ENOENT: none before. */
int engine_plan(struct engine *engine, const struct order *order);
int engine_apply(struct engine *engine, const struct order *order);
int engine_rollback(struct engine *engine, const struct order *order);
/*
 * Keeps what waits to be confirmed, or (@extend_ms) waits so long from now on. @id 0 = whichever it
 * is. -ENOENT: nothing waits for it; -ESRCH: not this one; -EPERM: the caller's connection is older
 * than the answer to the apply, and so proves nothing.
 */
int engine_confirm(struct engine *engine, const struct caller *caller, unsigned id,
		   unsigned extend_ms);
/* @data, who asked for an apply, has been answered. */
void engine_answered(struct engine *engine, const void *data);
void engine_forget(struct engine *engine, void *data);

/*
 * Looks whether the program that stands where this one was started from would take over, and then has
 * it do so: that returns only when it failed. -EBUSY, -EOPNOTSUPP, -ENOEXEC, -errno with one line in
 * @error.
 */
int engine_upgrade_prepare(struct engine *engine, int *ret_fd, struct text *error);
void engine_upgrade(struct engine *engine, int fd);

/*
 * Decides about a check by hand. 0, -ENOENT: there is none, and nothing was decided about it before; or
 * -errno: it cannot be kept.
 */
int engine_decide(struct engine *engine, const char *check, enum health_hand hand);

/*
 * Decides about a subscriber by hand: what does not fit is told as the .error of the outcome, what fits
 * is kept over restarts, and then carried out.
 */
void engine_enrol(struct engine *engine, const struct order *order);

/* What status shows. */
struct engine_status {
	const char *config_name;
	const struct generation *generation;
	const struct state *observed;
	const struct healths *health;
	const struct subscriber_hands *subscribers;
	const struct desired *desired; /* of the last job */
	const struct diags *diags;     /* of its desire() */
	const struct refusals *refusals;
	const struct transaction *transaction; /* .id 0 = none */
	const struct diags *violated; /* promises of the configuration that do not hold now */
	unsigned confirm_ms;	      /* until it goes back */
	int64_t started_us;
	uint64_t repaired;
	const char *last_repair;   /* NULL = none yet */
	const struct guard *guard; /* fights with others */
	int64_t last_repair_us;
	struct shell *const *shells; /* by worker */
	struct host *host;	     /* to be asked about servers; or NULL */
};
void engine_status(const struct engine *engine, struct engine_status *ret_status);
/*
 * Asks all workers for fresh counters; server_reported() follows, when they have done all that they
 * were told before. False: nobody to ask.
 */
bool engine_ask_workers(struct engine *engine);

#endif
