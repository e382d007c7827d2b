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
/* One line for one event of a watch; nothing for its "hello". */
void render_event(struct view *view, const json_t *event);

/* The parts that plan and status share: what waits, what the kernel refused; at most @rows of them (0 = all). */
void render_pending(struct view *view, const json_t *list, size_t rows);
void render_failing(struct view *view, const json_t *list, size_t rows);

/* What one feature tells of itself; knows no feature by name, but every shape that they use. */
void render_feature(struct view *view, const char *name, const json_t *feature);

#endif
