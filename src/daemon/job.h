/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_JOB_H
#define MH_DAEMON_JOB_H

#include "daemon/engine.h"

/* What the engine does, one thing at a time. */
struct job {
	enum job_type type;
	struct generation *target;
	struct desired desired;
	struct diags diags;
	struct plan plan;
	size_t at; /* how much of the plan was carried out or refused */
	struct refusals refusals;
	struct losses losses; /* of others, by what was decided first */
	size_t done;
	unsigned drifted; /* how many operations mended what somebody else changed */
	unsigned rounds;  /* of decisions, after the first */
	bool reverting;	  /* a refused apply on its way back */
	uint64_t workers; /* bits, by index: who got something new */
	bool asked;	  /* a repair that somebody asked for: what it changes is no drift */
	outcome_fn *told; /* NULL = nobody asked */
	void *data;
	int64_t read_us, decide_us, apply_us;
};

/*
 * Of engine->job .told, .data and .read_us may be set before job_begin(), which takes over
 * one use of @target. A job without a plan ends within.
 */
void job_begin(struct engine *engine, enum job_type type, struct generation *target);
void job_step(struct engine *engine);
/* Carries out @plan, which leads to what is desired already; takes the list over. */
void job_mend(struct engine *engine, struct plan *plan);
/* Brings the observed state up to date; whatever differs from before is told to the engine. */
void job_settle(struct engine *engine);
/* desire() and plan of @config on the host as it is; the caller frees all three. */
void job_decide(struct engine *engine, const struct config *config, struct diags *diags,
		struct desired *desired, struct plan *plan);
struct facts engine_facts(const struct engine *engine);
/* Which workers @config would give another part than they have: bits, by index. */
uint64_t job_workers_of(const struct engine *engine, const struct config *config);
/* Tells all workers what follows from facts that changed meanwhile. */
void job_update_workers(struct engine *engine);
void refusals_free(struct refusals *refusals);

#endif
