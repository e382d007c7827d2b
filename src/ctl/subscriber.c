/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `mhctl subscriber`: who is where, and decisions about one by hand. */
#include "ctl/subscriber.h"

#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/render.h"

#include <string.h>

/* What was said of it by options. */
#define SAID_PORT 1u
#define SAID_MORE 2u /* addresses, prefixes, mac, via */

static const struct action {
	const char *name;
	unsigned takes;	   /* SAID_* */
	const char *usage; /* behind "mhctl subscriber" */
} actions[] = {
	{ "add", SAID_PORT | SAID_MORE,
	  "add NAME --port=LINK --address=ADDRESS [--address=...] [--prefix=...]" },
	{ "move", SAID_PORT, "move NAME --port=LINK" },
	{ "remove", 0, "remove NAME" },
	{ "auto", 0, "auto NAME" },
};

static const struct action *action_find(const char *name, struct text *error)
{
	const char *names[ARRAY_SIZE(actions) + 2] = { "list" };
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
		names[i + 1] = actions[i].name;
	}
	nearest = text_nearest(name, names);
	text_printf(error, "no action '%s' of subscriber; ", name);
	if (nearest)
		text_printf(error, "did you mean '%s'?", nearest);
	else
		text_puts(error, "there are list, add, move, remove and auto");
	return NULL;
}

static unsigned what_is_said(const struct call *call)
{
	bool more = call->addresses.count || call->prefixes.count || call->mac || call->via;

	return (call->port ? SAID_PORT : 0) | (more ? SAID_MORE : 0);
}

/* Whether what was typed suits @action. */
static bool suits(const struct call *call, const struct action *action, struct text *error)
{
	unsigned said = what_is_said(call);
	bool enough = call->term_count == 2 && (said & SAID_PORT) == (action->takes & SAID_PORT);

	if (call->term_count > 2)
		text_printf(error, "'%s' is too much; write ", call->terms[2]);
	else if (said & ~action->takes)
		text_printf(error, "%s asks for a name%s; write ", action->name,
			    action->takes ? " and --port, and changes nothing else" : " alone");
	else if (!enough || (action->takes & ~said))
		text_printf(error, "%s what? Write ", action->name);
	else
		return true;
	text_printf(error, "'mhctl subscriber %s'", action->usage);
	return false;
}

static void put_string(json_t *request, const char *key, const char *value)
{
	if (value)
		json_object_set_new(request, key, json_string(value));
}

static void put_list(json_t *request, const char *key, const char *const *values, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(values[i]));
	if (count)
		json_object_set(request, key, list);
	json_decref(list);
}

json_t *subscriber_request(const struct call *call, struct text *error)
{
	const struct action *action = action_find(call->terms[0], error);
	json_t *request;

	if (!action || !suits(call, action, error))
		return NULL;
	request = json_pack("{s:s,s:s,s:s}", "command", "subscriber", "order", action->name, "name",
			    call->terms[1]);
	if (!request) {
		text_puts(error, "the name is not UTF-8");
		return NULL;
	}
	put_string(request, "port", call->port);
	put_string(request, "mac", call->mac);
	put_string(request, "via", call->via);
	put_list(request, "addresses", call->addresses.items, call->addresses.count);
	put_list(request, "prefixes", call->prefixes.items, call->prefixes.count);
	return request;
}

static void put_what(struct view *view, const char *order, const char *name, const char *port)
{
	if (strcmp(order, "remove") == 0)
		view_printf(view, "%s is removed", name);
	else if (strcmp(order, "auto") == 0)
		view_printf(view, "%s is as the file says", name);
	else
		view_printf(view, "%s is on %s", name, port);
}

void subscriber_render(struct view *view, const json_t *reply)
{
	const json_t *subscriber = json_object_get(reply, "subscriber");
	const json_t *failed = view_list(view, reply, "failed"),
		     *pending = view_list(view, reply, "pending");

	if (!subscriber || json_object_get(reply, "error"))
		return;
	put_what(view, view_string(view, subscriber, "order"),
		 view_string(view, subscriber, "name"), view_string(view, subscriber, "port"));
	if (json_array_size(failed)) {
		view_puts(view, ", but the kernel refused a part of it, which is tried again:\n");
		render_failing(view, failed, 0);
		return;
	}
	if (json_array_size(pending)) {
		view_puts(view, " as soon as it can be.\n");
		render_pending(view, pending, 0);
		return;
	}
	view_puts(view, " (");
	view_count(view, view_number(view, reply, "operations"), "operation");
	view_puts(view, ").\n");
}

static void render_list(struct view *view, const json_t *reply)
{
	const json_t *feature = json_object_get(json_object_get(reply, "features"), "subscribers");

	view->feature = "subscribers";
	if (feature)
		render_feature(view, "subscribers", feature);
	else
		view_puts(view, "There is no `subscribers` in the configuration.\n");
}

static int run_list(const struct call *call)
{
	if (call->term_count > 1)
		return call_fail(call, "'%s' is too much for 'subscriber list'", call->terms[1]);
	if (what_is_said(call))
		return call_fail(
			call, "which action, for which subscriber? See 'mhctl subscriber --help'");
	return ask_show(call, json_pack("{s:s,s:s}", "command", "status", "feature", "subscribers"),
			render_list);
}

/* Without an action it lists them. */
int subscriber_run(const struct call *call)
{
	AUTO_TEXT error = { 0 };
	json_t *request;

	if (!call->term_count || strcmp(call->terms[0], "list") == 0)
		return run_list(call);
	request = subscriber_request(call, &error);
	if (!request)
		return call_fail(call, "%s", text_string(&error));
	return ask_show(call, request, subscriber_render);
}
