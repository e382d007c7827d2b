/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listeners against a real kernel: their options, who may share their ports, and that what comes in
 * is spread over their sockets.
 */
#include "host/scene.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
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

static int option(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static const int *opened(const struct scene *scene)
{
	return host_listener_sockets(scene->host,
				     state_at(host_observed(scene->host), OBJECT_LISTENER, 0));
}

static void sockets_can_tell_and_choose_the_address(void **data)
{
	struct scene *scene = *data;
	int fd;

	desire_listener(scene, IPPROTO_UDP, "::", 7001);
	scene_apply(scene);
	scene_settle(scene, NULL);
	fd = opened(scene)[1];
	assert_int_equal(option(fd, SOL_IPV6, IPV6_V6ONLY), 1);
	assert_int_equal(option(fd, SOL_IPV6, IPV6_RECVPKTINFO), 1);
	assert_int_equal(option(fd, SOL_IPV6, IPV6_FREEBIND), 1);
	assert_int_equal(option(fd, SOL_UDP, UDP_GRO), 1);
	assert_true(option(fd, SOL_SOCKET, SO_RCVBUF) > 212992);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	state_free(&scene->desired);
	desire_listener(scene, IPPROTO_TCP, "0.0.0.0", 7001);
	scene_apply(scene);
	scene_settle(scene, NULL);
	fd = opened(scene)[0];
	assert_int_equal(option(fd, SOL_IP, IP_PKTINFO), 1);
	assert_int_equal(option(fd, SOL_IP, IP_FREEBIND), 1);
	assert_int_equal(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
}

static void without_descriptors_a_listener_is_not_half_open(void **data)
{
	struct scene *scene = *data;
	struct rlimit before, tight;
	int lowest = dup(0);

	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = (struct rlimit){ .rlim_cur = (rlim_t)lowest + 1, .rlim_max = before.rlim_max };
	desire_listener(scene, IPPROTO_UDP, "::", 7001);
	scene_settle(scene, NULL);
	scene_plan(scene);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(host_apply(scene->host, &scene->plan, &(size_t){ 0 }, scene_hear, scene), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(scene->error, -EMFILE);
	assert_int_equal(dup(0), lowest);
	close(lowest);
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 0);
}

#define SENT 64

/*
 * Which of the two sockets has something to be read; -1: all that was sent has been got. What was
 * sent arrives a little later when the processor is busy.
 */
static int next_of(const int *fds, const unsigned *got)
{
	struct pollfd waiting[] = { { .fd = fds[0], .events = POLLIN },
				    { .fd = fds[1], .events = POLLIN } };

	if (got[0] + got[1] == SENT)
		return -1;
	assert_in_range(poll(waiting, 2, 10000), 1, 2);
	return waiting[0].revents ? 0 : 1;
}

/* Every connection is taken by one of the two, and both get some. */
static void connections_are_spread(void **data)
{
	struct scene *scene = *data;
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(7071),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int peers[SENT];
	unsigned got[2] = { 0 };

	desire_listener(scene, IPPROTO_TCP, "0.0.0.0", 7071);
	scene_apply(scene);
	scene_settle(scene, NULL);
	for (int i = 0; i < SENT; i++) {
		peers[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(peers[i], (struct sockaddr *)&name, sizeof(name)), 0);
	}
	for (int i; (i = next_of(opened(scene), got)) >= 0; got[i]++) {
		int fd = accept(opened(scene)[i], NULL, NULL);

		assert_int_equal(option(fd, SOL_IP, IP_PKTINFO), 1);
		close(fd);
	}
	for (int i = 0; i < SENT; i++)
		close(peers[i]);
	assert_int_equal(got[0] + got[1], SENT);
	assert_true(got[0] > 8 && got[1] > 8);
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
	for (int i = 0; i < SENT; i++) {
		int peer = socket(AF_INET, SOCK_DGRAM, 0);

		assert_int_equal(sendto(peer, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), 1);
		close(peer);
	}
	for (int i; (i = next_of(fds, got)) >= 0; got[i]++)
		assert_int_equal(recv(fds[i], buffer, sizeof(buffer), 0), 1);
	assert_int_equal(got[0] + got[1], SENT);
	assert_true(got[0] > 8 && got[1] > 8);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(listeners_open_and_close),
		SCENE(a_port_is_not_shared_with_strangers),
		SCENE(sockets_can_tell_and_choose_the_address),
		SCENE(without_descriptors_a_listener_is_not_half_open),
		SCENE(connections_are_spread),
		SCENE(datagrams_are_spread),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
