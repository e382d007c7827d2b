/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct wanted {
	uint16_t port;
	bool found;
	struct port_seen seen;
};

static void on_port(void *data, const struct port_seen *port)
{
	struct wanted *wanted = data;

	if (port->port != wanted->port)
		return;
	wanted->found = true;
	wanted->seen = *port;
}

static bool is_there(uint8_t protocol, uint16_t port)
{
	struct wanted wanted = { .port = port };

	assert_int_equal(ports_look(protocol, on_port, &wanted), 0);
	return wanted.found;
}

/* A socket on a port that the kernel chooses. */
static int open_port(int type, uint16_t *ret_port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	*ret_port = ntohs(name.sin_port);
	return fd;
}

static void a_port_that_is_closed_is_an_event(void **state)
{
	static const struct {
		int type;
		uint8_t protocol;
	} cases[] = { { SOCK_STREAM, IPPROTO_TCP }, { SOCK_DGRAM, IPPROTO_UDP } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pollfd events = { .events = POLLIN };
		uint16_t port;
		int fd = open_port(cases[i].type, &port);

		assert_int_equal(ports_open(&events.fd), 0);
		assert_true(is_there(cases[i].protocol, port));
		close(fd);
		/* Others may close theirs meanwhile: looking tells whether it was this one. */
		do
			assert_int_equal(poll(&events, 1, 20000), 1);
		while (ports_receive(events.fd), is_there(cases[i].protocol, port));
		close(events.fd);
	}
}

/* Listens on @address of IPv6, and tells what is seen of that. */
static struct port_seen seen_of(const char *text, int only_v6)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6 };
	struct wanted wanted = { 0 };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET6, text, &name.sin6_addr);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	wanted.port = ntohs(name.sin6_port);
	assert_int_equal(ports_look(IPPROTO_TCP, on_port, &wanted), 0);
	assert_true(wanted.found);
	close(fd);
	return wanted.seen;
}

static void whether_ipv4_reaches_a_socket_of_ipv6_is_told(void **state)
{
	struct port_seen mapped = seen_of("::ffff:127.0.0.1", 0);

	assert_true(seen_of("::", 1).only_v6);
	assert_false(seen_of("::", 0).only_v6);
	assert_int_equal(mapped.address.family, AF_INET);
	assert_memory_equal(mapped.address.bytes, "\x7f\0\0\1", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_is_closed_is_an_event),
		cmocka_unit_test(whether_ipv4_reaches_a_socket_of_ipv6_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
