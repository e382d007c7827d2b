/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom programs talk to, and the room for neighbours, as the kernel tells it in any namespace. */
#include "host/peers.h"

#include "host/scene.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct sockaddr_in6 name_of(const char *address, uint16_t port)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET6, address, &name.sin6_addr), 1);
	return name;
}

static void connected_to(const char *address, uint16_t port)
{
	struct sockaddr_in6 name = name_of(address, port);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
}

static void who_is_talked_to_is_told_by_port(void **data)
{
	const uint16_t ports[] = { 514, 6514 };
	struct host_peers peers;
	char text[ENDPOINT_TEXT_SIZE];

	connected_to("2001:db8::9", 514);
	connected_to("::ffff:192.0.2.9", 6514);
	connected_to("2001:db8::9", 53);
	assert_int_equal(host_peers(ports, ARRAY_SIZE(ports), &peers), 0);
	assert_int_equal(peers.items.count, 2);
	assert_string_equal(
		endpoint_text(&peers.items.items[0].address, peers.items.items[0].port, text),
		"192.0.2.9:6514");
	assert_string_equal(
		endpoint_text(&peers.items.items[1].address, peers.items.items[1].port, text),
		"[2001:db8::9]:514");
	assert_int_equal(peers.items.items[1].protocol, IPPROTO_UDP);
	host_peers_free(&peers);
}

static void servers_are_those_that_wait(void **data)
{
	struct sockaddr_in6 name = name_of("2001:db8::1", 443);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct host_peers servers;
	char text[ENDPOINT_TEXT_SIZE];

	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(host_tcp_servers(&servers), 0);
	assert_int_equal(servers.items.count, 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(host_tcp_servers(&servers), 0);
	assert_int_equal(servers.items.count, 1);
	assert_string_equal(
		endpoint_text(&servers.items.items[0].own, servers.items.items[0].own_port, text),
		"[2001:db8::1]:443");
	host_peers_free(&servers);
	close(fd);
}

/* The limit is that of the whole machine, and so is the count. */
static void the_limit_of_neighbours_is_known_in_every_namespace(void **data)
{
	struct host_neighbour_table before[2], after[2];
	struct scene *scene = *data;

	assert_int_equal(host_neighbour_tables(scene->host, before), 0);
	assert_true(before[0].limit > 0 && before[1].limit > 0);
	assert_true(scratch_run("for i in $(seq 10 59); do echo neigh add 192.0.2.$i lladdr "
				"02:00:00:00:00:01 dev eth0 nud reachable; done | ip -batch -"));
	assert_int_equal(host_neighbour_tables(scene->host, after), 0);
	assert_int_equal(after[0].limit, before[0].limit);
	assert_true(after[0].entries >= 50);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(who_is_talked_to_is_told_by_port),
		SCENE(servers_are_those_that_wait),
		SCENE(the_limit_of_neighbours_is_known_in_every_namespace),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
