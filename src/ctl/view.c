/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine may be of another version than this mhctl, and a socket that was named with -s may
 * belong to anything. So nothing is taken for granted about a reply: its fields are read through
 * functions that bear every type, and its strings cannot reach the terminal as they are.
 */
#include "ctl/view.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const paints[] = {
	[PAINT_PLAIN] = "",	  [PAINT_BOLD] = "\033[1m",   [PAINT_DIM] = "\033[2m",
	[PAINT_RED] = "\033[31m", [PAINT_GREEN] = "\033[32m", [PAINT_YELLOW] = "\033[33m",
};
static_assert(ARRAY_SIZE(paints) == PAINT_COUNT, "a sequence for every paint");

const char *view_string(struct view *view, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_string(value))
		return json_string_value(value);
	if (value)
		view->broken = true;
	return "";
}

int64_t view_number(struct view *view, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	double real;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (!value)
		return 0;
	/* Beyond 2^53 a real is no count of anything, and might not fit. */
	real = json_real_value(value);
	if (!json_is_real(value) || real < 0 || real > 9007199254740992.0) {
		view->broken = true;
		return 0;
	}
	return (int64_t)real;
}

bool view_flag(struct view *view, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (value && !json_is_boolean(value))
		view->broken = true;
	return json_is_true(value);
}

const json_t *view_object(struct view *view, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_object(value))
		return value;
	if (value)
		view->broken = true;
	return NULL;
}

const json_t *view_list(struct view *view, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const json_t *item;
	size_t index;

	if (!value)
		return NULL;
	if (!json_is_array(value)) {
		view->broken = true;
		return NULL;
	}
	json_array_foreach(value, index, item)
	{
		if (json_is_object(item))
			continue;
		view->broken = true;
		return NULL;
	}
	return value;
}

int view_exit(struct view *view, const json_t *reply)
{
	const json_t *value = json_object_get(reply, "exit");
	json_int_t status = json_integer_value(value);

	if (!json_is_integer(value) || status < 0 || status > 2) {
		view->broken = true;
		return 2;
	}
	return (int)status;
}

/* jansson gives valid UTF-8, so that a control beyond ASCII (U+0080 to U+009F) begins with 0xC2. */
void view_puts(struct view *view, const char *string)
{
	for (const char *at = string; *at; at++) {
		unsigned char byte = (unsigned char)*at, next = (unsigned char)at[1];

		if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
			text_puts(&view->text, "?");
			at++;
		} else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
			text_puts(&view->text, "?");
		} else {
			text_append(&view->text, at, 1);
		}
	}
}

void view_printf(struct view *view, const char *format, ...)
{
	AUTO_MEM char *line = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	view_puts(view, line ? line : format);
}

void view_paint(struct view *view, enum paint paint, const char *string)
{
	if (!view->colour || paint == PAINT_PLAIN || !*string) {
		view_puts(view, string);
		return;
	}
	text_puts(&view->text, paints[paint]);
	view_puts(view, string);
	text_puts(&view->text, "\033[0m");
}

void view_pad(struct view *view, size_t columns)
{
	while (columns--)
		text_puts(&view->text, " ");
}

void view_count(struct view *view, int64_t count, const char *noun)
{
	view_printf(view, "%lld %s%s", (long long)count, noun, count == 1 ? "" : "s");
}

void seconds_text(int64_t seconds, struct text *text)
{
	long long minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (seconds < 120)
		text_printf(text, "%lld s", (long long)seconds);
	else if (minutes < 60)
		text_printf(text, "%lld min", minutes);
	else if (hours < 24)
		text_printf(text, "%lld h %lld min", hours, minutes % 60);
	else
		text_printf(text, "%lld d %lld h", days, hours % 24);
}

void view_seconds(struct view *view, int64_t seconds)
{
	seconds_text(seconds, &view->text);
}

size_t view_width(const char *string)
{
	size_t width = 0;

	for (; *string; string++)
		if (((unsigned char)*string & 0xc0) != 0x80)
			width++;
	return width;
}
