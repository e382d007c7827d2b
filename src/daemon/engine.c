/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Handlers here only record: a signal sets a flag, an event is kept by the host, an order joins
 * the queue. The tick decides, and does one job at a time.
 */
#include "daemon/engine_internal.h"

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/boot.h"
#include "daemon/drift.h"
#include "daemon/heir.h"
#include "daemon/notify.h"
#include "daemon/vitals.h"
#include "io/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define AUDIT_MS 5000	    /* settings have no events; this is how often they are read again, */
#define AUDITS_FOR_ALL 24   /* and at each so-manieth time everything else too */
#define COUNTERS_MS 5000    /* how much of its counts a dying worker may take with it */
#define REPAIR_FIRST_MS 20  /* between two repairs, */
#define REPAIR_MOST_MS 2000 /* and when somebody keeps changing what is ours */
#define REPAIR_PEACE_US 10000000
#define LULL_US 25000	      /* of events: then a flood of them is over, */
#define FLOOD_MOST_US 1000000 /* or this long after it began */

/* One worker thread for each processor that this process may use. */
static unsigned thread_count(void)
{
	cpu_set_t processors;
	int count = 1;

	if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
		count = CPU_COUNT(&processors);
	return count < 1 ? 1 : count > 16 ? 16 : (unsigned)count;
}

/* Repairs come at once, but not without end: an adversary gets a repair in ever longer steps. */
static void do_repair(struct engine *engine)
{
	int64_t now = clock_now_us(), start = engine->next_repair_us;

	/* Where much goes at once more will go: what is mended now would be removed once more. */
	if (engine->flood_us && now - engine->flood_us < FLOOD_MOST_US &&
	    engine->event_us + LULL_US > start)
		start = engine->event_us + LULL_US;
	if (now < start) {
		loop_timer_set(engine->repair, (unsigned)((start - now) / 1000) + 1);
		return;
	}
	engine->flood_us = 0;
	job_begin(engine, JOB_REPAIR, generation_share(engine->now));
}

static void pace_repairs(struct engine *engine)
{
	int64_t now = clock_now_us();

	if (now - engine->last_repair_us > REPAIR_PEACE_US)
		engine->repair_interval_ms = REPAIR_FIRST_MS;
	else if (engine->last_repair_us >= engine->next_repair_us &&
		 engine->repair_interval_ms < REPAIR_MOST_MS)
		engine->repair_interval_ms += engine->repair_interval_ms / 4;
	engine->next_repair_us = now + engine->repair_interval_ms * 1000;
}

static void plan_retry(struct engine *engine)
{
	int64_t now = clock_now_us(), first = guard_due(&engine->guard, now);

	for (size_t i = 0; i < engine->failing.items.count; i++)
		if (engine->failing.items.items[i].retry_us < first)
			first = engine->failing.items.items[i].retry_us;
	if (first != INT64_MAX)
		loop_timer_set(engine->retry, first > now ? (unsigned)((first - now) / 1000) + 1 : 1);
}

static void become_ready(struct engine *engine)
{
	if (engine->ready)
		return;
	engine->ready = true;
	if (engine->failing.items.count)
		log_warning("%zu objects were refused; trying again (mhctl status shows them)",
			    engine->failing.items.count);
	heir_retire(engine);
	puts("ready");
	fflush(stdout);
	notify("READY=1");
}

static void arm_confirm(struct engine *engine, size_t operations)
{
	struct transaction *transaction = &engine->transaction;
	const struct source *source = generation_source(engine->now);
	unsigned confirm_ms = engine->confirm_ms;

	transaction_end(transaction);
	*transaction = (struct transaction){
		.id = engine->now->number,
		.caller = engine->caller,
		.what = mem_strdup(source && source->count ? source->files[0].name : ""),
		.operations = operations,
		.until_us = clock_now_us() + (int64_t)confirm_ms * 1000,
		.answered_us = engine->asker ? 0 : clock_now_us(),
	};
	loop_timer_set(engine->confirm, confirm_ms);
	tell(engine, LOG_NOTICE, "confirm", "going back in %u s unless confirmed: mhctl confirm",
	     confirm_ms / 1000);
}

