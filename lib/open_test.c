/* SPDX-License-Identifier: MIT */
/*
 * What may be opened and adopted, and what such a socket is set to. getsockopt(2) is wrapped, for
 * kernels that we do not have.
 */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settle.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int unknown_level, unknown_name = -1;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	if (level == unknown_level && name == unknown_name) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return __real_getsockopt(fd, level, name, value, length);
}

static struct mh_prefix prefix_of(const char *text)
{
	struct mh_prefix prefix;

	assert_int_equal(mh_prefix_parse(text, &prefix), 0);
	return prefix;
}

static struct mh_socket server_on(const char *text, unsigned flags)
{
	struct mh_prefix prefix = prefix_of(text);
	struct mh_socket server;

	assert_int_equal(mh_udp_open(&prefix, 0, flags, &server), 0);
	return server;
}

static int option(int fd, int level, int name)
{
	int value;

	assert_int_equal(mh_option_get(fd, level, name, &value), 0);
	return value;
}

static int socket_of(int family, int type, int only_v6)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (family == AF_INET6)
		assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6)), 0);
	return fd;
}

/* Sends a datagram to @address, and returns what the server makes of it. */
static int heard(const struct mh_socket *server, const char *address)
{
	union mh_endpoint to;
	socklen_t length = sizeof(to);
	struct mh_batch *batch;
	int fd, count;

	assert_int_equal(getsockname(server->fd, &to.any, &length), 0);
	if (to.any.sa_family == AF_INET)
		assert_int_equal(inet_pton(AF_INET, address, &to.v4.sin_addr), 1);
	else
		assert_int_equal(inet_pton(AF_INET6, address, &to.v6.sin6_addr), 1);
	fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(fd, "?", 1, 0, &to.any, length), 1);
	settle();
	assert_int_equal(mh_batch_new(1, 10, &batch), 0);
	count = mh_udp_receive(server, batch);
	mh_batch_free(batch);
	close(fd);
	return count;
}

static void the_unspecified_address_is_the_wildcard(void **state)
{
	static const char *const cases[][2] = { { "0.0.0.0", "127.3.2.1" },
						{ "0.0.0.0/32", "127.3.2.1" },
						{ "::", "::1" },
						{ "::/128", "::1" } };

	for (size_t i = 0; i < 4; i++) {
		struct mh_socket server = server_on(cases[i][0], 0), adopted;
		struct mh_prefix prefix = prefix_of(cases[i][0]);

		assert_int_equal(heard(&server, cases[i][1]), 1);
		assert_int_equal(server.on.length, 0);
		assert_int_equal(mh_udp_adopt(server.fd, &prefix, 0, &adopted), 0);
		assert_int_equal(heard(&adopted, cases[i][1]), 1);
		mh_close(&server);
	}
}

/* Loopback is link 1 of every host. */
static void only_what_comes_in_on_the_link_is_served(void **state)
{
	static const char *const cases[][3] = { { "127.4.0.0%1/16", "127.4.0.0%2/16", "127.4.0.1" },
						{ "127.4.0.1%1", "127.4.0.1%2", "127.4.0.1" },
						{ "::%1/0", "::%2/0", "::1" } };

	for (size_t i = 0; i < 3; i++) {
		struct mh_socket here = server_on(cases[i][0], 0), there = server_on(cases[i][1], 0);

		assert_int_equal(heard(&here, cases[i][2]), 1);
		assert_int_equal(heard(&there, cases[i][2]), 0);
		mh_close(&here);
		mh_close(&there);
	}
}

static void a_link_local_address_is_bound_to_its_link(void **state)
{
	struct mh_prefix alone = prefix_of("fe80::1"), with = prefix_of("fe80::1%lo");
	struct sockaddr_in6 bound;
	socklen_t length = sizeof(bound);
	struct mh_socket server;

	assert_int_equal(mh_udp_open(&alone, 0, 0, &server), -EINVAL);
	assert_int_equal(mh_tcp_open(&alone, 0, 0, &server), -EINVAL);
	assert_int_equal(mh_udp_open(&with, 0, 0, &server), 0);
	assert_int_equal(getsockname(server.fd, (void *)&bound, &length), 0);
	assert_int_equal(bound.sin6_scope_id, 1);
	mh_close(&server);
	assert_int_equal(mh_tcp_open(&with, 0, 0, &server), 0);
	mh_close(&server);
}

static void what_could_never_hear_is_not_adopted(void **state)
{
	struct mh_prefix four = prefix_of("127.0.0.0/8"), six = prefix_of("::/64");
	int fd4 = socket_of(AF_INET, SOCK_DGRAM, 0), fd6 = socket_of(AF_INET6, SOCK_DGRAM, 1),
	    both = socket_of(AF_INET6, SOCK_DGRAM, 0), stream = socket_of(AF_INET, SOCK_STREAM, 0);
	struct mh_socket server;

	assert_int_equal(mh_udp_adopt(fd4, &six, 0, &server), -EAFNOSUPPORT);
	assert_int_equal(mh_udp_adopt(fd6, &four, 0, &server), -EAFNOSUPPORT);
	assert_int_equal(mh_udp_adopt(both, &four, 0, &server), 0);
	assert_int_equal(mh_udp_adopt(both, &six, 0, &server), 0);
	assert_int_equal(mh_udp_adopt(fd4, &four, 0, &server), 0);
	assert_int_equal(mh_tcp_adopt(stream, &four, 0, &server), -EINVAL);
	assert_int_equal(listen(stream, 1), 0);
	assert_int_equal(mh_tcp_adopt(stream, &four, 0, &server), 0);
	close(fd4);
	close(fd6);
	close(both);
	close(stream);
}

