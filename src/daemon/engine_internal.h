/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_ENGINE_INTERNAL_H
#define MH_DAEMON_ENGINE_INTERNAL_H

#include "base/log.h"
#include "daemon/engine.h"
#include "daemon/lock.h"
#include "daemon/server.h"

/*
 * Shared by engine.c (when something happens), order.c (what is asked), job.c (how the host gets
 * there) and told.c (what is said of it).
 */

struct job {
	enum job_type type;
	struct generation *target;
	struct desired desired;
	struct diags diags;
	struct plan plan;
	size_t at; /* how much of the plan was carried out or refused */
	struct refusals refusals;
	size_t done;
	unsigned drifted; /* how many operations mended what somebody else changed */
	unsigned rounds;  /* of decisions, after the first */
	bool reverting;	  /* a refused apply on its way back */
	outcome_fn *told; /* NULL = nobody asked */
	void *data;
	int64_t read_us, decide_us, apply_us;
};

struct request {
	enum { REQUEST_PLAN, REQUEST_APPLY, REQUEST_ROLLBACK } type;
	struct source *source;
	unsigned confirm_ms;
	outcome_fn *told;
	void *data;
};

struct engine {
	struct engine_options options;
	char *memory_path, *confirm_path;
	struct loop *loop;
	struct loop_watch *host_watch, *signals[3];
	struct loop_watch *audit;    /* reads again what has no events: settings */
	struct loop_watch *retry;    /* what was refused */
	struct loop_watch *repair;   /* repairs that are held back */
	struct loop_watch *counters; /* asks the workers now and then */
	struct loop_watch *confirm;
	struct loop_watch *clock; /* when time alone changes what is desired; or NULL */
	struct loop_watch *proof; /* proofs on the running host, when it has come to rest */
	struct lock lock;
	struct host *host;
	struct server *server;
	struct shell **shells; /* by feature */

	struct generation *now, *before;
	unsigned last_number;
	struct desired desired; /* of the last finished job */
	struct diags diags;
	struct refusals failing;
	struct diags violated; /* what was proven, and does not hold on the host as it is */
	struct job job;
	VEC(struct request) requests;

	unsigned audits;
	uint32_t asked;	     /* number of the reports that were asked for last */
	bool dirty;	     /* facts may have changed: desire again */
	bool unproved;	     /* what was proven may not hold any more: proof_run() */
	bool clean;	     /* the last decision found nothing to do */
	bool started, ready; /* the first job has ended; and its workers answer */
	bool stopping;
	unsigned confirm_ms; /* that the apply under way was asked with; 0 = none */
	int64_t started_us, confirm_until_us;
	int64_t last_repair_us, next_repair_us;
	unsigned repair_interval_ms;
	int64_t zone_mtime_us, proof_us;
	uint64_t repaired;
	char *last_repair;
	char *complaints;   /* what was told of pending objects and diagnostics last */
	struct state links; /* as they were told last */
};

/*
 * job.c: .told, .data and .read_us of engine->job may be set before job_begin(), which takes over
 * one use of @target. A job without a plan ends within.
 */
void job_begin(struct engine *engine, enum job_type type, struct generation *target);
void job_step(struct engine *engine);
/* Brings the observed state up to date; whatever differs from before makes the engine dirty. */
void job_settle(struct engine *engine);
/* desire() and plan of @config on the host as it is; the caller frees all three. */
void job_decide(struct engine *engine, const struct config *config, struct diags *diags,
		struct desired *desired, struct plan *plan);
void refusals_free(struct refusals *refusals);

/* told.c */
void tell(struct engine *engine, enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void tell_links(struct engine *engine);
void tell_complaints(struct engine *engine);
void tell_refusal(struct engine *engine, const struct refusal *refusal, const struct source *source);
void tell_repair(struct engine *engine, const struct operation *operation);

/* What becomes of an order that nobody waits for: told in the log. @data is the engine. */
void told_outcome(void *data, const struct outcome *outcome);
void told_nobody(void *data, const struct outcome *outcome);

/* order.c */
void order_next(struct engine *engine); /* takes the first one of the queue */
int order_load(const struct engine *engine, struct source **ret_source, struct diags *diags);
/*
 * Reads @source into a generation with the next number, or shares the present one where the text is
 * the same. *ret_generation is written in any case, for the diagnostics to have their texts.
 */
int order_read(struct engine *engine, struct source *source, struct diags *diags,
	       struct generation **ret_generation);

/* proof.c */
/* What features prove of @config, on the host with @plan carried out on paper: errors in @diags. */
void proof_on_paper(struct engine *engine, const struct config *config,
		    const struct desired *desired, const struct plan *plan, struct diags *diags);
void proof_soon(struct engine *engine); /* the host may have changed */
void proof_run(struct engine *engine); /* on the host as it is; tells what holds no more, or again */

/* engine.c */
void engine_finished(struct engine *engine, enum job_type type, bool committed);

#endif
