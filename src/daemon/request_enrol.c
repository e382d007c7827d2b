/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `mhctl subscriber`: a decision by hand, as it is asked for and as it is answered. */
#include "daemon/enrolled.h"
#include "daemon/report.h"
#include "daemon/server_internal.h"

#include <errno.h>
#include <string.h>

#define MOST_VALUES 1024 /* of one subscriber: addresses, or prefixes */

static enum subscriber_what read_what(const char *word)
{
	for (unsigned what = SUBSCRIBER_ADD; word && what < SUBSCRIBER_WHATS; what++)
		if (strcmp(subscriber_what_word((enum subscriber_what)what), word) == 0)
			return (enum subscriber_what)what;
	return 0;
}

/* One value, or a list of them; none is none. */
static int read_values(const json_t *request, const char *key, const char *word,
		       struct subscriber_hand *hand, struct text *error)
{
	const json_t *value = json_object_get(request, key);
	size_t count = json_is_array(value) ? json_array_size(value) : value != NULL;
	int r = 0;

	if (count > MOST_VALUES) {
		text_printf(error, "more than %u %s of one subscriber", MOST_VALUES, key);
		return -EINVAL;
	}
	for (size_t i = 0; i < count && r == 0; i++) {
		const char *text =
			json_string_value(json_is_array(value) ? json_array_get(value, i) : value);

		r = enrolled_set(hand, word, text ? text : "", error);
	}
	return r;
}

static int read_hand(const json_t *request, struct subscriber_hand *hand, struct text *error)
{
	static const char *const words[][2] = { { "port", "port" },
						{ "mac", "mac" },
						{ "via", "via" },
						{ "addresses", "address" },
						{ "prefixes", "prefix" } };
	const char *name = json_string_value(json_object_get(request, "name"));
	int r = 0;

	hand->what = read_what(json_string_value(json_object_get(request, "order")));
	if (!hand->what || !name || !enrolled_is_name(name)) {
		text_puts(error,
			  "which order, and for which subscriber? A name has 1 to 63 characters, "
			  "no blanks");
		return -EINVAL;
	}
	hand->name = mem_strdup(name);
	for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
		r = read_values(request, words[i][0], words[i][1], hand, error);
	if (r == 0 && !hand->port && (hand->what == SUBSCRIBER_ADD || hand->what == SUBSCRIBER_MOVE)) {
		text_printf(error, "%s '%s' to which port?", subscriber_what_word(hand->what), name);
		r = -EINVAL;
	}
	return r;
}

static bool is_among(const struct refusals *refusals, const char *object)
{
	for (size_t i = 0; i < refusals->items.count; i++)
		if (strcmp(refusals->items.items[i].object, object) == 0)
			return true;
	return false;
}

static bool tells_of(const json_t *list, size_t index, const char *word)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, index), "text"));

	return text && word && strstr(text, word);
}

/* What waited for something else, or had failed before, is no answer to this. */
static void keep_own(json_t *reply, const json_t *subscriber, const struct refusals *before)
{
	const char *name = json_string_value(json_object_get(subscriber, "name")),
		   *port = json_string_value(json_object_get(subscriber, "port"));
	json_t *pending = json_object_get(reply, "pending"),
	       *failed = json_object_get(reply, "failed");

	for (size_t i = json_array_size(pending); i-- > 0;)
		if (!tells_of(pending, i, name) && !tells_of(pending, i, port))
			json_array_remove(pending, i);
	for (size_t i = json_array_size(failed); i-- > 0;)
		if (is_among(before,
			     json_string_value(json_object_get(json_array_get(failed, i), "text"))))
			json_array_remove(failed, i);
}

/* Told before what was decided takes the place of what was so far. */
static void on_enrolled(void *data, const struct outcome *outcome)
{
	struct client *client = data;
	json_t *subscriber = client->reply, *reply = report_apply(outcome);
	struct engine_status before;
	int exit;

	client->reply = NULL;
	engine_status(client->server->engine, &before);
	keep_own(reply, subscriber, before.refusals);
	exit = outcome->mistaken						   ? 2 :
	       outcome->error || json_array_size(json_object_get(reply, "failed")) ? 1 :
										     0;
	json_object_set_new(reply, "exit", json_integer(exit));
	json_object_set_new(reply, "subscriber", subscriber);
	json_object_del(reply, "rolled_back");
	if (outcome->error)
		client_reply(client, reply);
	else
		client_wait_applied(client, reply);
}

void request_enrol(struct client *client, const json_t *request)
{
	struct order order = { .caller = client->caller, .told = on_enrolled, .data = client };
	AUTO_TEXT error = { 0 };

	order.hand = mem_alloc(sizeof(*order.hand));
	if (read_hand(request, order.hand, &error) < 0) {
		subscriber_hand_free(order.hand);
		mem_freep(&order.hand);
		client_reply(client, report_error(2, text_string(&error)));
		return;
	}
	client->reply = json_pack("{s:s,s:s}", "name", order.hand->name, "order",
				  subscriber_what_word(order.hand->what));
	if (order.hand->port)
		json_object_set_new(client->reply, "port", json_string(order.hand->port));
	client->state = CLIENT_APPLY;
	engine_enrol(client->server->engine, &order);
}
