/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_ENGINE_INTERNAL_H
#define MH_DAEMON_ENGINE_INTERNAL_H

#include "daemon/engine.h"
#include "daemon/guard.h"
#include "daemon/heir.h"
#include "daemon/job.h"
#include "daemon/lock.h"
#include "daemon/prover.h"
#include "daemon/server.h"
#include "daemon/told.h"
#include "daemon/vitals.h"

/* Shared by engine.c (what happens), order.c (what is asked), job.c (how it is done), told.c, vitals.c. */

struct request {
	enum { REQUEST_PLAN, REQUEST_APPLY, REQUEST_ROLLBACK, REQUEST_ENROL } type;
	struct order order;
};

struct engine {
	struct engine_options options;
	char *memory_path, *taken_path, *confirm_path, *turned_down_path, *subscribers_path;
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
	struct shell **shells;	     /* by worker */
	unsigned threads;	     /* of each worker */
	struct heritage *heritage;   /* of the program before; NULL = there was none */
	struct loop_watch *patience; /* with its workers */

	struct healths health;		     /* vitals.c */
	struct sights *sights;		     /* what this host shows of it */
	struct hands hands;		     /* and what was decided by hand */
	struct subscriber_hands subscribers; /* the same of subscribers: enrol.c */
	bool health_changed;		     /* what follows is to be told to the workers */
	bool sights_changed; /* and to who judges health himself, too: what was seen here, or decided */
	struct {
		int64_t since_us;
		unsigned lines, more;
	} flips; /* checks that went up or down within the second: told, and counted only */
	const struct config *configured; /* what they were told last; NULL = nothing */

	struct generation *now, *before;
	unsigned last_number;
	bool went_back;		/* there is no .before, for the last change was taken back */
	struct desired desired; /* of the last finished job */
	struct diags diags;
	struct refusals failing;
	struct diags violated; /* what was proven, and does not hold on the host as it is */
	struct job job;
	VEC(struct request) requests;

	unsigned audits;
	uint32_t asked;	     /* number of the reports that were asked for last */
	bool told;	     /* events came: look at what they told of, drift_look() */
	bool held_back;	     /* something is not as desired, and let be */
	bool dirty;	     /* facts may have changed: desire again */
	bool unproved;	     /* what was proven may not hold any more: proof_run() */
	bool clean;	     /* the last decision found nothing to do */
	bool started, ready; /* the first job has ended; and its workers answer */
	bool stopping;
	unsigned confirm_ms;  /* that the apply under way was asked with; 0 = none */
	struct caller caller; /* who asked, */
	void *asker;	      /* as long as he waits for the answer */
	struct transaction transaction;
	int64_t started_us;
	int64_t last_repair_us, next_repair_us;
	unsigned repair_interval_ms;
	struct guard guard;	    /* what others fight for */
	unsigned mends_left;	    /* so many may be done at once, */
	int64_t flood_us, event_us; /* since when much changes at once, and the last event */
	int64_t mends_since_us;	    /* and more as time goes by */
	int64_t zone_mtime_us;
	struct prover *prover;
	int64_t proof_began_us, proof_us; /* how long the last one took */
	unsigned proof_number;		  /* of the generation that it is about */
	uint64_t repaired;
	char *last_repair;
	char *complaints;   /* what was told of pending objects and diagnostics last */
	struct state links; /* as they were told last */
};

/* order.c */
void order_next(struct engine *engine); /* takes the first one of the queue */
void order_drop(struct order *order);	/* what it would have taken over */
int order_load(const struct engine *engine, struct source **ret_source, struct diags *diags);
/*
 * Reads @source into a generation with the next number, or shares the present one where the text is
 * the same. *ret_generation is written in any case, for the diagnostics to have their texts.
 */
int order_read(struct engine *engine, struct source *source, struct diags *diags,
	       struct generation **ret_generation);

/*
 * reload.c: whether @own, as it was just read, is what is in force but for the files that it names;
 * @name: of these, too, but for those of what is so called. Returns 0, or -EINVAL and tells.
 */
int reload_prepare(const struct engine *engine, const char *name, struct source *own,
		   struct diags *diags);

/* enrol.c */
void enrol_open(struct engine *engine); /* reads what was decided before */
void enrol_begin(struct engine *engine, struct request *request);

/* engine.c; @done: how many operations it took. */
void engine_finished(struct engine *engine, enum job_type type, bool committed, size_t done);

#endif
