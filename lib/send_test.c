/* SPDX-License-Identifier: MIT */
/* What is sent later or unasked, and from which sources nothing is sent. Over loopback. */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settle.h"

struct stage {
	struct mh_socket server;
	union mh_endpoint bound;
	struct mh_batch *batch;
	int client;
};

static struct stage stage_on(const char *text, unsigned flags)
{
	struct stage stage;
	struct mh_prefix prefix;
	socklen_t length = sizeof(stage.bound);

	assert_int_equal(mh_prefix_parse(text, &prefix), 0);
	assert_int_equal(mh_udp_open(&prefix, 0, flags, &stage.server), 0);
	assert_int_equal(getsockname(stage.server.fd, &stage.bound.any, &length), 0);
	assert_int_equal(mh_batch_new(4, 65535, &stage.batch), 0);
	stage.client = socket(prefix.address.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(stage.client >= 0);
	return stage;
}

static void stage_close(struct stage *stage)
{
	close(stage->client);
	mh_batch_free(stage->batch);
	mh_close(&stage->server);
}

/* Asks @address, and returns a copy of what the server received. */
static struct mh_datagram ask(const struct stage *stage, const char *address)
{
	union mh_endpoint to = stage->bound;

	if (to.any.sa_family == AF_INET)
		assert_int_equal(inet_pton(AF_INET, address, &to.v4.sin_addr), 1);
	else
		assert_int_equal(inet_pton(AF_INET6, address, &to.v6.sin6_addr), 1);
	assert_int_equal(sendto(stage->client, "?", 1, 0, &to.any, sizeof(to)), 1);
	settle();
	assert_int_equal(mh_udp_receive(&stage->server, stage->batch), 1);
	return *mh_batch_at(stage->batch, 0);
}

/* Whence the client's next datagram comes, "" when there is none; its length. */
static const char *hear(const struct stage *stage, ssize_t *ret_length)
{
	static char text[INET6_ADDRSTRLEN], bytes[65536];
	union mh_endpoint from;
	socklen_t length = sizeof(from);
	struct mh_address address;

	settle();
	*ret_length = recvfrom(stage->client, bytes, sizeof(bytes), 0, &from.any, &length);
	if (*ret_length < 0)
		return "";
	address = mh_address_of_endpoint(&from);
	return inet_ntop(address.family, address.bytes, text, sizeof(text));
}

static void answers_may_come_later_and_in_any_order(void **state)
{
	static const char *const asked[] = { "127.5.0.1", "127.5.0.2", "127.5.0.3" };
	struct stage stage = stage_on("127.5.0.0/16", 0);
	struct mh_datagram kept[3];
	ssize_t length;

	for (unsigned i = 0; i < 3; i++)
		kept[2 - i] = ask(&stage, asked[i]);
	for (unsigned i = 0; i < 3; i++) {
		kept[i].answer = "later";
		kept[i].answer_length = 3 + i;
	}
	/* Nothing is sent for what has no answer. */
	kept[1].answer = NULL;
	assert_int_equal(mh_udp_send(&stage.server, kept, 3), 2);
	assert_string_equal(hear(&stage, &length), "127.5.0.3");
	assert_int_equal(length, 3);
	assert_string_equal(hear(&stage, &length), "127.5.0.1");
	assert_int_equal(length, 5);
	assert_string_equal(hear(&stage, &length), "");
	stage_close(&stage);
}

static void nobody_needs_to_have_asked(void **state)
{
	struct stage stage = stage_on("::/64", 0);
	struct mh_datagram made = { .answer = "news", .answer_length = 4 };
	union mh_endpoint client = { .v6 = { .sin6_family = AF_INET6,
					     .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
	socklen_t size = sizeof(client);
	ssize_t length;

	assert_int_equal(bind(stage.client, &client.any, sizeof(client.v6)), 0);
	assert_int_equal(getsockname(stage.client, &client.any, &size), 0);
	made.peer = client;
	made.source = (struct mh_address){ AF_INET6, { [15] = 1 } };
	assert_int_equal(mh_udp_send(&stage.server, &made, 1), 1);
	assert_string_equal(hear(&stage, &length), "::1");
	assert_int_equal(length, 4);
	stage_close(&stage);
}

static void more_than_one_system_call_takes_is_sent_too(void **state)
{
	enum { COUNT = 300 };
	struct stage stage = stage_on("127.5.0.0/16", 0);
	struct mh_datagram *kept = calloc(COUNT, sizeof(*kept)), like = ask(&stage, "127.5.0.9");
	static char bytes[COUNT];
	int much = 16 << 20;
	ssize_t length;

	assert_int_equal(setsockopt(stage.client, SOL_SOCKET, SO_RCVBUF, &much, sizeof(much)), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		kept[i] = like;
		kept[i].answer = bytes;
		/* All different, so that none are joined. */
		kept[i].answer_length = COUNT - i % 2 * 50 - i % 3;
	}
	assert_int_equal(mh_udp_send(&stage.server, kept, COUNT), COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_string_equal(hear(&stage, &length), "127.5.0.9");
		assert_int_equal(length, kept[i].answer_length);
	}
	assert_string_equal(hear(&stage, &length), "");
	free(kept);
	stage_close(&stage);
}

static void nothing_leaves_from_a_source_that_is_not_served(void **state)
{
	static const struct mh_address outside = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
				       group = { AF_INET6, { 0xff, 2, [15] = 1 } },
				       unspecified = { AF_INET6, { 0 } }, none = { 0 },
				       other = { AF_INET, { 127, 0, 0, 1 } };
	static const struct {
		const struct mh_address *source;
		int error;
	} cases[] = { { &outside, -EADDRNOTAVAIL },
		      { &group, -EADDRNOTAVAIL },
		      { &unspecified, -EADDRNOTAVAIL },
		      { &none, -EADDRNOTAVAIL },
		      { &other, -EAFNOSUPPORT } };
	struct stage stage = stage_on("::/64", 0);
	struct mh_datagram *datagram;
	ssize_t length;

	for (size_t i = 0; i < 5; i++) {
		struct mh_datagram kept = ask(&stage, "::1");

		datagram = mh_batch_at(stage.batch, 0);
		kept.source = *cases[i].source;
		kept.answer = "no";
		kept.answer_length = 2;
		*datagram = kept;
		assert_int_equal(mh_udp_answer(&stage.server, stage.batch), 0);
		assert_int_equal(datagram->error, cases[i].error);
		assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 0);
		assert_int_equal(kept.failed, 1);
		assert_int_equal(kept.error, cases[i].error);
		assert_string_equal(hear(&stage, &length), "");
	}
	stage_close(&stage);
}

/* Of an IPv4 socket, too, and of an IPv6 one that is spoken to in IPv4. */
static void peer_and_source_are_of_one_family(void **state)
{
	struct stage stage = stage_on("127.0.0.0/8", 0);
	struct mh_datagram kept = ask(&stage, "127.0.0.1");

	kept.answer = "no";
	kept.answer_length = 2;
	kept.source = (struct mh_address){ AF_INET6, { [15] = 1 } };
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 0);
	assert_int_equal(kept.error, -EAFNOSUPPORT);
	kept.source = kept.asked;
	kept.peer.any.sa_family = AF_UNSPEC;
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 0);
	assert_int_equal(kept.error, -EAFNOSUPPORT);
	kept.peer.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = 1 };
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &kept.peer.v6.sin6_addr), 1);
	kept.source = (struct mh_address){ AF_INET6, { [15] = 1 } };
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 0);
	assert_int_equal(kept.error, -EAFNOSUPPORT);
	stage_close(&stage);
}

