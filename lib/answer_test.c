/* SPDX-License-Identifier: MIT */
/*
 * The joining of answers against its slow honest twin, which sends each by itself: whatever mix
 * of peers, sources, lengths and trains is answered, every peer must hear the same.
 */
#include "private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settle.h"

#define PEERS 3
#define BATCH 64
#define HEARD_MAX 4096

/* What one peer heard, one after the other: source, length, a sum of the bytes. */
struct heard {
	unsigned count;
	struct {
		in_addr_t source;
		ssize_t length;
		uint32_t sum;
	} items[HEARD_MAX];
};

struct stage {
	struct mh_socket server;
	in_port_t port;
	int peers[PEERS];
	struct mh_batch *batch;
};

static void stage_open(struct stage *stage)
{
	struct mh_prefix prefix;
	struct sockaddr_in bound;
	socklen_t length = sizeof(bound);
	int much = 32 << 20;

	assert_int_equal(mh_prefix_parse("127.0.0.0/8", &prefix), 0);
	assert_int_equal(mh_udp_open(&prefix, 0, MH_JOINED, &stage->server), 0);
	assert_int_equal(getsockname(stage->server.fd, (void *)&bound, &length), 0);
	stage->port = bound.sin_port;
	for (int i = 0; i < PEERS; i++) {
		stage->peers[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(stage->peers[i] >= 0);
		/* Beyond the host's limit where that is allowed: Linux 6.1 counts small ones dearer. */
		if (setsockopt(stage->peers[i], SOL_SOCKET, SO_RCVBUFFORCE, &much, sizeof(much)) < 0)
			setsockopt(stage->peers[i], SOL_SOCKET, SO_RCVBUF, &much, sizeof(much));
	}
	assert_int_equal(mh_batch_new(BATCH, 65535, &stage->batch), 0);
}

static void stage_close(struct stage *stage)
{
	for (int i = 0; i < PEERS; i++)
		close(stage->peers[i]);
	mh_batch_free(stage->batch);
	mh_close(&stage->server);
}

static void ask(const struct stage *stage, unsigned peer, unsigned host)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = stage->port };

	to.sin_addr.s_addr = htonl(0x7f010000 + host);
	assert_int_equal(sendto(stage->peers[peer], "?", 1, 0, (void *)&to, sizeof(to)), 1);
}

static void listen_to(int fd, struct heard *heard)
{
	static uint8_t bytes[70000];
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t got;

	while ((got = recvfrom(fd, bytes, sizeof(bytes), 0, (void *)&from, &length)) >= 0) {
		uint32_t sum = 0;

		for (ssize_t i = 0; i < got; i++)
			sum = sum * 31 + bytes[i];
		assert_true(heard->count < HEARD_MAX);
		heard->items[heard->count].source = from.sin_addr.s_addr;
		heard->items[heard->count].length = got;
		heard->items[heard->count++].sum = sum;
	}
}

/*
 * One round: the same questions and answers for the same @seed. Returns how many datagrams were
 * answered.
 */
static int play(struct stage *stage, unsigned seed, unsigned flags, struct heard heard[PEERS])
{
	static uint8_t material[65507];
	unsigned count, peer = 0, host = 0;
	int answered;

	srandom(seed);
	for (size_t i = 0; i < sizeof(material); i++)
		material[i] = (uint8_t)random();
	count = 1 + (unsigned)random() % BATCH;
	for (unsigned i = 0; i < count; i++) {
		peer = random() % 5 ? peer : (unsigned)random() % PEERS;
		host = random() % 5 ? host : (unsigned)random() % 3;
		ask(stage, peer, host);
	}
	settle();
	stage->server.flags = flags;
	assert_int_equal(mh_udp_receive(&stage->server, stage->batch), count);
	for (unsigned i = 0, length = 100; i < count; i++) {
		struct mh_datagram *datagram = mh_batch_at(stage->batch, i);

		length = random() % 6 ? length :
			 random() % 4 ? (unsigned)random() % 1473 :
					(unsigned)random() % 5000;
		datagram->answer = random() % 20 ? material + random() % 100 : NULL;
		datagram->answer_length = random() % 8 ? length : length / 2;
		if (random() % 10)
			continue;
		datagram->answer_segment = 1 + (unsigned)random() % 1472;
		datagram->answer_length = (size_t)datagram->answer_segment *
						  (1 + (unsigned)random() % 9) -
					  (size_t)random() % 2;
	}
	answered = mh_udp_answer(&stage->server, stage->batch);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(mh_batch_at(stage->batch, i)->failed, 0);
	settle();
	for (int i = 0; i < PEERS; i++)
		listen_to(stage->peers[i], &heard[i]);
	return answered;
}

