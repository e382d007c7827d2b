/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders: plan, apply, rollback, confirm. They wait in a queue until no job is under way, and of
 * those that change something there is one at a time. The same text as the present generation's is
 * the present generation: it is not read again.
 */
#include "daemon/engine_internal.h"

#include "base/clock.h"
#include "daemon/boot.h"
#include "daemon/builtin.h"
#include "daemon/drift.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void order_drop(struct order *order)
{
	source_free(order->source);
	order->source = NULL;
	if (order->hand)
		subscriber_hand_free(order->hand);
	mem_freep(&order->hand);
	mem_freep(&order->only);
}

int order_load(const struct engine *engine, struct source **ret_source, struct diags *diags)
{
	if (strcmp(engine->options.config_path, "builtin") != 0)
		return feature_load(engine->options.config_path, ret_source, diags);
	*ret_source = source_of_text("builtin", builtin_configuration, builtin_configuration_length);
	return 0;
}

int order_read(struct engine *engine, struct source *source, struct diags *diags,
	       struct generation **ret_generation)
{
	const struct source *now = generation_source(engine->now);
	struct config *config;
	int r;

	if (now && source_equal(source, now)) {
		source_free(source);
		*ret_generation = generation_share(engine->now);
		return 0;
	}
	r = feature_read(source, diags, &config);
	*ret_generation = generation_new(engine->last_number + 1, config);
	return r;
}

/* Whether its text is that of the daemon's own file, by its name. */
static bool is_own(const struct engine *engine, const struct generation *generation)
{
	const struct source *source = generation_source(generation);

	return source && source->count && !strcmp(source->files[0].name, engine->options.config_path);
}

/* The generation that a request means. *ret_generation is written in any case. */
static int request_generation(struct engine *engine, struct request *request, struct diags *diags,
			      struct generation **ret_generation)
{
	struct source *source = request->order.source;
	int r = 0;

	request->order.source = NULL;
	if (!source)
		r = order_load(engine, &source, diags);
	if (r == 0 && request->order.reload)
		r = reload_prepare(engine, request->order.only, source, diags);
	mem_freep(&request->order.only);
	if (r < 0) {
		*ret_generation = generation_new(engine->last_number + 1, NULL);
		source_free(source);
		return r;
	}
	r = order_read(engine, source, diags, ret_generation);
	(*ret_generation)->own = is_own(engine, *ret_generation);
	return r;
}

/* The answer to a configuration that could not be read. */
static void tell_unread(struct engine *engine, const struct request *request,
			const struct generation *generation, const struct diags *diags)
{
	struct outcome outcome = {
		.generation = generation,
		.number = engine->now->number,
		.diags = diags,
		.observed = host_observed(engine->host),
		.refused = true,
	};

	if (request->order.told)
		request->order.told(request->order.data, &outcome);
}

static void do_plan(struct engine *engine, struct request *request)
{
	struct generation *generation = NULL;
	struct desired desired;
	struct diags diags, decided;
	struct losses losses;
	int64_t start = clock_now_us();
	struct plan plan;

	diags_init(&diags);
	if (request->order.back && engine->before)
		generation = generation_share(engine->before);
	if (!generation && request_generation(engine, request, &diags, &generation) < 0) {
		tell_unread(engine, request, generation, &diags);
	} else {
		struct outcome outcome = { .generation = generation,
					   .number = engine->now->number,
					   .read_us = clock_now_us() - start };

		host_reread_untold(engine->host);
		job_decide(engine, generation->config, &decided, &desired, &plan);
		proof_on_paper(engine, generation->config, &desired, &plan, &decided);
		outcome.diags = &decided;
		outcome.desired = &desired;
		/*
		 * What was refused has no plan: without the refused objects it would show a loss
		 * that nobody asked for.
		 */
		outcome.plan = decided.errors ? NULL : &plan;
		host_losses(engine->host, &desired.state, &plan, &losses);
		outcome.losses = decided.errors ? NULL : &losses;
		outcome.observed = host_observed(engine->host);
		if (generation != engine->now && !decided.errors)
			outcome.workers = job_workers_of(engine, generation->config);
		outcome.decide_us = clock_now_us() - start - outcome.read_us;
		request->order.told(request->order.data, &outcome);
		losses_free(&losses);
		plan_free(&plan);
		desired_free(&desired);
		diags_free(&decided);
	}
	diags_free(&diags);
	generation_drop(&generation);
}

/*
 * The same configuration on a host that has not changed since it was last looked at: there is
 * nothing to decide.
 */
static bool nothing_moved(struct engine *engine, const struct generation *generation)
{
	if (generation != engine->now || engine->violated.errors || !engine->clean ||
	    engine->dirty || engine->told)
		return false;
	job_settle(engine);
	return !engine->told;
}

static void tell_nothing_moved(struct engine *engine, const struct request *request, int64_t read_us)
{
	struct outcome outcome = {
		.generation = engine->now,
		.number = engine->now->number,
		.diags = &engine->diags,
		.desired = &engine->desired,
		.observed = host_observed(engine->host),
		.read_us = read_us,
	};

	request->order.told(request->order.data, &outcome);
	engine_finished(engine, JOB_APPLY, true, 0);
}