/* Armed is only what stands: an apply that was refused has nothing to go back from. */
static void finish_apply(struct engine *engine, enum job_type type, bool committed, size_t operations)
{
	bool was_to_wait = engine->confirm_ms != 0;

	if (committed)
		tell(engine, LOG_NOTICE, "apply", "generation %u is in force", engine->now->number);
	if (committed && was_to_wait)
		arm_confirm(engine, operations);
	else if (type == JOB_ROLLBACK)
		boot_turned_down(engine);
	else if (committed)
		boot_stands(engine);
	else if (was_to_wait)
		boot_no_longer_waits(engine);
	engine->confirm_ms = 0;
}

/* The way back that the former program had. */
static void inherit_before(struct engine *engine)
{
	struct heritage *heritage = engine->heritage;
	struct source *source = heritage ? heritage->before : NULL;
	struct generation *before = NULL;
	struct diags diags;

	if (!source)
		return;
	heritage->before = NULL;
	diags_init(&diags);
	if (order_read(engine, source, &diags, &before) < 0) {
		generation_drop(&before);
	} else {
		generation_drop(&engine->before);
		before->number = heritage->number_before;
		engine->before = before;
	}
	diags_free(&diags);
}

void engine_finished(struct engine *engine, enum job_type type, bool committed, size_t done)
{
	if (committed && engine->now->number > engine->last_number)
		engine->last_number = engine->now->number;
	switch (type) {
	case JOB_NONE:
		break;
	case JOB_START:
		engine->started = true;
		inherit_before(engine);
		/*
		 * Ready is who answers: the workers' first word is waited for, but not longer than
		 * an audit.
		 */
		if (!engine_ask_workers(engine))
			become_ready(engine);
		break;
	case JOB_APPLY:
	case JOB_ROLLBACK:
		finish_apply(engine, type, committed, done);
		/* What was turned down is no way back: it may be what locked somebody out. */
		if (committed)
			engine->went_back = type == JOB_ROLLBACK;
		if (engine->went_back)
			generation_drop(&engine->before);
		break;
	case JOB_REPAIR:
		pace_repairs(engine);
		break;
	case JOB_MEND:
		break;
	case JOB_STOP:
		loop_stop(engine->loop);
		return;
	}
	tell_complaints(engine);
	plan_retry(engine);
	if (engine->clock)
		loop_clock_set(engine->clock, engine->desired.again_at);
	proof_soon(engine);
}

static void on_tick(void *data)
{
	struct engine *engine = data;

	if (engine->health_changed)
		job_update_workers(engine);
	if (engine->job.type != JOB_NONE)
		job_step(engine);
	else if (engine->stopping)
		job_begin(engine, JOB_STOP, generation_new(0, NULL));
	else if (engine->requests.count)
		order_next(engine);
	else if (engine->told && engine->started)
		drift_look(engine);
	else if (engine->dirty)
		do_repair(engine);
	else if (engine->unproved && !loop_timer_pending(engine->proof))
		proof_run(engine);
	/*
	 * What waits for nothing from outside is done at once; a repair that is held back has its
	 * timer.
	 */
	if (engine->job.type != JOB_NONE || engine->requests.count || engine->stopping ||
	    engine->told || (engine->dirty && !loop_timer_pending(engine->repair)))
		loop_again(engine->loop);
}

static void on_host(void *data)
{
	struct engine *engine = data;
	int r = host_receive(engine->host);

	if (r < 0)
		host_resync(engine->host);
	engine->told = true;
	engine->event_us = clock_now_us();
}

/* localtime_r() alone would keep the zone that the process began with. */
static void look_at_zone(struct engine *engine)
{
	struct stat zone = { 0 };
	int64_t mtime_us;

	(void)stat("/etc/localtime", &zone);
	mtime_us = (int64_t)zone.st_mtim.tv_sec * 1000000 + zone.st_mtim.tv_nsec / 1000 +
		   (int64_t)zone.st_ino;
	if (mtime_us == engine->zone_mtime_us)
		return;
	engine->zone_mtime_us = mtime_us;
	tzset();
	engine->dirty = true;
}

static void on_audit(void *data)
{
	struct engine *engine = data;

	if (engine->started)
		become_ready(engine);
	if (++engine->audits % AUDITS_FOR_ALL == 0)
		host_resync(engine->host);
	else
		host_reread_untold(engine->host);
	engine->told = true;
	look_at_zone(engine);
	loop_timer_set(engine->audit, AUDIT_MS);
}

