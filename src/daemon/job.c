/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A job: decide (desire, difference), carry the plan out slice by slice with the event loop coming
 * round in between, end. While it runs, events are only recorded, since the plan points into the
 * observed state; what they change is seen by the repair that follows.
 */
#include "daemon/engine_internal.h"

#include "base/clock.h"
#include "daemon/drift.h"
#include "daemon/vitals.h"
#include "host/filters.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_US 100000 /* the port of a worker that is just dying is free by then */
#define RETRY_MOST_US 60000000
#define MOST_ROUNDS 4 /* of decisions in one job */

static void refusal_free(struct refusal *refusal)
{
	mem_freep(&refusal->object);
	mem_freep(&refusal->reason);
}

void refusals_free(struct refusals *refusals)
{
	for (size_t i = 0; i < refusals->items.count; i++)
		refusal_free(&refusals->items.items[i]);
	VEC_FREE(&refusals->items);
}

static int refusal_order(const void *a, const void *b)
{
	const struct refusal *first = a, *second = b;

	return strcmp(first->object, second->object);
}

/* What was refused before, by the text of its operation; .failing is sorted. */
static const struct refusal *refusal_find(const struct refusals *refusals, const char *object)
{
	struct refusal like = { .object = (char *)object };

	if (!refusals->items.count)
		return NULL;
	return bsearch(&like, refusals->items.items, refusals->items.count, sizeof(like),
		       refusal_order);
}

/* What many objects have in common is refused once. */
static bool is_again(const struct refusals *refusals, const char *object)
{
	size_t count = refusals->items.count;

	return count && !strcmp(refusals->items.items[count - 1].object, object);
}

static void refusal_copy(struct refusals *into, const struct refusal *refusal)
{
	struct refusal *copy;

	if (is_again(into, refusal->object))
		return;
	copy = VEC_PUSH(&into->items);
	*copy = *refusal;
	copy->object = mem_strdup(refusal->object);
	copy->reason = mem_strdup(refusal->reason);
}

static void set_interest(struct engine *engine, const struct config *one, const struct config *other)
{
	struct interest interest = { 0 };

	feature_interest(one, &interest);
	if (other != one)
		feature_interest(other, &interest);
	host_set_interest(engine->host, &(struct host_interest){
						.prefixes = interest.prefixes.items,
						.prefix_count = interest.prefixes.count,
						.sysctls = interest.sysctls.items,
						.sysctl_count = interest.sysctls.count,
						.cgroups = interest.cgroups.items,
						.cgroup_count = interest.cgroups.count,
						.tables = interest.tables.items,
						.table_count = interest.tables.count,
						.local_routes = interest.local_routes,
						.all_routes = interest.all_routes,
						.link_routes = interest.link_routes,
					});
	interest_free(&interest);
}

void job_settle(struct engine *engine)
{
	bool changed = false, resynced = false;
	int r = host_settle(engine->host, &changed, &resynced);

	if (r < 0) {
		tell(engine, LOG_ERROR, "failing", "reading the host: %s; trying again",
		     strerror(-r));
		host_resync(engine->host);
		loop_timer_set(engine->retry, 1000);
	}
	if (changed)
		tell_links(engine);
	engine->told = engine->told || changed;
	engine->dirty = engine->dirty || r < 0;
}

struct facts engine_facts(const struct engine *engine)
{
	return (struct facts){ .observed = host_observed(engine->host),
			       .health = &engine->health,
			       .subscribers = &engine->subscribers,
			       .now = time(NULL) };
}

void job_decide(struct engine *engine, const struct config *config, struct diags *diags,
		struct desired *desired, struct plan *plan)
{
	struct facts facts;

	set_interest(engine, config, engine->now->config);
	job_settle(engine);
	facts = engine_facts(engine);
	diags_init(diags);
	desired_init(desired, diags);
	feature_desire(config, &facts, desired);
	diags_sort(diags);
	plan_make(&desired->state, facts.observed, plan);
}

/* Leaves out of a repair what was refused and is not due again, and what others fight for. */
static void hold_back(struct engine *engine)
{
	struct plan *plan = &engine->job.plan;
	int64_t now = clock_now_us();
	size_t kept = 0, opens = 0;

	drift_hold_back(engine, plan);
	if (!engine->failing.items.count || engine->job.asked)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		AUTO_TEXT text = { 0 };
		const struct refusal *refusal;

		operation_print(&plan->items[i], &engine->job.desired.state, &text);
		refusal = refusal_find(&engine->failing, text_string(&text));
		if (!refusal && plan->items[i].kind == OBJECT_FILTER)
			refusal = refusal_find(&engine->failing, FILTERS_WHOLE);
		if (refusal && refusal->retry_us > now)
			refusal_copy(&engine->job.refusals, refusal);
		else
			plan->items[kept++] = plan->items[i];
		opens = i < plan->opens ? kept : opens;
	}
	plan->count = kept;
	plan->opens = opens;
}

