/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_top.h"

#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct address numbered(uint32_t number)
{
	struct address address = { AF_INET6, { 0x20, 1, 0xd, 0xb8 } };

	memcpy(&address.bytes[12], &number, sizeof(number));
	return address;
}

static struct dns_top *new_tops(unsigned count)
{
	struct dns_top *tops = mem_alloc(count * sizeof(*tops));

	for (unsigned i = 0; i < count; i++)
		dns_top_init(&tops[i], sizeof(struct address));
	return tops;
}

static void count_address(struct dns_top *top, const struct address *address)
{
	dns_top_count(top, dns_top_hash(address, sizeof(*address)), address, sizeof(*address));
}

static struct address address_of(const struct dns_top_entry *entry)
{
	struct address address;

	memcpy(&address, entry->key, sizeof(address));
	return address;
}

static void the_busy_ones_stand_out_of_a_crowd(void **state)
{
	struct dns_top *top = new_tops(1);
	struct dns_top_list list = { 0 };
	uint64_t slow[10] = { 0 };

	srandom(7);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned busy = (unsigned)random() % 20;
		struct address address = numbered(busy < 10 ? busy : 1000 + (uint32_t)random());

		if (busy < 10)
			slow[busy]++;
		count_address(top, &address);
	}
	dns_top_join(&list, top);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 10);
	for (unsigned i = 0; i < 10; i++) {
		const struct dns_top_entry *entry = &list.items.items[i];
		struct address address = address_of(entry);
		uint32_t number;

		memcpy(&number, &address.bytes[12], sizeof(number));
		assert_in_range(number, 0, 9);
		/* What is told was surely counted, and not much is missing. */
		assert_true(entry->count - entry->error <= slow[number]);
		assert_true(entry->count >= slow[number]);
	}
	VEC_FREE(&list.items);
	dns_top_free(top);
	mem_freep(&top);
}

static void what_two_threads_counted_is_added(void **state)
{
	struct dns_top *tops = new_tops(2);
	struct dns_top_list list = { 0 };
	struct address one = numbered(1), two = numbered(2), first;

	for (unsigned i = 0; i < 3; i++) {
		count_address(&tops[0], &one);
		count_address(&tops[1], &one);
		count_address(&tops[1], &two);
	}
	dns_top_join(&list, &tops[0]);
	dns_top_join(&list, &tops[1]);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 2);
	first = address_of(&list.items.items[0]);
	assert_true(address_equal(&first, &one));
	assert_int_equal(list.items.items[0].count, 6);
	assert_int_equal(list.items.items[1].count, 3);
	VEC_FREE(&list.items);
	dns_top_free(&tops[0]);
	dns_top_free(&tops[1]);
	mem_freep(&tops);
}

static void names_of_any_length_are_told_apart(void **state)
{
	struct dns_top *top = mem_alloc(sizeof(*top));
	struct dns_top_list list = { 0 };
	uint8_t name[DNS_TOP_KEY] = { 0 };

	memset(name, 'a', sizeof(name) - 1);
	dns_top_init(top, DNS_TOP_KEY);
	for (unsigned length = 1; length < DNS_TOP_KEY; length += 8)
		for (unsigned i = 0; i < length; i++)
			dns_top_count(top, dns_top_hash(name, length), name, length);
	dns_top_join(&list, top);
	dns_top_cut(&list, 3);
	assert_int_equal(list.items.items[0].count - list.items.items[0].error, 249);
	assert_int_equal(strlen((const char *)list.items.items[0].key), 249);
	assert_int_equal(strlen((const char *)list.items.items[1].key), 241);
	VEC_FREE(&list.items);
	dns_top_free(top);
	mem_freep(&top);
}

static void nobody_asked_is_an_empty_list(void **state)
{
	struct dns_top *top = new_tops(1);
	struct dns_top_list list = { 0 };

	dns_top_join(&list, top);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 0);
	VEC_FREE(&list.items);
	dns_top_free(top);
	mem_freep(&top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_busy_ones_stand_out_of_a_crowd),
		cmocka_unit_test(what_two_threads_counted_is_added),
		cmocka_unit_test(names_of_any_length_are_told_apart),
		cmocka_unit_test(nobody_asked_is_an_empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
