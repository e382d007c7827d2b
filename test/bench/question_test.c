/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "question.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SPOILED 100000

static const uint8_t asker_mac[6] = { 2, 0, 0, 0, 0, 1 }, our_mac[6] = { 2, 0, 0, 0, 0, 2 };

static struct question question(const char *from, const char *target)
{
	struct question question = { 0 };

	memcpy(question.mac, asker_mac, 6);
	memcpy(question.to_mac, our_mac, 6);
	assert_int_equal(address_parse(from, &question.from), 0);
	assert_int_equal(address_parse(target, &question.target), 0);
	return question;
}

static void an_arp_request_is_written_as_rfc_826_has_it(void **state)
{
	struct question asked = question("192.0.2.2", "192.0.2.99");
	static const uint8_t wanted[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0, 0, 0, 0,
					  1,	8,    6,    0,	  1,	8,    0,   6, 4, 0, 1,
					  2,	0,    0,    0,	  0,	1,    192, 0, 2, 2, 0,
					  0,	0,    0,    0,	  0,	192,  0,   2, 99 };
	uint8_t bytes[QUESTION_MAX_BYTES];

	assert_int_equal(question_put(&asked, bytes, sizeof(bytes)), sizeof(wanted));
	assert_memory_equal(bytes, wanted, sizeof(wanted));
	assert_int_equal(question_put(&asked, bytes, sizeof(wanted) - 1), 0);
}

/* The checksum was worked out by hand: the sum of all words of pseudo header and message is 0xffff. */
static void a_solicitation_goes_to_the_group_of_its_target(void **state)
{
	struct question asked = question("2001:db8::2", "2001:db8::12:3456");
	static const uint8_t to[] = { 0x33, 0x33, 0xff, 0x12, 0x34, 0x56 };
	static const uint8_t group[] = { 0xff, 2, 0, 0, 0,    0,    0,	  0,
					 0,    0, 0, 1, 0xff, 0x12, 0x34, 0x56 };
	uint8_t bytes[QUESTION_MAX_BYTES];
	uint32_t sum = 58 + 32;

	assert_int_equal(question_put(&asked, bytes, sizeof(bytes)), 14 + 40 + 32);
	assert_memory_equal(bytes, to, 6);
	assert_memory_equal(bytes + 38, group, 16);
	assert_int_equal(bytes[21], 255);
	assert_memory_equal(bytes + 80, asker_mac, 6);
	for (size_t i = 22; i < 86; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
}

static void a_probe_bears_no_address_and_no_mac_beside_it(void **state)
{
	struct question asked = question("::", "2001:db8::1");
	uint8_t bytes[QUESTION_MAX_BYTES];

	assert_int_equal(question_put(&asked, bytes, sizeof(bytes)), 14 + 40 + 24);
}

/* An advertisement of @target by us to @asked, as RFC 4861 wants it. */
static size_t advertise(const struct question *asked, uint8_t flags, uint8_t *bytes)
{
	struct question back = { .from = asked->target, .target = asked->from, .unicast = true };
	size_t length;

	memcpy(back.mac, our_mac, 6);
	memcpy(back.to_mac, asked->mac, 6);
	length = question_put(&back, bytes, QUESTION_MAX_BYTES);
	bytes[54] = 136;
	bytes[58] = flags;
	memcpy(bytes + 62, asked->target.bytes, 16);
	bytes[78] = 2;
	memset(bytes + 56, 0, 2);
	for (uint32_t sum = 58 + 32, i = 22;; i += 2) {
		if (i == 86) {
			sum = ~((sum & 0xffff) + (sum >> 16));
			bytes[56] = (uint8_t)(sum >> 8);
			bytes[57] = (uint8_t)sum;
			return length;
		}
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	}
}

static void an_advertisement_is_read_and_found_right(void **state)
{
	struct question asked = question("2001:db8::2", "2001:db8::1");
	uint8_t bytes[QUESTION_MAX_BYTES];
	struct answer answer;
	size_t length = advertise(&asked, 0xe0, bytes);

	assert_int_equal(answer_get(bytes, length, &answer), 0);
	assert_null(answer_fault(&answer, &asked, our_mac));
	assert_true(answer.router && answer.solicited && answer.override);
	assert_false(answer_is_announcement(&answer));
	assert_string_equal(answer_fault(&answer, &asked, asker_mac), "comes from another MAC");
	asked.target.bytes[15] = 7;
	assert_string_equal(answer_fault(&answer, &asked, our_mac), "is about another target");
	asked = question("2001:db8::2", "2001:db8::1");
	asked.mac[5] = 9;
	assert_string_equal(answer_fault(&answer, &asked, our_mac), "goes to another MAC");
	asked = question("2001:db8::3", "2001:db8::1");
	assert_string_equal(answer_fault(&answer, &asked, our_mac), "goes to another address");
	asked = question("2001:db8::2", "2001:db8::1");
	advertise(&asked, 0x20, bytes);
	assert_int_equal(answer_get(bytes, length, &answer), 0);
	assert_string_equal(answer_fault(&answer, &asked, our_mac), "has the solicited flag wrong");
}

static void what_a_receiver_would_discard_is_malformed(void **state)
{
	struct question asked = question("2001:db8::2", "2001:db8::1");
	static const size_t broken[] = { 19, 21, 55, 57, 62, 79, 85 };
	uint8_t bytes[QUESTION_MAX_BYTES];
	struct answer answer;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		size_t length = advertise(&asked, 0x60, bytes);

		bytes[broken[i]] ^= 1;
		assert_int_equal(answer_get(bytes, length, &answer), -EBADMSG);
	}
	for (size_t length = 0; length < 86; length++) {
		advertise(&asked, 0x60, bytes);
		assert_int_not_equal(answer_get(bytes, length, &answer), 0);
	}
	assert_int_equal(answer_get(bytes, question_put(&asked, bytes, sizeof(bytes)), &answer),
			 -ENOMSG);
}

