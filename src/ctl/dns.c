/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `mhctl dns`: its zones, reading them again, and a question to the running server at its own
 * address, which the daemon tells.
 */
#include "ctl/dns.h"

#include "base/mem.h"
#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/render.h"
#include "dns/record_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static json_t *dns_request(void)
{
	return json_pack("{s:s,s:s}", "command", "status", "feature", "dns");
}

static const json_t *dns_of(const json_t *reply)
{
	return json_object_get(json_object_get(reply, "features"), "dns");
}

/* The table of zones of a status. */
static void render_zones(struct view *view, const json_t *reply)
{
	const json_t *zones = json_object_get(dns_of(reply), "zones");
	json_t *shown;

	if (json_array_size(zones) == 0) {
		view_puts(view, dns_of(reply) ? "no zones\n" :
						"there is no `dns` in the configuration\n");
		return;
	}
	shown = json_pack("{s:O}", "zones", zones);
	view->feature = "dns";
	render_feature(view, "dns", shown);
	json_decref(shown);
}

static int run_zones(const struct call *call)
{
	if (call->term_count > 1)
		return call_fail(call, "'%s' is too much for 'dns zones'", call->terms[1]);
	return ask_show(call, dns_request(), render_zones);
}

static void render_reload(struct view *view, const json_t *reply)
{
	if (view_exit(view, reply) != EXIT_FINE)
		render_apply(view, reply);
	else
		view_printf(view, "Generation %lld is in force, with its files as they are now%s.\n",
			    (long long)view_number(view, reply, "generation"),
			    json_array_size(json_object_get(reply, "workers")) ?
				    "" :
				    ", in which nothing is new");
}

static int run_reload(const struct call *call)
{
	json_t *request = json_pack("{s:s,s:b}", "command", "apply", "reload", 1);

	if (call->term_count > 2) {
		json_decref(request);
		return call_fail(call, "'%s' is too much for 'dns reload', which takes one zone",
				 call->terms[2]);
	}
	if (call->term_count == 2)
		json_object_set_new(request, "only", json_string(call->terms[1]));
	return ask_show(call, request, render_reload);
}

/* An address that the server listens on: the first, within a prefix the one after its first. */
static int listened_on(const json_t *dns, struct dns_question *question)
{
	const char *text = json_string_value(json_array_get(json_object_get(dns, "listen"), 0));
	struct prefix listen;

	if (!text || prefix_parse(text, &listen) < 0)
		return -ENOENT;
	question->server = prefix_address(&listen);
	if (!listen.length) {
		address_parse(listen.family == AF_INET ? "127.0.0.1" : "::1", &question->server);
	} else if (listen.length < address_bits(listen.family)) {
		question->server.bytes[address_size(listen.family) - 1] |= 1;
	}
	question->port = (uint16_t)json_integer_value(json_object_get(dns, "port"));
	return 0;
}

/* "@192.0.2.1", "@192.0.2.1:5300", "@[2001:db8::1]:5300" or "@2001:db8::1". */
static int server_parse(const char *word, struct dns_question *question)
{
	AUTO_MEM char *copy = mem_strdup(word + 1);
	char *colon = strrchr(copy, ':'), *at = copy, *end = copy;
	bool port = colon && (copy[0] == '[' || strchr(copy, ':') == colon);

	if (port) {
		question->port = (uint16_t)strtoul(colon + 1, &end, 10);
		if (*end || end == colon + 1 || !question->port)
			return -EINVAL;
		*colon = '\0';
	}
	if (copy[0] == '[') {
		at = copy + 1;
		copy[strcspn(copy, "]")] = '\0';
	}
	return address_parse(at, &question->server);
}

static int find_server(const struct call *call, struct dns_question *question)
{
	json_t *reply = NULL;
	int status = ask_reply(call, dns_request(), NULL, &reply);

	if (status == EXIT_FINE && listened_on(dns_of(reply), question) < 0)
		status = call_end(
			call, EXIT_NO,
			"there is no `dns` in the configuration; say whom to ask by @ADDRESS");
	json_decref(reply);
	return status;
}

