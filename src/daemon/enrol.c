/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decisions about subscribers by hand. One that fits is a fact from then on, kept in a file first, since
 * who was moved must not be back on his former port because the host was started anew; what follows from
 * it is a repair like any other.
 */
#include "daemon/engine_internal.h"

#include "daemon/enrolled.h"

#include <errno.h>
#include <string.h>

void enrol_open(struct engine *engine)
{
	const struct engine_options *options = &engine->options;

	engine->subscribers_path = options->state_path ?
					   mem_printf("%s/subscribers", options->state_path) :
					   mem_printf("%s.subscribers", options->socket_path);
	enrolled_read(engine->subscribers_path, &engine->subscribers);
}

static int fits(const struct engine *engine, const struct subscriber_hand *hand, bool *ret_filed,
		struct text *error)
{
	const struct config *config = engine->now->config;

	for (size_t i = 0; i < feature_count; i++)
		if (features[i]->fits && feature_value(config, features[i]))
			return features[i]->fits(config, &engine->subscribers, hand, ret_filed,
						 error);
	text_puts(error, "there is no `subscribers` in the configuration that is in force");
	return -EINVAL;
}

/* Keeps @hand if it fits. Returns false with one line in @error; *ret_mistaken: it did not fit. */
static bool keep(struct engine *engine, const struct subscriber_hand *hand, bool *ret_mistaken,
		 struct text *error)
{
	struct subscriber_hands hands;
	bool filed = false;
	int r = fits(engine, hand, &filed, error);

	*ret_mistaken = r < 0;
	if (r < 0)
		return false;
	subscriber_hands_copy(&engine->subscribers, &hands);
	subscriber_hands_take(&hands, hand, filed);
	r = enrolled_keep(engine->subscribers_path, &hands);
	if (r < 0) {
		text_printf(error, "this cannot be kept over a restart, and so is not done: %s: %s",
			    engine->subscribers_path, strerror(-r));
		subscriber_hands_free(&hands);
		return false;
	}
	subscriber_hands_free(&engine->subscribers);
	engine->subscribers = hands;
	return true;
}

static void tell_decided(struct engine *engine, const struct subscriber_hand *hand)
{
	AUTO_TEXT words = { 0 };

	enrolled_print(hand, &words);
	tell(engine, LOG_NOTICE, "subscriber", "by hand: %s subscriber %s%s",
	     subscriber_what_word(hand->what), hand->name, text_string(&words));
}

static void refuse(struct engine *engine, const struct order *order, bool mistaken, const char *error)
{
	static const struct diags none;
	const struct outcome outcome = {
		.generation = engine->now,
		.number = engine->now->number,
		.diags = &none,
		.observed = host_observed(engine->host),
		.error = error,
		.mistaken = mistaken,
	};

	if (order->told)
		order->told(order->data, &outcome);
}

void enrol_begin(struct engine *engine, struct request *request)
{
	struct order *order = &request->order;
	AUTO_TEXT error = { 0 };
	bool mistaken;

	if (keep(engine, order->hand, &mistaken, &error)) {
		tell_decided(engine, order->hand);
		engine->job.told = order->told;
		engine->job.data = order->data;
		engine->job.asked = true;
		job_begin(engine, JOB_REPAIR, generation_share(engine->now));
	} else {
		refuse(engine, order, mistaken, text_string(&error));
	}
	order_drop(order);
}
