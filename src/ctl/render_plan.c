/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plans, and what became of them. The line of an operation ends with the place that asks for it,
 * in a column of its own, so that the eye can run down either side; the sum stands last, where it
 * is still on the screen after a long plan.
 */
#include "ctl/render.h"

#include <string.h>

/* A few long lines must not push every place off the screen. */
#define PLACE_COLUMN_MOST 72u

static void place(struct view *view, const json_t *item)
{
	const char *file = view_string(view, item, "file"), *feature = view_string(view, item, "feature");
	AUTO_TEXT text = { 0 };

	if (*file)
		text_printf(&text, "%s:%lld:%lld", file, (long long)view_number(view, item, "line"),
			    (long long)view_number(view, item, "column"));
	if (*file && *feature)
		text_puts(&text, " ");
	text_puts(&text, feature);
	view_paint(view, PAINT_DIM, text_string(&text));
}

static size_t places_column(struct view *view, const json_t *list)
{
	size_t index, column = 0;
	const json_t *item;

	json_array_foreach(list, index, item) {
		size_t width = view_width(view_string(view, item, "text"));

		if (width > column && width <= PLACE_COLUMN_MOST)
			column = width;
	}
	return column;
}

/* "TEXT      FILE:LINE:COLUMN FEATURE" */
static void item_line(struct view *view, const json_t *item, size_t column, enum paint paint)
{
	const char *text = view_string(view, item, "text");
	size_t width = view_width(text);

	view_paint(view, paint, text);
	if (json_object_get(item, "file") || json_object_get(item, "feature")) {
		view_pad(view, (width < column ? column - width : 0) + 2);
		place(view, item);
	}
	view_puts(view, "\n");
}

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
	size_t index, word, column = places_column(view, list);
	const json_t *item;

	json_array_foreach(list, index, item) {
		const char *operation = view_string(view, item, "op");

		for (word = 0; word < 3 && strcmp(operation, words[word]) != 0; word++)
			;
		if (word == 3) {
			view->broken = true;
			return;
		}
		counts[word]++;
		item_line(view, item, column, operation_paint(operation));
	}
}

static void more_rows(struct view *view, size_t count, size_t rows)
{
	if (rows && count > rows)
		view_printf(view, "  ... and %zu more: %s status --json\n", count - rows, view->again);
}

/* A heading needs a line of air, unless it is the first thing on the page. */
static void heading(struct view *view, const char *title)
{
	if (view->text.length)
		view_puts(view, "\n");
	view_paint(view, PAINT_BOLD, title);
	view_puts(view, "\n");
}

void render_pending(struct view *view, const json_t *list, size_t rows)
{
	size_t index, column = places_column(view, list);
	const json_t *item;

	if (!json_array_size(list))
		return;
	heading(view, "Pending:");
	json_array_foreach(list, index, item) {
		if (rows && index == rows)
			break;
		view_puts(view, "  ");
		item_line(view, item, column, PAINT_YELLOW);
	}
	more_rows(view, json_array_size(list), rows);
}

/* Text that ends with exactly one line end. */
static void block(struct view *view, const char *text)
{
	size_t length = strlen(text);

	view_puts(view, text);
	if (length && text[length - 1] != '\n')
		view_puts(view, "\n");
}

void render_failing(struct view *view, const json_t *list, size_t rows)
{
	size_t index;
	const json_t *item;

	if (!json_array_size(list))
		return;
	heading(view, "Failing:");
	json_array_foreach(list, index, item) {
		const char *rendered = view_string(view, item, "rendered");

		if (rows && index == rows)
			break;
		if (*rendered) {
			block(view, rendered);
			continue;
		}
		view_paint(view, PAINT_RED, view_string(view, item, "text"));
		view_printf(view, ": %s  ", view_string(view, item, "error"));
		place(view, item);
		view_puts(view, "\n");
	}
	more_rows(view, json_array_size(list), rows);
}

/* Returns how many of them are errors. */
static size_t diagnostics(struct view *view, const json_t *reply)
{
	const json_t *list = view_list(view, reply, "diagnostics"), *item;
	size_t index, errors = 0;

	if (json_array_size(list) && view->text.length)
		view_puts(view, "\n");
	json_array_foreach(list, index, item) {
		const char *rendered = view_string(view, item, "rendered"), *level = view_string(view, item, "level");
		bool error = strcmp(level, "warning") != 0;

		errors += error;
		if (*rendered) {
			block(view, rendered);
			continue;
		}
		view_paint(view, error ? PAINT_RED : PAINT_YELLOW, error ? "error" : "warning");
		view_printf(view, ": %s\n", view_string(view, item, "text"));
	}
	return errors;
}

/* The last words when the configuration itself was refused. */
static void refused(struct view *view, size_t errors)
{
	if (!errors)
		return;
	view_count(view, (int64_t)errors, "mistake");
	view_puts(view, ": nothing was changed.\n");
}

static void pending_end(struct view *view, const json_t *pending)
{
	if (json_array_size(pending))
		view_printf(view, "; %zu pending", json_array_size(pending));
	view_puts(view, ".\n");
}

void render_plan(struct view *view, const json_t *reply)
{
	const json_t *list = view_list(view, reply, "operations"), *pending = view_list(view, reply, "pending");
	int status = view_exit(view, reply);
	size_t counts[3] = { 0 }, errors;

	operations(view, list, counts);
	render_pending(view, pending, 0);
	errors = diagnostics(view, reply);
	if (status == 2) {
		refused(view, errors);
		return;
	}
	if (view->text.length)
		view_puts(view, "\n");
	if (json_array_size(list))
		view_printf(view, "Plan: %zu to add, %zu to change, %zu to delete", counts[0], counts[1], counts[2]);
	else
		view_puts(view, "Nothing to do");
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
	} else {
		view_puts(view, "Nothing to do");
	}
	view_printf(view, "; generation %lld is in force", (long long)view_number(view, reply, "generation"));
	timing(view, view_object(view, reply, "timing"));
	pending_end(view, view_list(view, reply, "pending"));
	confirm_hint(view, reply);
}

static void render_done(struct view *view, const json_t *reply, const char *done)
{
	int status = view_exit(view, reply);
	bool rolled_back = view_flag(view, reply, "rolled_back");
	size_t errors;

	render_failing(view, view_list(view, reply, "failed"), 0);
	render_pending(view, view_list(view, reply, "pending"), 0);
	errors = diagnostics(view, reply);
	if (rolled_back)
		view_puts(view, "rolled back: nothing was changed\n");
	else if (status == 2)
		refused(view, errors);
	else if (json_object_get(reply, "generation"))
		done_line(view, reply, done);
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
	diagnostics(view, reply);
	if (view_exit(view, reply))
		return;
	view_puts(view, "Confirmed");
	if (json_object_get(reply, "generation"))
		view_printf(view, ": generation %lld stays", (long long)view_number(view, reply, "generation"));
	view_puts(view, ".\n");
}
