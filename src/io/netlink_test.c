/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transport below the host: datagrams that are cut short, answers with and without words, and,
 * against a real kernel in a namespace of its own, rounds of many requests. The requests ask to
 * delete an address from a link that exists nowhere, so that each is refused and none does anything.
 */
#include "io/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* A request to change the link of index 1, lo: it exists, and nothing is asked to change. */
static struct nlmsghdr *ask_nothing(char *buffer)
{
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	struct ifinfomsg *link = NLMSG_DATA(message);

	memset(buffer, 0, 64);
	message->nlmsg_len = NLMSG_LENGTH(sizeof(*link));
	message->nlmsg_type = RTM_NEWLINK;
	link->ifi_index = 1;
	return message;
}

static struct nlmsghdr *ask_impossible(char *buffer)
{
	struct nlmsghdr *message = ask_nothing(buffer);

	message->nlmsg_len = NLMSG_LENGTH(8);
	message->nlmsg_type = RTM_DELADDR;
	memset(NLMSG_DATA(message), 0, 8);
	*(uint8_t *)NLMSG_DATA(message) = AF_INET;
	return message;
}

struct answers {
	uint32_t next;
	unsigned refused, done;
	bool expected[5000]; /* to be refused */
};

static void note_answer(void *data, uint32_t number, int error, const char *text)
{
	struct answers *answers = data;

	assert_int_equal(number, answers->next++);
	assert_int_equal(error < 0, answers->expected[number]);
	answers->refused += error < 0;
	answers->done += error == 0;
}

static void every_request_of_a_round_is_answered_in_order(void **data)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	char buffer[64] __attribute__((aligned(8)));
	struct netlink netlink;

	assert_int_equal(netlink_open(&netlink, NULL, 1 << 20), 0);
	assert_true(netlink.window > 64);
	netlink_begin(&netlink, note_answer, answers);
	for (uint32_t i = 0; i < 5000; i++) {
		answers->expected[i] = rand() % 3 == 0;
		assert_int_equal(netlink_request(&netlink, answers->expected[i] ?
								   ask_impossible(buffer) :
								   ask_nothing(buffer)),
				 0);
	}
	assert_int_equal(netlink_finish(&netlink), 0);
	assert_int_equal(answers->refused + answers->done, 5000);
	assert_true(answers->refused > 1000 && answers->done > 1000);
	netlink_close(&netlink);
	free(answers);
}

static void refusals_do_not_overflow_a_small_buffer(void **data)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	char buffer[64] __attribute__((aligned(8)));
	struct netlink netlink;

	assert_int_equal(netlink_open(&netlink, NULL, 4096), 0);
	netlink_begin(&netlink, note_answer, answers);
	for (uint32_t i = 0; i < 5000; i++) {
		answers->expected[i] = true;
		assert_int_equal(netlink_request(&netlink, ask_impossible(buffer)), 0);
	}
	assert_int_equal(netlink_finish(&netlink), 0);
	assert_int_equal(answers->refused, 5000);
	netlink_close(&netlink);
	free(answers);
}

static void note_link(void *data, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	*(bool *)data |= message->nlmsg_type == RTM_NEWLINK && link->ifi_index == 1;
}

static void a_dump_and_a_round_share_a_socket(void **data)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	char buffer[64] __attribute__((aligned(8)));
	struct netlink netlink;

	assert_int_equal(netlink_open(&netlink, NULL, 1 << 20), 0);
	answers->expected[0] = true;
	for (int i = 0; i < 3; i++) {
		struct nlmsghdr *message = ask_nothing(buffer);
		bool seen = false;

		message->nlmsg_type = RTM_GETLINK;
		((struct ifinfomsg *)NLMSG_DATA(message))->ifi_index = 0;
		assert_int_equal(netlink_dump(&netlink, message, note_link, &seen), 0);
		assert_true(seen);
		answers->next = 0;
		netlink_begin(&netlink, note_answer, answers);
		assert_int_equal(netlink_request(&netlink, ask_impossible(buffer)), 0);
		assert_int_equal(netlink_finish(&netlink), 0);
	}
	assert_int_equal(answers->refused, 3);
	netlink_close(&netlink);
	free(answers);
}

static void a_datagram_is_walked_to_its_end_and_not_beyond(void **data)
{
	char bytes[48] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *first = (struct nlmsghdr *)bytes, *second = (struct nlmsghdr *)(bytes + 20);
	const char *at = bytes;
	size_t left = 44;

	first->nlmsg_len = 18; /* padded to 20 */
	second->nlmsg_len = 24;
	assert_ptr_equal(netlink_next(&at, &left), first);
	assert_ptr_equal(netlink_next(&at, &left), second);
	assert_null(netlink_next(&at, &left));
	at = bytes;
	left = 17;
	assert_null(netlink_next(&at, &left));
	for (uint32_t length = 0; length < 16; length++) {
		left = 44;
		first->nlmsg_len = length;
		assert_null(netlink_next(&at, &left));
	}
	first->nlmsg_len = 0xfffffff0u;
	assert_null(netlink_next(&at, &left));
}

static void a_refusal_is_read_with_its_words(void **data)
{
	char bytes[128] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = (struct nlmsghdr *)bytes;
	struct nlmsgerr *refusal = NLMSG_DATA(message);
	struct nlattr *words = (struct nlattr *)(refusal + 1);
	char text[160];
	int error;

	refusal->error = -EINVAL;
	refusal->msg.nlmsg_len = sizeof(refusal->msg);
	words->nla_type = NLMSGERR_ATTR_MSG;
	words->nla_len = sizeof(*words) + 12;
	memcpy(words + 1, "No such way", 12);
	message->nlmsg_type = NLMSG_ERROR;
	message->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	message->nlmsg_len = NLMSG_LENGTH(sizeof(*refusal)) + words->nla_len;
	assert_true(netlink_read_error(message, &error, text, sizeof(text)));
	assert_int_equal(error, -EINVAL);
	assert_string_equal(text, "No such way");
	message->nlmsg_flags = 0;
	assert_true(netlink_read_error(message, &error, text, sizeof(text)));
	assert_string_equal(text, "");
	message->nlmsg_len = NLMSG_LENGTH(3);
	assert_false(netlink_read_error(message, &error, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(a_datagram_is_walked_to_its_end_and_not_beyond),
		cmocka_unit_test(a_refusal_is_read_with_its_words),
	};
	const struct CMUnitTest kernel[] = {
		cmocka_unit_test(every_request_of_a_round_is_answered_in_order),
		cmocka_unit_test(refusals_do_not_overflow_a_small_buffer),
		cmocka_unit_test(a_dump_and_a_round_share_a_socket),
	};
	int failed = cmocka_run_group_tests(pure, NULL, NULL);

	srand(7);
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		printf("the rest is skipped: no namespace of its own to be had\n");
		return failed;
	}
	return failed + cmocka_run_group_tests(kernel, NULL, NULL);
}