/* A worker that has nothing to do is told things, too, but they are news to nobody. */
static uint64_t worker_bit(const struct engine *engine, size_t index)
{
	struct shell_status status;

	shell_status(engine->shells[index], &status);
	return shell_matters(&status) ? UINT64_C(1) << index : 0;
}

static void configure_workers(struct engine *engine, const struct config *config)
{
	struct facts facts;

	/* It lives as long as it is what they have: another one never has its address. */
	if (!config || config != engine->configured)
		vitals_follow(engine, config);
	facts = engine_facts(engine);
	engine->configured = config;
	for (size_t i = 0; i < worker_count; i++)
		if (shell_configure(engine->shells[i], config, &facts))
			engine->job.workers |= worker_bit(engine, i);
}

uint64_t job_workers_of(const struct engine *engine, const struct config *config)
{
	const struct facts facts = engine_facts(engine);
	uint64_t differing = 0;

	for (size_t i = 0; i < worker_count; i++)
		if (shell_differs(engine->shells[i], config, &facts))
			differing |= worker_bit(engine, i);
	return differing;
}

void job_update_workers(struct engine *engine)
{
	const struct facts facts = engine_facts(engine);

	/* Who told of health is not told of it in turn. */
	for (size_t i = 0; i < worker_count; i++)
		if (!workers[i]->fact || engine->sights_changed)
			shell_update(engine->shells[i], engine->configured, &facts);
	engine->health_changed = engine->sights_changed = false;
	for (size_t i = 0; i < feature_count; i++) {
		const void *value = engine->configured ? engine->configured->values[i] : NULL;

		engine->dirty = engine->dirty || (value && features[i]->heeds_health);
	}
}

static void sync_workers(struct engine *engine)
{
	for (size_t i = 0; i < worker_count; i++)
		shell_sync(engine->shells[i], engine->host, &engine->job.desired.state);
}

static void reopen_files(struct engine *engine)
{
	for (size_t i = 0; i < worker_count; i++)
		shell_reopen(engine->shells[i]);
}

/* When what was refused for the @tries-th time is tried again. */
static int64_t retry_time(unsigned tries)
{
	int64_t wait = RETRY_FIRST_US;

	while (--tries && wait < RETRY_MOST_US)
		wait *= 2;
	return clock_now_us() + (wait < RETRY_MOST_US ? wait : RETRY_MOST_US);
}

static void note_refusal(struct engine *engine, const struct host_result *result)
{
	struct job *job = &engine->job;
	const struct operation *operation = result->operation;
	const struct object *asked = operation->after;
	const struct refusal *before;
	struct refusal *refusal;
	AUTO_TEXT text = { 0 };

	if (result->whole)
		text_puts(&text, result->whole);
	else
		operation_print(operation, &job->desired.state, &text);
	if (is_again(&job->refusals, text_string(&text)))
		return;
	refusal = VEC_PUSH(&job->refusals.items);
	refusal->place = asked ? asked->place : (struct place){ 0 };
	refusal->feature = asked ? asked->feature : 0;
	refusal->object = mem_strdup(text_string(&text));
	refusal->reason = result->text[0] ?
				  mem_printf("%s: %s", strerror(-result->error), result->text) :
				  mem_strdup(strerror(-result->error));
	before = refusal_find(&engine->failing, refusal->object);
	refusal->tries = before ? before->tries + 1 : 1;
	refusal->retry_us = retry_time(refusal->tries);
	if (!before && job->type != JOB_APPLY && job->type != JOB_MEND)
		tell_refusal(engine, refusal, generation_source(job->target));
}

static void on_result(void *data, const struct host_result *result)
{
	struct engine *engine = data;

	if (result->error) {
		/*
		 * On the way back nobody asked for it: the repair that follows tries again, and
		 * tells.
		 */
		if (!engine->job.reverting)
			note_refusal(engine, result);
		return;
	}
	engine->job.done++;
	if ((engine->job.type == JOB_REPAIR || engine->job.type == JOB_MEND) &&
	    !engine->job.asked && drift_is(engine, result->operation))
		drift_mended(engine, result->operation);
}

