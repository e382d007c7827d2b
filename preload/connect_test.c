/* SPDX-License-Identifier: MIT */
/* Servers that connect to who asked, where the socket can stay the same one. */
#include "preload_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"

static const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

struct pair {
	const char *server, *client, *asked, *kernel;
};
static const struct pair pairs[] = {
	{ "0.0.0.0", "127.0.0.1", ASKED4, "127.0.0.1" },
	{ "::", "127.0.0.1", ASKED4, "127.0.0.1" },
	{ "::", "::1", ASKED6, "::1" },
};

/* The last one takes an address of IPv6 that only a namespace of our own has. */
static size_t pair_count(void)
{
	return sizeof(pairs) / sizeof(pairs[0]) - !stage_is_set();
}

static void the_answer_comes_from_the_address_asked(void **state)
{
	for (size_t i = 0; i < pair_count(); i++) {
		char expected[128];
		in_port_t port;
		int server = stage_server(pairs[i].server, &port),
		    client = stage_client(pairs[i].client);
		ino_t inode = stage_inode(server);

		stage_ask(client, pairs[i].asked, port, "hello");
		stage_meet(server, "hello", 0);
		assert_string_equal(stage_local(server), pairs[i].asked);
		assert_int_equal(stage_inode(server), inode);
		assert_int_equal(send(server, "answer", 6, 0), 6);
		snprintf(expected, sizeof(expected), "answer from %s", pairs[i].asked);
		assert_string_equal(stage_heard(client), expected);
		stage_ask(client, pairs[i].asked, port, "again");
		assert_string_equal(stage_take(server, NULL), "again");
		close(server);
		close(client);
	}
}

static void what_is_queued_is_read_in_order_the_peeked_one_and_those_of_others_too(void **state)
{
	for (size_t i = 0; i < pair_count(); i++) {
		in_port_t port;
		int server = stage_server(pairs[i].server, &port);
		int client = stage_client(pairs[i].client), other = stage_client(pairs[i].client);

		stage_ask(client, pairs[i].asked, port, "one");
		stage_ask(other, pairs[i].kernel, port, "two, of another");
		stage_ask(client, pairs[i].asked, port, "three");
		stage_meet(server, "one", MSG_PEEK);
		stage_ask(client, pairs[i].asked, port, "four");
		assert_string_equal(stage_take(server, NULL), "one");
		assert_string_equal(stage_take(server, NULL), "two, of another");
		assert_string_equal(stage_take(server, NULL), "three");
		assert_string_equal(stage_take(server, NULL), "four");
		assert_string_equal(stage_take(server, NULL), "");
		close(server);
		close(client);
		close(other);
	}
}

static void a_datagram_that_nobody_looked_at_yet_tells_as_well(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	union mh_endpoint peer;

	assert_int_equal(ask_local(client, &peer), 0);
	stage_ask(client, ASKED4, port, "hello");
	assert_int_equal(connect(server, &peer.any, ask_length(&peer)), 0);
	assert_string_equal(stage_local(server), ASKED4);
	assert_string_equal(stage_take(server, NULL), "hello");
	close(server);
	close(client);
}

static void a_socket_on_another_port_answers_from_there_too(void **state)
{
	in_port_t port, other_port;
	int server = stage_server("0.0.0.0", &port), other = stage_server("0.0.0.0", &other_port);
	int client = stage_client("127.0.0.1");
	union mh_endpoint peer;

	stage_ask(client, ASKED4, port, "read me a file");
	assert_string_equal(stage_take(server, &peer), "read me a file");
	assert_int_equal(connect(other, &peer.any, ask_length(&peer)), 0);
	assert_int_equal(send(other, "a block", 7, 0), 7);
	assert_string_equal(stage_heard(client), "a block from " ASKED4);
	close(server);
	close(other);
	close(client);
}

static void where_the_kernel_is_right_or_nobody_asked_it_is_left_to_it(void **state)
{
	for (size_t i = 0; i < pair_count(); i++) {
		in_port_t port;
		int server = stage_server(pairs[i].server, &port),
		    client = stage_client(pairs[i].client);
		union mh_endpoint peer;

		stage_ask(client, pairs[i].kernel, port, "hello");
		stage_meet(server, "hello", 0);
		assert_string_equal(stage_local(server), pairs[i].kernel);
		close(server);
		close(client);

		client = stage_client(pairs[i].client);
		server = stage_server(pairs[i].server, &port);
		assert_int_equal(ask_local(client, &peer), 0);
		if (pairs[i].server[0] == ':' && peer.any.sa_family == AF_INET) {
			struct mh_address address = mh_address_of_endpoint(&peer);

			assert_int_equal(ask_endpoint(AF_INET6, &address, ask_port(&peer), 0, &peer),
					 0);
		}
		assert_int_equal(connect(server, &peer.any, ask_length(&peer)), 0);
		assert_string_equal(stage_local(server), pairs[i].kernel);
		close(server);
		close(client);
	}
}

static void an_address_that_the_program_bound_stays(void **state)
{
	in_port_t port;
	int server = stage_server("127.9.9.9", &port), client = stage_client("127.0.0.1");

	stage_ask(client, "127.9.9.9", port, "hello");
	stage_meet(server, "hello", 0);
	assert_string_equal(stage_local(server), "127.9.9.9");
	close(server);
	close(client);
}

static void a_question_to_all_is_not_answered_from_the_address_of_all(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");

	assert_int_equal(ask_set(client, SOL_SOCKET, SO_BROADCAST, 1), 0);
	stage_ask(client, "127.255.255.255", port, "hello");
	stage_meet(server, "hello", 0);
	assert_string_equal(stage_local(server), "127.0.0.1");
	close(server);
	close(client);
}

