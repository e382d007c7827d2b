/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct mh_socket server_on(const char *prefix_text, in_port_t *ret_port)
{
	struct mh_prefix prefix;
	struct mh_socket server;
	struct sockaddr_in6 bound;
	socklen_t length = sizeof(bound);

	assert_int_equal(mh_prefix_parse(prefix_text, &prefix), 0);
	assert_int_equal(mh_tcp_open(&prefix, 0, 0, &server), 0);
	assert_int_equal(getsockname(server.fd, (void *)&bound, &length), 0);
	*ret_port = bound.sin6_port;
	return server;
}

static int client_of(const char *address, in_port_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = port };
	bool v6 = inet_pton(AF_INET, address, &to.sin_addr) != 1;
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (v6)
		assert_int_equal(inet_pton(AF_INET6, address, &to6.sin6_addr), 1);
	assert_int_equal(connect(fd, v6 ? (void *)&to6 : (void *)&to, v6 ? sizeof(to6) : sizeof(to)),
			 0);
	return fd;
}

/*
 * When connect(2) returns the client has its connection; on a busy processor the server has it a
 * little later.
 */
static int accept_next(struct mh_socket *server, struct mh_connection *ret_connection)
{
	struct pollfd waiting = { .fd = server->fd, .events = POLLIN };

	assert_int_equal(poll(&waiting, 1, 10000), 1);
	return mh_tcp_accept(server, ret_connection);
}

static void an_accepted_connection_knows_its_address_and_link(void **state)
{
	static const char *const cases[][2] = { { "127.5.0.0/16", "127.5.1.2" },
						{ "::1", "::1" },
						{ "::/0", "::1" } };

	for (size_t i = 0; i < 3; i++) {
		in_port_t port;
		struct mh_socket server = server_on(cases[i][0], &port);
		struct mh_connection connection;
		char text[INET6_ADDRSTRLEN];
		int fd;

		assert_int_equal(mh_tcp_accept(&server, &connection), -EAGAIN);
		fd = client_of(cases[i][1], port);
		assert_int_equal(accept_next(&server, &connection), 0);
		assert_string_equal(inet_ntop(connection.asked.family, connection.asked.bytes, text,
					      sizeof(text)),
				    cases[i][1]);
		assert_int_equal(connection.link, 1);
		assert_int_equal(connection.peer.any.sa_family, connection.asked.family);
		close(connection.fd);
		close(fd);
		mh_close(&server);
	}
}

static void a_connection_outside_the_prefix_is_reset(void **state)
{
	in_port_t port;
	struct mh_socket server = server_on("127.5.0.0/16", &port);
	int outside = client_of("127.6.0.1", port), inside = client_of("127.5.0.1", port);
	struct mh_connection connection;
	char byte;

	assert_int_equal(accept_next(&server, &connection), -ECONNABORTED);
	assert_int_equal(recv(outside, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(accept_next(&server, &connection), 0);
	mh_tcp_reset(connection.fd);
	assert_int_equal(recv(inside, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(outside);
	close(inside);
	mh_close(&server);
}

static void an_adopted_listener_serves(void **state)
{
	in_port_t port;
	struct mh_socket inherited = server_on("0.0.0.0/0", &port), server;
	int udp = socket(AF_INET, SOCK_DGRAM, 0), fd;
	struct mh_connection connection;

	assert_int_equal(mh_tcp_adopt(udp, NULL, 0, &server), -EPROTOTYPE);
	assert_int_equal(mh_tcp_adopt(-1, NULL, 0, &server), -EBADF);
	assert_int_equal(mh_tcp_adopt(inherited.fd, NULL, 0, &server), 0);
	fd = client_of("127.200.1.1", port);
	assert_int_equal(accept_next(&server, &connection), 0);
	close(connection.fd);
	close(udp);
	close(fd);
	mh_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_connection_knows_its_address_and_link),
		cmocka_unit_test(a_connection_outside_the_prefix_is_reset),
		cmocka_unit_test(an_adopted_listener_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
