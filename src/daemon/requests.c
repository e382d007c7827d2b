/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What clients of the control socket ask: each command of daemon/control.h, read, handed to the engine,
 * and answered at once or by what the engine tells.
 */
#include "daemon/places.h"
#include "daemon/report.h"
#include "daemon/report_neighbours.h"
#include "daemon/server_internal.h"

#include <errno.h>
#include <string.h>

#define MOST_WATCHERS 48 /* so that who watches never keeps out who wants to confirm */
#define MOST_CONFIRM_MS 86400000
#define MOST_CHECK_NAME 512

static void on_planned(void *data, const struct outcome *outcome)
{
	client_reply(data, report_plan(outcome));
}

/* Applied is what is so: a port that was given up is free, and one that was opened answers. */
static void on_applied(void *data, const struct outcome *outcome)
{
	client_wait_applied(data, report_apply(outcome));
}

static const char *nothing_before(const struct client *client)
{
	return client->server->engine->went_back ?
		       "there is no generation to go back to: what was applied last was taken back "
		       "already, by a rollback or for want of a confirm" :
		       "there is no generation to go back to: nothing was applied since the start";
}

/* An order of @client's; the source that came before it goes along. */
static struct order order_of(struct client *client, outcome_fn *told)
{
	struct order order = {
		.source = client->source, .caller = client->caller, .told = told, .data = client
	};

	client->source = NULL;
	return order;
}

static void request_plan(struct client *client, const json_t *request)
{
	struct order order = order_of(client, on_planned);

	order.back = json_is_true(json_object_get(request, "rollback"));
	client->state = CLIENT_PLAN;
	if (engine_plan(client->server->engine, &order) < 0)
		client_reply(client, report_error(1, nothing_before(client)));
}

static void reply_busy(struct client *client)
{
	struct engine_status status;
	AUTO_TEXT error = { 0 };

	engine_status(client->server->engine, &status);
	if (status.transaction->id)
		text_printf(
			&error,
			"generation %u (%s, by uid %u) waits to be confirmed, for %u s; see mhctl "
			"status, then mhctl confirm or mhctl rollback",
			status.transaction->id, status.transaction->what,
			(unsigned)status.transaction->caller.uid, status.confirm_ms / 1000);
	else
		text_puts(&error, "another change is under way; see mhctl status");
	client_reply(client, report_error(1, text_string(&error)));
}

/* Reads a time to confirm in; false when there is one that cannot be, and then the client is told. */
static bool read_confirm_ms(struct client *client, const json_t *request, const char *name,
			    unsigned *ret_confirm_ms)
{
	const json_t *value = json_object_get(request, name);
	json_int_t confirm_ms = json_integer_value(value);

	*ret_confirm_ms = (unsigned)confirm_ms;
	if (!value || (confirm_ms >= 1000 && confirm_ms <= MOST_CONFIRM_MS))
		return true;
	client_reply(client, report_error(2, "the time to confirm in is 1s to 24h"));
	return false;
}

static void request_apply(struct client *client, const json_t *request)
{
	const char *only = json_string_value(json_object_get(request, "only"));
	struct order order = order_of(client, on_applied);

	if (!read_confirm_ms(client, request, "confirm_ms", &order.confirm_ms)) {
		source_free(order.source);
		return;
	}
	order.reload = json_is_true(json_object_get(request, "reload"));
	if (only && order.reload)
		order.only = mem_strdup(only);
	client->state = CLIENT_APPLY;
	if (engine_apply(client->server->engine, &order) < 0)
		reply_busy(client);
}

static void request_rollback(struct client *client, const json_t *request)
{
	struct order order = order_of(client, on_applied);
	int r;

	source_free(order.source);
	order.source = NULL;
	client->state = CLIENT_APPLY;
	r = engine_rollback(client->server->engine, &order);
	if (r == -ENOENT)
		client_reply(client, report_error(1, nothing_before(client)));
	else if (r < 0)
		reply_busy(client);
}

static void request_confirm(struct client *client, const json_t *request)
{
	struct engine *engine = client->server->engine;
	json_int_t id = json_integer_value(json_object_get(request, "id"));
	struct engine_status status;
	unsigned extend_ms;
	json_t *reply;
	int r;

	if (!read_confirm_ms(client, request, "extend_ms", &extend_ms))
		return;
	r = engine_confirm(engine, &client->caller, (unsigned)id, extend_ms);
	if (r < 0) {
		client_reply(
			client,
			report_error(1, r == -ESRCH ? "it is another generation that waits "
						      "to be confirmed; see mhctl status" :
					r == -EPERM ? "this connection is older than the answer "
						      "to the apply, and so proves nothing; "
						      "confirm over a new one" :
						      "nothing waits to be confirmed"));
		return;
	}
	engine_status(engine, &status);
	reply = json_pack("{s:i,s:[],s:i}", "exit", 0, "diagnostics", "generation",
			  (int)status.generation->number);
	if (status.confirm_ms)
		json_object_set_new(reply, "confirm_ms", json_integer(status.confirm_ms));
	client_reply(client, reply);
}

