/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What several replies have in common: objects with the place that asks for them, what waits and
 * what fails, and the engine's diagnostics.
 */
#include "ctl/render.h"

#include <string.h>

/* A few long lines must not push every place off the screen. */
#define PLACE_COLUMN_MOST 72u

static void place(struct view *view, const json_t *item)
{
	const char *file = view_string(view, item, "file"),
		   *feature = view_string(view, item, "feature");
	AUTO_TEXT text = { 0 };

	if (*file)
		text_printf(&text, "%s:%lld:%lld", file, (long long)view_number(view, item, "line"),
			    (long long)view_number(view, item, "column"));
	if (*file && *feature)
		text_puts(&text, " ");
	text_puts(&text, feature);
	view_paint(view, PAINT_DIM, text_string(&text));
}

size_t render_places_column(struct view *view, const json_t *list)
{
	size_t index, column = 0;
	const json_t *item;

	json_array_foreach(list, index, item)
	{
		size_t width = view_width(view_string(view, item, "text"));

		if (width > column && width <= PLACE_COLUMN_MOST)
			column = width;
	}
	return column;
}

void render_item(struct view *view, const json_t *item, size_t column, enum paint paint)
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

/* Where in a line "PLACE: error: TEXT" the word begins that says how bad it is; its colour. */
static const char *find_level(const char *line, size_t length, const char **ret_word,
			      enum paint *ret_paint)
{
	static const struct {
		const char *word;
		enum paint paint;
	} levels[] = { { "error:", PAINT_RED }, { "warning:", PAINT_YELLOW }, { "note:", PAINT_BOLD } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		const char *at = memmem(line, length, levels[i].word, strlen(levels[i].word));

		if (!at || (at != line && (at < line + 2 || at[-2] != ':')))
			continue;
		*ret_word = levels[i].word;
		*ret_paint = levels[i].paint;
		return at;
	}
	return NULL;
}

static void put_range(struct view *view, const char *from, size_t length)
{
	view_printf(view, "%.*s", (int)length, from);
}

void render_block(struct view *view, const char *rendered)
{
	while (*rendered) {
		size_t length = strcspn(rendered, "\n");
		const char *word = "", *at = NULL;
		enum paint paint = PAINT_PLAIN;

		/* The quoted line of the file is indented, and nobody's message. */
		if (*rendered != ' ')
			at = find_level(rendered, length, &word, &paint);
		if (at) {
			put_range(view, rendered, (size_t)(at - rendered));
			view_paint(view, paint, word);
			at += strlen(word);
			put_range(view, at, length - (size_t)(at - rendered));
		} else {
			put_range(view, rendered, length);
		}
		view_puts(view, "\n");
		rendered += length + (rendered[length] == '\n');
	}
}

static void more_rows(struct view *view, size_t count, size_t rows)
{
	if (rows && count > rows)
		view_printf(view, "  ... and %zu more: %s status --json\n", count - rows,
			    view->again);
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
	size_t index, column = render_places_column(view, list);
	const json_t *item;

	if (!json_array_size(list))
		return;
	heading(view, "Pending:");
	json_array_foreach(list, index, item)
	{
		if (rows && index == rows)
			break;
		view_puts(view, "  ");
		render_item(view, item, column, PAINT_YELLOW);
	}
	more_rows(view, json_array_size(list), rows);
}

void render_failing(struct view *view, const json_t *list, size_t rows)
{
	size_t index;
	const json_t *item;

	if (!json_array_size(list))
		return;
	heading(view, "Failing:");
	json_array_foreach(list, index, item)
	{
		const char *rendered = view_string(view, item, "rendered");

		if (rows && index == rows)
			break;
		if (*rendered) {
			render_block(view, rendered);
			continue;
		}
		view_paint(view, PAINT_RED, view_string(view, item, "text"));
		view_printf(view, ": %s  ", view_string(view, item, "error"));
		place(view, item);
		view_puts(view, "\n");
	}
	more_rows(view, json_array_size(list), rows);
}

size_t render_diagnostics(struct view *view, const json_t *reply)
{
	const json_t *list = view_list(view, reply, "diagnostics"), *item;
	size_t index, errors = 0;

	if (json_array_size(list) && view->text.length)
		view_puts(view, "\n");
	json_array_foreach(list, index, item)
	{
		const char *rendered = view_string(view, item, "rendered"),
			   *level = view_string(view, item, "level");
		bool error = strcmp(level, "warning") != 0;

		errors += error;
		if (*rendered) {
			render_block(view, rendered);
			continue;
		}
		view_paint(view, error ? PAINT_RED : PAINT_YELLOW, error ? "error" : "warning");
		view_printf(view, ": %s\n", view_string(view, item, "text"));
	}
	return errors;
}
