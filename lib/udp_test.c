/* SPDX-License-Identifier: MIT */
/*
 * Over the loopback device, on which all of 127.0.0.0/8 is local, so that a prefix needs no rights.
 * What is sent there is in the receiver's queue, or refused, when the call returns: no test waits.
 */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settle.h"

#define BATCH 16

static struct mh_socket server_on(const char *prefix_text, unsigned flags,
				  union mh_endpoint *ret_bound)
{
	struct mh_prefix prefix;
	struct mh_socket server;
	socklen_t length = sizeof(*ret_bound);

	assert_int_equal(mh_prefix_parse(prefix_text, &prefix), 0);
	assert_int_equal(mh_udp_open(&prefix, 0, flags, &server), 0);
	assert_int_equal(getsockname(server.fd, &ret_bound->any, &length), 0);
	return server;
}

static struct mh_batch *batch_of(unsigned count)
{
	struct mh_batch *batch;

	assert_int_equal(mh_batch_new(count, 65535, &batch), 0);
	return batch;
}

static int client_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void ask(int fd, const char *address, in_port_t port, const void *bytes, size_t length)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = port, .sin6_scope_id = 1 };
	bool v6 = inet_pton(AF_INET, address, &to.sin_addr) != 1;

	if (v6)
		assert_int_equal(inet_pton(AF_INET6, address, &to6.sin6_addr), 1);
	assert_int_equal(sendto(fd, bytes, length, 0, v6 ? (void *)&to6 : (void *)&to,
				v6 ? sizeof(to6) : sizeof(to)),
			 (ssize_t)length);
	settle();
}

/* The source of the next answer as text, "" when there is none. */
static const char *answer_source(int fd, char buffer[INET6_ADDRSTRLEN])
{
	union mh_endpoint from;
	socklen_t length = sizeof(from);
	struct mh_address address;
	char bytes[70000];

	buffer[0] = '\0';
	settle();
	if (recvfrom(fd, bytes, sizeof(bytes), 0, &from.any, &length) < 0)
		return buffer;
	address = mh_address_of_endpoint(&from);
	return inet_ntop(address.family, address.bytes, buffer, INET6_ADDRSTRLEN);
}

static int echo(const struct mh_socket *server, struct mh_batch *batch)
{
	int count = mh_udp_receive(server, batch);

	for (int i = 0; i < count; i++) {
		struct mh_datagram *datagram = mh_batch_at(batch, (unsigned)i);

		datagram->answer = datagram->data;
		datagram->answer_length = datagram->length;
		datagram->answer_segment = datagram->segment;
	}
	return count < 0 ? count : mh_udp_answer(server, batch);
}