static const char *const *feature_names(void)
{
	static const char *names[FEATURE_MAX + 2];

	for (size_t i = 0; i < feature_count; i++)
		names[i] = features[i]->name;
	names[feature_count] = REPORT_NEIGHBOURS;
	return names;
}

static bool is_feature(const char *name)
{
	for (size_t i = 0; i < feature_count; i++)
		if (strcmp(features[i]->name, name) == 0)
			return true;
	return strcmp(name, REPORT_NEIGHBOURS) == 0;
}

static void request_status(struct client *client, const json_t *request)
{
	const char *feature = json_string_value(json_object_get(request, "feature"));

	if (feature && !is_feature(feature)) {
		const char *meant = text_nearest(feature, feature_names());
		AUTO_TEXT error = { 0 };

		text_printf(&error, "there is no feature '%s'", feature);
		text_printf(&error, meant ? "; did you mean '%s'?" : "; see mhctl status", meant);
		client_reply(client, report_error(2, text_string(&error)));
		return;
	}
	mem_freep(&client->feature);
	client->feature = feature ? mem_strdup(feature) : NULL;
	client->metrics = false;
	client_wait_status(client);
}

static void request_metrics(struct client *client, const json_t *request)
{
	client->metrics = true;
	client_wait_status(client);
}

static void request_watch(struct client *client, const json_t *request)
{
	unsigned watchers = 0;

	for (const struct client *other = client->server->clients; other; other = other->next)
		watchers += other->state == CLIENT_WATCH;
	if (watchers >= MOST_WATCHERS) {
		client_reply(
			client,
			report_error(1,
				     "too many clients watch already; end some of them (ss -xp)"));
		return;
	}
	client->state = CLIENT_WATCH;
	client_event(client, "hello", "watching");
}

static void request_places(struct client *client, const json_t *request)
{
	struct engine_status status;

	engine_status(client->server->engine, &status);
	client_reply(client, report_places(&status, request));
}

/* Answered by this program; what comes next on the socket is answered by the new one. */
static void request_upgrade(struct client *client, const json_t *request)
{
	struct engine *engine = client->server->engine;
	AUTO_TEXT error = { 0 };
	int fd;

	if (engine_upgrade_prepare(engine, &fd, &error) < 0) {
		client_reply(client, report_error(1, text_string(&error)));
		return;
	}
	client_reply(client, json_pack("{s:i,s:s}", "exit", 0, "version", MULTIHOMED_VERSION));
	engine_upgrade(engine, fd);
}

/* Returns whether @word is a decision. */
static bool read_hand(const char *word, enum health_hand *ret_hand)
{
	static const char *const words[HEALTH_HANDS] = { "auto", "drain", "force-up", "force-down" };

	for (unsigned i = 0; word && i < HEALTH_HANDS; i++)
		if (strcmp(word, words[i]) == 0) {
			*ret_hand = (enum health_hand)i;
			return true;
		}
	return false;
}

static void request_checks(struct client *client, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	enum health_hand hand;
	AUTO_TEXT error = { 0 };
	int r;

	if (!name || strlen(name) > MOST_CHECK_NAME || strchr(name, '\n') ||
	    !read_hand(json_string_value(json_object_get(request, "order")), &hand)) {
		client_reply(client, report_error(2, "which order, and for which check?"));
		return;
	}
	r = engine_decide(client->server->engine, name, hand);
	if (r == -ENOENT)
		text_printf(&error, "there is no check '%s'; see mhctl checks", name);
	else if (r < 0)
		text_printf(&error, "this cannot be kept over a restart, and so is not done: %s",
			    strerror(-r));
	client_reply(client, r < 0 ? report_error(r == -ENOENT ? 2 : 1, text_string(&error)) :
				     json_pack("{s:i,s:[]}", "exit", 0, "diagnostics"));
}

static const struct {
	const char *command;
	void (*answer)(struct client *client, const json_t *request);
} commands[] = {
	{ "plan", request_plan },	 { "apply", request_apply },
	{ "confirm", request_confirm },	 { "rollback", request_rollback },
	{ "status", request_status },	 { "watch", request_watch },
	{ "metrics", request_metrics },	 { "places", request_places },
	{ "checks", request_checks },	 { "upgrade", request_upgrade },
	{ "subscriber", request_enrol },
};

void request_take(struct client *client, const struct channel_message *message)
{
	json_t *request = json_loadb(message->bytes, message->length, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(request, "command"));
	size_t i;

	client->number = message->number;
	for (i = 0; command && i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].command, command) == 0)
			break;
	if (!command || i == ARRAY_SIZE(commands))
		client_reply(client, report_error(2, "the daemon does not know this request; are "
						     "mhctl and multihomed of one version?"));
	else
		commands[i].answer(client, request);
	json_decref(request);
}
