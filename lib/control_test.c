/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Returns the bytes that it takes at @at. */
static size_t put(char *at, int level, int type, const void *data, size_t length)
{
	struct cmsghdr header = { .cmsg_level = level,
				  .cmsg_type = type,
				  .cmsg_len = CMSG_LEN(length) };

	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), data, length);
	return CMSG_SPACE(length);
}

static size_t append_v4(char *control, size_t at, const char *asked, const char *own)
{
	struct in_pktinfo info = { .ipi_ifindex = 7 };

	assert_int_equal(inet_pton(AF_INET, asked, &info.ipi_addr), 1);
	assert_int_equal(inet_pton(AF_INET, own, &info.ipi_spec_dst), 1);
	return at + put(control + at, SOL_IP, IP_PKTINFO, &info, sizeof(info));
}

static size_t append_v6(char *control, size_t at, const char *asked)
{
	struct in6_pktinfo info = { .ipi6_ifindex = 9 };

	assert_int_equal(inet_pton(AF_INET6, asked, &info.ipi6_addr), 1);
	return at + put(control + at, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void assert_address(const struct mh_address *address, const char *text)
{
	char buffer[INET6_ADDRSTRLEN] = "none";

	if (address->family)
		assert_non_null(inet_ntop(address->family, address->bytes, buffer, sizeof(buffer)));
	assert_string_equal(buffer, text);
}

static struct mh_arrival read_v4(const char *asked, const char *own)
{
	char control[MH_CONTROL_IN] = { 0 };
	struct mh_arrival arrival;

	mh_control_read(control, append_v4(control, 0, asked, own), &arrival);
	return arrival;
}

static struct mh_arrival read_v6(const char *asked)
{
	char control[MH_CONTROL_IN] = { 0 };
	struct mh_arrival arrival;

	mh_control_read(control, append_v6(control, 0, asked), &arrival);
	return arrival;
}

static void a_unicast_datagram_is_answered_from_its_destination(void **state)
{
	struct mh_arrival four = read_v4("198.51.100.7", "198.51.100.7"),
			  six = read_v6("2001:db8:1:1::42");

	assert_address(&four.asked, "198.51.100.7");
	assert_address(&four.source, "198.51.100.7");
	assert_int_equal(four.link, 7);
	assert_false(four.group);
	assert_address(&six.asked, "2001:db8:1:1::42");
	assert_address(&six.source, "2001:db8:1:1::42");
	assert_int_equal(six.link, 9);
	assert_false(six.group);
}

static void a_broadcast_is_answered_from_a_unicast_address(void **state)
{
	struct mh_arrival net = read_v4("192.0.2.255", "192.0.2.1"),
			  all = read_v4("255.255.255.255", "192.0.2.1");

	assert_true(net.group);
	assert_address(&net.asked, "192.0.2.255");
	assert_address(&net.source, "192.0.2.1");
	assert_true(all.group);
	assert_address(&all.source, "192.0.2.1");
}

static void a_group_is_never_the_source(void **state)
{
	struct mh_arrival four = read_v4("224.0.0.1", "224.0.0.1"), six = read_v6("ff02::1");

	assert_true(four.group);
	assert_address(&four.source, "none");
	assert_true(six.group);
	assert_address(&six.asked, "ff02::1");
	assert_address(&six.source, "none");
}

static void on_a_dual_stack_socket_ipv4_knows_more(void **state)
{
	char control[MH_CONTROL_IN] = { 0 };
	struct mh_arrival arrival;
	size_t length = append_v6(control, 0, "::ffff:192.0.2.255");

	mh_control_read(control, length, &arrival);
	assert_address(&arrival.asked, "192.0.2.255");
	length = append_v4(control, length, "192.0.2.255", "192.0.2.1");
	length = append_v6(control, length, "::ffff:192.0.2.255");
	mh_control_read(control, length, &arrival);
	assert_address(&arrival.source, "192.0.2.1");
	assert_true(arrival.group);
}

static void the_length_of_segments_is_told(void **state)
{
	char control[MH_CONTROL_IN] = { 0 };
	int segment = 1200, absurd = 70000;
	struct mh_arrival arrival;

	mh_control_read(control, put(control, SOL_UDP, UDP_GRO, &segment, sizeof(segment)), &arrival);
	assert_int_equal(arrival.segment, 1200);
	mh_control_read(control, put(control, SOL_UDP, UDP_GRO, &absurd, sizeof(absurd)), &arrival);
	assert_int_equal(arrival.segment, 0);
}

/* Whatever the lengths say, nothing outside the given bytes is read: the sanitizers would tell. */
static void cut_and_lying_control_data_is_survived(void **state)
{
	char control[MH_CONTROL_IN] = { 0 };
	struct mh_arrival arrival;
	size_t whole = append_v4(control, append_v6(control, 0, "2001:db8::1"), "192.0.2.1",
				 "192.0.2.1");

	for (size_t length = 0; length <= whole; length++) {
		char *cut = malloc(length ? length : 1);

		memcpy(cut, control, length);
		mh_control_read(cut, length, &arrival);
		free(cut);
	}
	for (size_t lie = 0; lie < 200; lie++) {
		((struct cmsghdr *)control)->cmsg_len = lie;
		mh_control_read(control, whole, &arrival);
	}
	((struct cmsghdr *)control)->cmsg_len = (size_t)-1;
	mh_control_read(control, whole, &arrival);
	assert_address(&arrival.asked, "none");
}

static void what_is_written_is_read_back(void **state)
{
	struct mh_address four = { AF_INET, { 198, 51, 100, 9 } },
			  six = { AF_INET6, { 0x20, 1, 0xd, 0xb8 } }, none = { 0 };
	_Alignas(struct cmsghdr) char control[MH_CONTROL_OUT];
	struct mh_arrival arrival;
	size_t length = mh_control_write(control, &four, 3, 0);
	uint16_t segment;

	assert_int_equal(length, CMSG_LEN(sizeof(struct in_pktinfo)));
	assert_int_equal(((struct in_pktinfo *)CMSG_DATA((struct cmsghdr *)control))->ipi_ifindex, 3);
	assert_memory_equal(&((struct in_pktinfo *)CMSG_DATA((struct cmsghdr *)control))->ipi_spec_dst,
			    four.bytes, 4);
	/* More would not fit on the kernel's stack. */
	assert_int_equal(mh_control_write(control, &six, 5, 0), 36);
	length = mh_control_write(control, &six, 5, 1400);
	assert_int_equal(length, CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_LEN(sizeof(segment)));
	mh_control_read(control, length, &arrival);
	assert_memory_equal(&arrival.asked, &six, sizeof(six));
	assert_int_equal(arrival.link, 5);
	memcpy(&segment, control + CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_LEN(0),
	       sizeof(segment));
	assert_int_equal(segment, 1400);
	assert_int_equal(mh_control_write(control, &none, 0, 0), 0);
}

static void prefixes_are_parsed_strictly(void **state)
{
	static const char *const wrong[] = { "",
					     "/",
					     "192.0.2.1/24",
					     "192.0.2.0/33",
					     "192.0.2.0/",
					     "192.0.2.0/024",
					     "2001:db8::1/64",
					     "::/129",
					     "::/-1",
					     "fe80::1%",
					     "fe80::1/%lo",
					     "fe80::1/128%lo",
					     "fe80::%lo/64/1",
					     "%lo",
					     "name",
					     "::/0x1" };
	struct mh_prefix prefix;
	struct mh_address inside = { AF_INET, { 198, 51, 103, 255 } },
			  outside = { AF_INET, { 198, 51, 104, 0 } };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(mh_prefix_parse(wrong[i], &prefix), -22);
	assert_int_equal(mh_prefix_parse("198.51.100.0/22", &prefix), 0);
	assert_true(mh_prefix_holds(&prefix, &inside));
	assert_false(mh_prefix_holds(&prefix, &outside));
	assert_int_equal(mh_prefix_parse("2001:db8:1:1::/64", &prefix), 0);
	assert_false(mh_prefix_holds(&prefix, &inside));
}

static void a_prefix_may_name_its_link(void **state)
{
	static const char *const absent[] = { "fe80::1%no such", "fe80::1%0", "fe80::1%2147483648",
					      "fe80::%01/64", "fe80::1%a-name-that-is-too-long" };
	static const struct {
		const char *text;
		unsigned length, link;
	} cases[] = { { "fe80::1%lo", 128, 1 },	       { "fe80::1%1", 128, 1 },
		      { "fe80::%lo/10", 10, 1 },       { "169.254.1.0%lo/24", 24, 1 },
		      { "fe80::1%70000", 128, 70000 }, { "fe80::/10", 10, 0 } };
	struct mh_prefix prefix;

	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		assert_int_equal(mh_prefix_parse(absent[i], &prefix), -ENODEV);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(mh_prefix_parse(cases[i].text, &prefix), 0);
		assert_int_equal(prefix.length, cases[i].length);
		assert_int_equal(prefix.link, cases[i].link);
	}
}

/* The quick way against a slow one, bit by bit. */
static void a_prefix_holds_what_begins_with_its_bits(void **state)
{
	srandom(7);
	for (unsigned turn = 0; turn < 20000; turn++) {
		struct mh_prefix prefix = { { AF_INET6, { 0 } }, (uint8_t)(random() % 129), 0 };
		struct mh_address address = { .family = AF_INET6 };
		unsigned flipped = (unsigned)random() % 128;
		bool same = true;

		for (unsigned i = 0; i < 16; i++)
			prefix.address.bytes[i] = address.bytes[i] = (uint8_t)random();
		address.bytes[flipped / 8] ^= (uint8_t)(0x80 >> flipped % 8);
		for (unsigned i = 0; i < prefix.length; i++)
			same = same && !((prefix.address.bytes[i / 8] ^ address.bytes[i / 8]) &
					 (0x80 >> i % 8));
		assert_int_equal(mh_prefix_holds(&prefix, &address), same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unicast_datagram_is_answered_from_its_destination),
		cmocka_unit_test(a_broadcast_is_answered_from_a_unicast_address),
		cmocka_unit_test(a_group_is_never_the_source),
		cmocka_unit_test(on_a_dual_stack_socket_ipv4_knows_more),
		cmocka_unit_test(the_length_of_segments_is_told),
		cmocka_unit_test(cut_and_lying_control_data_is_survived),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(prefixes_are_parsed_strictly),
		cmocka_unit_test(a_prefix_may_name_its_link),
		cmocka_unit_test(a_prefix_holds_what_begins_with_its_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
