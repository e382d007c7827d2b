/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of one daemon on one screen: who runs, on which generation, whether the host is as it
 * was asked to be, and if not, what is in the way; below that, each feature in its own words. Also
 * the lines of a watch, which tell the same things as they happen.
 */
#include "ctl/render.h"

#include <string.h>
#include <time.h>

#define EVENT_COLUMN 8u

static void label(struct view *view, const char *name)
{
	view_printf(view, "%-10s", name);
}

/* What waits to be confirmed: its number, its file, and who applied it. */
static void render_transaction(struct view *view, const json_t *transaction)
{
	if (!transaction)
		return;
	label(view, "");
	view_printf(view, "id %lld: %s, ", (long long)view_number(view, transaction, "id"),
		    view_string(view, transaction, "what"));
	view_count(view, view_number(view, transaction, "operations"), "operation");
	view_printf(view, ", by uid %lld (pid %lld); the way back: %s plan --rollback\n",
		    (long long)view_number(view, transaction, "uid"),
		    (long long)view_number(view, transaction, "pid"), view->again);
}

static void render_head(struct view *view, const json_t *reply)
{
	int64_t confirm_ms = view_number(view, reply, "confirm_ms");

	view_paint(view, PAINT_BOLD, "multihomed");
	view_printf(view, " %s, up ", view_string(view, reply, "version"));
	view_seconds(view, view_number(view, reply, "uptime_s"));
	view_printf(view, ", pid %lld\n", (long long)view_number(view, reply, "pid"));
	label(view, "config");
	view_printf(view, "%s, generation %lld\n", view_string(view, reply, "config"),
		    (long long)view_number(view, reply, "generation"));
	if (confirm_ms <= 0)
		return;
	label(view, "confirm");
	view_paint(view, PAINT_YELLOW, "goes back by itself");
	view_puts(view, " in ");
	view_seconds(view, confirm_ms / 1000 + (confirm_ms % 1000 != 0));
	view_printf(view, "; keep it with: %s confirm\n", view->again);
	render_transaction(view, view_object(view, reply, "transaction"));
}

/* A count that is only good at zero. */
static void bad_count(struct view *view, size_t count, const char *what, enum paint paint)
{
	AUTO_TEXT text = { 0 };

	text_printf(&text, "%zu %s", count, what);
	view_puts(view, ", ");
	view_paint(view, count ? paint : PAINT_PLAIN, text_string(&text));
}

static void render_objects(struct view *view, const json_t *objects)
{
	if (!objects)
		return;
	label(view, "objects");
	view_printf(view, "%lld desired, %lld in place",
		    (long long)view_number(view, objects, "desired"),
		    (long long)view_number(view, objects, "in_place"));
	bad_count(view, json_array_size(view_list(view, objects, "pending")), "pending",
		  PAINT_YELLOW);
	bad_count(view, json_array_size(view_list(view, objects, "failing")), "failing", PAINT_RED);
	view_puts(view, "\n");
}

/* What others fight for: it is not as desired, and let be. */
static void render_fights(struct view *view, const json_t *fights)
{
	const json_t *fight;
	size_t index;

	json_array_foreach(fights, index, fight)
	{
		label(view, index ? "" : "fights");
		view_paint(view, PAINT_RED, view_string(view, fight, "text"));
		view_printf(view, " is removed or altered again and again, by %s; let be for ",
			    view_string(view, fight, "by"));
		view_seconds(view, view_number(view, fight, "left_s"));
		view_puts(view, "\n");
	}
}

static void render_drift(struct view *view, const json_t *drift)
{
	int64_t repaired = view_number(view, drift, "repaired");

	if (!drift)
		return;
	label(view, "drift");
	if (repaired) {
		view_printf(view, "%lld repaired; last ", (long long)repaired);
		view_seconds(view, view_number(view, drift, "last_s_ago"));
		view_printf(view, " ago: %s\n", view_string(view, drift, "last"));
	} else {
		view_puts(view, "none\n");
	}
	render_fights(view, view_list(view, drift, "fights"));
}

