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
};

static void on_port(void *data, uint8_t protocol, const struct address *address, uint16_t port)
{
	struct wanted *wanted = data;

	wanted->found = wanted->found || port == wanted->port;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_is_closed_is_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
