/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Diagnostics are values: who finds a mistake adds it and goes on, and only the very end decides
 * whether they are printed, sent over the control socket or compared with a golden file. So one
 * run shows every mistake, and nothing is half printed.
 *
 * They are bounded: a file of eight megabytes can be wrong a million times, and nobody reads that.
 * Errors and warnings have a bound each, so that a flood of warnings cannot crowd out an error.
 *
 * A place counts characters, as libyaml does; the caret must count columns of the terminal. Between
 * the two lie tabs, wide characters and combining marks, so the line is laid out in cells while it
 * is copied. Lines end where YAML says, which is in more ways than '\n', else line numbers drift.
 */
#include "config/diag.h"

#include "base/mem.h"
#include "config/source.h"
#include "config/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_INDENT "    "
#define LINE_CELLS 100
#define LINE_CUT "..."
#define TAB_CELLS 8

/* Where a line begins that was found already: sorted diagnostics walk each file once. */
struct cursor {
	unsigned file;
	uint32_t line;
	size_t offset;
};

struct view {
	const struct source *source;
	bool colour;
	struct cursor at, other;
	struct text *text;
};

/* The part of a line that is shown: cells @from to @from + LINE_CELLS. */
struct window {
	size_t from, caret;
};

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_ERROR, COLOUR_WARNING, COLOUR_NOTE, COLOUR_CARET };

static const char *const colour_codes[] = {
	[COLOUR_NONE] = "\033[0m",     [COLOUR_BOLD] = "\033[1m",
	[COLOUR_ERROR] = "\033[1;31m", [COLOUR_WARNING] = "\033[1;35m",
	[COLOUR_NOTE] = "\033[1;36m",  [COLOUR_CARET] = "\033[1;32m",
};

