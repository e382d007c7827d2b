/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_RENDER_H
#define MH_CTL_RENDER_H

#include "ctl/view.h"

/*
 * Replies of the engine (daemon/control.h) as text for people. Pure: JSON in, text out. A
 * reply's "error" is not in the text: it belongs to standard error.
 */
typedef void render_fn(struct view *view, const json_t *reply);

void render_plan(struct view *view, const json_t *reply);
void render_apply(struct view *view, const json_t *reply);
void render_rollback(struct view *view, const json_t *reply);
void render_confirm(struct view *view, const json_t *reply);
void render_status(struct view *view, const json_t *reply);
void render_checks(struct view *view, const json_t *reply);
/* One line for one event of a watch; nothing for its "hello". */
void render_event(struct view *view, const json_t *event);

/* The parts that several of them share: render_parts.c. */

/* "TEXT      FILE:LINE:COLUMN FEATURE", the place in column @column: see render_places_column(). */
void render_item(struct view *view, const json_t *item, size_t column, enum paint paint);
size_t render_places_column(struct view *view, const json_t *list);
/* What waits, and what the kernel refused; at most @rows of them (0 = all). */
void render_pending(struct view *view, const json_t *list, size_t rows);
void render_failing(struct view *view, const json_t *list, size_t rows);
/* The diagnostics of a reply; returns how many of them are errors. */
size_t render_diagnostics(struct view *view, const json_t *reply);
/* A diagnostic as the engine rendered it, now with its colour; whole lines. */
void render_block(struct view *view, const char *rendered);

/* What one feature tells of itself; knows no feature by name, but every shape that they use. */
void render_feature(struct view *view, const char *name, const json_t *feature);

#endif