static void options_are_as_they_were(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	struct in_addr before = { htonl(0x7f000001) }, after;
	socklen_t length = sizeof(after);

	assert_int_equal(setsockopt(server, SOL_IP, IP_MULTICAST_IF, &before, sizeof(before)), 0);
	stage_ask(client, ASKED4, port, "hello");
	stage_meet(server, "hello", 0);
	assert_string_equal(stage_local(server), ASKED4);
	assert_int_equal(getsockopt(server, SOL_IP, IP_MULTICAST_IF, &after, &length), 0);
	assert_int_equal(after.s_addr, before.s_addr);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_REUSEADDR), 0);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_REUSEPORT), 0);
	assert_int_equal(stage_option(server, SOL_IP, IP_PKTINFO), 0);
	assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
	close(server);
	close(client);
}

static void one_socket_may_serve_one_peer_after_the_other(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");

	for (unsigned i = 1; i < 50; i++) {
		char asked[32];

		snprintf(asked, sizeof(asked), "127.3.0.%u", i);
		stage_ask(client, asked, port, "hello");
		stage_meet(server, "hello", i % 2 ? MSG_PEEK : 0);
		assert_string_equal(stage_local(server), asked);
		if (i % 2)
			assert_string_equal(stage_take(server, NULL), "hello");
		assert_int_equal(connect(server, &nobody, sizeof(nobody)), 0);
		assert_string_equal(stage_local(server), "0.0.0.0");
	}
	close(server);
	close(client);
}

static void a_duplicate_and_a_child_are_the_same_socket(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1"), status;
	int copy = dup(server);
	pid_t child;

	stage_ask(client, ASKED4, port, "hello");
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		stage_meet(copy, "hello", 0);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(stage_local(server), ASKED4);
	assert_int_equal(send(server, "answer", 6, 0), 6);
	assert_string_equal(stage_heard(client), "answer from " ASKED4);
	close(server);
	close(copy);
	close(client);
}

static void what_a_child_of_vfork_closes_stays_open_here(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1"), ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = vfork();
	if (child == 0) {
		dup2(ends[0], server);
		close(server);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	stage_ask(client, ASKED4, port, "hello");
	stage_meet(server, "hello", 0);
	assert_string_equal(stage_local(server), ASKED4);
	close(server);
	close(client);
	close(ends[0]);
	close(ends[1]);
}

static void *wait_and_read(void *context)
{
	struct pollfd wait = { .fd = *(int *)context, .events = POLLIN };
	static char text[64];

	assert_int_equal(poll(&wait, 1, 10000), 1);
	assert_true(recv(wait.fd, text, sizeof(text) - 1, 0) > 0);
	return text;
}

static void a_thread_that_waits_hears_of_it(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), client = stage_client("127.0.0.1");
	pthread_t thread;
	void *text;

	stage_ask(client, ASKED4, port, "hello");
	stage_meet(server, "hello", 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_and_read, &server), 0);
	stage_ask(client, ASKED4, port, "more");
	assert_int_equal(pthread_join(thread, &text), 0);
	assert_string_equal(text, "more");
	close(server);
	close(client);
}

static void a_number_that_is_another_file_by_now_is_that_file(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port), ends[2], copy;
	char text[8] = { 0 };

	/* In a way that nobody sees. */
	syscall(SYS_close, server);
	assert_int_equal(pipe(ends), 0);
	copy = ends[0] == server ? server : (int)syscall(SYS_dup2, ends[0], server);
	assert_int_equal(copy, server);
	assert_int_equal(write(ends[1], "bytes", 5), 5);
	assert_int_equal(read(server, text, sizeof(text)), 5);
	assert_int_equal(recvfrom(server, text, sizeof(text), 0, &(struct sockaddr){ 0 },
				  &(socklen_t){ 16 }),
			 -1);
	assert_int_equal(errno, ENOTSOCK);
	if (server != ends[0])
		close(server);
	close(ends[0]);
	close(ends[1]);
}

static void mistakes_of_the_program_stay_its_own(void **state)
{
	in_port_t port;
	int server = stage_server("0.0.0.0", &port);
	union mh_endpoint far = stage_endpoint("127.0.0.1", htons(9));

	assert_int_equal(connect(-1, &far.any, sizeof(far.v4)), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(connect(server, &far.any, 3), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(connect(server, NULL, sizeof(far.v4)), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(recvfrom(server, NULL, 0, 0, &far.any, &(socklen_t){ sizeof(far) }), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(recvfrom(server, &far, sizeof(far), 0, &far.any, NULL), -1);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_comes_from_the_address_asked),
		cmocka_unit_test(
			what_is_queued_is_read_in_order_the_peeked_one_and_those_of_others_too),
		cmocka_unit_test(a_datagram_that_nobody_looked_at_yet_tells_as_well),
		cmocka_unit_test(a_socket_on_another_port_answers_from_there_too),
		cmocka_unit_test(where_the_kernel_is_right_or_nobody_asked_it_is_left_to_it),
		cmocka_unit_test(an_address_that_the_program_bound_stays),
		cmocka_unit_test(a_question_to_all_is_not_answered_from_the_address_of_all),
		cmocka_unit_test(options_are_as_they_were),
		cmocka_unit_test(one_socket_may_serve_one_peer_after_the_other),
		cmocka_unit_test(a_duplicate_and_a_child_are_the_same_socket),
		cmocka_unit_test(what_a_child_of_vfork_closes_stays_open_here),
		cmocka_unit_test(a_thread_that_waits_hears_of_it),
		cmocka_unit_test(a_number_that_is_another_file_by_now_is_that_file),
		cmocka_unit_test(mistakes_of_the_program_stay_its_own),
	};

	return cmocka_run_group_tests(tests, stage_set, NULL);
}
