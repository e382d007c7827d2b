/* SPDX-License-Identifier: MIT */
#include "asked.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static union mh_endpoint v4(uint32_t address, uint16_t port)
{
	return (union mh_endpoint){ .v4 = { .sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(address) } };
}

static union mh_endpoint v6(const char *text, uint16_t port, unsigned link)
{
	union mh_endpoint peer = {
		.v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = link }
	};

	assert_int_equal(inet_pton(AF_INET6, text, &peer.v6.sin6_addr), 1);
	return peer;
}

static struct asked at(uint8_t last)
{
	return (struct asked){ .address = { AF_INET, { 198, 51, 100, last } }, .link = 3 };
}

static void note(uint16_t port, union mh_endpoint peer, uint8_t last)
{
	struct asked asked = at(last);

	asked_note(htons(port), &peer, &asked);
}

/* The last byte of what @peer asked, or -1. */
static int find(uint16_t port, union mh_endpoint peer, bool any_port)
{
	struct asked asked;

	return asked_find(htons(port), &peer, any_port, &asked) < 0 ? -1 : asked.address.bytes[3];
}

static void the_last_one_asked_is_found(void **state)
{
	assert_int_equal(find(53, v4(1, 1000), false), -1);
	note(53, v4(1, 1000), 7);
	assert_int_equal(find(53, v4(1, 1000), false), 7);
	note(53, v4(1, 1000), 8);
	assert_int_equal(find(53, v4(1, 1000), false), 8);
	assert_int_equal(find(53, v4(1, 1001), false), -1);
	assert_int_equal(find(53, v4(2, 1000), false), -1);
}

static void the_same_peer_on_a_socket_of_both_families_is_one(void **state)
{
	note(54, v6("::ffff:192.0.2.9", 1000, 0), 9);
	assert_int_equal(find(54, v4(0xc0000209, 1000), false), 9);
}

static void a_link_local_peer_is_another_on_another_link(void **state)
{
	note(55, v6("fe80::1", 1000, 2), 2);
	note(55, v6("fe80::1", 1000, 3), 3);
	assert_int_equal(find(55, v6("fe80::1", 1000, 2), false), 2);
	assert_int_equal(find(55, v6("fe80::1", 1000, 3), false), 3);
	assert_int_equal(find(55, v6("fe80::1", 1000, 4), false), -1);
}

static void another_port_counts_only_where_that_is_wanted(void **state)
{
	note(69, v4(7, 2000), 1);
	note(70, v4(7, 2000), 2);
	assert_int_equal(find(40000, v4(7, 2000), false), -1);
	assert_int_equal(find(40000, v4(7, 2000), true), 2);
	assert_int_equal(find(69, v4(7, 2000), true), 1);
}

static void a_question_to_a_group_forgets_the_one_before(void **state)
{
	struct asked none = { 0 };
	union mh_endpoint peer = v4(8, 1000);

	note(56, peer, 5);
	asked_note(htons(56), &peer, &none);
	assert_int_equal(find(56, peer, true), -1);
}

static void a_million_peers_leave_room_for_the_newest(void **state)
{
	for (uint32_t i = 0; i < 1000000; i++) {
		note(57, v4(0x0a000000 + i, 1000), (uint8_t)i);
		assert_int_equal(find(57, v4(0x0a000000 + i, 1000), false), (uint8_t)i);
	}
	assert_int_equal(find(57, v4(0x0a000000, 1000), false), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_one_asked_is_found),
		cmocka_unit_test(the_same_peer_on_a_socket_of_both_families_is_one),
		cmocka_unit_test(a_link_local_peer_is_another_on_another_link),
		cmocka_unit_test(another_port_counts_only_where_that_is_wanted),
		cmocka_unit_test(a_question_to_a_group_forgets_the_one_before),
		cmocka_unit_test(a_million_peers_leave_room_for_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
