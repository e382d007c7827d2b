/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int pair[2];

static int open_pair(void **state)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

static int close_pair(void **state)
{
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void a_short_message_arrives_as_it_was_sent(void **state)
{
	struct channel_message sent = { .type = 3,
					.number = 70000,
					.bytes = (char[]){ "hello" },
					.length = 5 },
			       got = { 0 };

	assert_int_equal(channel_send(pair[0], &sent), 0);
	assert_int_equal(channel_receive(pair[1], &got), 1);
	assert_int_equal(got.type, 3);
	assert_int_equal(got.number, 70000);
	assert_string_equal(got.bytes, "hello");
	assert_int_equal(got.fd_count, 0);
	channel_message_free(&got);
}

static void a_message_without_payload_is_a_message(void **state)
{
	struct channel_message sent = { .type = 4 }, got = { 0 };

	assert_int_equal(channel_send(pair[0], &sent), 0);
	assert_int_equal(channel_receive(pair[1], &got), 1);
	assert_int_equal(got.length, 0);
	channel_message_free(&got);
}

static void a_payload_of_a_megabyte_arrives_whole_and_leaves_no_descriptor(void **state)
{
	static char large[1 << 20];
	struct channel_message sent = { .type = 1, .bytes = large, .length = sizeof(large) },
			       got = { 0 };
	int before = open_descriptors();

	memset(large, 'x', sizeof(large));
	assert_int_equal(channel_send(pair[0], &sent), 0);
	assert_int_equal(channel_receive(pair[1], &got), 1);
	assert_int_equal(got.length, sizeof(large));
	assert_memory_equal(got.bytes, large, sizeof(large));
	assert_int_equal(got.fd_count, 0);
	channel_message_free(&got);
	assert_int_equal(open_descriptors(), before);
}

static void descriptors_come_along_in_their_order(void **state)
{
	struct channel_message sent = { .type = 2, .fd_count = 2 }, got = { 0 };
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	sent.fds[0] = ends[0];
	sent.fds[1] = ends[1];
	assert_int_equal(channel_send(pair[0], &sent), 0);
	assert_int_equal(channel_receive(pair[1], &got), 1);
	assert_int_equal(got.fd_count, 2);
	assert_int_equal(write(got.fds[1], "y", 1), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_true(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC);
	channel_message_free(&got);
	close(ends[0]);
	close(ends[1]);
}

static void the_end_of_the_peer_is_told(void **state)
{
	struct channel_message got = { 0 };

	assert_int_equal(channel_receive(pair[1], &got), -EAGAIN);
	shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(channel_receive(pair[1], &got), 0);
}

static void the_end_of_a_peer_that_had_not_read_all_is_an_end(void **state)
{
	struct channel_message unread = { .type = 1 }, last = { .type = 2 }, got = { 0 };

	assert_int_equal(channel_send(pair[1], &unread), 0);
	assert_int_equal(channel_send(pair[0], &last), 0);
	close(pair[0]);
	assert_int_equal(channel_receive(pair[1], &got), 1);
	assert_int_equal(got.type, 2);
	channel_message_free(&got);
	assert_int_equal(channel_receive(pair[1], &got), 0);
	pair[0] = -1;
}

static void expect_refused(const void *packet, size_t length)
{
	struct channel_message got = { 0 };

	assert_int_equal(send(pair[0], packet, length, 0), (ssize_t)length);
	assert_int_equal(channel_receive(pair[1], &got), -EPROTO);
}

static void malformed_packets_are_refused(void **state)
{
	static char too_long[12 + CHANNEL_INLINE + 1];

	expect_refused("x", 1);
	/* says five bytes, brings four */
	expect_refused("\0\1\0\0\0\0\0\1\0\0\0\5abcd", 16);
	/* says three bytes, brings four */
	expect_refused("\0\1\0\0\0\0\0\1\0\0\0\3abcd", 16);
	/* an unknown flag */
	expect_refused("\0\1\0\7\0\0\0\1\0\0\0\0", 12);
	/* says that a memfd follows, but none does */
	expect_refused("\0\1\0\1\0\0\0\1\0\0\0\5", 12);
	expect_refused(too_long, sizeof(too_long));
}

static void a_payload_that_its_sender_could_still_change_is_refused(void **state)
{
	char packet[12] = "\0\1\0\1\0\0\0\1\0\0\0\4";
	int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING),
	    before = open_descriptors();
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { packet, sizeof(packet) };
	struct msghdr header = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	struct channel_message got = { 0 };

	assert_int_equal(write(unsealed, "abcd", 4), 4);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &unsealed, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &header, 0), sizeof(packet));
	assert_int_equal(channel_receive(pair[1], &got), -EPROTO);
	assert_int_equal(open_descriptors(), before);
	close(unsealed);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_short_message_arrives_as_it_was_sent),
		test(a_message_without_payload_is_a_message),
		test(a_payload_of_a_megabyte_arrives_whole_and_leaves_no_descriptor),
		test(descriptors_come_along_in_their_order),
		test(the_end_of_the_peer_is_told),
		test(the_end_of_a_peer_that_had_not_read_all_is_an_end),
		test(malformed_packets_are_refused),
		test(a_payload_that_its_sender_could_still_change_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
