/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What features tell of themselves, as tables. A new feature must not need a line here, so this
 * knows shapes and not names: a list of objects is a table, whose columns are the keys in the order
 * in which they first appear; below a row stand its warnings and, when one feature was asked for,
 * what its cells could only count (a claim's exceptions) or had no room for. Any other member is a
 * line.
 */
#include "ctl/render.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

/* A cell of many words is cut here. */
#define CELL_MOST 28u

struct column {
	const char *key;
	size_t width;
	bool told;    /* some row has more to say than an empty list */
	bool numbers; /* all of its cells are: aligned to the right */
	bool counts;  /* lists of objects: shown by their number here, and whole below the row */
};

struct table {
	VEC(struct column) columns;
	size_t rows;
};

static bool holds_objects(const json_t *value)
{
	return json_is_object(json_array_get(value, 0));
}

/* An object is no cell, and warnings have lines of their own. */
static bool is_cell(const char *key, const json_t *value)
{
	return strcmp(key, "warnings") != 0 && !json_is_object(value);
}

static void scalar_text(const json_t *value, struct text *text)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		text_puts(text, json_string_value(value));
		break;
	case JSON_INTEGER:
		text_printf(text, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		text_printf(text, "%.*f", json_real_value(value) < 10 ? 2 : 0,
			    json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		text_puts(text, json_is_true(value) ? "yes" : "no");
		break;
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		text_puts(text, "-");
		break;
	}
}

/* "since_s" and "checked_s_ago" are seconds; the unit stands beside the number, not in the title. */
static const char *unit_in(const char *key)
{
	for (const char *at = key; (at = strstr(at, "_s")); at++)
		if (!at[2] || at[2] == '_')
			return at;
	return NULL;
}

static void seconds_cell_text(const json_t *value, struct text *text)
{
	double seconds = json_number_value(value);

	if (seconds > 1e12 || seconds < 0)
		text_printf(text, "%g s", seconds);
	else if (seconds < 10)
		text_printf(text, "%.1f s", seconds);
	else
		seconds_text((int64_t)seconds, text);
}

static void title_text(const char *key, struct text *text)
{
	const char *unit = unit_in(key);

	for (const char *at = key; *at; at++) {
		if (at == unit)
			at += 2;
		if (!*at)
			return;
		text_printf(text, "%c", *at == '_' ? '-' : toupper((unsigned char)*at));
	}
}

/* The words of @list, until they are wider than @most; returns whether all of them found room. */
static bool words_text(const json_t *list, size_t most, struct text *text)
{
	const json_t *word;
	size_t index;

	json_array_foreach(list, index, word)
	{
		AUTO_TEXT one = { 0 };

		scalar_text(word, &one);
		if (index && text->length + one.length >= most) {
			text_printf(text, " +%zu", json_array_size(list) - index);
			return false;
		}
		text_printf(text, "%s%s", index ? " " : "", text_string(&one));
	}
	return true;
}

static void cell_text(const struct column *column, const json_t *row, struct text *text)
{
	const json_t *value = json_object_get(row, column->key);

	if (column->counts)
		text_printf(text, "%zu", json_array_size(value));
	else if (json_array_size(value))
		words_text(value, CELL_MOST, text);
	else if (json_is_real(value) && unit_in(column->key))
		seconds_cell_text(value, text);
	else if (value)
		scalar_text(value, text);
	else
		text_puts(text, "-");
}

static struct column *column_of(struct table *table, const char *key)
{
	struct column *column;
	AUTO_TEXT title = { 0 };

	for (size_t i = 0; i < table->columns.count; i++)
		if (!strcmp(table->columns.items[i].key, key))
			return &table->columns.items[i];
	column = VEC_PUSH(&table->columns);
	title_text(key, &title);
	column->key = key;
	column->width = view_width(text_string(&title));
	column->numbers = true;
	return column;
}

static void columns_find(struct table *table, const json_t *list)
{
	const json_t *row, *value;
	const char *key;

	for (size_t i = 0; i < table->rows; i++) {
		row = json_array_get(list, i);
		json_object_foreach((json_t *)row, key, value)
		{
			struct column *column;

			if (!is_cell(key, value))
				continue;
			column = column_of(table, key);
			if (json_is_array(value) && !json_array_size(value))
				continue;
			column->told = true;
			column->counts |= holds_objects(value);
			column->numbers &= json_is_number(value) || holds_objects(value);
		}
	}
}

/* Columns of nothing but empty lists go. */
static void columns_drop(struct table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->columns.count; i++)
		if (table->columns.items[i].told)
			table->columns.items[kept++] = table->columns.items[i];
	table->columns.count = kept;
}

static void columns_measure(struct table *table, const json_t *list)
{
	for (size_t i = 0; i < table->rows; i++) {
		for (size_t j = 0; j < table->columns.count; j++) {
			struct column *column = &table->columns.items[j];
			AUTO_TEXT text = { 0 };
			size_t width;

			cell_text(column, json_array_get(list, i), &text);
			width = view_width(text_string(&text));
			if (width > column->width)
				column->width = width;
		}
	}
}

static enum paint state_paint(const char *state)
{
	if (!strcmp(state, "in place") || !strcmp(state, "up"))
		return PAINT_GREEN;
	return !strcmp(state, "failing") || !strcmp(state, "refused") ? PAINT_RED : PAINT_YELLOW;
}

