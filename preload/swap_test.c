/* SPDX-License-Identifier: MIT */
/*
 * Servers that connect to who asked, where another socket takes the place; and bursts, where one
 * may have to.
 */
#include "preload_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "handover.h"

static const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

struct scene {
	int server, client, other;
	in_port_t port;
};

static int set(void **state)
{
	static struct scene scene;

	if (!stage_is_set())
		skip();
	scene.server = stage_server("::", &scene.port);
	scene.client = stage_client("::1");
	scene.other = stage_client("::1");
	*state = &scene;
	return 0;
}

static int reset(void **state)
{
	struct scene *scene = *state;

	if (!scene)
		return 0;
	close(scene->server);
	close(scene->client);
	close(scene->other);
	/* Nothing is kept for a socket that is closed. */
	assert_int_equal(atomic_load(&handover_count), 0);
	return 0;
}

static void ask(const struct scene *scene, const char *text)
{
	stage_ask(scene->client, ASKED6_ROUTE, scene->port, text);
}

static bool is_readable(int fd)
{
	struct timeval none = { 0 };
	fd_set set_of;

	FD_ZERO(&set_of);
	FD_SET(fd, &set_of);
	return select(fd + 1, &set_of, NULL, NULL, &none) == 1;
}

static void the_answer_comes_from_the_address_asked(void **state)
{
	const struct scene *scene = *state;

	ask(scene, "hello");
	stage_meet(scene->server, "hello", 0);
	assert_string_equal(stage_local(scene->server), ASKED6_ROUTE);
	assert_false(is_readable(scene->server));
	assert_int_equal(send(scene->server, "answer", 6, 0), 6);
	assert_string_equal(stage_heard(scene->client), "answer from " ASKED6_ROUTE);
	ask(scene, "more");
	assert_string_equal(stage_take(scene->server, NULL), "more");
	assert_int_equal(atomic_load(&handover_count), 0);
}

static void what_is_queued_is_read_in_order_the_peeked_one_and_those_of_others_too(void **state)
{
	const struct scene *scene = *state;
	union mh_endpoint peer, expected;

	ask(scene, "one");
	stage_ask(scene->other, "::1", scene->port, "two, of another");
	ask(scene, "three");
	stage_meet(scene->server, "one", MSG_PEEK);
	ask(scene, "four");
	ask(scene, "five");
	assert_true(is_readable(scene->server));
	assert_string_equal(stage_take(scene->server, NULL), "one");
	assert_true(is_readable(scene->server));
	assert_string_equal(stage_take(scene->server, &peer), "two, of another");
	assert_int_equal(ask_local(scene->other, &expected), 0);
	assert_true(ask_equal(&peer, &expected));
	assert_string_equal(stage_take(scene->server, &peer), "three");
	assert_int_equal(ask_local(scene->client, &expected), 0);
	assert_true(ask_equal(&peer, &expected));
	assert_string_equal(stage_take(scene->server, NULL), "four");
	assert_string_equal(stage_take(scene->server, NULL), "five");
	assert_string_equal(stage_take(scene->server, NULL), "");
	assert_false(is_readable(scene->server));
	assert_int_equal(atomic_load(&handover_count), 0);
}

