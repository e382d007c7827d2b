/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the worker keeps: rules, who was seen, what is to be announced when. */
#include "feature/neighbours/neighbours_announce.h"
#include "feature/neighbours/neighbours_seen.h"
#include "feature/neighbours/neighbours_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINKS 3
#define RULES 600
#define QUESTIONS 5000
#define SECOND 1000000

/* Few bits, so that many rules hold one another. */
static struct prefix random_prefix(void)
{
	struct prefix prefix = { .family = rand() % 2 ? AF_INET : AF_INET6 };

	prefix.length = (uint8_t)(address_bits(prefix.family) - rand() % 12);
	prefix.bytes[0] = 0x20;
	prefix.bytes[address_size(prefix.family) - 1] = (uint8_t)rand();
	prefix.bytes[address_size(prefix.family) - 2] = (uint8_t)(rand() % 4);
	return prefix_clean(&prefix);
}

static int by_key(const void *a, const void *b)
{
	const struct neighbours_rule *one = a, *other = b;

	if (one->link != other->link)
		return one->link < other->link ? -1 : 1;
	return prefix_compare(&one->prefix, &other->prefix);
}

/* Rules in an arena as they are read, of links 10, 20 and 30. */
static struct neighbours_orders random_orders(void)
{
	struct neighbours_orders orders = { .arena = arena_new(), .port_count = LINKS };
	struct neighbours_rule *rules = arena_alloc(orders.arena, RULES * sizeof(*rules));

	orders.ports = arena_alloc(orders.arena, LINKS * sizeof(*orders.ports));
	for (uint32_t i = 0; i < LINKS; i++) {
		orders.ports[i].index = 10 * (i + 1);
		orders.ports[i].name = arena_printf(orders.arena, "eth%u", i);
	}
	for (uint32_t i = 0; i < RULES; i++) {
		rules[i].link = 10 * (uint32_t)(1 + rand() % LINKS);
		rules[i].prefix = random_prefix();
		rules[i].verdict = (uint8_t)(1 + rand() % 3);
		rules[i].flags = rand() % 2 ? NEIGHBOURS_BOUND : 0;
		rules[i].owner = (uint32_t)rand() % 50;
		rules[i].mac[5] = (uint8_t)rand();
	}
	qsort(rules, RULES, sizeof(*rules), by_key);
	for (uint32_t i = 0; i < RULES; i++)
		if (!i || by_key(&rules[i], &rules[orders.rule_count - 1]) != 0)
			rules[orders.rule_count++] = rules[i];
	orders.rules = rules;
	return orders;
}

/* The slow and honest way. */
static uint32_t longest_rule(const struct neighbours_orders *orders, uint32_t link,
			     const struct address *address)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < orders->rule_count; i++)
		if (orders->rules[i].link == link && prefix_holds(&orders->rules[i].prefix, address) &&
		    (found == UINT32_MAX ||
		     orders->rules[i].prefix.length > orders->rules[found].prefix.length))
			found = i;
	return found;
}

static void the_longest_prefix_of_the_link_decides(void **state)
{
	struct neighbours_orders orders;
	struct neighbours_table *table;

	srand(6);
	orders = random_orders();
	table = neighbours_table_new(&orders, NULL);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		uint32_t link = 10 * (uint32_t)(1 + rand() % LINKS), rule;
		const struct neighbours_place *place = neighbours_table_place(table, link);
		struct prefix prefix = random_prefix();
		struct address address = prefix_address(&prefix);
		const struct neighbours_value *value = neighbours_table_rule(table, place, &address);

		rule = longest_rule(&table->orders, link, &address);
		assert_ptr_equal(value, rule == UINT32_MAX ? NULL : &table->values[rule]);
	}
	assert_null(neighbours_table_place(table, 11));
	assert_null(neighbours_table_place(NULL, 10));
	neighbours_table_free(table);
}

