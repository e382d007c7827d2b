/* SPDX-License-Identifier: MIT */
/* Servers that answer from the socket on which they are asked, without a peer. */
#include "preload_stage.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ask.h"
#include "preload.h"

static int set(void **state)
{
	preload_choose("connect,send");
	return stage_set(state);
}

static void echo(int server)
{
	union mh_endpoint peer;
	const char *text = stage_take(server, &peer);

	assert_int_equal(sendto(server, text, strlen(text), 0, &peer.any, ask_length(&peer)),
			 strlen(text));
}

static void check_echo(const char *server_on, const char *client_on, const char *asked)
{
	in_port_t port;
	int server = stage_server(server_on, &port), client = stage_client(client_on);
	char expected[128];

	stage_ask(client, asked, port, "hello");
	echo(server);
	snprintf(expected, sizeof(expected), "hello from %s", asked);
	assert_string_equal(stage_heard(client), expected);
	close(server);
	close(client);
}

static void every_address_answers_for_itself(void **state)
{
	check_echo("0.0.0.0", "127.0.0.1", ASKED4);
	check_echo("0.0.0.0", "127.0.0.1", "127.0.0.1");
	check_echo("::", "127.0.0.1", ASKED4);
	check_echo("127.4.4.4", "127.0.0.1", "127.4.4.4");
	if (!stage_is_set())
		return;
	check_echo("::", "::1", ASKED6);
	check_echo("::", "::1", ASKED6_ROUTE);
}

/* What the threads of a server share. */
struct crew {
	int server;
	union mh_endpoint peer;
};

#define ANSWERS 4000 /* of each thread */
#define QUEUE (32 << 20)

static void *answer_often(void *context)
{
	const struct crew *crew = context;

	for (unsigned i = 0; i < ANSWERS; i++)
		assert_int_equal(sendto(crew->server, "answer", 6, 0, &crew->peer.any,
					ask_length(&crew->peer)),
				 6);
	return NULL;
}

static void threads_that_share_a_socket_do_not_disturb_one_another(void **state)
{
	struct crew crew;
	pthread_t threads[2];
	in_port_t port;
	int client;

	if (!stage_is_set())
		skip();
	crew.server = stage_server("::", &port);
	client = stage_client("::1");
	if (ask_set(client, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE) < 0)
		skip();
	stage_ask(client, ASKED6_ROUTE, port, "hello");
	assert_string_equal(stage_take(crew.server, &crew.peer), "hello");
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, answer_often, &crew), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 2 * ANSWERS; i++)
		assert_string_equal(stage_heard(client), "answer from " ASKED6_ROUTE);
	close(crew.server);
	close(client);
}

static void an_address_that_went_away_is_not_used(void **state)
{
	in_port_t port;
	int server, client;

	if (!stage_is_set())
		skip();
	server = stage_server("::", &port);
	client = stage_client("::1");
	assert_int_equal(ask_set(server, SOL_IPV6, 78, 1), 0); /* IPV6_FREEBIND: nobody checks but we */
	assert_int_equal(system("ip -6 route add local 2001:db8:9::/64 dev lo"), 0);
	stage_ask(client, "2001:db8:9::1", port, "hello");
	assert_int_equal(system("ip -6 route del local 2001:db8:9::/64 dev lo"), 0);
	echo(server);
	assert_string_equal(stage_heard(client), "hello from ::1");
	close(server);
	close(client);
}

static void a_source_that_the_program_chose_wins(void **state)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	const struct mh_address chosen = { AF_INET, { 127, 5, 5, 5 } };
	struct iovec part = { (char *)"mine", 4 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	union mh_endpoint peer;

	stage_ask(client, ASKED4, port, "hello");
	assert_string_equal(stage_take(server, &peer), "hello");
	message.msg_name = &peer;
	message.msg_namelen = sizeof(peer.v4);
	message.msg_controllen = mh_control_write(control, &chosen, 0, 0);
	assert_int_equal(sendmsg(server, &message, 0), 4);
	assert_string_equal(stage_heard(client), "mine from 127.5.5.5");
	message.msg_control = NULL;
	message.msg_controllen = 0;
	assert_int_equal(sendmsg(server, &message, 0), 4);
	assert_string_equal(stage_heard(client), "mine from " ASKED4);
	close(server);
	close(client);
}

static void a_question_to_all_is_not_answered_from_the_address_of_all(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");

	assert_int_equal(ask_set(client, SOL_SOCKET, SO_BROADCAST, 1), 0);
	stage_ask(client, ASKED4, port, "before");
	echo(server);
	assert_string_equal(stage_heard(client), "before from " ASKED4);
	stage_ask(client, "127.255.255.255", port, "all");
	echo(server);
	assert_string_equal(stage_heard(client), "all from 127.0.0.1");
	close(server);
	close(client);
}