static void on_retry(void *data)
{
	struct engine *engine = data;

	engine->dirty = true;
}

/* That it is not pending any more is all that the tick looks at. */
static void on_held_back(void *data)
{
}

static void on_clock(void *data)
{
	((struct engine *)data)->dirty = true;
}

static void on_confirm_over(void *data)
{
	struct engine *engine = data;
	const struct order order = { .told = told_outcome, .data = engine };

	tell(engine, LOG_WARNING, "confirm", "nobody confirmed generation %u; going back",
	     engine->now->number);
	if (engine_rollback(engine, &order) < 0)
		loop_timer_set(engine->confirm, 1000);
}

static void on_counters(void *data)
{
	struct engine *engine = data;

	for (size_t i = 0; i < worker_count; i++)
		shell_end_silent(engine->shells[i]);
	engine_ask_workers(engine);
	vitals_tell_rest(engine);
	loop_timer_set(engine->counters, COUNTERS_MS);
}

static void told_busy(struct engine *engine)
{
	tell(engine, LOG_WARNING, "apply",
	     "another change is under way or waits to be confirmed; SIGHUP is not heard");
	notify("READY=1");
}

static void on_signal(void *data, int number)
{
	struct engine *engine = data;
	const struct order order = { .told = told_outcome, .data = engine };

	if (number == SIGHUP) {
		notify_reloading();
		if (engine_apply(engine, &order) < 0)
			told_busy(engine);
		return;
	}
	notify("STOPPING=1");
	engine->stopping = true;
}

static void on_worker_told(void *data, const char *text)
{
	tell(data, LOG_WARNING, "worker", "%s", text);
}

static void on_worker_reported(void *data, uint32_t number)
{
	struct engine *engine = data;

	for (size_t i = 0; i < worker_count; i++)
		if (shell_awaited(engine->shells[i]))
			return;
	if (engine->started)
		become_ready(engine);
	server_reported(engine->server);
}

static void on_worker_health(void *data, const struct healths *news)
{
	vitals_told(data, news);
}

static void on_worker_died(void *data, const struct worker *worker)
{
	if (worker->fact)
		vitals_grow_old(data);
}

static void make_shells(struct engine *engine)
{
	struct shell_owner owner = {
		.loop = engine->loop,
		.threads = engine->threads,
		.one_process = engine->options.one_process,
		.told = on_worker_told,
		.reported = on_worker_reported,
		.health = on_worker_health,
		.died = on_worker_died,
		.data = engine,
	};

	engine->shells = mem_alloc(worker_count * sizeof(struct shell *));
	for (size_t i = 0; i < worker_count; i++)
		engine->shells[i] = shell_new(&owner, workers[i]);
}

/* A program that took over holds those back that came meanwhile. */
static void let_signals_in(const int *numbers, size_t count)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < count; i++)
		sigaddset(&held, numbers[i]);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
}

static void make_watches(struct engine *engine)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		engine->signals[i] = loop_watch_signal(engine->loop, signals[i], on_signal, engine);
	signal(SIGPIPE, SIG_IGN);
	let_signals_in(signals, ARRAY_SIZE(signals));
	engine->host_watch = loop_watch_fd(engine->loop, host_fd(engine->host), on_host, engine);
	engine->audit = loop_watch_timer(engine->loop, on_audit, engine);
	engine->retry = loop_watch_timer(engine->loop, on_retry, engine);
	engine->repair = loop_watch_timer(engine->loop, on_held_back, engine);
	engine->confirm = loop_watch_timer(engine->loop, on_confirm_over, engine);
	engine->clock = loop_watch_clock(engine->loop, on_clock, engine);
	proof_open(engine);
	engine->proof = loop_watch_timer(engine->loop, on_held_back, engine);
	engine->counters = loop_watch_timer(engine->loop, on_counters, engine);
	loop_timer_set(engine->audit, AUDIT_MS);
	loop_timer_set(engine->counters, COUNTERS_MS);
}

