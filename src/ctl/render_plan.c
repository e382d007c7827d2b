/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plans, and what became of them. The line of an operation ends with the place that asks for it,
 * in a column of its own, so that the eye can run down either side; the sum stands last, where it
 * is still on the screen after a long plan.
 */
#include "ctl/render.h"

#include <string.h>

/* In words and by sign, so that it reads the same without colours. */
static enum paint operation_paint(const char *operation)
{
	if (!strcmp(operation, "add"))
		return PAINT_GREEN;
	return strcmp(operation, "delete") ? PAINT_YELLOW : PAINT_RED;
}

/* @counts: of add, change, delete. */
static void operations(struct view *view, const json_t *list, size_t counts[3])
{
	static const char *const words[3] = { "add", "change", "delete" };
	size_t index, word, column = render_places_column(view, list);
	const json_t *item;

	json_array_foreach(list, index, item)
	{
		const char *operation = view_string(view, item, "op");

		for (word = 0; word < 3 && strcmp(operation, words[word]) != 0; word++)
			;
		if (word == 3) {
			view->broken = true;
			return;
		}
		counts[word]++;
		render_item(view, item, column, operation_paint(operation));
	}
}

/* All that is shown when the configuration itself was refused; @end follows the count of its mistakes. */
static void refused(struct view *view, const json_t *reply, const char *end)
{
	size_t errors = render_diagnostics(view, reply);

	if (!errors)
		return;
	view_count(view, (int64_t)errors, "mistake");
	view_puts(view, end);
}

static void pending_end(struct view *view, const json_t *pending)
{
	if (json_array_size(pending))
		view_printf(view, "; %zu pending", json_array_size(pending));
	view_puts(view, ".\n");
}

/* What is somebody else's, and goes. */
static void losses(struct view *view, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "losses"), *item;
	size_t index;

	json_array_foreach(list, index, item)
	{
		view_paint(view, PAINT_RED, "! ");
		view_paint(view, PAINT_RED, view_string(view, item, "text"));
		view_puts(view, "\n");
	}
}

/* Workers whose part of the configuration is another one. */
static void told_workers(struct view *view, const json_t *reply)
{
	const json_t *workers = json_object_get(reply, "workers"), *item;
	size_t index;

	json_array_foreach(workers, index, item)
		view_printf(view, "%s %s", index ? "," : "; news for the worker of",
			    json_string_value(item) ? json_string_value(item) : "?");
}

void render_plan(struct view *view, const json_t *reply)
{
	const json_t *list = view_list(view, reply, "operations"),
		     *pending = view_list(view, reply, "pending");
	size_t counts[3] = { 0 };

	if (view_exit(view, reply) == 2) {
		refused(view, reply, ".\n");
		return;
	}
	operations(view, list, counts);
	losses(view, reply);
	render_pending(view, pending, 0);
	render_diagnostics(view, reply);
	if (view->text.length)
		view_puts(view, "\n");
	if (json_array_size(list))
		view_printf(view, "Plan: %zu to add, %zu to change, %zu to delete", counts[0],
			    counts[1], counts[2]);
	else if (json_array_size(json_object_get(reply, "workers")))
		view_puts(view, "Plan: nothing in the kernel");
	else
		view_puts(view, "Nothing to do");
	told_workers(view, reply);
	pending_end(view, pending);
}

static void timing(struct view *view, const json_t *times)
{
	if (!times)
		return;
	view_printf(view, " (read %.1f ms, decided %.1f ms, applied %.1f ms)",
		    (double)view_number(view, times, "read_us") / 1000,
		    (double)view_number(view, times, "decide_us") / 1000,
		    (double)view_number(view, times, "apply_us") / 1000);
}

static void confirm_hint(struct view *view, const json_t *reply)
{
	int64_t milliseconds = view_number(view, reply, "confirm_ms");

	if (milliseconds <= 0)
		return;
	view_puts(view, "Confirm within ");
	/* As it was typed, as far as that can be known. */
	if (milliseconds % 60000)
		view_printf(view, "%lld s", (long long)(milliseconds / 1000));
	else
		view_seconds(view, milliseconds / 1000);
	view_printf(view, " with: %s confirm\n", view->again);
}

/* What was done, as one sentence that begins with @done. */
static void done_line(struct view *view, const json_t *reply, const char *done)
{
	int64_t count = view_number(view, reply, "operations");
	size_t failed = json_array_size(view_list(view, reply, "failed"));

	if (view->text.length)
		view_puts(view, "\n");
	if (count || failed) {
		view_printf(view, "%s: ", done);
		view_count(view, count, "operation");
		if (failed)
			view_printf(view, ", %zu failed", failed);
	} else if (json_array_size(json_object_get(reply, "workers"))) {
		view_printf(view, "%s: nothing in the kernel", done);
	} else {
		view_puts(view, "Nothing to do");
	}
	told_workers(view, reply);
	view_printf(view, "; generation %lld is in force",
		    (long long)view_number(view, reply, "generation"));
	timing(view, view_object(view, reply, "timing"));
	pending_end(view, view_list(view, reply, "pending"));
	confirm_hint(view, reply);
}

/* What others had on a link that was taken down, and Linux does not take back. */
static void not_back(struct view *view, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "missing"), *item;
	size_t index;

	json_array_foreach(list, index, item)
	{
		view_paint(view, PAINT_RED, "! ");
		view_printf(view, "%s is not back: %s\n", view_string(view, item, "text"),
			    view_string(view, item, "error"));
	}
}

static void render_done(struct view *view, const json_t *reply, const char *done)
{
	bool rolled_back = view_flag(view, reply, "rolled_back");
	bool missing = json_array_size(json_object_get(reply, "missing"));
	const char *error = view_string(view, reply, "error");

	render_failing(view, view_list(view, reply, "failed"), 0);
	if (view_exit(view, reply) == 2) {
		refused(view, reply, ": nothing was changed.\n");
		return;
	}
	render_pending(view, view_list(view, reply, "pending"), 0);
	render_diagnostics(view, reply);
	losses(view, reply);
	if (rolled_back && !missing)
		view_puts(view, "rolled back: nothing was changed\n");
	else if (rolled_back)
		view_puts(view, "rolled back, but not all that others had came back:\n");
	else if (json_object_get(reply, "generation") &&
		 !(*error && !view_number(view, reply, "operations")))
		done_line(view, reply, done);
	not_back(view, reply);
}

void render_apply(struct view *view, const json_t *reply)
{
	render_done(view, reply, "Applied");
}

void render_rollback(struct view *view, const json_t *reply)
{
	render_done(view, reply, "Rolled back");
}

void render_confirm(struct view *view, const json_t *reply)
{
	render_diagnostics(view, reply);
	if (view_exit(view, reply))
		return;
	if (view_number(view, reply, "confirm_ms") > 0) {
		view_puts(view, "Extended.\n");
		confirm_hint(view, reply);
		return;
	}
	view_puts(view, "Confirmed");
	if (json_object_get(reply, "generation"))
		view_printf(view, ": generation %lld stays",
			    (long long)view_number(view, reply, "generation"));
	view_puts(view, ".\n");
}
