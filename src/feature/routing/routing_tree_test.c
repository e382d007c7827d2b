/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/routing/routing_rules.h"

#include <linux/fib_rules.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As many tables of one packet's walk as are compared. */
#define SEEN 64

struct walk {
	uint32_t tables[SEEN];
	size_t count, steps;
};

static struct prefix random_prefix(uint8_t family, unsigned shortest, unsigned longest)
{
	struct prefix prefix = { .family = family,
				 .length = (uint8_t)(shortest +
						     (unsigned)rand() % (longest - shortest + 1)) };

	/* Few bits vary, so that many lie inside one another. */
	prefix.bytes[0] = 10;
	for (unsigned i = 1; i < address_size(family); i++)
		prefix.bytes[i] = (uint8_t)(rand() & rand());
	return prefix_clean(&prefix);
}

static void add(struct built_rules *rules, const struct prefix *prefix, bool from, uint32_t table)
{
	struct host_rule rule = {
		.family = prefix->family, .action = FR_ACT_TO_TBL, .table = table, .preference = table
	};

	*(from ? &rule.from : &rule.to) = *prefix;
	rules_add(rules, (struct place){ 0 }, &rule);
}

static bool matches(const struct host_rule *rule, const struct address *from, const struct address *to)
{
	bool both = (!rule->from.length || prefix_holds(&rule->from, from)) &&
		    (!rule->to.length || prefix_holds(&rule->to, to));

	return both != rule->invert;
}

/* As Linux walks them: every table that the packet would look into when none before has a route. */
static void walk(const struct built_rules *rules, const struct address *from,
		 const struct address *to, struct walk *ret_walk)
{
	*ret_walk = (struct walk){ 0 };
	for (size_t i = 0; i < rules->items.count; i++) {
		const struct host_rule *rule = &rules->items.items[i].rule;

		if (rules->items.items[i].absent)
			continue;
		ret_walk->steps++;
		if (!matches(rule, from, to))
			continue;
		if (rule->action == FR_ACT_TO_TBL && ret_walk->count < SEEN)
			ret_walk->tables[ret_walk->count++] = rule->table;
		while (rule->action == FR_ACT_GOTO && i + 1 < rules->items.count &&
		       rules->items.items[i + 1].rule.preference < rule->target)
			i++;
	}
}

static void copy(const struct built_rules *rules, struct built_rules *ret_copy)
{
	for (size_t i = 0; i < rules->items.count; i++)
		*VEC_PUSH(&ret_copy->items) = rules->items.items[i];
}

/* A goto without its target would walk on. */
static void every_goto_has_its_target(const struct built_rules *rules)
{
	for (size_t i = 0; i < rules->items.count; i++) {
		const struct host_rule *rule = &rules->items.items[i].rule;
		bool found = rule->action != FR_ACT_GOTO;

		for (size_t j = i + 1; !found && j < rules->items.count; j++)
			found = !rules->items.items[j].absent &&
				rules->items.items[j].rule.preference == rule->target;
		assert_true(found);
	}
}

/* The tree sends random packets through the same tables, in the same order, as the plain list. */
static void same_as_plain(struct built_rules *plain, uint8_t family, size_t packets)
{
	struct built_rules tree = { 0 };
	struct walk slow, quick;

	copy(plain, &tree);
	rules_prefer(&tree, PREFERENCE_RULES);
	every_goto_has_its_target(&tree);
	for (size_t i = 1; i < tree.items.count; i++)
		assert_true(tree.items.items[i - 1].rule.preference <
			    tree.items.items[i].rule.preference);
	for (size_t i = 0; i < packets; i++) {
		struct prefix one = random_prefix(family, address_bits(family), address_bits(family));
		struct prefix other = random_prefix(family, address_bits(family),
						    address_bits(family));
		struct address from = prefix_address(&one), to = prefix_address(&other);

		walk(plain, &from, &to, &slow);
		walk(&tree, &from, &to, &quick);
		assert_int_equal(slow.count, quick.count);
		assert_memory_equal(slow.tables, quick.tables, slow.count * sizeof(*slow.tables));
	}
	rules_free(&tree);
}

/* Exceptions first, as people write them. */
static int longest_first(const void *a, const void *b)
{
	const struct built_rule *x = a, *y = b;
	int lengths[2] = { x->rule.from.length + x->rule.to.length,
			   y->rule.from.length + y->rule.to.length };

	return lengths[1] - lengths[0];
}

static void random_rules(uint8_t family, unsigned shortest, unsigned longest)
{
	for (int round = 0; round < 40; round++) {
		struct built_rules rules = { 0 };
		unsigned count = 1 + (unsigned)rand() % 300;

		for (uint32_t i = 0; i < count; i++) {
			struct prefix prefix = random_prefix(family, shortest, longest);

			/* Now and then the other way round, or neither: a run ends there. */
			add(&rules, &prefix, rand() % 200, i + 1);
			rules.items.items[i].absent = rand() % 20 == 0;
		}
		if (round % 2)
			qsort(rules.items.items, rules.items.count, sizeof(*rules.items.items),
			      longest_first);
		same_as_plain(&rules, family, 300);
		rules_free(&rules);
	}
}

static void a_tree_of_ipv4_is_the_plain_list(void **state)
{
	random_rules(AF_INET, 9, 32);
	random_rules(AF_INET, 24, 32);
	random_rules(AF_INET, 32, 32);
}

static void a_tree_of_ipv6_is_the_plain_list(void **state)
{
	random_rules(AF_INET6, 9, 64);
	random_rules(AF_INET6, 128, 128);
}

static void few_rules_stay_as_they_are(void **state)
{
	struct built_rules rules = { 0 };

	for (uint32_t i = 0; i < TREE_FROM; i++) {
		struct prefix prefix = random_prefix(AF_INET, 32, 32);

		add(&rules, &prefix, true, i);
	}
	assert_int_equal(rules_prefer(&rules, 1001), 1001 + TREE_FROM);
	assert_int_equal(rules.items.count, TREE_FROM);
	rules_free(&rules);
}

static void ten_thousand_rules_are_a_short_walk(void **state)
{
	struct built_rules rules = { 0 };
	size_t most = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		struct prefix prefix = { AF_INET, 32, { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };

		add(&rules, &prefix, true, i + 1);
	}
	assert_true(rules_prefer(&rules, PREFERENCE_RULES) < PREFERENCE_INTENTS);
	for (uint32_t i = 0; i < 10000; i += 7) {
		struct address from = { AF_INET, { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		struct walk seen;

		walk(&rules, &from, &from, &seen);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.tables[0], i + 1);
		most = seen.steps > most ? seen.steps : most;
	}
	print_message("10,000 rules became %zu, of which a packet meets %zu at most\n",
		      rules.items.count, most);
	assert_true(most < 60);
	rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_of_ipv4_is_the_plain_list),
		cmocka_unit_test(a_tree_of_ipv6_is_the_plain_list),
		cmocka_unit_test(few_rules_stay_as_they_are),
		cmocka_unit_test(ten_thousand_rules_are_a_short_walk),
	};

	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
