/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listeners against a real kernel: their options, who may share their ports, and that what comes in
 * is spread over their sockets.
 */
#include "host/scene.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

static void desire_listener(struct scene *scene, uint8_t protocol, const char *address, uint16_t port)
{
	struct host_listener listener = { .object.ours = true, .protocol = protocol, .port = port };

	assert_int_equal(address_parse(address, &listener.address), 0);
	state_add(&scene->desired, OBJECT_LISTENER, &listener);
}

static int foreign_socket(int type, uint16_t port, bool reuseport)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0), on = reuseport;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 1) < 0)) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void listeners_open_and_close(void **data)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	static const char *const addresses[] = { "0.0.0.0", "::", "203.0.113.9", "2001:db8:ffff::9" };
	struct scene *scene = *data;
	const struct host_listener *first;

	for (size_t i = 0; i < 8; i++)
		desire_listener(scene, protocols[i / 4], addresses[i % 4], 7777);
	assert_int_equal(scene_apply(scene), 8);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	first = state_at(host_observed(scene->host), OBJECT_LISTENER, 0);
	assert_true(first->object.ours);
	assert_true(host_listener_sockets(scene->host, first)[1] > 2);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 8);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(foreign_socket(SOCK_DGRAM, 7777, false) >= 0);
}

static void a_port_is_not_shared_with_strangers(void **data)
{
	struct scene *scene = *data;

	for (int reuseport = 0; reuseport < 2; reuseport++) {
		int udp = foreign_socket(SOCK_DGRAM, 7007, reuseport),
		    tcp = foreign_socket(SOCK_STREAM, 7007, reuseport);

		assert_true(udp >= 0 && tcp >= 0);
		desire_listener(scene, IPPROTO_UDP, "::", 7007);
		desire_listener(scene, IPPROTO_TCP, "2001:db8::1", 7007);
		assert_int_equal(scene_apply(scene), 2);
		assert_int_equal(scene->failed, 2);
		assert_int_equal(scene->error, -EADDRINUSE);
		assert_string_equal(
			scene->text,
			"something else listens on [::]:7007; `ss -lnpu sport = :7007` shows who");
		close(udp);
		close(tcp);
		assert_int_equal(scene_apply(scene), 2);
		assert_int_equal(scene->failed, 0);
		state_free(&scene->desired);
		assert_int_equal(scene_apply(scene), 2);
	}
}

/* Whether both sockets get their part of what many peers send. */
static void datagrams_are_spread(void **data)
{
	struct scene *scene = *data;
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(7070),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int *fds;
	unsigned got[2] = { 0 };
	char buffer[16];

	desire_listener(scene, IPPROTO_UDP, "0.0.0.0", 7070);
	scene_apply(scene);
	scene_settle(scene, NULL);
	fds = host_listener_sockets(scene->host,
				    state_at(host_observed(scene->host), OBJECT_LISTENER, 0));
	for (int i = 0; i < 64; i++) {
		int peer = socket(AF_INET, SOCK_DGRAM, 0);

		assert_int_equal(sendto(peer, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), 1);
		close(peer);
	}
	for (int i = 0; i < 2; i++)
		while (recv(fds[i], buffer, sizeof(buffer), 0) == 1)
			got[i]++;
	assert_int_equal(got[0] + got[1], 64);
	assert_true(got[0] > 8 && got[1] > 8);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(listeners_open_and_close),
		SCENE(a_port_is_not_shared_with_strangers),
		SCENE(datagrams_are_spread),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