static void who_was_asked_in_a_group_answers_from_an_own_address(void **state)
{
	struct stage stage = stage_on("127.255.0.0/16", 0);
	struct mh_datagram kept;
	int on = 1;
	ssize_t length;

	assert_int_equal(setsockopt(stage.client, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
	kept = ask(&stage, "127.255.255.255");
	kept.answer = "here";
	kept.answer_length = 4;
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 1);
	assert_string_equal(hear(&stage, &length), "127.0.0.1");
	stage_close(&stage);
}

/* What does not fit into a path is seen in the labs: here all that IP can bear fits. */
static void the_longest_datagram_leaves_with_bare_headers_too(void **state)
{
	static char bytes[65508];
	struct stage stage = stage_on("127.0.0.0/8", MH_BARE);
	struct mh_datagram kept = ask(&stage, "127.0.0.1");
	ssize_t length;

	kept.answer = bytes;
	kept.answer_length = 65507;
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 1);
	hear(&stage, &length);
	assert_int_equal(length, 65507);
	kept.answer_length = 65508;
	assert_int_equal(mh_udp_send(&stage.server, &kept, 1), 0);
	assert_int_equal(kept.error, -EMSGSIZE);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_may_come_later_and_in_any_order),
		cmocka_unit_test(nobody_needs_to_have_asked),
		cmocka_unit_test(more_than_one_system_call_takes_is_sent_too),
		cmocka_unit_test(nothing_leaves_from_a_source_that_is_not_served),
		cmocka_unit_test(peer_and_source_are_of_one_family),
		cmocka_unit_test(who_was_asked_in_a_group_answers_from_an_own_address),
		cmocka_unit_test(the_longest_datagram_leaves_with_bare_headers_too),
	};

	settle_stay();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
