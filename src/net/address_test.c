/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void addresses_are_printed_as_rfc_5952_asks(void **state)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "fe80::00ff", "fe80::ff" },
	};
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct address address = address_of(pairs[i][0]);

		assert_string_equal(address_text(&address, text), pairs[i][1]);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = { "",	   "192.0.2",		"192.0.2.256",
					     "192.0.2.01", "192.0.2.1 ",	"2001:db8::g",
					     ":::",	   "1:2:3:4:5:6:7:8:9", "fe80::1%lo",
					     "[::1]",	   "localhost",		"0x7f.1" };
	struct address untouched = { .family = 77 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(address_parse(texts[i], &untouched), -EINVAL);
	assert_int_equal(untouched.family, 77);
}

static void a_prefix_without_length_is_a_single_address(void **state)
{
	assert_int_equal(prefix_of("192.0.2.1").length, 32);
	assert_int_equal(prefix_of("2001:db8::1").length, 128);
}

static void a_length_too_large_is_told_from_no_prefix_at_all(void **state)
{
	static const char *const ranges[] = { "198.51.100.0/33", "2001:db8::/129", "192.0.2.0/9999",
					      "192.0.2.0/99999999999999999999" };
	static const char *const wrong[] = { "192.0.2.0/",    "192.0.2.0/-1", "192.0.2.0/+8",
					     "192.0.2.0/08",  "192.0.2.0/8 ", "192.0.2.0/ 8",
					     "192.0.2.0/8/8", "/24",	      "192.0.2.0/x" };
	struct prefix prefix;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_int_equal(prefix_parse(ranges[i], &prefix), -ERANGE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(prefix_parse(wrong[i], &prefix), -EINVAL);
}

static void a_text_too_long_is_no_prefix(void **state)
{
	char text[500];
	struct prefix prefix;

	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(prefix_parse(text, &prefix), -EINVAL);
}

static void host_bits_are_kept_and_can_be_cleaned(void **state)
{
	struct prefix prefix = prefix_of("198.51.100.1/23"), clean = prefix_clean(&prefix);
	char text[ADDRESS_TEXT_SIZE];

	assert_string_equal(prefix_text(&prefix, text), "198.51.100.1/23");
	assert_false(prefix_is_clean(&prefix));
	assert_string_equal(prefix_text(&clean, text), "198.51.100.0/23");
	assert_true(prefix_is_clean(&clean));
}

static struct prefix random_prefix(void)
{
	struct prefix prefix = { .family = rand() % 2 ? AF_INET : AF_INET6 };

	prefix.length = (uint8_t)(rand() % (address_bits(prefix.family) + 1));
	for (size_t i = 0; i < address_size(prefix.family); i++)
		prefix.bytes[i] = (uint8_t)(rand() % 3 ? 0 : rand());
	return prefix;
}

static void every_prefix_is_read_as_it_was_printed(void **state)
{
	char text[ADDRESS_TEXT_SIZE];

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct prefix prefix = random_prefix(), read;

		assert_int_equal(prefix_parse(prefix_text(&prefix, text), &read), 0);
		assert_memory_equal(&read, &prefix, sizeof(prefix));
	}
}