static int show_answer(const struct call *call, const struct dns_question *question,
		       const uint8_t *reply, size_t length)
{
	bool found = (reply[3] & 15) == 0 && (reply[6] || reply[7]);
	char where[ENDPOINT_TEXT_SIZE];
	AUTO_TEXT text = { 0 };
	struct view view = { 0 };
	json_t *json;

	if (message_text(reply, length, &text) < 0)
		text_puts(&text, "\n; the rest is malformed\n");
	text_printf(&text, "; %zu bytes from %s\n", length,
		    endpoint_text(&question->server, question->port, where));
	if (call->json) {
		json = json_pack("{s:i,s:s,s:s,s:i}", "exit", found ? EXIT_FINE : EXIT_NO, "server",
				 where, "text", text_string(&text), "bytes", (int)length);
		call_print_json(call, json);
		json_decref(json);
	} else {
		view_puts(&view, text_string(&text));
		fputs(text_string(&view.text), call->out);
		text_free(&view.text);
	}
	return found ? EXIT_FINE : EXIT_NO;
}

static int ask_question(const struct call *call, const struct dns_question *question)
{
	uint8_t query[DNS_QUERY_SIZE], *reply;
	char where[ENDPOINT_TEXT_SIZE];
	int status, r;
	uint16_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = 1;
	r = dns_query_build(question, id, query);
	if (r < 0)
		return call_fail(
			call, "'%s %s' is no name and type of record, such as 'www.example.com AAAA'",
			question->name, question->type);
	reply = mem_alloc(DNS_REPLY_SIZE);
	r = dns_query_ask(question, query, (size_t)r, reply);
	if (r < 0) {
		AUTO_MEM char *line = mem_printf(
			"%s: %s", endpoint_text(&question->server, question->port, where),
			r == -ETIMEDOUT ? "no answer within three seconds" : strerror(-r));

		status = call_end(call, EXIT_NO, line);
	} else {
		status = show_answer(call, question, reply, (size_t)r);
	}
	mem_freep(&reply);
	return status;
}

static int run_query(const struct call *call)
{
	struct dns_question question = { .type = "A", .port = 53 };
	bool typed = false;
	int status = EXIT_FINE;

	for (unsigned i = 1; i < call->term_count; i++) {
		const char *word = call->terms[i];

		if (word[0] == '@' && server_parse(word, &question) < 0)
			return call_fail(
				call, "'%s' is no server; write @192.0.2.1 or @[2001:db8::1]:5300",
				word);
		if (word[0] == '@')
			continue;
		if (typed)
			return call_fail(call, "'%s' is too much for 'dns query'", word);
		typed = question.name != NULL;
		if (typed)
			question.type = word;
		else
			question.name = word;
	}
	if (!question.name)
		return call_fail(call, "'dns query' needs a name, and perhaps a type and @ADDRESS");
	if (!question.server.family)
		status = find_server(call, &question);
	return status == EXIT_FINE ? ask_question(call, &question) : status;
}

int dns_run(const struct call *call)
{
	static const struct {
		const char *name;
		int (*run)(const struct call *call);
	} actions[] = { { "zones", run_zones }, { "reload", run_reload }, { "query", run_query } };
	const char *names[ARRAY_SIZE(actions) + 1] = { 0 }, *meant;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!strcmp(call->argument, actions[i].name))
			return actions[i].run(call);
		names[i] = actions[i].name;
	}
	meant = text_nearest(call->argument, names);
	if (meant)
		return call_fail(call, "no action '%s' of dns; did you mean '%s'?", call->argument,
				 meant);
	return call_fail(call, "no action '%s' of dns; there are zones, reload and query",
			 call->argument);
}
