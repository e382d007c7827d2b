/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders: plan, apply, rollback, confirm. They wait in a queue until no job is under way, and of
 * those that change something there is one at a time. The same text as the present generation's is
 * the present generation: it is not read again.
 */
#include "daemon/engine_internal.h"

#include "base/clock.h"
#include "daemon/builtin.h"
#include "daemon/drift.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int order_load(const struct engine *engine, struct source **ret_source, struct diags *diags)
{
	if (strcmp(engine->options.config_path, "builtin") != 0)
		return source_load(engine->options.config_path, ret_source, diags);
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

/* The generation that a request means. *ret_generation is written in any case. */
static int request_generation(struct engine *engine, struct request *request, struct diags *diags,
			      struct generation **ret_generation)
{
	struct source *source = request->source;
	int r = 0;

	request->source = NULL;
	if (!source)
		r = order_load(engine, &source, diags);
	if (r < 0) {
		*ret_generation = generation_new(engine->last_number + 1, NULL);
		source_free(source);
		return r;
	}
	return order_read(engine, source, diags, ret_generation);
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
	};

	if (request->told)
		request->told(request->data, &outcome);
}

static void do_plan(struct engine *engine, struct request *request)
{
	struct generation *generation = NULL;
	struct desired desired;
	struct diags diags, decided;
	struct plan plan;

	diags_init(&diags);
	if (request_generation(engine, request, &diags, &generation) < 0) {
		tell_unread(engine, request, generation, &diags);
	} else {
		struct outcome outcome = { .generation = generation, .number = engine->now->number };

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
		outcome.observed = host_observed(engine->host);
		request->told(request->data, &outcome);
		plan_free(&plan);
		desired_free(&desired);
		diags_free(&decided);
	}
	diags_free(&diags);
	generation_drop(&generation);
}

/* From here on a restart goes back to the present generation, until the new one is confirmed. */
static void remember_for_confirm(struct engine *engine)
{
	int r = generation_remember(engine->confirm_path, engine->now);

	if (r < 0)
		tell(engine, LOG_WARNING, "apply",
		     "%s cannot be written (%s): going back without a confirm works, "
		     "but not over a restart in between",
		     engine->confirm_path, strerror(-r));
}

/*
 * The same configuration on a host that has not changed since it was last looked at: there is
 * nothing to decide.
 */
static bool nothing_moved(struct engine *engine, const struct generation *generation)
{
	if (generation != engine->now || !engine->clean || engine->dirty || engine->told)
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

	request->told(request->data, &outcome);
	engine_finished(engine, JOB_APPLY, true);
}

static void begin_change(struct engine *engine, enum job_type type, const struct request *request,
			 struct generation *generation)
{
	engine->job.told = request->told;
	engine->job.data = request->data;
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
	engine->confirm_ms = generation == engine->now ? 0 : request->confirm_ms;
	if (engine->confirm_ms)
		remember_for_confirm(engine);
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
	}
}

static bool change_is_under_way(const struct engine *engine)
{
	if (engine->confirm_until_us || engine->job.type == JOB_APPLY ||
	    engine->job.type == JOB_ROLLBACK || engine->stopping)
		return true;
	for (size_t i = 0; i < engine->requests.count; i++)
		if (engine->requests.items[i].type != REQUEST_PLAN)
			return true;
	return false;
}

static void enqueue(struct engine *engine, const struct request *request)
{
	*VEC_PUSH(&engine->requests) = *request;
	loop_again(engine->loop);
}

void engine_plan(struct engine *engine, struct source *source, outcome_fn *told, void *data)
{
	enqueue(engine, &(struct request){
				.type = REQUEST_PLAN, .source = source, .told = told, .data = data });
}

int engine_apply(struct engine *engine, struct source *source, unsigned confirm_ms,
		 outcome_fn *told, void *data)
{
	if (change_is_under_way(engine)) {
		source_free(source);
		return -EBUSY;
	}
	enqueue(engine, &(struct request){ .type = REQUEST_APPLY,
					   .source = source,
					   .confirm_ms = confirm_ms,
					   .told = told,
					   .data = data });
	return 0;
}

int engine_rollback(struct engine *engine, outcome_fn *told, void *data)
{
	if (!engine->before)
		return -ENOENT;
	/* A rollback ends the wait for a confirm; it does not wait for it. */
	engine->confirm_until_us = 0;
	loop_timer_set(engine->confirm, 0);
	if (change_is_under_way(engine))
		return -EBUSY;
	enqueue(engine, &(struct request){ .type = REQUEST_ROLLBACK, .told = told, .data = data });
	return 0;
}

int engine_confirm(struct engine *engine)
{
	if (!engine->confirm_until_us)
		return -ENOENT;
	engine->confirm_until_us = 0;
	loop_timer_set(engine->confirm, 0);
	unlink(engine->confirm_path);
	tell(engine, LOG_NOTICE, "confirm", "generation %u is confirmed", engine->now->number);
	return 0;
}

void engine_forget(struct engine *engine, void *data)
{
	if (engine->job.data == data)
		engine->job.told = NULL;
	for (size_t i = 0; i < engine->requests.count; i++)
		if (engine->requests.items[i].data == data)
			engine->requests.items[i].told = told_nobody;
}
