/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_VIEW_H
#define MH_CTL_VIEW_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How a reply becomes text for people: what was written so far, and whether what was read was of
 * the promised types. Like a wire_reader: a renderer reads straight on, and .broken says at the
 * end whether it may be shown. What is absent reads as "", 0, false, NULL; what is of the wrong
 * type does too, and sets .broken.
 */
struct view {
	struct text text;
	bool colour;
	bool broken;
	const char *again;   /* how a next call begins: "mhctl", "mhctl -s SOCKET" */
	const char *feature; /* the only one to show, whole; NULL = all of them, on one screen */
};

/* Tables of a status that shows everything end after so many rows. */
#define VIEW_ROWS 10u

const char *view_string(struct view *view, const json_t *object, const char *name);
int64_t view_number(struct view *view, const json_t *object, const char *name);
bool view_flag(struct view *view, const json_t *object, const char *name);
const json_t *view_object(struct view *view, const json_t *object, const char *name);
/* A list of objects. */
const json_t *view_list(struct view *view, const json_t *object, const char *name);
/* The exit status that a reply asks for: 0, 1 or 2. */
int view_exit(struct view *view, const json_t *reply);

/*
 * Everything that is written goes through these: bytes that would steer a terminal become '?',
 * whoever they come from; only the colours are ours.
 */
enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_DIM,
	PAINT_RED,
	PAINT_GREEN,
	PAINT_YELLOW,
	PAINT_COUNT
};

void view_puts(struct view *view, const char *string);
void view_printf(struct view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));
void view_paint(struct view *view, enum paint paint, const char *string);
void view_pad(struct view *view, size_t columns);
/* "1 operation", "2 operations". */
void view_count(struct view *view, int64_t count, const char *noun);
/* "90 s", "5 min", "2 h 13 min", "3 d 4 h". */
void view_seconds(struct view *view, int64_t seconds);
void seconds_text(int64_t seconds, struct text *text);

/* How many columns of a terminal @string takes. */
size_t view_width(const char *string);

#endif
