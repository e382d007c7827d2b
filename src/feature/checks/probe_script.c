/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program's exit status is the answer, and the first line that it writes says why. */
#include "base/fd.h"
#include "base/log.h"
#include "feature/checks/probe_kinds.h"
#include "feature/checks/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

struct probe_script {
	struct probe_watch watch;
	struct probe_stage *stage;
	VEC(struct probe *) slots; /* NULL = free */
};

struct script_own {
	uint32_t slot;
	bool running;
};

/* The other end of what prepare() made: of this process, since it is made before anything else is. */
static int runner_fd = -1;

int probe_script_prepare(void)
{
	fd_closep(&runner_fd);
	runner_fd = runner_start();
	return runner_fd < 0 ? runner_fd : 0;
}

static void take_result(struct probe *probe, const struct runner_result *result)
{
	struct script_own *own = probe->own;
	const char *line = result->line, *between = *line ? ": " : "";

	own->running = false;
	switch (result->end) {
	case RUNNER_EXITED:
		if (result->code)
			probe_down(probe, "exit status %u%s%s", result->code, between, line);
		else
			probe_up(probe, "%s", *line ? line : "exit status 0");
		break;
	case RUNNER_KILLED:
		probe_down(probe, "killed by %s%s%s", strsignal((int)result->code), between, line);
		break;
	case RUNNER_LATE:
		probe_late(probe);
		break;
	case RUNNER_NOT_STARTED:
		probe_failed(probe, "cannot be started", (int)result->code);
		break;
	}
}

static void runner_is_gone(struct probe_script *script)
{
	log_error("the process that runs scripts has died");
	probe_unwatch(script->stage, &script->watch);
	script->stage->script = NULL;
	script->stage->broken = true;
	VEC_FREE(&script->slots);
	runner_fd = -1;
}

static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct probe_script *script = (struct probe_script *)watch;
	struct runner_result result;
	int r;

	while ((r = runner_receive(watch->fd, &result)) > 0) {
		struct probe *probe = result.slot < script->slots.count ?
					      script->slots.items[result.slot] :
					      NULL;

		if (probe && probe->asking && probe->turn == result.turn)
			take_result(probe, &result);
	}
	if (r != -EAGAIN && r != -EINTR)
		runner_is_gone(script);
}

static struct probe_script *script_of(struct probe_stage *stage)
{
	struct probe_script *script;

	if (stage->script || runner_fd < 0)
		return stage->script;
	script = mem_alloc(sizeof(*script));
	script->watch = (struct probe_watch){ runner_fd, on_ready };
	script->stage = stage;
	if (probe_watch(stage, &script->watch, EPOLLIN) < 0)
		mem_freep(&script);
	return stage->script = script;
}

static uint32_t slot_of(struct probe_script *script, struct probe *probe)
{
	for (size_t i = 0; i < script->slots.count; i++)
		if (!script->slots.items[i]) {
			script->slots.items[i] = probe;
			return (uint32_t)i;
		}
	*VEC_PUSH(&script->slots) = probe;
	return (uint32_t)script->slots.count - 1;
}

static void script_open(struct probe *probe)
{
	struct probe_script *script = script_of(probe->stage);
	struct script_own *own = mem_alloc(sizeof(*own));

	if (script)
		own->slot = slot_of(script, probe);
	/* One that takes over a slot must not take the end of the one before it for its own. */
	probe->turn = (uint32_t)probe->stage->now_us;
	probe->own = own;
}

static void script_start(struct probe *probe)
{
	struct script_own *own = probe->own;
	struct runner_order order = { own->slot, probe->turn, probe->spec->timeout_ms,
				      probe->spec->words, probe->spec->word_count };
	int r = probe->stage->script ? runner_send(runner_fd, &order) : -ESRCH;

	if (!r)
		own->running = true;
	else if (r == -EAGAIN)
		probe_down(probe, "too many scripts are waiting");
	else
		probe_failed(probe, "cannot be started", r);
}

/* What still runs is ended. */
static void script_stop(struct probe *probe)
{
	struct script_own *own = probe->own;
	struct runner_order order = { own->slot, probe->turn, 0, NULL, 0 };

	if (own->running && probe->stage->script)
		runner_send(runner_fd, &order);
	own->running = false;
}

static void script_close(struct probe *probe)
{
	struct script_own *own = probe->own;
	struct probe_script *script = probe->stage->script;

	if (script && own->slot < script->slots.count && script->slots.items[own->slot] == probe)
		script->slots.items[own->slot] = NULL;
	mem_freep(&probe->own);
}

void probe_script_leave(struct probe_stage *stage)
{
	struct probe_script *script = stage->script;

	if (!script)
		return;
	stage->script = NULL;
	VEC_FREE(&script->slots);
	probe_unwatch(stage, &script->watch);
	runner_fd = -1;
}

const struct probe_kind probe_script = {
	.open = script_open,
	.start = script_start,
	.stop = script_stop,
	.close = script_close,
	.late = "did not end",
};