static int open_doors(struct engine *engine, struct text *error)
{
	struct host_options options = { .memory_path = engine->memory_path,
					.taken_path = engine->taken_path,
					.sockets_per_listener = engine->threads,
					.bpffs = engine->options.bpffs };
	struct rlimit files;
	int r;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	r = sandbox_engine(error);
	if (r < 0)
		return r;
	r = lock_take(&engine->lock, error);
	if (r < 0)
		return r;
	engine->loop = loop_new(on_tick, engine);
	r = server_new(engine, engine->heritage, &engine->server, error);
	if (r < 0)
		return r;
	return host_open(&options, &engine->host, error);
}

/* Reads @source, which it takes over, as the first generation; says what is wrong with it. */
static int read_source(struct engine *engine, struct source *source,
		       struct generation **ret_generation)
{
	AUTO_TEXT text = { 0 };
	struct diags diags;
	int r;

	diags_init(&diags);
	r = order_read(engine, source, &diags, ret_generation);
	diags_render(&diags, generation_source(*ret_generation), isatty(STDERR_FILENO), &text);
	fputs(text_string(&text), stderr);
	diags_free(&diags);
	return r;
}

static int read_own(struct engine *engine, struct generation **ret_generation)
{
	struct source *own = NULL, *back;
	AUTO_TEXT text = { 0 };
	struct diags diags;
	int r;

	diags_init(&diags);
	r = order_load(engine, &own, &diags);
	if (r < 0 && !diags.count)
		text_printf(&text, "%s: %s\n", engine->options.config_path, strerror(-r));
	diags_render(&diags, own, isatty(STDERR_FILENO), &text);
	back = boot_recall(engine, r < 0 ? NULL : own);
	if (back && read_source(engine, back, ret_generation) == 0) {
		source_free(own);
		r = 0;
	} else if (back) {
		log_warning("which this version does not take; starting with what the file says");
		generation_drop(ret_generation);
	}
	if (!*ret_generation && r < 0) {
		fputs(text_string(&text), stderr);
		source_free(own);
		r = -EINVAL;
	} else if (!*ret_generation) {
		r = read_source(engine, own, ret_generation);
		(*ret_generation)->own = true;
	}
	diags_free(&diags);
	return r;
}

/* Numbers go on where the former program was. */
static int read_inherited(struct engine *engine, struct generation **ret_generation)
{
	struct source *source = engine->heritage->now;
	int r;

	engine->heritage->now = NULL;
	engine->last_number = engine->heritage->number - 1;
	r = read_source(engine, source, ret_generation);
	(*ret_generation)->own = engine->heritage->own;
	return r;
}

static int read_first(struct engine *engine, struct generation **ret_generation)
{
	return engine->heritage ? read_inherited(engine, ret_generation) :
				  read_own(engine, ret_generation);
}

int engine_upgrade_prepare(struct engine *engine, int *ret_fd, struct text *error)
{
	const char *program = engine->options.program;

	if (engine->options.one_process || !program || !engine->now->number) {
		text_puts(error,
			  "only a daemon with processes of its own, started by its path, can "
			  "be upgraded while it runs; stop and start it");
		return -EOPNOTSUPP;
	}
	if (engine->job.type != JOB_NONE || engine->requests.count || engine->transaction.id ||
	    !engine->ready) {
		text_puts(error,
			  "another change is under way or waits to be confirmed; upgrade when "
			  "it has ended (mhctl status)");
		return -EBUSY;
	}
	return heir_prepare(engine, program, ret_fd, error);
}

void engine_upgrade(struct engine *engine, int fd)
{
	int r;

	tell(engine, LOG_NOTICE, "upgrade", "%s takes over", engine->options.program);
	fflush(NULL);
	r = heir_execute(engine, engine->options.program, fd);
	tell(engine, LOG_ERROR, "upgrade", "%s: %s; going on", engine->options.program, strerror(-r));
	close(fd);
}

struct engine *engine_new(const struct engine_options *options, int *ret_exit)
{
	struct engine *engine = mem_alloc(sizeof(*engine));
	struct generation *first = NULL;
	AUTO_TEXT error = { 0 };

