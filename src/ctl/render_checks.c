/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `mhctl checks`: a line for each check, for who is on call: how it stands, since when, and why. */
#include "ctl/render.h"

#include <string.h>

#define STATE_WIDTH 12 /* "forced down" */

static const char *shown_state(struct view *view, const json_t *check)
{
	const char *hand = view_string(view, check, "hand");

	return *hand && strcmp(hand, "auto") != 0 ? hand : view_string(view, check, "state");
}

static enum paint paint_of(struct view *view, const json_t *check)
{
	const char *hand = view_string(view, check, "hand");

	if (*hand && strcmp(hand, "auto") != 0)
		return PAINT_YELLOW;
	return view_flag(view, check, "usable") ? PAINT_GREEN : PAINT_RED;
}

static void put_reason(struct view *view, const json_t *check)
{
	const char *reason = view_string(view, check, "reason");
	int64_t took = view_number(view, check, "took_us"),
		weight = view_number(view, check, "weight");

	if (*reason)
		view_printf(view, ", %s", reason);
	if (took)
		view_printf(view, " (%lld.%03lld ms)", (long long)took / 1000,
			    (long long)took % 1000);
	if (weight != 100 && json_object_get(check, "weight"))
		view_printf(view, ", weight %lld %%", (long long)weight);
	if (strcmp(shown_state(view, check), view_string(view, check, "state")) != 0)
		view_printf(view, "; measured: %s", view_string(view, check, "state"));
	if (view_flag(view, check, "old"))
		view_puts(view, "; old: nobody has looked since the worker died");
}

static void put_check(struct view *view, const json_t *check, size_t width)
{
	const char *name = view_string(view, check, "name"), *state = shown_state(view, check);
	const json_t *since = json_object_get(check, "since_s");

	view_paint(view, PAINT_BOLD, name);
	view_pad(view, width - view_width(name));
	view_paint(view, paint_of(view, check), state);
	if (json_is_real(since)) {
		view_pad(view, STATE_WIDTH - view_width(state));
		view_puts(view, "for ");
		view_seconds(view, (int64_t)json_real_value(since));
	}
	put_reason(view, check);
	view_puts(view, "\n");
}

void render_checks(struct view *view, const json_t *reply)
{
	const json_t *features = view_object(view, reply, "features");
	const json_t *checks = features ? view_object(view, features, "checks") : NULL;
	const json_t *list = checks ? view_list(view, checks, "checks") : NULL;
	size_t width = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t one = view_width(view_string(view, json_array_get(list, i), "name")) + 2;

		width = one > width ? one : width;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		put_check(view, json_array_get(list, i), width);
	if (!json_array_size(list))
		view_puts(view, "there are no checks\n");
}