/* What others lost and could have back. */
static void note_missing(void *data, const char *object, const char *reason)
{
	struct refusal *refusal = VEC_PUSH(&((struct refusals *)data)->items);

	refusal->object = mem_strdup(object);
	refusal->reason = mem_strdup(reason);
}

/* @refused: the configuration, before anything was begun. */
static void tell_outcome(struct engine *engine, unsigned number, bool refused)
{
	static const struct diags none;
	const struct job *job = &engine->job;
	struct refusals missing = { 0 };
	struct outcome outcome = {
		.generation = job->target,
		.number = number,
		.diags = job->reverting ? &none : &job->diags,
		.desired = job->reverting ? NULL : &job->desired,
		.observed = host_observed(engine->host),
		.refusals = &job->refusals,
		.losses = job->reverting ? NULL : &job->losses,
		.missing = &missing,
		.done = job->reverting ? 0 : job->done,
		.rolled_back = job->reverting,
		.refused = refused,
		.workers = job->reverting ? 0 : job->workers,
		.confirm_ms = job->reverting ? 0 : engine->confirm_ms,
		.read_us = job->read_us,
		.decide_us = job->decide_us,
		.apply_us = job->apply_us,
	};

	host_missing(engine->host, note_missing, &missing);
	if (job->told)
		job->told(job->data, &outcome);
	refusals_free(&missing);
}

static void job_free(struct job *job)
{
	plan_free(&job->plan);
	desired_free(&job->desired);
	diags_free(&job->diags);
	refusals_free(&job->refusals);
	losses_free(&job->losses);
	generation_drop(&job->target);
	*job = (struct job){ 0 };
}

/* What the job decided becomes what the engine stands for; the job keeps nothing of it. */
static void commit(struct engine *engine)
{
	struct job *job = &engine->job;

	if (job->target != engine->now) {
		/* Its promises were proven on paper before it began. */
		diags_free(&engine->violated);
		diags_init(&engine->violated);
		generation_drop(&engine->before);
		/* There is no way back from the first generation to the empty one: that is stop. */
		engine->before = engine->now->number ? generation_share(engine->now) : NULL;
		generation_drop(&engine->now);
		engine->now = generation_share(job->target);
	}
	desired_free(&engine->desired);
	diags_free(&engine->diags);
	refusals_free(&engine->failing);
	engine->diags = job->diags;
	engine->desired = job->desired;
	engine->desired.diags = &engine->diags;
	engine->failing = job->refusals;
	if (engine->failing.items.count)
		qsort(engine->failing.items.items, engine->failing.items.count,
		      sizeof(struct refusal), refusal_order);
	diags_init(&job->diags);
	desired_init(&job->desired, &job->diags);
	job->refusals = (struct refusals){ 0 };
}

/*
 * Whether an apply met a refusal that does not stand already: what failed before is no reason to go
 * back.
 */
static bool newly_refused(const struct engine *engine)
{
	const struct refusals *refusals = &engine->job.refusals;

	for (size_t i = 0; i < refusals->items.count; i++)
		if (!refusal_find(&engine->failing, refusals->items.items[i].object))
			return true;
	return false;
}

static void decide(struct engine *engine, const struct generation *generation)
{
	struct job *job = &engine->job;

	job_decide(engine, generation->config, &job->diags, &job->desired, &job->plan);
	job->desired.diags = &job->diags;
	if (job->type == JOB_APPLY && !job->reverting && !job->rounds)
		proof_on_paper(engine, generation->config, &job->desired, &job->plan, &job->diags);
	if (job->told && !job->reverting && !job->rounds)
		host_losses(engine->host, &job->desired.state, &job->plan, &job->losses);
	job->at = 0;
	/* All that has changed is in this decision, which will be carried out. */
	engine->dirty = engine->told = engine->held_back = false;
	host_touched_forget(engine->host);
}

/* The refused apply becomes its own way back; what was refused is kept for who asked. */
static void revert(struct engine *engine)
{
	struct job *job = &engine->job;

	for (size_t i = 0; i < job->refusals.items.count; i++)
		tell_refusal(engine, &job->refusals.items.items[i], generation_source(job->target));
	plan_free(&job->plan);
	desired_free(&job->desired);
	diags_free(&job->diags);
	job->reverting = true;
	decide(engine, engine->now);
	configure_workers(engine, engine->now->config);
}

