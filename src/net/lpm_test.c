/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table is compared with a twin too simple to be wrong: walk every prefix, compare bit by
 * bit, keep the longest. Prefixes and questions are random, but drawn from few bits, so that
 * they nest, repeat and miss one another often.
 */
#include "net/lpm.h"

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

static bool bit(const uint8_t *bytes, unsigned at)
{
	return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* The slow honest twin of lpm_find_within(). */
static const struct lpm_entry *twin_find(const struct lpm_entry *entries, size_t count,
					 const struct address *address, uint8_t longest)
{
	const struct lpm_entry *found = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct prefix *prefix = &entries[i].prefix;
		bool holds = prefix->family == address->family && prefix->length <= longest;

		for (unsigned at = 0; holds && at < prefix->length; at++)
			holds = bit(prefix->bytes, at) == bit(address->bytes, at);
		if (holds && (!found || prefix->length > found->prefix.length))
			found = &entries[i];
	}
	return found;
}

/* Few different bytes, so that random addresses share long beginnings. */
static struct address random_address(void)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0x80, 0xff };
	struct address address = { .family = rand() % 2 ? AF_INET : AF_INET6 };

	for (size_t i = 0; i < address_size(address.family); i++)
		address.bytes[i] = bytes[(size_t)(rand() % 4) * (rand() % 3 == 0)];
	return address;
}

static struct prefix random_prefix(void)
{
	struct address address = random_address();
	struct prefix prefix = prefix_of_address(&address);

	prefix.length = (uint8_t)(rand() % (prefix.length + 1));
	return prefix_clean(&prefix);
}

static void compare_with_twin(size_t count)
{
	struct lpm_entry *entries = calloc(count + 1, sizeof(*entries));
	struct lpm *lpm;

	for (size_t i = 0; i < count; i++)
		entries[i] = (struct lpm_entry){ random_prefix(), (uint32_t)i };
	lpm = lpm_new(entries, count);
	for (unsigned question = 0; question < 400; question++) {
		struct address address = random_address();
		uint8_t longest = (uint8_t)(rand() % 129);
		const struct lpm_entry *expected = twin_find(entries, count, &address, longest);
		const struct lpm_entry *found = lpm_find_within(lpm, &address, longest);

		assert_int_equal(!found, !expected);
		if (found)
			assert_int_equal(found->value, expected->value);
	}
	lpm_free(lpm);
	free(entries);
}

static void every_answer_is_that_of_the_slow_twin(void **state)
{
	srand(20);
	for (size_t count = 0; count < 12; count++)
		compare_with_twin(count);
	for (unsigned round = 0; round < 40; round++)
		compare_with_twin((size_t)rand() % 300);
	compare_with_twin(5000);
}

static void the_most_specific_prefix_wins(void **state)
{
	const struct lpm_entry entries[] = {
		{ prefix_of("2001:db8::/32"), 32 },
		{ prefix_of("2001:db8:1:1::/64"), 64 },
		{ prefix_of("2001:db8:1:1::7"), 128 },
		{ prefix_of("0.0.0.0/0"), 0 },
	};
	struct lpm *lpm = lpm_new(entries, 4);
	struct address exact = address_of("2001:db8:1:1::7"), near = address_of("2001:db8:1:1::8");
	struct address far = address_of("2001:db8:ffff::"), foreign = address_of("2001:db9::");
	struct address v4 = address_of("203.0.113.9");

	assert_int_equal(lpm_find(lpm, &exact)->value, 128);
	assert_int_equal(lpm_find_within(lpm, &exact, 127)->value, 64);
	assert_int_equal(lpm_find(lpm, &near)->value, 64);
	assert_int_equal(lpm_find(lpm, &far)->value, 32);
	assert_null(lpm_find(lpm, &foreign));
	assert_int_equal(lpm_find(lpm, &v4)->value, 0);
	lpm_free(lpm);
}

static void of_two_equal_prefixes_the_first_wins(void **state)
{
	const struct lpm_entry entries[] = {
		{ prefix_of("198.51.100.0/24"), 1 },
		{ prefix_of("198.51.100.0/24"), 2 },
	};
	struct lpm *lpm = lpm_new(entries, 2);
	struct address address = address_of("198.51.100.255");

	assert_int_equal(lpm_find(lpm, &address)->value, 1);
	lpm_free(lpm);
}

static void a_prefix_finds_what_covers_all_of_it(void **state)
{
	const struct lpm_entry entries[] = {
		{ prefix_of("198.51.100.0/24"), 24 },
		{ prefix_of("198.51.100.128/25"), 25 },
	};
	struct lpm *lpm = lpm_new(entries, 2);
	struct prefix wide = prefix_of("198.51.100.0/23"), same = prefix_of("198.51.100.0/24");
	struct prefix narrow = prefix_of("198.51.100.192/26");

	assert_null(lpm_find_cover(lpm, &wide));
	assert_int_equal(lpm_find_cover(lpm, &same)->value, 24);
	assert_int_equal(lpm_find_cover(lpm, &narrow)->value, 25);
	lpm_free(lpm);
}

static void an_empty_table_and_no_address_find_nothing(void **state)
{
	struct lpm *lpm = lpm_new(NULL, 0);
	struct address address = address_of("192.0.2.1"), none = { 0 };

	assert_null(lpm_find(lpm, &address));
	assert_null(lpm_find(lpm, &none));
	lpm_free(lpm);
	lpm_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_that_of_the_slow_twin),
		cmocka_unit_test(the_most_specific_prefix_wins),
		cmocka_unit_test(of_two_equal_prefixes_the_first_wins),
		cmocka_unit_test(a_prefix_finds_what_covers_all_of_it),
		cmocka_unit_test(an_empty_table_and_no_address_find_nothing),
	};

	return cmocka_run_group_tests_name("lpm", tests, NULL, NULL);
}