static void joined_answers_are_heard_like_single_ones(void **state)
{
	struct heard *joined = calloc(PEERS, sizeof(*joined)),
		     *single = calloc(PEERS, sizeof(*single));
	struct stage stage;

	stage_open(&stage);
	for (unsigned seed = 1; seed <= 300; seed++) {
		int one, other;

		memset(joined, 0, PEERS * sizeof(*joined));
		memset(single, 0, PEERS * sizeof(*single));
		one = play(&stage, seed, MH_JOINED, joined);
		other = play(&stage, seed, MH_JOINED | MH_ONE_BY_ONE, single);
		assert_int_equal(one, other);
		assert_memory_equal(joined, single, PEERS * sizeof(*joined));
	}
	stage_close(&stage);
	free(joined);
	free(single);
}

/*
 * The MTU of the loopback device is 65,536: a train of the longest datagrams fits, but one by one
 * only.
 */
static void trains_that_are_too_long_are_cut(void **state)
{
	struct heard *heard = calloc(PEERS, sizeof(*heard));
	static char bytes[65507];
	struct stage stage;

	stage_open(&stage);
	for (unsigned i = 0; i < 4; i++)
		ask(&stage, 0, 1);
	assert_int_equal(mh_udp_receive(&stage.server, stage.batch), 4);
	for (unsigned i = 0; i < 4; i++) {
		struct mh_datagram *datagram = mh_batch_at(stage.batch, i);

		datagram->answer = bytes;
		datagram->answer_length = i < 2 ? sizeof(bytes) : 60000;
		datagram->answer_segment = i < 2 ? 0 : i == 2 ? 1 : 400;
		if (i == 2)
			datagram->answer_length = 200;
	}
	assert_int_equal(mh_udp_answer(&stage.server, stage.batch), 1 + 1 + 200 + 150);
	listen_to(stage.peers[0], heard);
	assert_int_equal(heard->count, 352);
	assert_int_equal(heard->items[0].length, 65507);
	assert_int_equal(heard->items[2].length, 1);
	assert_int_equal(heard->items[351].length, 400);
	stage_close(&stage);
	free(heard);
}

/*
 * A segment longer than the route's MTU makes the kernel refuse the train; each datagram by itself
 * is fragmented.
 */
static void a_refused_train_is_sent_one_by_one(void **state)
{
	struct heard *heard = calloc(PEERS, sizeof(*heard));
	static char bytes[30000];
	struct stage stage;
	int no_checksum = 1;

	stage_open(&stage);
	/*
	 * Without a checksum the kernel refuses trains, too (EIO or EINVAL): no device needs to be
	 * changed for this test.
	 */
	assert_int_equal(setsockopt(stage.server.fd, SOL_SOCKET, SO_NO_CHECK, &no_checksum,
				    sizeof(no_checksum)),
			 0);
	for (unsigned i = 0; i < 5; i++)
		ask(&stage, 0, 1);
	assert_int_equal(mh_udp_receive(&stage.server, stage.batch), 5);
	for (unsigned i = 0; i < 5; i++) {
		struct mh_datagram *datagram = mh_batch_at(stage.batch, i);

		datagram->answer = bytes;
		datagram->answer_length = i < 4 ? 1000 : 700;
	}
	assert_int_equal(mh_udp_answer(&stage.server, stage.batch), 5);
	listen_to(stage.peers[0], heard);
	assert_int_equal(heard->count, 5);
	assert_int_equal(heard->items[3].length, 1000);
	assert_int_equal(heard->items[4].length, 700);
	stage_close(&stage);
	free(heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_answers_are_heard_like_single_ones),
		cmocka_unit_test(trains_that_are_too_long_are_cut),
		cmocka_unit_test(a_refused_train_is_sent_one_by_one),
	};

	settle_stay();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