	engine->options = *options;
	engine->heritage = options->heritage;
	engine->threads = engine->heritage ? engine->heritage->threads : thread_count();
	engine->lock.fd = -1;
	engine->started_us = clock_now_us();
	engine->memory_path = mem_printf("%s.sysctl", options->socket_path);
	engine->taken_path = mem_printf("%s.taken", options->socket_path);
	boot_open(engine);
	engine->repair_interval_ms = REPAIR_FIRST_MS;
	engine->now = generation_new(0, NULL);
	diags_init(&engine->diags);
	diags_init(&engine->violated);
	look_at_zone(engine);
	desired_init(&engine->desired, &engine->diags);
	*ret_exit = 2;
	if (read_first(engine, &first) < 0)
		goto fail;
	*ret_exit = 1;
	if (open_doors(engine, &error) < 0) {
		fprintf(stderr, "multihomed: %s\n", text_string(&error));
		goto fail;
	}
	make_watches(engine);
	make_shells(engine);
	vitals_open(engine);
	enrol_open(engine);
	if (engine->heritage)
		heir_take(engine, engine->heritage);
	job_begin(engine, JOB_START, first);
	return engine;
fail:
	generation_drop(&first);
	engine_free(engine);
	return NULL;
}

int engine_run(struct engine *engine)
{
	loop_run(engine->loop);
	return engine->failing.items.count ? 1 : 0;
}

void engine_free(struct engine *engine)
{
	for (size_t i = 0; engine->shells && i < worker_count; i++)
		shell_free(engine->shells[i]);
	mem_freep(&engine->shells);
	sights_free(engine->sights);
	server_free(engine->server);
	for (size_t i = 0; i < ARRAY_SIZE(engine->signals); i++)
		loop_unwatch(&engine->signals[i]);
	loop_unwatch(&engine->patience);
	loop_unwatch(&engine->host_watch);
	loop_unwatch(&engine->audit);
	loop_unwatch(&engine->retry);
	loop_unwatch(&engine->repair);
	loop_unwatch(&engine->confirm);
	loop_unwatch(&engine->clock);
	loop_unwatch(&engine->proof);
	prover_free(engine->prover);
	loop_unwatch(&engine->counters);
	if (engine->host)
		host_close(engine->host);
	heir_leave(engine);
	loop_free(engine->loop);
	lock_release(&engine->lock);
	generation_drop(&engine->now);
	generation_drop(&engine->before);
	desired_free(&engine->desired);
	diags_free(&engine->diags);
	diags_free(&engine->violated);
	refusals_free(&engine->failing);
	state_free(&engine->links);
	healths_free(&engine->health);
	hands_free(&engine->hands);
	subscriber_hands_free(&engine->subscribers);
	mem_freep(&engine->subscribers_path);
	for (size_t i = 0; i < engine->requests.count; i++)
		order_drop(&engine->requests.items[i].order);
	VEC_FREE(&engine->requests);
	guard_free(&engine->guard);
	mem_freep(&engine->last_repair);
	mem_freep(&engine->complaints);
	mem_freep(&engine->memory_path);
	mem_freep(&engine->taken_path);
	mem_freep(&engine->confirm_path);
	mem_freep(&engine->turned_down_path);
	transaction_end(&engine->transaction);
	mem_freep(&engine);
}

void engine_status(const struct engine *engine, struct engine_status *ret_status)
{
	int64_t left = engine->transaction.id ? engine->transaction.until_us - clock_now_us() : 0;

	*ret_status = (struct engine_status){
		.config_name = engine->options.config_path,
		.generation = engine->now,
		.observed = host_observed(engine->host),
		.health = &engine->health,
		.subscribers = &engine->subscribers,
		.desired = &engine->desired,
		.diags = &engine->diags,
		.refusals = &engine->failing,
		.transaction = &engine->transaction,
		.violated = &engine->violated,
		.confirm_ms = left > 0 ? (unsigned)(left / 1000) + 1 : 0,
		.started_us = engine->started_us,
		.repaired = engine->repaired,
		.last_repair = engine->last_repair,
		.guard = &engine->guard,
		.last_repair_us = engine->last_repair_us,
		.shells = engine->shells,
		.host = engine->host,
	};
}

bool engine_ask_workers(struct engine *engine)
{
	bool asked = false;

	if (!++engine->asked)
		engine->asked = 1;
	for (size_t i = 0; i < worker_count; i++)
		asked = shell_ask(engine->shells[i], engine->asked) || asked;
	return asked;
}
