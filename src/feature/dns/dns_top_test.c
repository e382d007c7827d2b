/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_top.h"

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

static void the_busy_ones_stand_out_of_a_crowd(void **state)
{
	struct dns_top *top = mem_alloc(sizeof(*top));
	struct dns_top_list list = { 0 };
	uint64_t slow[10] = { 0 };

	srandom(7);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned busy = (unsigned)random() % 20;
		struct address address = numbered(busy < 10 ? busy : 1000 + (uint32_t)random());

		if (busy < 10)
			slow[busy]++;
		dns_top_count(top, &address);
	}
	dns_top_join(&list, top);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 10);
	for (unsigned i = 0; i < 10; i++) {
		const struct dns_top_entry *entry = &list.items.items[i];
		uint32_t number;

		memcpy(&number, &entry->address.bytes[12], sizeof(number));
		assert_in_range(number, 0, 9);
		/* What is told was surely counted, and not much is missing. */
		assert_true(entry->count - entry->error <= slow[number]);
		assert_true(entry->count >= slow[number]);
	}
	VEC_FREE(&list.items);
	mem_freep(&top);
}

static void what_two_threads_counted_is_added(void **state)
{
	struct dns_top *tops = mem_alloc(2 * sizeof(*tops));
	struct dns_top_list list = { 0 };
	struct address one = numbered(1), two = numbered(2);

	for (unsigned i = 0; i < 3; i++) {
		dns_top_count(&tops[0], &one);
		dns_top_count(&tops[1], &one);
		dns_top_count(&tops[1], &two);
	}
	dns_top_join(&list, &tops[0]);
	dns_top_join(&list, &tops[1]);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 2);
	assert_true(address_equal(&list.items.items[0].address, &one));
	assert_int_equal(list.items.items[0].count, 6);
	assert_int_equal(list.items.items[1].count, 3);
	VEC_FREE(&list.items);
	mem_freep(&tops);
}

static void nobody_asked_is_an_empty_list(void **state)
{
	struct dns_top *top = mem_alloc(sizeof(*top));
	struct dns_top_list list = { 0 };

	dns_top_join(&list, top);
	dns_top_cut(&list, 10);
	assert_int_equal(list.items.count, 0);
	VEC_FREE(&list.items);
	mem_freep(&top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_busy_ones_stand_out_of_a_crowd),
		cmocka_unit_test(what_two_threads_counted_is_added),
		cmocka_unit_test(nobody_asked_is_an_empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