static void diag_add(struct diags *diags, const struct diag *diag, const char *format, va_list args)
{
	unsigned kept = 0, most = DIAGS_MAX - (diag->level == DIAG_ERROR ? diags->reserved : 0);
	va_list again;
	char *text;
	int length;

	for (unsigned i = 0; i < diags->count; i++)
		kept += diags->items[i].level == diag->level;
	diags->errors += diag->level == DIAG_ERROR;
	if (kept >= most) {
		diags->dropped++;
		return;
	}
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		abort();
	if (!diags->arena)
		diags->arena = arena_new();
	text = arena_alloc(diags->arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	diags->items = mem_grow(diags->items, diags->count, &diags->room, sizeof(*diags->items));
	diags->items[diags->count] = *diag;
	diags->items[diags->count++].text = text;
}

static int place_compare(struct place a, struct place b)
{
	if (a.file != b.file)
		return a.file < b.file ? -1 : 1;
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return (a.column > b.column) - (a.column < b.column);
}

static bool place_shows(struct place place, const struct source *source)
{
	return place_known(place) && source && place.file < source->count;
}

/*
 * Where line @place.line begins in its file; the end of the file when it has no such line. Only in
 * YAML do lines end with more than '\n'.
 */
static size_t line_start(struct place place, const struct source_file *file, bool yaml,
			 struct cursor *cursor)
{
	size_t step;

	if (cursor->file != place.file || cursor->line > place.line || !cursor->line)
		*cursor = (struct cursor){ .file = place.file, .line = 1 };
	while (cursor->line < place.line && cursor->offset < file->length) {
		step = yaml ? utf8_break(file->text + cursor->offset, file->length - cursor->offset) :
			      file->text[cursor->offset] == '\n';
		cursor->offset += step ? step : 1;
		cursor->line += step != 0;
	}
	return cursor->line == place.line ? cursor->offset : file->length;
}

/* The next character of a line: its bytes, and the cells that it takes when it begins at @cell. */
static unsigned cell_next(const char *line, size_t length, size_t cell, uint32_t *ret_code,
			  size_t *ret_cells)
{
	unsigned bytes = utf8_next(line, length, ret_code);

	if (!bytes || (!utf8_shows(*ret_code) && *ret_code != '\t'))
		*ret_code = '?';
	*ret_cells = *ret_code == '\t' ? TAB_CELLS - cell % TAB_CELLS : utf8_width(*ret_code);
	return bytes ? bytes : 1;
}

/* Decides what of the line is shown, so that the caret is in it. */
static struct window window_of(const char *line, size_t length, unsigned column)
{
	struct window window = { 0 };
	uint32_t code = 0;
	size_t cells, at = 0;

	for (unsigned i = 1; i < column && at < length && !utf8_break(line + at, length - at); i++) {
		at += cell_next(line + at, length - at, window.caret, &code, &cells);
		window.caret += cells;
	}
	if (window.caret >= LINE_CELLS * 3 / 4)
		window.from = window.caret - LINE_CELLS / 2;
	return window;
}

static void put_line(struct text *text, const char *line, size_t length, size_t from)
{
	size_t at = 0, cell = 0, cells;
	uint32_t code = 0;
	unsigned bytes;

	text_puts(text, from ? LINE_INDENT LINE_CUT : LINE_INDENT);
	while (at < length && cell < from + LINE_CELLS && !utf8_break(line + at, length - at)) {
		bytes = cell_next(line + at, length - at, cell, &code, &cells);
		if (cell >= from && code != '\t' && code != '?')
			text_append(text, line + at, bytes);
		else if (code == '?' && cell >= from)
			text_puts(text, "?");
		else if (cell + cells > from)
			text_printf(text, "%*s", (int)(cell + cells - (cell > from ? cell : from)),
				    "");
		at += bytes;
		cell += cells;
	}
	text_puts(text, at < length && !utf8_break(line + at, length - at) ? LINE_CUT "\n" : "\n");
}

static void put_colour(struct view *view, enum colour colour)
{
	if (view->colour)
		text_puts(view->text, colour_codes[colour]);
}

static bool is_blank(const char *line, size_t length)
{
	while (length && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	return !length || utf8_break(line, length);
}

/* The line of the file and the caret below it; nothing for a line that shows nothing. */
static void put_source(struct view *view, struct place place, struct cursor *cursor)
{
	const struct source_file *file = &view->source->files[place.file];
	bool yaml = place.file < view->source->count - view->source->attached;
	size_t start = line_start(place, file, yaml, cursor), length = file->length - start;
	const char *line = file->text + start;
	struct window window;

	/* The byte order mark is no character of the first line: columns do not count it. */
	if (place.line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		length -= 3;
	}
	if (file->quiet || is_blank(line, length))
		return;
	window = window_of(line, length, place.column);
	put_line(view->text, line, length, window.from);
	text_printf(view->text, LINE_INDENT "%*s",
		    (int)(window.caret - window.from + (window.from ? strlen(LINE_CUT) : 0)), "");
	put_colour(view, COLOUR_CARET);
	text_puts(view->text, "^");
	put_colour(view, COLOUR_NONE);
	text_puts(view->text, "\n");
}

static void put_head(struct view *view, struct place place, enum colour colour, const char *word)
{
	if (place_shows(place, view->source)) {
		put_colour(view, COLOUR_BOLD);
		place_render(place, view->source, view->text);
		text_puts(view->text, ":");
		put_colour(view, COLOUR_NONE);
		text_puts(view->text, " ");
	}
	put_colour(view, colour);
	text_printf(view->text, "%s:", word);
	put_colour(view, COLOUR_NONE);
	text_puts(view->text, " ");
}

static void put_diag(struct view *view, const struct diag *diag)
{
	bool error = diag->level == DIAG_ERROR;

	put_head(view, diag->at, error ? COLOUR_ERROR : COLOUR_WARNING, error ? "error" : "warning");
	utf8_append_shown(view->text, diag->text, strlen(diag->text), SIZE_MAX);
	text_puts(view->text, "\n");
	if (place_shows(diag->at, view->source))
		put_source(view, diag->at, &view->at);
	if (!place_shows(diag->other, view->source))
		return;
	put_head(view, diag->other, COLOUR_NOTE, "note");
	text_puts(view->text, "the other place\n");
	put_source(view, diag->other, &view->other);
}

void diags_init(struct diags *diags)
{
	*diags = (struct diags){ 0 };
}

void diags_free(struct diags *diags)
{
	arena_free(diags->arena);
	mem_freep(&diags->items);
	*diags = (struct diags){ 0 };
}

int diag_at(struct diags *diags, struct place at, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, &(struct diag){ .level = DIAG_ERROR, .at = at }, format, args);
	va_end(args);
	return error;
}

int diag_between(struct diags *diags, struct place at, struct place other, int error,
		 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, &(struct diag){ .level = DIAG_ERROR, .at = at, .other = other }, format,
		 args);
	va_end(args);
	return error;
}

void diag_warn(struct diags *diags, struct place at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, &(struct diag){ .level = DIAG_WARNING, .at = at }, format, args);
	va_end(args);
}

/* By insertion: it keeps the order of equals, and there are at most 2 * DIAGS_MAX. */
void diags_sort(struct diags *diags)
{
	struct diag moved;
	unsigned hole;

	for (unsigned i = 1; i < diags->count; i++) {
		moved = diags->items[i];
		for (hole = i; hole && place_compare(diags->items[hole - 1].at, moved.at) > 0; hole--)
			diags->items[hole] = diags->items[hole - 1];
		diags->items[hole] = moved;
	}
}

void place_render(struct place place, const struct source *source, struct text *text)
{
	const char *name;

	if (!place_shows(place, source))
		return;
	name = source->files[place.file].name;
	utf8_append_shown(text, name, strlen(name), SIZE_MAX);
	text_printf(text, ":%u:%u", place.line, place.column);
}

void diag_render(const struct diag *diag, const struct source *source, bool colour, struct text *text)
{
	struct view view = { .source = source, .colour = colour, .text = text };

	put_diag(&view, diag);
}

void diags_render(const struct diags *diags, const struct source *source, bool colour,
		  struct text *text)
{
	struct view view = { .source = source, .colour = colour, .text = text };

	for (unsigned i = 0; i < diags->count; i++)
		put_diag(&view, &diags->items[i]);
	if (diags->dropped)
		text_printf(text, "... and %u more\n", diags->dropped);
}