static void the_last_one_that_was_queued_leaves_nothing_to_read(void **state)
{
	const struct scene *scene = *state;

	ask(scene, "one");
	stage_meet(scene->server, "one", MSG_PEEK);
	assert_true(is_readable(scene->server));
	assert_string_equal(stage_take(scene->server, NULL), "one");
	assert_false(is_readable(scene->server));
	assert_int_equal(recv(scene->server, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void every_way_to_read_reads_what_was_queued(void **state)
{
	const struct scene *scene = *state;
	char text[16] = { 0 };
	struct iovec parts[2] = { { text, 2 }, { text + 2, 14 } };
	struct mmsghdr messages[4] = { 0 };

	for (const char *at = "abcdefg"; *at; at++)
		ask(scene, (const char[]){ *at, *at, *at, 0 });
	stage_meet(scene->server, "aaa", MSG_PEEK);
	assert_int_equal(recv(scene->server, text, sizeof(text), MSG_PEEK), 3);
	assert_string_equal(text, "aaa");
	assert_int_equal(read(scene->server, text, sizeof(text)), 3);
	assert_string_equal(text, "aaa");
	assert_int_equal(readv(scene->server, parts, 2), 3);
	assert_string_equal(text, "bbb");
	assert_int_equal(recv(scene->server, text, sizeof(text), 0), 3);
	assert_string_equal(text, "ccc");
	assert_int_equal(
		recvmsg(scene->server, &(struct msghdr){ .msg_iov = parts, .msg_iovlen = 2 }, 0), 3);
	assert_string_equal(text, "ddd");
	for (unsigned i = 0; i < 4; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = parts, .msg_iovlen = 2 };
	assert_int_equal(recvmmsg(scene->server, messages, 4, MSG_DONTWAIT, NULL), 3);
	assert_int_equal(messages[2].msg_len, 3);
	assert_string_equal(text, "ggg");
	assert_false(is_readable(scene->server));
}

static void an_empty_datagram_is_one_too(void **state)
{
	const struct scene *scene = *state;
	union mh_endpoint peer;

	ask(scene, "");
	ask(scene, "full");
	stage_meet(scene->server, "", MSG_PEEK);
	assert_string_equal(stage_take(scene->server, &peer), "");
	assert_int_equal(peer.any.sa_family, AF_INET6);
	assert_string_equal(stage_take(scene->server, NULL), "full");
}

static int waits_for(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0) == 1 ? (int)event.data.u32 : -1;
}

static void an_epoll_goes_on_to_tell(void **state)
{
	const struct scene *scene = *state;
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 77 };
	int epolls[2] = { epoll_create1(EPOLL_CLOEXEC), epoll_create1(EPOLL_CLOEXEC) };

	assert_int_equal(epoll_ctl(epolls[0], EPOLL_CTL_ADD, scene->server, &event), 0);
	event.data.u32 = 88;
	assert_int_equal(epoll_ctl(epolls[1], EPOLL_CTL_ADD, scene->server, &event), 0);
	event.data.u32 = 99;
	assert_int_equal(epoll_ctl(epolls[1], EPOLL_CTL_MOD, scene->server, &event), 0);
	ask(scene, "one");
	stage_meet(scene->server, "one", MSG_PEEK);
	assert_int_equal(waits_for(epolls[0]), 77);
	assert_int_equal(waits_for(epolls[1]), 99);
	assert_string_equal(stage_take(scene->server, NULL), "one");
	assert_int_equal(waits_for(epolls[0]), -1);
	ask(scene, "two");
	assert_int_equal(waits_for(epolls[0]), 77);
	assert_int_equal(waits_for(epolls[1]), 99);
	assert_int_equal(epoll_ctl(epolls[0], EPOLL_CTL_DEL, scene->server, NULL), 0);
	assert_int_equal(waits_for(epolls[0]), -1);
	close(epolls[0]);
	close(epolls[1]);
}

static void duplicates_follow_and_keep_their_flags(void **state)
{
	const struct scene *scene = *state;
	int copy = dup(scene->server), third = dup3(scene->server, 60, O_CLOEXEC);
	int fourth = fcntl(scene->server, F_DUPFD, 70);

	ask(scene, "one");
	stage_meet(scene->server, "one", MSG_PEEK);
	assert_string_equal(stage_local(copy), ASKED6_ROUTE);
	assert_int_equal(stage_inode(copy), stage_inode(scene->server));
	assert_int_equal(stage_inode(third), stage_inode(scene->server));
	assert_int_equal(stage_inode(fourth), stage_inode(scene->server));
	assert_int_equal(fcntl(scene->server, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(copy, F_GETFD), 0);
	assert_int_equal(fcntl(third, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fourth, F_GETFD), 0);
	close(scene->server);
	close(third);
	close(fourth);
	assert_string_equal(stage_take(copy, NULL), "one");
	assert_int_equal(dup2(copy, scene->server), scene->server);
	close(copy);
}

static void a_child_reads_what_was_queued(void **state)
{
	const struct scene *scene = *state;
	int status;
	pid_t child;

	ask(scene, "one");
	ask(scene, "two");
	stage_meet(scene->server, "one", MSG_PEEK);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		assert_string_equal(stage_take(scene->server, NULL), "one");
		assert_string_equal(stage_take(scene->server, NULL), "two");
		assert_false(is_readable(scene->server));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(is_readable(scene->server));
	assert_string_equal(stage_take(scene->server, NULL), "");
}

static void a_socket_that_is_closed_unread_leaves_its_port(void **state)
{
	struct scene *scene = *state;
	union mh_endpoint on = stage_endpoint("::", scene->port);

	ask(scene, "one");
	stage_meet(scene->server, "one", MSG_PEEK);
	close(scene->server);
	assert_int_equal(atomic_load(&handover_count), 0);
	scene->server = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(bind(scene->server, &on.any, sizeof(on.v6)), 0);
}

static void options_are_as_they_were(void **state)
{
	const struct scene *scene = *state;
	const struct timeval patience = { 12, 0 };
	struct timeval got;
	socklen_t length = sizeof(got);
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 0xffffffff) };
	struct sock_fprog filter = { 1, all };
	int server = scene->server;

	assert_int_equal(ask_set(server, SOL_SOCKET, SO_RCVBUF, 100000), 0);
	assert_int_equal(ask_set(server, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(ask_set(server, SOL_IP, IP_TOS, 0x20), 0);
	assert_int_equal(ask_set(server, SOL_IPV6, IPV6_TCLASS, 0x40), 0);
	assert_int_equal(ask_set(server, SOL_IPV6, IPV6_RECVPKTINFO, 0), 0);
	assert_int_equal(setsockopt(server, SOL_IPV6, IPV6_RECVPKTINFO, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)),
			 0);
	ask(scene, "hello");
	stage_meet(server, "hello", 0);
	assert_string_equal(stage_local(server), ASKED6_ROUTE);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_RCVBUF), 200000);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_BROADCAST), 1);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_REUSEADDR), 0);
	assert_int_equal(stage_option(server, SOL_SOCKET, SO_REUSEPORT), 0);
	assert_int_equal(stage_option(server, SOL_IP, IP_TOS), 0x20);
	assert_int_equal(stage_option(server, SOL_IPV6, IPV6_TCLASS), 0x40);
	assert_int_equal(stage_option(server, SOL_IPV6, IPV6_RECVPKTINFO), 1);
	assert_int_equal(getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &got, &length), 0);
	assert_int_equal(got.tv_sec, 12);
	length = 0;
	assert_int_equal(getsockopt(server, SOL_SOCKET, SO_GET_FILTER, NULL, &length), 0);
	assert_int_equal(length, 1);
	assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
}