/* Promises of the configuration that do not hold: whatever else is shown, this is. */
static void render_violated(struct view *view, const json_t *list)
{
	const json_t *promise;
	size_t index;

	if (!json_array_size(list))
		return;
	label(view, "violated");
	view_paint(view, PAINT_RED, "what the configuration promises does not hold");
	view_puts(view, "\n");
	json_array_foreach(list, index, promise)
		render_block(view, view_string(view, promise, "rendered"));
}

static void render_workers(struct view *view, const json_t *workers)
{
	const json_t *worker;
	size_t index;

	json_array_foreach(workers, index, worker)
	{
		label(view, index ? "" : "workers");
		view_printf(view, "%s: pid %lld, ", view_string(view, worker, "name"),
			    (long long)view_number(view, worker, "pid"));
		view_count(view, view_number(view, worker, "listeners"), "listener");
		view_puts(view, ", ");
		view_count(view, view_number(view, worker, "restarts"), "restart");
		view_puts(view, "\n");
	}
}

static void render_features(struct view *view, const json_t *features)
{
	const json_t *feature;
	const char *name;

	/* jansson's walk wants an object that could be written to. */
	json_object_foreach((json_t *)features, name, feature)
	{
		if (!view->feature || !strcmp(view->feature, name))
			render_feature(view, name, feature);
	}
	if (view->feature && !json_object_get(features, view->feature))
		view_printf(view, "%s: not in the configuration\n", view->feature);
}

/* Those of @list that the feature asked for, or all. A new list. */
static json_t *items_of(struct view *view, const json_t *list)
{
	json_t *items = json_array(), *item;
	size_t index;

	json_array_foreach(list, index,
			   item) if (!view->feature ||
				     !strcmp(view_string(view, item, "feature"), view->feature))
		json_array_append(items, item);
	return items;
}

static void render_troubles(struct view *view, const json_t *objects)
{
	json_t *pending = items_of(view, view_list(view, objects, "pending"));
	json_t *failing = items_of(view, view_list(view, objects, "failing"));
	size_t rows = view->feature ? 0 : VIEW_ROWS;

	render_pending(view, pending, rows);
	render_failing(view, failing, rows);
	json_decref(pending);
	json_decref(failing);
}

void render_status(struct view *view, const json_t *reply)
{
	const json_t *objects = view_object(view, reply, "objects");

	if (view_exit(view, reply) == 2)
		return;
	if (!view->feature) {
		render_head(view, reply);
		render_objects(view, objects);
		render_drift(view, view_object(view, reply, "drift"));
		render_workers(view, view_list(view, reply, "workers"));
	}
	render_violated(view, view_list(view, reply, "violated"));
	render_diagnostics(view, reply);
	render_troubles(view, objects);
	render_features(view, view_object(view, reply, "features"));
}

static enum paint event_paint(const char *event)
{
	if (!strcmp(event, "failing") || !strcmp(event, "violated"))
		return PAINT_RED;
	return !strcmp(event, "drift") || !strcmp(event, "pending") ? PAINT_YELLOW : PAINT_BOLD;
}

void render_event(struct view *view, const json_t *event)
{
	const char *name = view_string(view, event, "event"),
		   *text = view_string(view, event, "text");
	time_t seconds = (time_t)view_number(view, event, "time");
	size_t width = view_width(name);
	char clock[32];
	struct tm local;

	if (!*name)
		view->broken = true;
	if (!strcmp(name, "hello"))
		return;
	if (!localtime_r(&seconds, &local) || !strftime(clock, sizeof(clock), "%F %T", &local)) {
		view->broken = true;
		return;
	}
	view_paint(view, PAINT_DIM, clock);
	view_puts(view, "  ");
	view_paint(view, event_paint(name), name);
	view_pad(view, (width < EVENT_COLUMN ? EVENT_COLUMN - width : 0) + 1);
	view_printf(view, "%s\n", text);
}