static void headers_are_the_kernels_unless_bare_ones_are_asked_for(void **state)
{
	int fd4 = socket_of(AF_INET, SOCK_DGRAM, 0), fd6 = socket_of(AF_INET6, SOCK_DGRAM, 0);
	int labels = option(fd6, SOL_IPV6, IPV6_AUTOFLOWLABEL),
	    discover = option(fd4, SOL_IP, IP_MTU_DISCOVER);
	struct mh_socket four = server_on("127.0.0.0/8", 0), six = server_on("::/64", 0);

	assert_int_equal(option(six.fd, SOL_IPV6, IPV6_AUTOFLOWLABEL), labels);
	assert_int_equal(option(four.fd, SOL_IP, IP_MTU_DISCOVER), discover);
	mh_close(&four);
	mh_close(&six);
	four = server_on("127.0.0.0/8", MH_BARE);
	six = server_on("::/64", MH_BARE);
	assert_int_equal(option(six.fd, SOL_IPV6, IPV6_AUTOFLOWLABEL), 0);
	assert_int_equal(option(four.fd, SOL_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
	mh_close(&four);
	mh_close(&six);
	assert_int_equal(mh_udp_adopt(fd6, NULL, MH_BARE, &six), 0);
	assert_int_equal(option(fd6, SOL_IPV6, IPV6_AUTOFLOWLABEL), 0);
	assert_int_equal(option(fd6, SOL_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
	close(fd4);
	close(fd6);
}

static void what_an_owner_has_settled_about_fragments_stays(void **state)
{
	static const int settled[] = { IP_PMTUDISC_DONT, IP_PMTUDISC_PROBE, IP_PMTUDISC_INTERFACE,
				       IP_PMTUDISC_OMIT };

	for (size_t i = 0; i < 4; i++) {
		int fd = socket_of(AF_INET, SOCK_DGRAM, 0);
		struct mh_socket server;

		assert_int_equal(setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, &settled[i], sizeof(int)),
				 0);
		assert_int_equal(mh_udp_adopt(fd, NULL, MH_BARE, &server), 0);
		assert_int_equal(option(fd, SOL_IP, IP_MTU_DISCOVER), settled[i]);
		close(fd);
	}
}

static void an_old_kernel_gets_no_trains(void **state)
{
	int fd = socket_of(AF_INET, SOCK_DGRAM, 0);
	struct mh_socket server = server_on("127.0.0.0/8", MH_JOINED);

	assert_int_equal(server.flags, MH_JOINED);
	mh_close(&server);
	unknown_level = SOL_UDP;
	unknown_name = UDP_SEGMENT;
	server = server_on("127.0.0.0/8", MH_JOINED);
	assert_int_equal(server.flags, MH_JOINED | MH_ONE_BY_ONE);
	mh_close(&server);
	assert_int_equal(mh_udp_adopt(fd, NULL, 0, &server), 0);
	assert_int_equal(server.flags, MH_ONE_BY_ONE);
	unknown_name = -1;
	close(fd);
}

static void trains_need_their_room(void **state)
{
	struct mh_socket joined = server_on("127.0.0.0/8", MH_JOINED),
			 plain = server_on("127.0.0.0/8", 0);
	struct mh_batch *small, *large;

	assert_int_equal(mh_batch_new(4, 65534, &small), 0);
	assert_int_equal(mh_batch_new(4, 65535, &large), 0);
	assert_int_equal(mh_udp_receive(&joined, small), -EINVAL);
	assert_null(mh_batch_at(small, 0));
	assert_int_equal(mh_udp_receive(&joined, large), -EAGAIN);
	assert_int_equal(mh_udp_receive(&plain, small), -EAGAIN);
	mh_batch_free(small);
	mh_batch_free(large);
	mh_close(&joined);
	mh_close(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unspecified_address_is_the_wildcard),
		cmocka_unit_test(only_what_comes_in_on_the_link_is_served),
		cmocka_unit_test(a_link_local_address_is_bound_to_its_link),
		cmocka_unit_test(what_could_never_hear_is_not_adopted),
		cmocka_unit_test(headers_are_the_kernels_unless_bare_ones_are_asked_for),
		cmocka_unit_test(what_an_owner_has_settled_about_fragments_stays),
		cmocka_unit_test(an_old_kernel_gets_no_trains),
		cmocka_unit_test(trains_need_their_room),
	};

	settle_stay();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