static void begin_change(struct engine *engine, enum job_type type, const struct request *request,
			 struct generation *generation)
{
	engine->job.told = request->order.told;
	engine->job.data = request->order.data;
	job_begin(engine, type, generation);
}

static void begin_apply(struct engine *engine, const struct request *request,
			struct generation *generation, int64_t read_us)
{
	guard_forgive(&engine->guard);
	host_reread_untold(engine->host);
	if (nothing_moved(engine, generation)) {
		tell_nothing_moved(engine, request, read_us);
		generation_drop(&generation);
		return;
	}
	engine->job.read_us = read_us;
	engine->confirm_ms = generation == engine->now ? 0 : request->order.confirm_ms;
	if (engine->confirm_ms)
		boot_waits(engine, generation);
	engine->caller = request->order.caller;
	engine->asker = request->order.data;
	begin_change(engine, JOB_APPLY, request, generation);
}

static void do_apply(struct engine *engine, struct request *request)
{
	int64_t before = clock_now_us();
	struct generation *generation = NULL;
	struct diags diags;

	diags_init(&diags);
	if (request_generation(engine, request, &diags, &generation) < 0) {
		tell_unread(engine, request, generation, &diags);
		generation_drop(&generation);
	} else {
		begin_apply(engine, request, generation, clock_now_us() - before);
	}
	diags_free(&diags);
}

static void do_rollback(struct engine *engine, struct request *request)
{
	guard_forgive(&engine->guard);
	host_reread_untold(engine->host);
	begin_change(engine, JOB_ROLLBACK, request, generation_share(engine->before));
}

void order_next(struct engine *engine)
{
	struct request request = engine->requests.items[0];

	memmove(engine->requests.items, engine->requests.items + 1,
		--engine->requests.count * sizeof(request));
	switch (request.type) {
	case REQUEST_PLAN:
		do_plan(engine, &request);
		break;
	case REQUEST_APPLY:
		do_apply(engine, &request);
		break;
	case REQUEST_ROLLBACK:
		do_rollback(engine, &request);
		break;
	case REQUEST_ENROL:
		enrol_begin(engine, &request);
		break;
	}
}

static bool change_is_under_way(const struct engine *engine)
{
	if (engine->transaction.id || engine->job.type == JOB_APPLY ||
	    engine->job.type == JOB_ROLLBACK || engine->stopping)
		return true;
	for (size_t i = 0; i < engine->requests.count; i++)
		if (engine->requests.items[i].type == REQUEST_APPLY ||
		    engine->requests.items[i].type == REQUEST_ROLLBACK)
			return true;
	return false;
}

static int enqueue(struct engine *engine, int type, const struct order *order)
{
	struct request *request = VEC_PUSH(&engine->requests);

	request->type = type;
	request->order = *order;
	loop_again(engine->loop);
	return 0;
}

int engine_plan(struct engine *engine, const struct order *order)
{
	if (order->back && !engine->before) {
		source_free(order->source);
		return -ENOENT;
	}
	return enqueue(engine, REQUEST_PLAN, order);
}

int engine_apply(struct engine *engine, const struct order *order)
{
	if (change_is_under_way(engine)) {
		source_free(order->source);
		free(order->only);
		return -EBUSY;
	}
	return enqueue(engine, REQUEST_APPLY, order);
}

void engine_enrol(struct engine *engine, const struct order *order)
{
	enqueue(engine, REQUEST_ENROL, order);
}

int engine_rollback(struct engine *engine, const struct order *order)
{
	if (!engine->before)
		return -ENOENT;
	/* A rollback ends the wait for a confirm; it does not wait for it. */
	transaction_end(&engine->transaction);
	loop_timer_set(engine->confirm, 0);
	if (change_is_under_way(engine))
		return -EBUSY;
	return enqueue(engine, REQUEST_ROLLBACK, order);
}

int engine_confirm(struct engine *engine, const struct caller *caller, unsigned id, unsigned extend_ms)
{
	struct transaction *transaction = &engine->transaction;

	if (!transaction->id)
		return -ENOENT;
	if (id && id != transaction->id)
		return -ESRCH;
	if (!transaction->answered_us || caller->since_us <= transaction->answered_us)
		return -EPERM;
	if (extend_ms) {
		transaction->until_us = clock_now_us() + (int64_t)extend_ms * 1000;
		loop_timer_set(engine->confirm, extend_ms);
		tell(engine, LOG_NOTICE, "confirm", "generation %u goes back in %u s from now on",
		     transaction->id, extend_ms / 1000);
		return 0;
	}
	transaction_end(transaction);
	loop_timer_set(engine->confirm, 0);
	boot_stands(engine);
	tell(engine, LOG_NOTICE, "confirm", "generation %u is confirmed", engine->now->number);
	return 0;
}

void engine_answered(struct engine *engine, const void *data)
{
	if (engine->asker != data)
		return;
	engine->asker = NULL;
	engine->transaction.answered_us = clock_now_us();
}

void engine_forget(struct engine *engine, void *data)
{
	engine_answered(engine, data);
	if (engine->job.data == data)
		engine->job.told = NULL;
	for (size_t i = 0; i < engine->requests.count; i++)
		if (engine->requests.items[i].order.data == data)
			engine->requests.items[i].order.told = told_nobody;
}