static void one_socket_may_serve_one_peer_after_the_other(void **state)
{
	const struct scene *scene = *state;

	for (unsigned i = 1; i < 30; i++) {
		char asked[64];

		snprintf(asked, sizeof(asked), i % 3 ? "2001:db8::%x" : ASKED6, i);
		stage_ask(scene->client, asked, scene->port, "hello");
		stage_meet(scene->server, "hello", i % 2 ? MSG_PEEK : 0);
		assert_string_equal(stage_local(scene->server), asked);
		if (i % 2)
			assert_string_equal(stage_take(scene->server, NULL), "hello");
		stage_ask(scene->client, asked, scene->port, "one more");
		assert_int_equal(connect(scene->server, &nobody, sizeof(nobody)), 0);
		assert_string_equal(stage_local(scene->server), "::");
		assert_string_equal(stage_take(scene->server, NULL), "one more");
		if (strcmp(asked, ASKED6))
			assert_int_equal(stage_option(scene->server, SOL_IPV6, IPV6_V6ONLY), 0);
	}
}

static void an_address_that_went_away_is_not_used(void **state)
{
	const struct scene *scene = *state;

	assert_int_equal(system("ip -6 route add local 2001:db8:9::/64 dev lo"), 0);
	stage_ask(scene->client, "2001:db8:9::1", scene->port, "hello");
	assert_int_equal(system("ip -6 route del local 2001:db8:9::/64 dev lo"), 0);
	stage_meet(scene->server, "hello", 0);
	assert_string_equal(stage_local(scene->server), "::1");
}

