/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine says: a line in the log, and the same to everybody who watches. */
#include "daemon/engine_internal.h"

#include "base/clock.h"
#include "daemon/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of one repair so many lines are told; the rest is counted. */
#define REPAIR_LINES 10

void tell(struct engine *engine, enum log_level level, const char *event, const char *format, ...)
{
	char *line = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	if (!line)
		return;
	log_line(level, "%s", line);
	if (engine->server)
		server_event(engine->server, event, line);
	mem_freep(&line);
}

void tell_links(struct engine *engine)
{
	const struct state *observed = host_observed(engine->host);
	struct state links = { 0 };

	STATE_EACH(observed, OBJECT_LINK, const struct host_link, link) {
		const struct host_link *was = state_find(&engine->links, OBJECT_LINK, link);
		bool up = link->flags & IFF_UP &&
			  (link->flags & IFF_RUNNING || link->flags & IFF_LOOPBACK);
		bool was_up = was && was->flags & IFF_UP &&
			      (was->flags & IFF_RUNNING || was->flags & IFF_LOOPBACK);

		state_add(&links, OBJECT_LINK, link);
		if (!was || was_up != up)
			engine->health_changed = engine->sights_changed = true;
		if (engine->ready && (!was || was_up != up))
			tell(engine, LOG_NOTICE, "link", "link %s is %s%s", link->name,
			     was ? "" : "new and ", up ? "up" : "down");
	}
	state_sort(&links, NULL, NULL);
	STATE_EACH(&engine->links, OBJECT_LINK, const struct host_link, link)
		if (engine->ready && !state_find(&links, OBJECT_LINK, link))
			tell(engine, LOG_NOTICE, "link", "link %s is gone", link->name);
	state_free(&engine->links);
	engine->links = links;
}

/* Tells those lines of @now that did not stand in what was told before. */
static void tell_new_lines(struct engine *engine, const char *now)
{
	const char *before = engine->complaints ? engine->complaints : "";

	while (*now) {
		size_t length = strcspn(now, "\n");
		AUTO_MEM char *line = strndup(now, length);

		if (line && length && !strstr(before, line))
			tell(engine, LOG_WARNING, "pending", "%s", line);
		now += length + (now[length] == '\n');
	}
}

void tell_complaints(struct engine *engine)
{
	const struct source *source = generation_source(engine->now);
	AUTO_TEXT now = { 0 };

	for (unsigned i = 0; i < engine->diags.count; i++) {
		place_render(engine->diags.items[i].at, source, &now);
		text_printf(&now, "%s%s\n", place_known(engine->diags.items[i].at) ? ": " : "",
			    engine->diags.items[i].text);
	}
	for (size_t i = 0; i < engine->desired.pending.count; i++) {
		place_render(engine->desired.pending.items[i].place, source, &now);
		text_printf(&now, ": %s\n", engine->desired.pending.items[i].text);
	}
	if (engine->complaints && strcmp(engine->complaints, text_string(&now)) == 0)
		return;
	tell_new_lines(engine, text_string(&now));
	mem_freep(&engine->complaints);
	engine->complaints = mem_strdup(text_string(&now));
}

void tell_refusal(struct engine *engine, const struct refusal *refusal, const struct source *source)
{
	AUTO_TEXT place = { 0 };

	place_render(refusal->place, source, &place);
	tell(engine, LOG_ERROR, "failing", "%s%s'%s' was refused: %s", text_string(&place),
	     place.length ? ": " : "", refusal->object, refusal->reason);
}

void tell_repair(struct engine *engine, const struct operation *operation)
{
	const struct object *asked = operation->after;
	AUTO_TEXT object = { 0 }, place = { 0 };

	operation_print(operation, &engine->job.desired.state, &object);
	if (asked)
		place_render(asked->place, generation_source(engine->now), &place);
	engine->repaired++;
	engine->last_repair_us = clock_now_us();
	mem_freep(&engine->last_repair);
	engine->last_repair = mem_strdup(text_string(&object));
	if (engine->job.drifted++ < REPAIR_LINES)
		tell(engine, LOG_NOTICE, "drift", "somebody changed what is ours; mended: %s%s%s%s",
		     text_string(&object), place.length ? " (" : "", text_string(&place),
		     place.length ? ")" : "");
}

void told_outcome(void *data, const struct outcome *outcome)
{
	const struct source *source = generation_source(outcome->generation);
	struct engine *engine = data;

	for (unsigned i = 0; i < outcome->diags->count; i++) {
		AUTO_TEXT place = { 0 };

		place_render(outcome->diags->items[i].at, source, &place);
		tell(engine, outcome->diags->items[i].level == DIAG_ERROR ? LOG_ERROR : LOG_WARNING,
		     "apply", "%s%s%s", text_string(&place), place.length ? ": " : "",
		     outcome->diags->items[i].text);
	}
	/* However a reload ended, it has ended. */
	notify("READY=1");
	if (outcome->refused)
		tell(engine, LOG_ERROR, "apply",
		     "nothing was changed: generation %u stays in force", outcome->number);
	else if (outcome->rolled_back)
		tell(engine, LOG_ERROR, "apply",
		     "everything was taken back: generation %u stays in force", outcome->number);
}

void told_nobody(void *data, const struct outcome *outcome)
{
}
