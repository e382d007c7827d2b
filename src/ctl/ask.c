/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commands that are one question to the engine. It has all the knowledge; here is only the
 * way there and the form of the answer. A FILE is read here, so that nobody sees by way of the
 * daemon what he may not read himself; whether it makes sense is the engine's to say.
 */
#include "ctl/ask.h"
#include "base/fd.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/problems.h"
#include "ctl/render.h"
#include "feature/feature.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEIGHBOURS "neighbours" /* of all features */

static int no_answer(const struct call *call, int error)
{
	switch (error) {
	case -EPIPE:
		return call_fail(call, "the daemon went away before it answered; see its log "
				       "(journalctl -u multihomed)");
	case -EPROTO:
		return call_fail(call,
				 "the answer at %s is malformed; is the daemon of another version?",
				 call->socket);
	default:
		return call_fail(call, "%s: %s", call->socket, strerror(-error));
	}
}

/* Shows how far a long apply is, to people only. */
static void progress_show(const struct call *call, const json_t *progress)
{
	struct view view = { 0 };
	int64_t done = view_number(&view, progress, "done"),
		total = view_number(&view, progress, "total");

	if (isatty(fileno(call->err)) && !view.broken)
		fprintf(call->err, "\r\033[K%lld of %lld operations", (long long)done,
			(long long)total);
	text_free(&view.text);
}

static void progress_clear(const struct call *call)
{
	if (isatty(fileno(call->err)))
		fputs("\r\033[K", call->err);
}

/* Waits for the reply to what was sent. */
static int reply_wait(const struct call *call, int fd, json_t **ret_reply)
{
	bool progressed = false;
	int r;

	for (;;) {
		enum control_message type;
		json_t *body;

		r = client_receive(fd, &type, &body);
		if (r == 0 && type == CONTROL_PROGRESS) {
			progress_show(call, body);
			progressed = true;
			json_decref(body);
			continue;
		}
		if (progressed)
			progress_clear(call);
		if (r < 0)
			return r;
		if (type == CONTROL_REPLY) {
			*ret_reply = body;
			return 0;
		}
		json_decref(body);
		return -EPROTO;
	}
}

/* Prints @reply and returns the exit status that it asks for. */
static int reply_show(const struct call *call, const json_t *reply, render_fn *render)
{
	struct view view = { .again = call->again };
	struct view error = { .colour = call->colour_err };
	FILE *stream;
	int status = view_exit(&view, reply);

	stream = status == EXIT_MISTAKE ? call->err : call->out;
	view.colour = status == EXIT_MISTAKE ? call->colour_err : call->colour_out;
	view.feature = call->argument;
	view_puts(&error, view_string(&error, reply, "error"));
	if (!call->json)
		render(&view, reply);
	if (view.broken || error.broken) {
		status = no_answer(call, -EPROTO);
	} else if (call->json) {
		call_print_json(call, reply);
	} else {
		fputs(text_string(&view.text), stream);
		fflush(stream);
		if (error.text.length)
			fprintf(call->err, "mhctl: %s\n", text_string(&error.text));
	}
	text_free(&view.text);
	text_free(&error.text);
	return status;
}

int ask_reply(const struct call *call, json_t *request, const struct source *source,
	      json_t **ret_reply)
{
	AUTO_TEXT error = { 0 };
	AUTO_FD fd = -1;
	int sent, r;

	if (client_connect(call->socket, &fd, &error) < 0) {
		json_decref(request);
		return call_fail(call, "%s", text_string(&error));
	}
	sent = client_send(fd, request, source);
	json_decref(request);
	/* Who does not want to hear the whole question may have said why. */
	r = reply_wait(call, fd, ret_reply);
	return r < 0 ? no_answer(call, sent < 0 && sent != -EPIPE ? sent : r) : EXIT_FINE;
}

/* The same, and shows the answer. */
static int ask(const struct call *call, json_t *request, const struct source *source,
	       render_fn *render)
{
	json_t *reply = NULL;
	int status = ask_reply(call, request, source, &reply);

	if (status == EXIT_FINE)
		status = reply_show(call, reply, render);
	json_decref(reply);
	return status;
}

int ask_show(const struct call *call, json_t *request, render_fn *render)
{
	return ask(call, request, NULL, render);
}

static void render_text(struct view *view, const json_t *reply)
{
	view_puts(view, view_string(view, reply, "text"));
}

int ask_metrics(const struct call *call)
{
	return ask(call, json_pack("{s:s}", "command", "metrics"), NULL, render_text);
}

/* A request that may come with a FILE. */
static int ask_with_file(const struct call *call, json_t *request, render_fn *render)
{
	struct source *source = NULL;
	AUTO_DIAGS diags = { 0 };
	int status;

	if (!call->argument)
		return ask(call, request, NULL, render);
	if (feature_load(call->argument, &source, &diags) < 0) {
		json_decref(request);
		status = problems_tell(call, &diags, source, EXIT_MISTAKE);
	} else {
		status = ask(call, request, source, render);
	}
	source_free(source);
	return status;
}

