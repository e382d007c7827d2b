/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fact/subscribers.h"

#include <string.h>

/* The index of the first one that does not sort before @name. */
static size_t lower_bound(const struct subscriber_hands *hands, const char *name)
{
	size_t low = 0, high = hands->items.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(hands->items.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool stands_at(const struct subscriber_hands *hands, size_t at, const char *name)
{
	return at < hands->items.count && strcmp(hands->items.items[at].name, name) == 0;
}

static struct subscriber_hand hand_copy(const struct subscriber_hand *hand)
{
	struct subscriber_hand copy = {
		.name = mem_strdup(hand->name),
		.what = hand->what,
		.port = hand->port ? mem_strdup(hand->port) : NULL,
		.bound = hand->bound,
		.via = hand->via,
	};

	memcpy(copy.mac, hand->mac, sizeof(copy.mac));
	for (size_t i = 0; i < hand->addresses.count; i++)
		*VEC_PUSH(&copy.addresses) = hand->addresses.items[i];
	for (size_t i = 0; i < hand->prefixes.count; i++)
		*VEC_PUSH(&copy.prefixes) = hand->prefixes.items[i];
	return copy;
}

static void take_out(struct subscriber_hands *hands, size_t at)
{
	struct subscriber_hand *items = hands->items.items;

	subscriber_hand_free(&items[at]);
	hands->items.count--;
	memmove(&items[at], &items[at + 1], (hands->items.count - at) * sizeof(*items));
}

static void put(struct subscriber_hands *hands, size_t at, const struct subscriber_hand *one)
{
	struct subscriber_hand copy = hand_copy(one), *items;

	if (stands_at(hands, at, one->name)) {
		subscriber_hand_free(&hands->items.items[at]);
		hands->items.items[at] = copy;
		return;
	}
	VEC_PUSH(&hands->items);
	items = hands->items.items;
	memmove(&items[at + 1], &items[at], (hands->items.count - 1 - at) * sizeof(*items));
	items[at] = copy;
}

const struct subscriber_hand *subscriber_hands_find(const struct subscriber_hands *hands,
						    const char *name)
{
	size_t at = hands ? lower_bound(hands, name) : 0;

	return hands && stands_at(hands, at, name) ? &hands->items.items[at] : NULL;
}

void subscriber_hands_take(struct subscriber_hands *hands, const struct subscriber_hand *one,
			   bool filed)
{
	size_t at = lower_bound(hands, one->name);
	bool stands = stands_at(hands, at, one->name);
	struct subscriber_hand *before = stands ? &hands->items.items[at] : NULL;

	if (one->what == SUBSCRIBER_AUTO || (one->what == SUBSCRIBER_REMOVE && !filed)) {
		if (stands)
			take_out(hands, at);
		return;
	}
	if (one->what == SUBSCRIBER_MOVE && before && before->what == SUBSCRIBER_ADD) {
		mem_freep(&before->port);
		before->port = mem_strdup(one->port);
		return;
	}
	put(hands, at, one);
}

void subscriber_hands_copy(const struct subscriber_hands *hands, struct subscriber_hands *ret_copy)
{
	*ret_copy = (struct subscriber_hands){ 0 };
	for (size_t i = 0; hands && i < hands->items.count; i++)
		*VEC_PUSH(&ret_copy->items) = hand_copy(&hands->items.items[i]);
}

void subscriber_hands_free(struct subscriber_hands *hands)
{
	for (size_t i = 0; i < hands->items.count; i++)
		subscriber_hand_free(&hands->items.items[i]);
	VEC_FREE(&hands->items);
}

void subscriber_hand_free(struct subscriber_hand *hand)
{
	mem_freep(&hand->name);
	mem_freep(&hand->port);
	VEC_FREE(&hand->addresses);
	VEC_FREE(&hand->prefixes);
}

const char *subscriber_what_word(enum subscriber_what what)
{
	static const char *const words[SUBSCRIBER_WHATS] = {
		[SUBSCRIBER_ADD] = "add",
		[SUBSCRIBER_MOVE] = "move",
		[SUBSCRIBER_REMOVE] = "remove",
		[SUBSCRIBER_AUTO] = "auto",
	};

	return words[what];
}