static void job_end(struct engine *engine)
{
	struct job *job = &engine->job;
	enum job_type type = job->type;
	size_t done = job->done;
	bool unreadable = type == JOB_APPLY && job->diags.errors && !job->reverting && !job->rounds;
	bool committed = !unreadable && !job->reverting;

	if (!unreadable)
		job_settle(engine);
	if (!unreadable && type != JOB_MEND) {
		configure_workers(engine, (committed ? job->target : engine->now)->config);
		sync_workers(engine);
	}
	if (committed && type == JOB_APPLY)
		reopen_files(engine);
	tell_outcome(engine, committed ? job->target->number : engine->now->number, unreadable);
	/* What was written is looked at once more, as the kernel has it now. */
	engine->told = engine->told || job->plan.count;
	if (type == JOB_MEND) {
		/* Who is refused takes the long way, where it is told, and tried again. */
		engine->dirty = engine->dirty || job->refusals.items.count;
	} else {
		engine->dirty = engine->dirty || !committed;
		engine->clean = committed && !job->plan.count && !job->refusals.items.count &&
				!engine->held_back;
		if (committed)
			commit(engine);
	}
	if (type != JOB_MEND)
		set_interest(engine, engine->now->config, engine->now->config);
	job_free(job);
	engine_finished(engine, type, committed, done);
}

void job_begin(struct engine *engine, enum job_type type, struct generation *target)
{
	struct job *job = &engine->job;
	int64_t before = clock_now_us();

	job->type = type;
	job->target = target;
	decide(engine, target);
	if (type == JOB_REPAIR)
		hold_back(engine);
	job->decide_us = clock_now_us() - before;
	if (type == JOB_APPLY && job->diags.errors) {
		job_end(engine);
		return;
	}
	/*
	 * First what workers answer, then where they listen: nothing comes in that they do not
	 * know. A repair changes neither, and what it is about to mend would be missing from the
	 * facts.
	 */
	if (type != JOB_REPAIR)
		configure_workers(engine, target->config);
	if (!job->plan.count)
		job_end(engine);
}

void job_mend(struct engine *engine, struct plan *plan)
{
	struct job *job = &engine->job;

	job->type = JOB_MEND;
	job->target = generation_share(engine->now);
	diags_init(&job->diags);
	desired_init(&job->desired, &job->diags);
	job->desired.state.others = host_observed(engine->host);
	job->plan = *plan;
	*plan = (struct plan){ 0 };
	job_step(engine);
}

/*
 * What was done may be a fact that something else waits for (a claim is a source that replies may
 * have): a change is finished when nothing is left to do. Returns whether the job goes on.
 */
static bool follow_up(struct engine *engine)
{
	struct job *job = &engine->job;
	int64_t before = clock_now_us();

	if ((job->type == JOB_REPAIR && !job->asked) || job->type == JOB_MEND ||
	    job->refusals.items.count || job->reverting || ++job->rounds == MOST_ROUNDS)
		return false;
	plan_free(&job->plan);
	desired_free(&job->desired);
	diags_free(&job->diags);
	decide(engine, job->target);
	job->decide_us += clock_now_us() - before;
	return job->plan.count > 0;
}

/* The kernel could not be asked: what is left of the plan counts as refused, and is tried again. */
static void break_off(struct engine *engine, int error)
{
	struct job *job = &engine->job;
	struct refusal *refusal = VEC_PUSH(&job->refusals.items);

	refusal->object = mem_printf("the last %zu operations", job->plan.count - job->at);
	refusal->reason = mem_printf("the kernel could not be asked: %s", strerror(-error));
	refusal->retry_us = retry_time(1);
	tell_refusal(engine, refusal, NULL);
	job->at = job->plan.count;
	host_resync(engine->host);
}

void job_step(struct engine *engine)
{
	struct job *job = &engine->job;
	int64_t before = clock_now_us();
	int r = host_apply(engine->host, &job->plan, &job->at, on_result, engine);

	host_receive(engine->host);
	if (r < 0)
		break_off(engine, r);
	job->apply_us += clock_now_us() - before;
	if (engine->server && job->told && job->at < job->plan.count)
		server_progress(engine->server, job->data, job->at, job->plan.count);
	/* What is refused goes back before anything is closed: so what was there never was away. */
	if (job->at >= job->plan.opens && job->type == JOB_APPLY && !job->reverting &&
	    newly_refused(engine))
		revert(engine);
	else if (job->at < job->plan.count)
		return;
	else if (!follow_up(engine))
		job_end(engine);
}