int ask_plan(const struct call *call)
{
	json_t *request = json_pack("{s:s}", "command", "plan");

	if (call->rollback && call->argument) {
		json_decref(request);
		return call_fail(
			call, "a rollback goes back to what was in force before; it needs no FILE");
	}
	if (call->rollback)
		json_object_set_new(request, "rollback", json_true());
	return ask_with_file(call, request, render_plan);
}

int ask_apply(const struct call *call)
{
	json_t *request = json_pack("{s:s}", "command", "apply");

	if (call->confirm_ms)
		json_object_set_new(request, "confirm_ms", json_integer(call->confirm_ms));
	return ask_with_file(call, request, render_apply);
}

int ask_confirm(const struct call *call)
{
	json_t *request = json_pack("{s:s}", "command", "confirm");
	const char *id = call->argument;

	if (id && (strspn(id, "0123456789") != strlen(id) || strlen(id) > 9 || atoi(id) == 0)) {
		json_decref(request);
		return call_fail(
			call, "'%s' is no ID; 'mhctl status' shows what waits to be confirmed", id);
	}
	if (id)
		json_object_set_new(request, "id", json_integer(atoi(id)));
	if (call->extend_ms)
		json_object_set_new(request, "extend_ms", json_integer(call->extend_ms));
	return ask(call, request, NULL, render_confirm);
}

int ask_rollback(const struct call *call)
{
	return ask(call, json_pack("{s:s}", "command", "rollback"), NULL, render_rollback);
}

static int no_feature(const struct call *call)
{
	const char *names[FEATURE_MAX + 2] = { 0 };
	AUTO_TEXT known = { 0 };
	const char *nearest;

	for (size_t i = 0; i < feature_count; i++) {
		names[i] = features[i]->name;
		text_printf(&known, "%s%s", i ? ", " : "", features[i]->name);
	}
	names[feature_count] = NEIGHBOURS;
	text_puts(&known, ", " NEIGHBOURS);
	nearest = text_nearest(call->argument, names);
	if (nearest)
		return call_fail(call, "no feature '%s'; did you mean '%s'?", call->argument,
				 nearest);
	return call_fail(call, "no feature '%s'; there are: %s", call->argument, text_string(&known));
}

static bool is_feature(const char *name)
{
	for (size_t i = 0; i < feature_count; i++)
		if (strcmp(features[i]->name, name) == 0)
			return true;
	return strcmp(name, NEIGHBOURS) == 0;
}

int ask_status(const struct call *call)
{
	json_t *request;

	if (call->argument && !is_feature(call->argument))
		return no_feature(call);
	request = json_pack("{s:s}", "command", "status");
	if (call->argument)
		json_object_set_new(request, "feature", json_string(call->argument));
	return ask(call, request, NULL, render_status);
}

static json_t *checks_request(const struct call *call)
{
	static const char *const orders[] = { "drain", "force-up", "force-down", "auto", NULL };
	const char *order = call->terms[0], *nearest = text_nearest(order, orders);
	size_t i = 0;

	while (orders[i] && strcmp(orders[i], order) != 0)
		i++;
	if (!orders[i] && nearest)
		call_fail(call, "no order '%s'; did you mean '%s'?", order, nearest);
	else if (!orders[i])
		call_fail(call, "no order '%s'; there are: list, drain, force-up, force-down, auto",
			  order);
	else if (call->term_count != 2)
		call_fail(call, "%s which check? Write 'mhctl checks %s NAME'", order, order);
	else
		return json_pack("{s:s,s:s,s:s}", "command", "checks", "order", order, "name",
				 call->terms[1]);
	return NULL;
}

static void render_nothing(struct view *view, const json_t *reply)
{
}

/* Without an order it lists them. */
int ask_checks(const struct call *call)
{
	bool list = !call->term_count || (call->term_count == 1 && !strcmp(call->terms[0], "list"));
	json_t *request = list ? json_pack("{s:s,s:s}", "command", "status", "feature", "checks") :
				 checks_request(call);

	if (!request)
		return EXIT_MISTAKE;
	return ask(call, request, NULL, list ? render_checks : render_nothing);
}

static void render_upgrade(struct view *view, const json_t *reply)
{
	text_printf(&view->text, "multihomed %s runs now", view_string(view, reply, "version"));
	text_printf(&view->text, " (before: %s); nothing was closed\n",
		    view_string(view, reply, "before"));
}

/* The second question waits at the same door until the new program opens it. */
int ask_upgrade(const struct call *call)
{
	json_t *before = NULL, *now = NULL, *answer;
	int status = ask_reply(call, json_pack("{s:s}", "command", "upgrade"), NULL, &before);

	if (status == EXIT_FINE && json_integer_value(json_object_get(before, "exit")) != EXIT_FINE)
		status = reply_show(call, before, render_nothing);
	else if (status == EXIT_FINE)
		status = ask_reply(call, json_pack("{s:s}", "command", "status"), NULL, &now);
	if (now) {
		answer = json_pack("{s:i,s:O,s:O}", "exit", 0, "version",
				   json_object_get(now, "version"), "before",
				   json_object_get(before, "version"));
		status = reply_show(call, answer, render_upgrade);
		json_decref(answer);
	}
	json_decref(before);
	json_decref(now);
	return status;
}
