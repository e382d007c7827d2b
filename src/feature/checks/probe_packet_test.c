/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct probe_echo asked = { 0x1234, 7, 0x0102030405060708, 9, 7 };

/* The answer to @asked as it comes in: the question with another type, behind an IPv4 header. */
static size_t answer_ipv4(uint8_t bytes[64], size_t header)
{
	memset(bytes, 0, 64);
	bytes[0] = (uint8_t)(0x40 | header / 4);
	probe_echo_request(&asked, AF_INET, bytes + header);
	bytes[header] = 0;
	/* Type 8 became 0: the sum over all grows by 0x0800. */
	bytes[header + 2] = (uint8_t)(bytes[header + 2] + 8);
	return header + PROBE_ECHO_SIZE;
}

static void an_echo_comes_back_as_it_went(void **state)
{
	struct probe_echo echo = { 0 };
	uint8_t bytes[64];

	for (size_t header = 20; header <= 40; header += 4) {
		size_t length = answer_ipv4(bytes, header);

		assert_true(probe_echo_reply(bytes, length, AF_INET, &echo));
		assert_memory_equal(&echo, &asked, sizeof(echo));
	}
	probe_echo_request(&asked, AF_INET6, bytes);
	bytes[0] = 129;
	assert_true(probe_echo_reply(bytes, PROBE_ECHO_SIZE, AF_INET6, &echo));
	assert_int_equal(echo.secret, asked.secret);
}

static void a_damaged_echo_is_none(void **state)
{
	struct probe_echo echo;
	uint8_t bytes[64];
	size_t length = answer_ipv4(bytes, 20);

	for (size_t i = 20; i < length; i++) {
		bytes[i] ^= 0x40;
		assert_false(probe_echo_reply(bytes, length, AF_INET, &echo));
		bytes[i] ^= 0x40;
	}
	for (size_t cut = 0; cut < length; cut++)
		assert_false(probe_echo_reply(bytes, cut, AF_INET, &echo));
	assert_true(probe_echo_reply(bytes, length, AF_INET, &echo));
}

static void the_own_question_on_loopback_is_no_answer(void **state)
{
	uint8_t bytes[64] = { 0x45 };
	struct probe_echo echo;

	probe_echo_request(&asked, AF_INET, bytes + 20);
	assert_false(probe_echo_reply(bytes, 20 + PROBE_ECHO_SIZE, AF_INET, &echo));
	probe_echo_request(&asked, AF_INET6, bytes);
	assert_false(probe_echo_reply(bytes, PROBE_ECHO_SIZE, AF_INET6, &echo));
}

static void who_has_asks_and_is_told(void **state)
{
	static const uint8_t hardware[6] = { 2, 0, 0, 0, 0, 1 };
	struct address source, target, sender;
	uint8_t bytes[PROBE_ARP_SIZE];

	address_parse("192.0.2.1", &source);
	address_parse("192.0.2.9", &target);
	probe_arp_request(hardware, &source, &target, bytes);
	assert_memory_equal(bytes, ((const uint8_t[]){ 0, 1, 8, 0, 6, 4, 0, 1 }), 8);
	assert_memory_equal(bytes + 8, hardware, 6);
	assert_memory_equal(bytes + 14, source.bytes, 4);
	assert_memory_equal(bytes + 24, target.bytes, 4);
	/* A question is no answer, whoever asks it. */
	assert_false(probe_arp_reply(bytes, sizeof(bytes), &sender));
	bytes[7] = 2;
	assert_true(probe_arp_reply(bytes, sizeof(bytes), &sender));
	assert_true(address_equal(&sender, &source));
	for (size_t cut = 0; cut < sizeof(bytes); cut++)
		assert_false(probe_arp_reply(bytes, cut, &sender));
}

static size_t advertisement(const char *target, uint8_t bytes[32])
{
	struct address address;

	address_parse(target, &address);
	memset(bytes, 0, 32);
	bytes[0] = 136;
	bytes[4] = 0x60;
	memcpy(bytes + 8, address.bytes, 16);
	bytes[24] = 2;
	bytes[25] = 1;
	return 32;
}

static void an_advertisement_names_its_target(void **state)
{
	struct address target, expected;
	uint8_t bytes[32];
	size_t length = advertisement("2001:db8::9", bytes);

	address_parse("2001:db8::9", &expected);
	assert_true(probe_nd_reply(bytes, length, 255, &target));
	assert_true(address_equal(&target, &expected));
	assert_true(probe_nd_reply(bytes, 24, 255, &target));
}

static void what_rfc_4861_refuses_is_refused(void **state)
{
	struct address target;
	uint8_t bytes[32];
	size_t length = advertisement("2001:db8::9", bytes);

	assert_false(probe_nd_reply(bytes, length, 254, &target));
	assert_false(probe_nd_reply(bytes, length, -1, &target));
	assert_false(probe_nd_reply(bytes, 23, 255, &target));
	assert_false(probe_nd_reply(bytes, 31, 255, &target));
	bytes[25] = 0;
	assert_false(probe_nd_reply(bytes, length, 255, &target));
	length = advertisement("2001:db8::9", bytes);
	bytes[1] = 1;
	assert_false(probe_nd_reply(bytes, length, 255, &target));
	length = advertisement("ff02::1", bytes);
	assert_false(probe_nd_reply(bytes, length, 255, &target));
}

static void the_group_bears_the_last_three_bytes(void **state)
{
	struct address target, group, expected;

	address_parse("2001:db8::aa:1234:5678", &target);
	address_parse("ff02::1:ff34:5678", &expected);
	group = probe_nd_group(&target);
	assert_true(address_equal(&group, &expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_comes_back_as_it_went),
		cmocka_unit_test(a_damaged_echo_is_none),
		cmocka_unit_test(the_own_question_on_loopback_is_no_answer),
		cmocka_unit_test(who_has_asks_and_is_told),
		cmocka_unit_test(an_advertisement_names_its_target),
		cmocka_unit_test(what_rfc_4861_refuses_is_refused),
		cmocka_unit_test(the_group_bears_the_last_three_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