/* The last column is not filled up: no line ends in spaces. */
static void cell_put(struct view *view, const struct column *column, const char *text,
		     enum paint paint, bool last)
{
	size_t width = view_width(text), fill = width < column->width ? column->width - width : 0;

	view_puts(view, "  ");
	if (column->numbers)
		view_pad(view, fill);
	view_paint(view, paint, text);
	if (!column->numbers && !last)
		view_pad(view, fill);
}

static void headings_put(struct view *view, const struct table *table)
{
	for (size_t i = 0; i < table->columns.count; i++) {
		const struct column *column = &table->columns.items[i];
		AUTO_TEXT title = { 0 };

		title_text(column->key, &title);
		cell_put(view, column, text_string(&title), PAINT_DIM, i + 1 == table->columns.count);
	}
	view_puts(view, "\n");
}

static void warnings_put(struct view *view, const json_t *warnings, const char *indent)
{
	const json_t *warning;
	size_t index;

	if (warnings && !json_is_array(warnings))
		view->broken = true;
	json_array_foreach(warnings, index, warning)
	{
		if (!json_is_string(warning)) {
			view->broken = true;
			return;
		}
		view_puts(view, indent);
		view_paint(view, PAINT_YELLOW, "warning");
		view_printf(view, ": %s\n", json_string_value(warning));
	}
}

/* "exceptions 2001:db8::1/128 link eth0 why gateway": the first member is the name of the item. */
static void details_put(struct view *view, const char *key, const json_t *list)
{
	const json_t *item, *value;
	const char *name;
	size_t index;

	json_array_foreach(list, index, item)
	{
		bool first = true;

		view_puts(view, "    ");
		view_paint(view, PAINT_DIM, key);
		json_object_foreach((json_t *)item, name, value)
		{
			AUTO_TEXT text = { 0 };

			scalar_text(value, &text);
			if (first)
				view_printf(view, " %s", text_string(&text));
			else if (text.length)
				view_printf(view, " %s %s", name, text_string(&text));
			first = false;
		}
		view_puts(view, "\n");
	}
}

/* What had no room in its cell, and what a cell only counts. */
static void row_details_put(struct view *view, const struct column *column, const json_t *row)
{
	const json_t *value = json_object_get(row, column->key);
	AUTO_TEXT cell = { 0 }, whole = { 0 };

	if (column->counts) {
		details_put(view, column->key, value);
	} else if (json_is_array(value) && !words_text(value, CELL_MOST, &cell)) {
		words_text(value, SIZE_MAX, &whole);
		view_puts(view, "    ");
		view_paint(view, PAINT_DIM, column->key);
		view_printf(view, " %s\n", text_string(&whole));
	}
}

static void row_put(struct view *view, const struct table *table, const json_t *row)
{
	for (size_t i = 0; i < table->columns.count; i++) {
		const struct column *column = &table->columns.items[i];
		AUTO_TEXT text = { 0 };
		enum paint paint = PAINT_PLAIN;

		cell_text(column, row, &text);
		if (!strcmp(column->key, "state"))
			paint = state_paint(text_string(&text));
		cell_put(view, column, text_string(&text), paint, i + 1 == table->columns.count);
	}
	view_puts(view, "\n");
	warnings_put(view, json_object_get(row, "warnings"), "    ");
	for (size_t i = 0; view->feature && i < table->columns.count; i++)
		row_details_put(view, &table->columns.items[i], row);
}

static void table_put(struct view *view, const char *feature, const json_t *list)
{
	struct table table = { .rows = json_array_size(list) };
	size_t all = table.rows;

	if (!view->feature && table.rows > VIEW_ROWS)
		table.rows = VIEW_ROWS;
	columns_find(&table, list);
	columns_drop(&table);
	columns_measure(&table, list);
	headings_put(view, &table);
	for (size_t i = 0; i < table.rows; i++)
		row_put(view, &table, json_array_get(list, i));
	if (table.rows < all)
		view_printf(view, "  ... and %zu more: %s status %s\n", all - table.rows,
			    view->again, feature);
	VEC_FREE(&table.columns);
}

/* "recorded 6, rewritten 5, ..." */
static void object_text(const json_t *object, struct text *text)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)object, key, value)
	{
		text_printf(text, "%s%s ", text->length ? ", " : "", key);
		scalar_text(value, text);
	}
}

static void member_put(struct view *view, const char *name, const json_t *value)
{
	AUTO_TEXT title = { 0 }, text = { 0 };

	text_puts(&title, name);
	for (char *at = title.data; at && *at; at++)
		if (*at == '_')
			*at = '-';
	if (json_is_object(value))
		object_text(value, &text);
	else if (json_array_size(value))
		words_text(value, SIZE_MAX, &text);
	else
		scalar_text(value, &text);
	view_printf(view, "  %s: %s\n", text_string(&title), text_string(&text));
}

void render_feature(struct view *view, const char *name, const json_t *feature)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(feature)) {
		view->broken = true;
		return;
	}
	if (view->text.length)
		view_puts(view, "\n");
	view_paint(view, PAINT_BOLD, name);
	view_puts(view, "\n");
	json_object_foreach((json_t *)feature, key, value)
	{
		if (!strcmp(key, "warnings"))
			warnings_put(view, value, "  ");
		else if (holds_objects(value))
			table_put(view, name, view_list(view, feature, key));
		else if (!json_is_array(value) || json_array_size(value))
			member_put(view, key, value);
	}
}