struct burst {
	const char *asked;
	int client;
	in_port_t port;
	unsigned count;
};

static void *burst_send(void *context)
{
	const struct burst *burst = context;

	for (unsigned i = 0; i < burst->count; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		stage_ask(burst->client, burst->asked, burst->port, text);
	}
	return NULL;
}

/* Connects in the middle of a burst; every datagram of it arrives, once. */
static void burst_to(const char *asked, const char *server_on, const char *client_on)
{
	struct burst burst = { .asked = asked, .count = 200 };
	bool seen[200] = { false };
	pthread_t thread;
	int server = stage_server(server_on, &burst.port);

	burst.client = stage_client(client_on);
	assert_int_equal(fcntl(server, F_SETFL, 0), 0);
	assert_int_equal(ask_set(server, SOL_SOCKET, SO_RCVBUF, 1 << 20), 0);
	assert_int_equal(pthread_create(&thread, NULL, burst_send, &burst), 0);
	stage_meet(server, "0", MSG_PEEK);
	assert_string_equal(stage_local(server), asked);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
	for (unsigned i = 0; i < burst.count; i++) {
		const char *text = stage_take(server, NULL);
		unsigned number = (unsigned)atoi(text);

		assert_true(*text && number < burst.count);
		assert_false(seen[number]);
		seen[number] = true;
	}
	assert_string_equal(stage_take(server, NULL), "");
	close(server);
	close(burst.client);
}

static void a_burst_during_connect_is_not_lost(void **state)
{
	for (unsigned i = 0; i < 300; i++) {
		burst_to(ASKED4, "0.0.0.0", "127.0.0.1");
		if (!stage_is_set())
			continue;
		burst_to(ASKED6, "::", "::1");
		burst_to(ASKED6_ROUTE, "::", "::1");
	}
	assert_int_equal(atomic_load(&handover_count), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_answer_comes_from_the_address_asked, set, reset),
		cmocka_unit_test_setup_teardown(
			what_is_queued_is_read_in_order_the_peeked_one_and_those_of_others_too, set,
			reset),
		cmocka_unit_test_setup_teardown(the_last_one_that_was_queued_leaves_nothing_to_read,
						set, reset),
		cmocka_unit_test_setup_teardown(every_way_to_read_reads_what_was_queued, set, reset),
		cmocka_unit_test_setup_teardown(an_empty_datagram_is_one_too, set, reset),
		cmocka_unit_test_setup_teardown(an_epoll_goes_on_to_tell, set, reset),
		cmocka_unit_test_setup_teardown(duplicates_follow_and_keep_their_flags, set, reset),
		cmocka_unit_test_setup_teardown(a_child_reads_what_was_queued, set, reset),
		cmocka_unit_test_setup_teardown(a_socket_that_is_closed_unread_leaves_its_port, set,
						reset),
		cmocka_unit_test_setup_teardown(options_are_as_they_were, set, reset),
		cmocka_unit_test_setup_teardown(one_socket_may_serve_one_peer_after_the_other, set,
						reset),
		cmocka_unit_test_setup_teardown(an_address_that_went_away_is_not_used, set, reset),
		cmocka_unit_test(a_burst_during_connect_is_not_lost),
	};

	return cmocka_run_group_tests(tests, stage_set, NULL);
}
