/* SPDX-License-Identifier: MIT */
/*
 * Against a slow twin that is put_cmsg() of the kernel, written down as it is: each message by
 * itself, into the room that is left.
 */
#include "strip.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct message {
	int level, type;
	size_t length; /* of its data */
};

struct written {
	_Alignas(struct cmsghdr) char bytes[2048];
	size_t used, room;
	bool truncated;
};

static void put(struct written *to, const struct message *message)
{
	struct cmsghdr header = { .cmsg_level = message->level, .cmsg_type = message->type };
	size_t left = to->room - to->used, length = CMSG_LEN(message->length),
	       space = CMSG_SPACE(message->length);

	if (left < sizeof(header)) {
		to->truncated = true;
		return;
	}
	if (length > left) {
		to->truncated = true;
		length = left;
	}
	header.cmsg_len = length;
	memset(to->bytes + to->used, message->type, length);
	memcpy(to->bytes + to->used, &header, sizeof(header));
	to->used += space < left ? space : left;
}

static const struct message v4 = { SOL_IP, IP_PKTINFO, sizeof(struct in_pktinfo) };
static const struct message v6 = { SOL_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo) };
static const struct message timestamp = { SOL_SOCKET, SO_TIMESTAMP, 16 };
static const struct message ttl = { SOL_IP, IP_TTL, 4 };
static const struct message odd = { SOL_IP, IP_RECVOPTS, 7 };

static void put_all(struct written *to, const struct message *const *messages, size_t count,
		    unsigned keep)
{
	for (size_t i = 0; i < count; i++)
		if ((messages[i] != &v4 || (keep & STRIP_KEEP_V4)) &&
		    (messages[i] != &v6 || (keep & STRIP_KEEP_V6)))
			put(to, messages[i]);
}

static void what_the_program_did_not_ask_for_is_left_out(void **state)
{
	const struct message *const messages[] = { &timestamp, &v4, &ttl, &v6, &odd };
	struct written all = { .room = sizeof(all.bytes) }, got = { 0 },
		       expected = { .room = sizeof(all.bytes) };
	const struct cmsghdr *first = (const struct cmsghdr *)got.bytes;

	put_all(&all, messages, 5, STRIP_KEEP_V4 | STRIP_KEEP_V6);
	put_all(&expected, messages, 5, 0);
	got.used = strip_copy(all.bytes, all.used, 0, got.bytes, sizeof(got.bytes), &got.truncated);
	assert_int_equal(got.used, CMSG_SPACE(16) + CMSG_SPACE(4) + CMSG_SPACE(7));
	assert_int_equal(first->cmsg_type, SO_TIMESTAMP);
	assert_memory_equal(got.bytes, expected.bytes, got.used);
	assert_false(got.truncated);
}

static void what_it_asked_for_stays(void **state)
{
	const struct message *const messages[] = { &v4, &v6 };
	struct written all = { .room = sizeof(all.bytes) }, got = { 0 };
	const struct cmsghdr *first = (const struct cmsghdr *)got.bytes;

	put_all(&all, messages, 2, STRIP_KEEP_V4 | STRIP_KEEP_V6);
	assert_int_equal(strip_copy(all.bytes, all.used, STRIP_KEEP_V4, got.bytes,
				    sizeof(got.bytes), &got.truncated),
			 CMSG_SPACE(sizeof(struct in_pktinfo)));
	assert_int_equal(first->cmsg_type, IP_PKTINFO);
	assert_int_equal(strip_copy(all.bytes, all.used, STRIP_KEEP_V6, got.bytes,
				    sizeof(got.bytes), &got.truncated),
			 CMSG_SPACE(sizeof(struct in6_pktinfo)));
	assert_int_equal(first->cmsg_type, IPV6_PKTINFO);
}

static void a_program_without_room_is_told_only_of_what_is_its_own(void **state)
{
	const struct message *const ours[] = { &v4 }, *const theirs[] = { &v4, &timestamp };
	struct written all = { .room = sizeof(all.bytes) };
	bool truncated;

	put_all(&all, ours, 1, STRIP_KEEP_V4);
	assert_int_equal(strip_copy(all.bytes, all.used, 0, NULL, 0, &truncated), 0);
	assert_false(truncated);
	all.used = 0;
	put_all(&all, theirs, 2, STRIP_KEEP_V4);
	assert_int_equal(strip_copy(all.bytes, all.used, 0, NULL, 0, &truncated), 0);
	assert_true(truncated);
}

/* The kernel, too, leaves what is between messages as it was. */
static void check_same(const char *one, const char *other, size_t used)
{
	struct msghdr message = { .msg_control = (char *)one, .msg_controllen = used };

	for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at))
		assert_memory_equal(at, other + ((const char *)at - one), at->cmsg_len);
}

static void any_mixture_in_any_room_is_as_the_kernel_writes_it(void **state)
{
	const struct message *const kinds[] = { &v4, &v6, &timestamp, &ttl, &odd };
	const struct message *messages[8];

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct written all = { .room = sizeof(all.bytes) }, expected = { 0 }, got = { 0 };
		size_t count = (size_t)rand() % 8, room = (size_t)rand() % 260;
		unsigned keep = (unsigned)rand() % 4;

		for (size_t i = 0; i < count; i++)
			messages[i] = kinds[rand() % 5];
		put_all(&all, messages, count, STRIP_KEEP_V4 | STRIP_KEEP_V6);
		expected.room = room;
		put_all(&expected, messages, count, keep);
		got.used = strip_copy(all.bytes, all.used, keep, got.bytes, room, &got.truncated);
		assert_int_equal(got.used, expected.used);
		assert_int_equal(got.truncated, expected.truncated);
		check_same(expected.bytes, got.bytes, expected.used);
		/* In place, too. */
		if (room >= all.used) {
			got.used = strip_copy(all.bytes, all.used, keep, all.bytes, room,
					      &got.truncated);
			assert_int_equal(got.used, expected.used);
			check_same(expected.bytes, all.bytes, expected.used);
		}
	}
}

static void nonsense_ends_the_walk(void **state)
{
	_Alignas(struct cmsghdr) char bytes[64], to[64];
	bool truncated;

	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)rand();
		assert_true(strip_copy(bytes, (size_t)rand() % 65, 0, to, sizeof(to), &truncated) <=
			    sizeof(to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_program_did_not_ask_for_is_left_out),
		cmocka_unit_test(what_it_asked_for_stays),
		cmocka_unit_test(a_program_without_room_is_told_only_of_what_is_its_own),
		cmocka_unit_test(any_mixture_in_any_room_is_as_the_kernel_writes_it),
		cmocka_unit_test(nonsense_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