static void whose_a_mac_address_is_is_known(void **state)
{
	static const uint8_t unknown[6] = { 2 };
	struct neighbours_orders orders;
	struct neighbours_table *table;

	srand(7);
	orders = random_orders();
	table = neighbours_table_new(&orders, NULL);
	for (uint32_t i = 0; i < table->orders.rule_count; i++) {
		const struct neighbours_rule *rule = &table->orders.rules[i];
		const struct neighbours_place *place = neighbours_table_place(table, rule->link);

		if (rule->verdict == NEIGHBOURS_OWN && rule->flags & NEIGHBOURS_BOUND)
			assert_non_null(neighbours_table_who(place, rule->mac));
		assert_null(neighbours_table_who(place, unknown));
		assert_int_equal(neighbours_table_counter(table, rule->owner) != NULL,
				 rule->owner != 0);
	}
	neighbours_table_free(table);
}

static void a_flood_of_claimants_leaves_those_who_still_speak(void **state)
{
	struct neighbours_seen *seen = mem_alloc(sizeof(*seen));
	struct address address = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
	uint8_t mac[6] = { 2 }, known[6] = { 2, 7, 7, 7, 7, 7 };

	for (unsigned i = 0; i < 5 * NEIGHBOURS_SEEN_MOST; i++) {
		memcpy(mac + 2, &i, sizeof(i));
		neighbours_seen_note(seen, 3, &address, mac, 1000 + i);
		neighbours_seen_note(seen, 3, &address, known, 1000 + i);
	}
	assert_int_equal(seen->count, NEIGHBOURS_SEEN_MOST);
	for (unsigned i = 0; i < seen->count; i++)
		if (memcmp(seen->items[i].mac, known, sizeof(known)) == 0) {
			assert_int_equal(seen->items[i].count, 5 * NEIGHBOURS_SEEN_MOST);
			assert_int_equal(seen->items[i].first, 1000);
			mem_freep(&seen);
			return;
		}
	fail_msg("who speaks all the time was forgotten");
}

/* How often is announced from @from on, one look a second. */
static unsigned announced(struct neighbours_announcer *announcer, int64_t from)
{
	unsigned count = 0;

	for (int64_t now = from; now < from + 10 * SECOND; now += SECOND)
		while (neighbours_announcer_due(announcer, now))
			count++;
	return count;
}

static void what_is_new_is_announced_and_what_is_known_is_not(void **state)
{
	struct neighbours_announcer announcer = { .next_us = INT64_MAX };
	struct neighbours_news news[] = {
		{ .link = 2, .address = { .family = AF_INET }, .up = true },
		{ .link = 2, .address = { .family = AF_INET6 }, .up = true },
		{ .link = 3, .address = { .family = AF_INET } },
	};
	const struct neighbours_notes one = { .items = news, .count = 1 };
	const struct neighbours_notes all = { .items = news, .count = 3 };

	neighbours_announcer_take(&announcer, &one, 0);
	assert_int_equal(announced(&announcer, 0), 2);
	neighbours_announcer_take(&announcer, &all, 20 * SECOND);
	assert_int_equal(announced(&announcer, 20 * SECOND), 3);
	neighbours_announcer_take(&announcer, &all, 40 * SECOND);
	assert_int_equal(announcer.next_us, INT64_MAX);
	news[2].up = true;
	news[0].stamp = 1;
	neighbours_announcer_take(&announcer, &all, 60 * SECOND);
	assert_int_equal(announced(&announcer, 60 * SECOND), 4);
	/* Somebody who came is told, and that one left is nothing to tell the others. */
	news[0].stamp = (uint64_t)1 << NEIGHBOURS_STAMP_BITS | 7;
	neighbours_announcer_take(&announcer, &all, 70 * SECOND);
	assert_int_equal(announced(&announcer, 70 * SECOND), 2);
	news[0].stamp = 1;
	neighbours_announcer_take(&announcer, &all, 75 * SECOND);
	assert_int_equal(announcer.next_us, INT64_MAX);
	/* What comes back after it was gone is new. */
	neighbours_announcer_take(&announcer, &one, 80 * SECOND);
	neighbours_announcer_take(&announcer, &all, 80 * SECOND);
	assert_int_equal(announced(&announcer, 80 * SECOND), 5);
	neighbours_announcer_free(&announcer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_of_the_link_decides),
		cmocka_unit_test(whose_a_mac_address_is_is_known),
		cmocka_unit_test(a_flood_of_claimants_leaves_those_who_still_speak),
		cmocka_unit_test(what_is_new_is_announced_and_what_is_known_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
