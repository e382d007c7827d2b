/* SPDX-License-Identifier: MIT */
#include "preload_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "settle.h"

static bool is_set;

int stage_set(void **state)
{
	/* An address is tentative until a kernel thread had its turn, also where nobody is asked. */
	is_set = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		 system("ip link set lo up && ip -6 address add " ASKED6 "/128 dev lo nodad && "
			"ip -6 route add local 2001:db8::/64 dev lo && "
			"while ip -6 address show dev lo tentative | grep -q inet6; do sleep 0.01; "
			"done") == 0;
	settle_stay();
	return 0;
}

bool stage_is_set(void)
{
	return is_set;
}

union mh_endpoint stage_endpoint(const char *address, in_port_t port)
{
	union mh_endpoint endpoint = { 0 };

	if (inet_pton(AF_INET, address, &endpoint.v4.sin_addr) == 1) {
		endpoint.v4.sin_family = AF_INET;
		endpoint.v4.sin_port = port;
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, &endpoint.v6.sin6_addr), 1);
		endpoint.v6.sin6_family = AF_INET6;
		endpoint.v6.sin6_port = port;
	}
	return endpoint;
}

int stage_server(const char *address, in_port_t *ret_port)
{
	union mh_endpoint on = stage_endpoint(address, 0);
	int fd = socket(on.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (on.any.sa_family == AF_INET6)
		assert_int_equal(ask_set(fd, SOL_IPV6, IPV6_V6ONLY, 0), 0);
	assert_int_equal(bind(fd, &on.any, ask_length(&on)), 0);
	assert_int_equal(ask_local(fd, &on), 0);
	*ret_port = ask_port(&on);
	/* Named, as a server's port is: the kernel does not take it back. */
	close(fd);
	fd = socket(on.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (on.any.sa_family == AF_INET6)
		assert_int_equal(ask_set(fd, SOL_IPV6, IPV6_V6ONLY, 0), 0);
	assert_int_equal(bind(fd, &on.any, ask_length(&on)), 0);
	return fd;
}

int stage_client(const char *address)
{
	union mh_endpoint on = stage_endpoint(address, 0);
	int fd = socket(on.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &on.any, ask_length(&on)), 0);
	return fd;
}

void stage_ask(int client, const char *asked, in_port_t port, const char *text)
{
	union mh_endpoint to = stage_endpoint(asked, port);

	assert_int_equal(sendto(client, text, strlen(text), 0, &to.any, ask_length(&to)),
			 strlen(text));
	settle();
}

const char *stage_take(int fd, union mh_endpoint *ret_peer)
{
	static char text[4096];
	union mh_endpoint peer;
	socklen_t length = sizeof(peer);
	ssize_t n;

	settle();
	n = recvfrom(fd, text, sizeof(text) - 1, 0, &peer.any, &length);

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	text[n < 0 ? 0 : n] = '\0';
	if (ret_peer)
		*ret_peer = peer;
	return text;
}

static const char *address_text(const union mh_endpoint *endpoint)
{
	static char text[INET6_ADDRSTRLEN];
	struct mh_address address = mh_address_of_endpoint(endpoint);

	return inet_ntop(address.family, address.bytes, text, sizeof(text));
}

const char *stage_heard(int client)
{
	static char text[8192];
	union mh_endpoint peer;
	const char *heard = stage_take(client, &peer);

	if (!*heard)
		return "nothing";
	snprintf(text, sizeof(text), "%s from %s", heard, address_text(&peer));
	return text;
}

const char *stage_local(int fd)
{
	union mh_endpoint local;

	assert_int_equal(ask_local(fd, &local), 0);
	return address_text(&local);
}

ino_t stage_inode(int fd)
{
	struct stat stat;

	assert_int_equal(fstat(fd, &stat), 0);
	return stat.st_ino;
}

int stage_option(int fd, int level, int name)
{
	int value = -1;

	assert_int_equal(ask_option(fd, level, name, &value), 0);
	return value;
}

void stage_meet(int fd, const char *text, int flags)
{
	char got[256] = { 0 };
	union mh_endpoint peer;
	socklen_t length = sizeof(peer);

	assert_int_equal(recvfrom(fd, got, sizeof(got) - 1, flags, &peer.any, &length), strlen(text));
	assert_string_equal(got, text);
	errno = 4711;
	assert_int_equal(connect(fd, &peer.any, length), 0);
	assert_int_equal(errno, 4711);
}
