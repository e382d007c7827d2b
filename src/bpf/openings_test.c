/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Needs the right to load BPF, and a whole tree of cgroups v2; otherwise it is skipped. */
#include "bpf/openings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PORT 8053

static const struct opening wanted[] = { { IPPROTO_TCP, PORT }, { IPPROTO_UDP, PORT } };

static bool event(struct openings *openings)
{
	struct pollfd events = { .fd = openings_fd(openings), .events = POLLIN };
	bool there = poll(&events, 1, 0) == 1;

	openings_receive(openings);
	assert_int_equal(poll(&events, 1, 0), 0);
	return there;
}

static int open_port(int family, int type, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_int_equal(family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof(six)) :
					      bind(fd, (struct sockaddr *)&four, sizeof(four)),
			 0);
	return fd;
}

static void a_wanted_port_that_opens_is_an_event(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int tcp = open_port(families[i], SOCK_STREAM, PORT);
		int udp;

		assert_false(event(*state));
		assert_int_equal(listen(tcp, 1), 0);
		assert_true(event(*state));
		udp = open_port(families[i], SOCK_DGRAM, PORT);
		assert_true(event(*state));
		/* The socket stays, but nobody is let in any more. */
		assert_int_equal(shutdown(tcp, SHUT_RD), 0);
		assert_true(event(*state));
		close(udp);
		close(tcp);
	}
}

static void other_ports_are_none(void **state)
{
	int tcp = open_port(AF_INET, SOCK_STREAM, PORT + 1);
	int udp = open_port(AF_INET6, SOCK_DGRAM, PORT + 1);

	assert_int_equal(listen(tcp, 1), 0);
	assert_false(event(*state));
	close(udp);
	close(tcp);
}

/* The last one: the events are of the namespace left. */
static void other_network_namespaces_are_none(void **state)
{
	int tcp, udp;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	tcp = open_port(AF_INET, SOCK_STREAM, PORT);
	udp = open_port(AF_INET, SOCK_DGRAM, PORT);
	assert_int_equal(listen(tcp, 1), 0);
	assert_false(event(*state));
	close(udp);
	close(tcp);
}

/* A flood leaves one readable descriptor, and nothing that waits for room. */
static void more_events_than_find_room_are_one(void **state)
{
	for (int i = 0; i < 1000; i++)
		close(open_port(AF_INET, SOCK_DGRAM, PORT));
	assert_true(event(*state));
	close(open_port(AF_INET, SOCK_DGRAM, PORT));
	assert_true(event(*state));
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wanted_port_that_opens_is_an_event),
		cmocka_unit_test(other_ports_are_none),
		cmocka_unit_test(more_events_than_find_room_are_one),
		cmocka_unit_test(other_network_namespaces_are_none),
	};
	struct openings *openings;
	AUTO_TEXT error = { 0 };
	int failed;

	/* Of its own, that no other test's ports are in the way. */
	if (unshare(CLONE_NEWNET) < 0 || openings_open(wanted, 2, &openings, &error) < 0) {
		printf("skipped: %s\n", error.length ? text_string(&error) : "not root");
		return 77;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i].initial_state = openings;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	openings_close(openings);
	return failed;
}