#define MANY 40

/* 40 addresses are asked by one port, then answered by the ways of batches. */
static void one_port_asks_many_addresses_of_a_server_that_works_in_batches(void **state)
{
	struct mmsghdr messages[MANY] = { 0 };
	union mh_endpoint peers[MANY];
	struct iovec parts[MANY];
	char texts[MANY][16], expected[64];
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "127.6.0.%u", i + 1);
		stage_ask(client, expected, port, expected);
		parts[i] = (struct iovec){ texts[i], sizeof(texts[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i],
						       .msg_namelen = sizeof(peers[i]),
						       .msg_iov = &parts[i],
						       .msg_iovlen = 1 };
	}
	assert_int_equal(recvmmsg(server, messages, MANY, MSG_DONTWAIT, NULL), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(messages[i].msg_hdr.msg_namelen, sizeof(peers[i].v4));
		assert_int_equal(messages[i].msg_hdr.msg_controllen, 0);
		parts[i].iov_len = messages[i].msg_len;
	}
	assert_int_equal(sendmmsg(server, messages, MANY, 0), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(messages[i].msg_len, parts[i].iov_len);
		snprintf(expected, sizeof(expected), "127.6.0.%u from 127.6.0.%u", i + 1, i + 1);
		assert_string_equal(stage_heard(client), expected);
	}
	close(server);
	close(client);
}

static void one_port_asks_many_addresses_of_a_server_that_reads_all_first(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	union mh_endpoint peer;
	char expected[64];
	unsigned count = 0;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "127.6.1.%u", i + 1);
		stage_ask(client, expected, port, "?");
	}
	for (union mh_endpoint from; *stage_take(server, &from); count++)
		peer = from;
	assert_int_equal(count, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(sendto(server, "!", 1, 0, &peer.any, ask_length(&peer)), 1);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "! from 127.6.1.%u", i + 1);
		assert_string_equal(stage_heard(client), expected);
	}
	close(server);
	close(client);
}

static void one_port_asks_many_addresses_of_a_slow_server(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	char expected[64];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "127.6.2.%u", i + 1);
		stage_ask(client, expected, port, "?");
	}
	for (unsigned i = 0; i < MANY; i++) {
		echo(server);
		snprintf(expected, sizeof(expected), "? from 127.6.2.%u", i + 1);
		assert_string_equal(stage_heard(client), expected);
	}
	close(server);
	close(client);
}

static void what_the_program_asks_to_be_told_it_is_told(void **state)
{
	_Alignas(struct cmsghdr) char control[512];
	char text[16];
	struct iovec part = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct mh_arrival arrival;
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");

	for (int wanted = 0; wanted < 3; wanted++) {
		/* Not asked for; on; off again. */
		if (wanted)
			assert_int_equal(setsockopt(server, SOL_IP, IP_PKTINFO,
						    &(int){ wanted == 1 }, sizeof(int)),
					 0);
		stage_ask(client, ASKED4, port, "hello");
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		assert_int_equal(recvmsg(server, &message, 0), 5);
		assert_int_equal(message.msg_controllen,
				 wanted == 1 ? CMSG_SPACE(sizeof(struct in_pktinfo)) : 0);
		mh_control_read(control, message.msg_controllen, &arrival);
		assert_int_equal(arrival.asked.family, wanted == 1 ? AF_INET : 0);
		stage_ask(client, ASKED4, port, "hello");
		echo(server);
		assert_string_equal(stage_heard(client), "hello from " ASKED4);
	}
	close(server);
	close(client);
}

static void without_the_word_nothing_is_changed(void **state)
{
	in_port_t port;
	int server, client = stage_client("127.0.0.1");

	preload_choose("connect");
	server = stage_server("0.0.0.0", &port);
	stage_ask(client, ASKED4, port, "hello");
	echo(server);
	assert_string_equal(stage_heard(client), "hello from 127.0.0.1");
	preload_choose("connect,send");
	close(server);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_answers_for_itself),
		cmocka_unit_test(threads_that_share_a_socket_do_not_disturb_one_another),
		cmocka_unit_test(an_address_that_went_away_is_not_used),
		cmocka_unit_test(a_source_that_the_program_chose_wins),
		cmocka_unit_test(a_question_to_all_is_not_answered_from_the_address_of_all),
		cmocka_unit_test(one_port_asks_many_addresses_of_a_server_that_works_in_batches),
		cmocka_unit_test(one_port_asks_many_addresses_of_a_server_that_reads_all_first),
		cmocka_unit_test(one_port_asks_many_addresses_of_a_slow_server),
		cmocka_unit_test(what_the_program_asks_to_be_told_it_is_told),
		cmocka_unit_test(without_the_word_nothing_is_changed),
	};

	return cmocka_run_group_tests(tests, set, NULL);
}