static void a_reply_is_read_and_found_right(void **state)
{
	struct question asked = question("192.0.2.2", "192.0.2.99");
	static const uint8_t bytes[] = { 2,   0, 0, 0,	0, 1, 2, 0, 0, 0, 0,   2, 8, 6,
					 0,   1, 8, 0,	6, 4, 0, 2, 2, 0, 0,   0, 0, 2,
					 192, 0, 2, 99, 2, 0, 0, 0, 0, 1, 192, 0, 2, 2 };
	struct answer answer;

	assert_int_equal(answer_get(bytes, sizeof(bytes), &answer), 0);
	assert_null(answer_fault(&answer, &asked, our_mac));
	assert_false(answer_is_announcement(&answer));
	asked.from.bytes[3] = 3;
	assert_string_equal(answer_fault(&answer, &asked, our_mac), "goes to another address");
	assert_int_equal(answer_get(bytes, sizeof(bytes) - 1, &answer), -EBADMSG);
}

/* Whether any host could take it for a question: the slow honest twin of what spoils. */
static bool is_a_question(const uint8_t *bytes, size_t length)
{
	static const uint8_t arp_start[] = { 0, 1, 8, 0, 6, 4, 0 }, zeros[16];
	uint32_t sum = 58;

	if (bytes[12] == 8)
		return length >= 42 && !memcmp(bytes + 14, arp_start, 7) &&
		       (bytes[21] == 1 || bytes[21] == 2) && !memcmp(bytes + 6, bytes + 22, 6) &&
		       !(bytes[6] & 1) && memcmp(bytes + 6, zeros, 6) && (bytes[38] < 224) &&
		       bytes[28] < 224;
	if (length < 78 || bytes[14] >> 4 != 6 ||
	    (size_t)(bytes[18] << 8 | bytes[19]) != length - 54 || bytes[20] != 58 ||
	    bytes[21] != 255 || bytes[54] != 135 || bytes[55] || bytes[62] == 0xff ||
	    bytes[22] == 0xff)
		return false;
	sum += (uint32_t)length - 54;
	for (size_t i = 22; i < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if ((sum & 0xffff) + (sum >> 16) != 0xffff)
		return false;
	for (size_t at = 78; at < length; at += bytes[at + 1] * 8u)
		if (at + 8 > length || !bytes[at + 1] || at + bytes[at + 1] * 8u > length ||
		    (bytes[at] == 1 && !memcmp(bytes + 22, zeros, 16)))
			return false;
	return memcmp(bytes + 22, zeros, 16) || bytes[38] == 0xff;
}

static void what_is_spoiled_is_no_question_any_more(void **state)
{
	static const char *const pairs[][2] = { { "192.0.2.2", "192.0.2.99" },
						{ "0.0.0.0", "192.0.2.99" },
						{ "2001:db8::2", "2001:db8::1" },
						{ "::", "2001:db8::1" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct question asked = question(pairs[i][0], pairs[i][1]);

		for (uint64_t random = 0; random < SPOILED; random++) {
			uint8_t bytes[QUESTION_MAX_BYTES];
			size_t length = question_put(&asked, bytes, sizeof(bytes));

			if (!random)
				assert_true(is_a_question(bytes, length));
			length = question_spoil(bytes, length, random * 0x9e3779b97f4a7c15ull);
			assert_true(length >= 14 && length <= sizeof(bytes));
			assert_false(is_a_question(bytes, length));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arp_request_is_written_as_rfc_826_has_it),
		cmocka_unit_test(a_solicitation_goes_to_the_group_of_its_target),
		cmocka_unit_test(a_probe_bears_no_address_and_no_mac_beside_it),
		cmocka_unit_test(an_advertisement_is_read_and_found_right),
		cmocka_unit_test(what_a_receiver_would_discard_is_malformed),
		cmocka_unit_test(a_reply_is_read_and_found_right),
		cmocka_unit_test(what_is_spoiled_is_no_question_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