static void every_address_of_a_prefix_answers_for_itself(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("127.7.0.0/16", 0, &bound);
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET);
	char address[INET6_ADDRSTRLEN], source[INET6_ADDRSTRLEN];

	for (int i = 0; i < 256; i++) {
		snprintf(address, sizeof(address), "127.7.%d.%d", i, 255 - i);
		ask(fd, address, bound.v4.sin_port, "?", 1);
		assert_int_equal(echo(&server, batch), 1);
		assert_int_equal(mh_batch_at(batch, 0)->answered, 1);
		assert_int_equal(mh_batch_at(batch, 0)->link, 1);
		assert_false(mh_batch_at(batch, 0)->flags & MH_GROUP);
		assert_string_equal(answer_source(fd, source), address);
	}
	assert_int_equal(mh_udp_receive(&server, batch), -EAGAIN);
	assert_null(mh_batch_at(batch, 0));
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void ipv6_answers_too(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("::/64", 0, &bound);
	struct mh_batch *batch = batch_of(1);
	int fd = client_socket(AF_INET6);
	char source[INET6_ADDRSTRLEN];

	ask(fd, "::1", bound.v6.sin6_port, "?", 1);
	assert_int_equal(echo(&server, batch), 1);
	assert_true(mh_batch_full(batch));
	assert_string_equal(answer_source(fd, source), "::1");
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void what_is_sent_beside_the_prefix_never_arrives(void **state)
{
	static const char *const cases[][3] = {
		{ "127.7.7.0/25", "127.7.7.127", "127.7.7.128" },
		{ "127.6.0.0/15", "127.7.1.1", "127.8.0.0" },
		{ "127.0.0.0/8", "127.255.0.1", NULL },
		{ "::/127", "::1", NULL },
		{ "2001:db8::/33", NULL, "::1" },
		{ "2001:db8:1:1::/64", NULL, "::1" },
		{ "0:0:0:0:8000::/65", NULL, "::1" },
		{ "::2/127", NULL, "::1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		union mh_endpoint bound;
		struct mh_socket server = server_on(cases[i][0], 0, &bound);
		struct mh_batch *batch = batch_of(BATCH);
		int fd = client_socket(bound.any.sa_family);

		if (cases[i][2])
			ask(fd, cases[i][2], bound.v4.sin_port, "out", 3);
		assert_int_equal(mh_udp_receive(&server, batch), -EAGAIN);
		if (cases[i][1]) {
			ask(fd, cases[i][1], bound.v4.sin_port, "in", 2);
			assert_int_equal(mh_udp_receive(&server, batch), 1);
		}
		close(fd);
		mh_batch_free(batch);
		mh_close(&server);
	}
}

static void an_adopted_socket_is_checked_in_user_space(void **state)
{
	union mh_endpoint bound;
	struct mh_socket inherited = server_on("0.0.0.0/0", 0, &bound), server;
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET), stream = socket(AF_INET, SOCK_STREAM, 0);
	struct mh_prefix prefix;

	assert_int_equal(mh_prefix_parse("127.7.0.0/16", &prefix), 0);
	assert_int_equal(mh_udp_adopt(stream, &prefix, 0, &server), -EPROTOTYPE);
	assert_int_equal(mh_udp_adopt(inherited.fd, &prefix, 0, &server), 0);
	ask(fd, "127.8.0.1", bound.v4.sin_port, "out", 3);
	assert_int_equal(mh_udp_receive(&server, batch), 0);
	ask(fd, "127.8.0.1", bound.v4.sin_port, "out", 3);
	ask(fd, "127.7.0.1", bound.v4.sin_port, "in", 2);
	assert_int_equal(mh_udp_receive(&server, batch), 1);
	assert_memory_equal(mh_batch_at(batch, 0)->data, "in", 2);
	close(stream);
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

/* Without packet information the kernel does not work out the address to answer from. */
static void what_waited_in_an_adopted_socket_is_answered_too(void **state)
{
	struct sockaddr_in bound = { .sin_family = AF_INET };
	socklen_t length = sizeof(bound);
	int open_fd = client_socket(AF_INET), fd = client_socket(AF_INET);
	struct mh_batch *batch = batch_of(BATCH);
	char source[INET6_ADDRSTRLEN];
	struct mh_socket server;

	assert_int_equal(bind(open_fd, (void *)&bound, sizeof(bound)), 0);
	assert_int_equal(getsockname(open_fd, (void *)&bound, &length), 0);
	ask(fd, "127.3.3.3", bound.sin_port, "early", 5);
	assert_int_equal(mh_udp_adopt(open_fd, NULL, 0, &server), 0);
	ask(fd, "127.3.3.4", bound.sin_port, "late", 4);
	assert_int_equal(echo(&server, batch), 2);
	assert_string_equal(answer_source(fd, source), "127.3.3.3");
	assert_string_equal(answer_source(fd, source), "127.3.3.4");
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void a_dual_stack_socket_answers_both_families(void **state)
{
	int open_fd = client_socket(AF_INET6), off = 0, fd = client_socket(AF_INET),
	    fd6 = client_socket(AF_INET6);
	union mh_endpoint bound = { .v6.sin6_family = AF_INET6 };
	socklen_t length = sizeof(bound.v6);
	struct mh_batch *batch = batch_of(BATCH);
	char source[INET6_ADDRSTRLEN];
	struct mh_socket server;

	assert_int_equal(setsockopt(open_fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	assert_int_equal(bind(open_fd, &bound.any, sizeof(bound.v6)), 0);
	assert_int_equal(getsockname(open_fd, &bound.any, &length), 0);
	assert_int_equal(mh_udp_adopt(open_fd, NULL, MH_JOINED, &server), 0);
	ask(fd, "127.9.9.9", bound.v6.sin6_port, "4", 1);
	ask(fd, "127.9.9.9", bound.v6.sin6_port, "4", 1);
	ask(fd6, "::1", bound.v6.sin6_port, "6", 1);
	assert_int_equal(echo(&server, batch), 3);
	assert_string_equal(answer_source(fd, source), "127.9.9.9");
	assert_string_equal(answer_source(fd, source), "127.9.9.9");
	assert_string_equal(answer_source(fd6, source), "::1");
	close(fd);
	close(fd6);
	mh_batch_free(batch);
	mh_close(&server);
}

static void a_broadcast_is_flagged_and_answered_from_a_unicast_address(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("0.0.0.0/0", 0, &bound);
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET), on = 1;
	char source[INET6_ADDRSTRLEN];

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
	ask(fd, "127.255.255.255", bound.v4.sin_port, "?", 1);
	assert_int_equal(echo(&server, batch), 1);
	assert_true(mh_batch_at(batch, 0)->flags & MH_GROUP);
	assert_string_equal(answer_source(fd, source), "127.0.0.1");
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

/* The loopback device has no IPv6 multicast: control_test.c and the labs have that. */
static void a_multicast_datagram_is_flagged_and_never_answered_from_the_group(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("0.0.0.0/0", 0, &bound);
	struct ip_mreqn group = { .imr_ifindex = 1 };
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET);
	char source[INET6_ADDRSTRLEN];

	inet_pton(AF_INET, "239.1.2.3", &group.imr_multiaddr);
	assert_int_equal(setsockopt(server.fd, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	assert_int_equal(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &group, sizeof(group)), 0);
	ask(fd, "239.1.2.3", bound.v4.sin_port, "?", 1);
	assert_int_equal(echo(&server, batch), 1);
	assert_true(mh_batch_at(batch, 0)->flags & MH_GROUP);
	/* From which address of this host is the kernel's choice. */
	assert_string_not_equal(answer_source(fd, source), "");
	assert_string_not_equal(source, "239.1.2.3");
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void an_answer_that_its_source_cannot_send_is_not_sent(void **state)
{
	static const struct mh_address gone = { AF_INET, { 192, 0, 2, 99 } },
				       group = { AF_INET, { 224, 0, 0, 1 } }, none = { 0 };
	const struct mh_address *const sources[] = { &gone, &group, &none };
	union mh_endpoint bound;
	struct mh_socket server = server_on("127.0.0.0/8", 0, &bound);
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET);
	char source[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < 3; i++) {
		struct mh_datagram *datagram;

		for (int j = 0; j < 3; j++)
			ask(fd, "127.0.0.5", bound.v4.sin_port, "?", 1);
		assert_int_equal(mh_udp_receive(&server, batch), 3);
		for (unsigned j = 0; j < 3; j++) {
			datagram = mh_batch_at(batch, j);
			datagram->answer = "no";
			datagram->answer_length = 2;
			datagram->source = j == 2 ? datagram->asked : *sources[i];
		}
		assert_int_equal(mh_udp_answer(&server, batch), 1);
		assert_int_equal(mh_batch_at(batch, 0)->failed, 1);
		assert_int_equal(mh_batch_at(batch, 1)->failed, 1);
		assert_true(mh_batch_at(batch, 1)->error < 0);
		assert_int_equal(mh_batch_at(batch, 2)->answered, 1);
		assert_string_equal(answer_source(fd, source), "127.0.0.5");
		assert_string_equal(answer_source(fd, source), "");
	}
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void a_train_is_received_in_one_piece_and_answered_as_one(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("127.0.0.0/8", MH_JOINED, &bound);
	struct mh_batch *batch = batch_of(BATCH);
	int fd = client_socket(AF_INET), segment = 100;
	struct mh_datagram *datagram;
	char bytes[1050], back[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	ask(fd, "127.0.0.9", bound.v4.sin_port, bytes, sizeof(bytes));
	assert_int_equal(echo(&server, batch), 11);
	datagram = mh_batch_at(batch, 0);
	assert_int_equal(datagram->segment, 100);
	assert_int_equal(datagram->length, 1050);
	assert_int_equal(mh_datagram_count(datagram), 11);
	assert_int_equal(datagram->answered, 11);
	for (size_t i = 0; i < 11; i++) {
		assert_int_equal(recv(fd, back, sizeof(back), 0), i < 10 ? 100 : 50);
		assert_memory_equal(back, bytes + i * 100, i < 10 ? 100 : 50);
	}
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

static void a_datagram_beyond_the_room_is_flagged(void **state)
{
	union mh_endpoint bound;
	struct mh_socket server = server_on("127.0.0.0/8", 0, &bound);
	int fd = client_socket(AF_INET);
	struct mh_batch *batch;

	assert_int_equal(mh_batch_new(0, 10, &batch), -EINVAL);
	assert_int_equal(mh_batch_new(2, 0, &batch), -EINVAL);
	assert_int_equal(mh_batch_new(2, 10, &batch), 0);
	ask(fd, "127.0.0.1", bound.v4.sin_port, "0123456789", 10);
	ask(fd, "127.0.0.1", bound.v4.sin_port, "0123456789a", 11);
	assert_int_equal(mh_udp_receive(&server, batch), 2);
	assert_int_equal(mh_batch_at(batch, 0)->flags, 0);
	assert_int_equal(mh_batch_at(batch, 1)->flags, MH_TRUNCATED);
	assert_int_equal(mh_batch_at(batch, 1)->length, 10);
	close(fd);
	mh_batch_free(batch);
	mh_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_of_a_prefix_answers_for_itself),
		cmocka_unit_test(ipv6_answers_too),
		cmocka_unit_test(what_is_sent_beside_the_prefix_never_arrives),
		cmocka_unit_test(an_adopted_socket_is_checked_in_user_space),
		cmocka_unit_test(what_waited_in_an_adopted_socket_is_answered_too),
		cmocka_unit_test(a_dual_stack_socket_answers_both_families),
		cmocka_unit_test(a_broadcast_is_flagged_and_answered_from_a_unicast_address),
		cmocka_unit_test(a_multicast_datagram_is_flagged_and_never_answered_from_the_group),
		cmocka_unit_test(an_answer_that_its_source_cannot_send_is_not_sent),
		cmocka_unit_test(a_train_is_received_in_one_piece_and_answered_as_one),
		cmocka_unit_test(a_datagram_beyond_the_room_is_flagged),
	};

	settle_stay();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
