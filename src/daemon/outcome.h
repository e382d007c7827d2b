/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_OUTCOME_H
#define MH_DAEMON_OUTCOME_H

#include "daemon/generation.h"
#include "feature/feature.h"
#include "host/loss.h"
#include "host/plan.h"

/* What jobs of the engine are, and what they come to. */

enum job_type {
	JOB_NONE,
	JOB_START, /* the first one: refusals are told, and tried again later */
	JOB_APPLY, /* a new generation: a refusal takes everything back */
	JOB_ROLLBACK, /* to the generation before, which stood once: goes on past refusals, as a start does */
	JOB_REPAIR, /* facts have changed, or somebody changed what is ours */
	JOB_MEND,   /* the same, of a few objects, when nothing else has changed */
	JOB_STOP,   /* to the empty generation */
};

/* What the kernel refused: the object, why, and when it is tried again. */
struct refusal {
	struct place place;
	uint8_t feature;
	char *object; /* as a plan shows it: "+ route ..." */
	char *reason;
	unsigned tries;
	int64_t retry_us;
};

struct refusals {
	VEC(struct refusal) items;
};

/* What a plan or an apply came to; lives while its told() runs. */
struct outcome {
	const struct generation *generation; /* the one that was asked for; places are in its source */
	unsigned number;		     /* of the generation now in force */
	const struct diags *diags;
	const struct desired *desired; /* NULL when the configuration could not be read */
	const struct plan *plan;       /* NULL like this */
	const struct state *observed;
	const struct refusals *refusals;
	const struct losses *losses;	/* what others lose by it; NULL = nothing */
	const struct refusals *missing; /* what they lost and did not get back; NULL = nothing */
	size_t done;
	bool rolled_back;
	bool refused;	     /* the configuration itself: nothing was begun */
	uint64_t workers;    /* bits, by index: who gets another part of the configuration */
	unsigned confirm_ms; /* what it waits for now, to be confirmed */
	const char *error;   /* one line; NULL = none */
	bool mistaken;	     /* .error is the mistake of who asked */
	int64_t read_us, decide_us, apply_us;
};
typedef void outcome_fn(void *data, const struct outcome *outcome);

#endif
