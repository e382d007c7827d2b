/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel sends, as raw bytes: a datagram of messages is walked, each is decoded as the
 * kind that its type names, errors and their texts are read, and what was decoded goes through a
 * journal into a set and into text. An address or a route that was decoded encodes to a message
 * that decodes to the same.
 */
#include "host/codec.h"
#include "host/interest.h"
#include "host/journal.h"
#include "io/netlink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void read_error(const struct nlmsghdr *message)
{
	char text[160];
	int error;

	if (netlink_read_error(message, &error, text, sizeof(text)))
		require(strlen(text) < sizeof(text));
}

static void encode_again(enum object_kind which, const union host_object *object)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	const struct kind *kind = kind_of(which);
	union host_object again;

	if (which != OBJECT_LINK && which != OBJECT_ADDRESS &&
	    (which != OBJECT_ROUTE || object->route.hops))
		return;
	message->nlmsg_len = NLMSG_HDRLEN;
	message->nlmsg_type = kind->message_new;
	codec_encode(kind, object, message);
	require(message->nlmsg_len <= sizeof(buffer));
	/* Of a link only what may be asked for is told, and one that goes may have no name. */
	if (which == OBJECT_LINK)
		return;
	require(codec_decode(kind, message, &again));
	require(kind_identical(kind, object, &again));
}

static void take(const struct nlmsghdr *message, struct journal *journals)
{
	struct change change = { .replaces = message->nlmsg_flags & NLM_F_REPLACE };
	int kind = codec_kind(message, &change.removed);

	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
		read_error(message);
	if (kind < 0 || !codec_decode(kind_of((enum object_kind)kind), message, &change.object))
		return;
	encode_again((enum object_kind)kind, &change.object);
	journal_add(&journals[kind], &change);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct prefix wanted = { .family = AF_INET6, .length = 8, .bytes = { 0x20 } };
	struct host_interest interest = { .prefixes = &wanted, .prefix_count = 1 };
	struct journal journals[OBJECT_KINDS] = { 0 };
	char *copy = malloc(size + 1);
	const char *at = copy;
	const struct nlmsghdr *message;
	struct state state = { 0 };
	struct text text = { 0 };
	struct taste taste;
	bool lost = false;

	memcpy(copy, bytes, size);
	while ((message = netlink_next(&at, &size)))
		take(message, journals);
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		journal_merge(&journals[kind], kind_of((enum object_kind)kind), &state.sets[kind],
			      &lost);
	taste_set(&taste, &interest);
	STATE_EACH(&state, OBJECT_ROUTE, const struct host_route, route) {
		(void)taste_wants_route(&taste, route);
	}
	state_print(&state, &text);
	taste_free(&taste);
	state_free(&state);
	text_free(&text);
	free(copy);
	return 0;
}