static void the_longest_text_fits(void **state)
{
	struct prefix prefix = prefix_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	struct address address = prefix_address(&prefix);
	char text[ADDRESS_TEXT_SIZE], endpoint[ENDPOINT_TEXT_SIZE];

	assert_string_equal(prefix_text(&prefix, text),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	assert_string_equal(endpoint_text(&address, 65535, endpoint),
			    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	address = address_of("192.0.2.1");
	assert_string_equal(endpoint_text(&address, 53, endpoint), "192.0.2.1:53");
}

static void no_address_is_called_none(void **state)
{
	char text[ADDRESS_TEXT_SIZE];

	assert_string_equal(address_text(&(struct address){ 0 }, text), "none");
	assert_string_equal(prefix_text(&(struct prefix){ 0 }, text), "none");
}

static void a_prefix_holds_its_first_and_last_address_and_not_their_neighbours(void **state)
{
	struct prefix prefix = prefix_of("198.51.100.64/26");
	struct address first = address_of("198.51.100.64"), last = address_of("198.51.100.127");
	struct address before = address_of("198.51.100.63"), after = address_of("198.51.100.128");
	struct prefix everything = prefix_of("0.0.0.0/0"), v6 = prefix_of("::/0");

	assert_true(prefix_holds(&prefix, &first));
	assert_true(prefix_holds(&prefix, &last));
	assert_false(prefix_holds(&prefix, &before));
	assert_false(prefix_holds(&prefix, &after));
	assert_true(prefix_holds(&everything, &after));
	assert_false(prefix_holds(&v6, &after));
}

static void covering_and_overlapping_agree_with_each_other(void **state)
{
	struct prefix wide = prefix_of("2001:db8::/32"), narrow = prefix_of("2001:db8:1::/48");
	struct prefix other = prefix_of("2001:db9::/48");

	assert_true(prefix_covers(&wide, &narrow));
	assert_false(prefix_covers(&narrow, &wide));
	assert_true(prefix_covers(&wide, &wide));
	assert_true(prefix_overlaps(&narrow, &wide));
	assert_false(prefix_overlaps(&other, &wide));
	srand(2);
	for (unsigned i = 0; i < 20000; i++) {
		struct prefix a = random_prefix(), b = random_prefix();
		struct address in_b = prefix_address(&b);

		if (prefix_covers(&a, &b))
			assert_true(prefix_holds(&a, &in_b));
		assert_int_equal(prefix_overlaps(&a, &b), prefix_overlaps(&b, &a));
	}
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static void a_prefix_sorts_right_before_what_is_inside_it(void **state)
{
	struct prefix prefixes[] = { prefix_of("::/0"),
				     prefix_of("198.51.101.0/24"),
				     prefix_of("198.51.100.0/25"),
				     prefix_of("198.51.100.0/24"),
				     prefix_of("198.51.100.7/32"),
				     prefix_of("0.0.0.0/0") };
	static const char *const sorted[] = { "0.0.0.0/0",	 "198.51.100.0/24",
					      "198.51.100.0/25", "198.51.100.7/32",
					      "198.51.101.0/24", "::/0" };
	char text[ADDRESS_TEXT_SIZE];

	qsort(prefixes, 6, sizeof(prefixes[0]), by_prefix);
	for (unsigned i = 0; i < 6; i++)
		assert_string_equal(prefix_text(&prefixes[i], text), sorted[i]);
}

static void kinds_of_addresses_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool multicast, link_local, unspecified;
	} rows[] = {
		{ "224.0.0.1", true, false, false },   { "239.255.255.255", true, false, false },
		{ "240.0.0.1", false, false, false },  { "223.255.255.255", false, false, false },
		{ "169.254.0.1", false, true, false }, { "169.253.0.1", false, false, false },
		{ "0.0.0.0", false, false, true },     { "ff02::1", true, false, false },
		{ "fe80::1", false, true, false },     { "febf::1", false, true, false },
		{ "fec0::1", false, false, false },    { "::", false, false, true },
		{ "::1", false, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address address = address_of(rows[i].text);

		assert_int_equal(address_is_multicast(&address), rows[i].multicast);
		assert_int_equal(address_is_link_local(&address), rows[i].link_local);
		assert_int_equal(address_is_unspecified(&address), rows[i].unspecified);
	}
}

static void an_address_goes_through_a_socket_address_and_back(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1", "0.0.0.0", "::" };
	struct sockaddr_storage storage;
	struct address back;
	uint16_t port;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct address address = address_of(texts[i]);
		socklen_t length = address_to_sockaddr(&address, 7777, &storage);

		assert_int_equal(length, address.family == AF_INET ? sizeof(struct sockaddr_in) :
								     sizeof(struct sockaddr_in6));
		assert_int_equal(address_from_sockaddr(&storage, &back, &port), 0);
		assert_true(address_equal(&back, &address));
		assert_int_equal(port, 7777);
	}
}

static void a_mapped_address_becomes_the_ipv4_address(void **state)
{
	struct address mapped = address_of("::ffff:192.0.2.1"), back, v4 = address_of("192.0.2.1");
	struct sockaddr_storage storage;
	uint16_t port;

	address_to_sockaddr(&mapped, 53, &storage);
	assert_int_equal(address_from_sockaddr(&storage, &back, &port), 0);
	assert_true(address_equal(&back, &v4));
}

static void a_socket_address_of_another_family_is_refused(void **state)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNIX };
	struct address address = { .family = 77 };
	uint16_t port = 1;

	assert_int_equal(address_from_sockaddr(&storage, &address, &port), -EAFNOSUPPORT);
	assert_int_equal(address.family, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_printed_as_rfc_5952_asks),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_prefix_without_length_is_a_single_address),
		cmocka_unit_test(a_length_too_large_is_told_from_no_prefix_at_all),
		cmocka_unit_test(a_text_too_long_is_no_prefix),
		cmocka_unit_test(host_bits_are_kept_and_can_be_cleaned),
		cmocka_unit_test(every_prefix_is_read_as_it_was_printed),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(no_address_is_called_none),
		cmocka_unit_test(a_prefix_holds_its_first_and_last_address_and_not_their_neighbours),
		cmocka_unit_test(covering_and_overlapping_agree_with_each_other),
		cmocka_unit_test(a_prefix_sorts_right_before_what_is_inside_it),
		cmocka_unit_test(kinds_of_addresses_are_told_apart),
		cmocka_unit_test(an_address_goes_through_a_socket_address_and_back),
		cmocka_unit_test(a_mapped_address_becomes_the_ipv4_address),
		cmocka_unit_test(a_socket_address_of_another_family_is_refused),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
