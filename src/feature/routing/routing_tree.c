/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Linux walks rules one by one, 12-15 ns each for every packet. A long run of rules that each say
 * where a packet is from (or, all of them, where it goes to) is therefore cut in two, and in two
 * again, by the bits of the prefixes, and before each part stands "not from PART goto BEHIND", so
 * that a packet walks a few rules a level: 10,000 rules cost what some 35 would.
 *
 * The order of two rules of the run is changed only if no packet can match both: rules inside one
 * another keep their order, or the run stays as it is.
 */
#include "feature/routing/routing_rules.h"

#include <linux/fib_rules.h>
#include <stdlib.h>
#include <string.h>

/* So many rules are walked one by one. */
#define LEAF 16

/* A rule of the run, and where it stood. */
struct twig {
	const struct built_rule *rule;
	const struct prefix *prefix;
	size_t position;
};

struct tree {
	struct built_rules *into;
	struct twig *twigs;
	bool from;
	uint32_t next; /* preference */
};

static const struct prefix *prefix_in(const struct host_rule *rule, bool from)
{
	return from ? &rule->from : &rule->to;
}

static bool says(const struct host_rule *rule, bool from)
{
	return prefix_in(rule, from)->length && !rule->invert;
}

/* What is inside another stands right before it: the order in which people write exceptions. */
static int inner_first(const void *a, const void *b)
{
	const struct twig *x = a, *y = b;

	if (prefix_covers(x->prefix, y->prefix) && x->prefix->length != y->prefix->length)
		return 1;
	if (prefix_covers(y->prefix, x->prefix) && x->prefix->length != y->prefix->length)
		return -1;
	if (prefix_compare(x->prefix, y->prefix))
		return prefix_compare(x->prefix, y->prefix);
	return (x->position > y->position) - (x->position < y->position);
}

/* Those inside one another stand in the order in which they stood in the run. */
static bool keeps_order(const struct twig *twigs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = i; j > 0 && prefix_covers(twigs[i].prefix, twigs[j - 1].prefix); j--)
			if (twigs[j - 1].position > twigs[i].position)
				return false;
	return true;
}

static unsigned bit_at(const struct prefix *prefix, unsigned bit)
{
	return prefix->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

/* The longest prefix that covers all of @count twigs. */
static struct prefix common_prefix(const struct twig *twigs, size_t count)
{
	struct prefix common = *twigs[0].prefix;

	for (size_t i = 1; i < count; i++) {
		unsigned length = 0;
		unsigned most = common.length < twigs[i].prefix->length ? common.length :
									  twigs[i].prefix->length;

		while (length < most && bit_at(&common, length) == bit_at(twigs[i].prefix, length))
			length++;
		common.length = (uint8_t)length;
	}
	return prefix_clean(&common);
}

static struct built_rule *put(struct tree *tree, const struct built_rule *rule)
{
	struct built_rule *put = VEC_PUSH(&tree->into->items);

	*put = *rule;
	put->rule.preference = tree->next++;
	return put;
}

/* The rule that passes over what follows, up to a preference that is told later. Its index. */
static size_t put_skip(struct tree *tree, const struct twig *twig, const struct prefix *part)
{
	struct built_rule skip = { .place = twig->rule->place };

	skip.rule.family = twig->rule->rule.family;
	skip.rule.action = FR_ACT_GOTO;
	skip.rule.invert = 1;
	*(tree->from ? &skip.rule.from : &skip.rule.to) = *part;
	put(tree, &skip);
	return tree->into->items.count - 1;
}

/*
 * The twigs from @first to @end: behind a rule that passes over them, where that is worth it, and
 * in halves by the bit behind what all have in common. Those that are no longer than that cover
 * both halves; they stand last, as they are sorted.
 */
static void grow(struct tree *tree, size_t first, size_t end)
{
	struct prefix common = common_prefix(tree->twigs + first, end - first);
	bool skips = common.length && end - first > 2;
	size_t skip = skips ? put_skip(tree, &tree->twigs[first], &common) : 0;
	size_t at = first;

	for (unsigned bit = 0; end - first > LEAF && bit < 2; bit++) {
		size_t half = at;

		while (at < end && tree->twigs[at].prefix->length > common.length &&
		       bit_at(tree->twigs[at].prefix, common.length) == bit)
			at++;
		if (at > half)
			grow(tree, half, at);
	}
	for (; at < end; at++)
		put(tree, tree->twigs[at].rule);
	if (skips)
		tree->into->items.items[skip].rule.target = tree->next;
}

/* The rules from @first to @end of @rules, all of which say @from (or to), as a tree. */
static void grow_run(struct tree *tree, const struct built_rules *rules, size_t first, size_t end)
{
	struct built_rule landing = { .place = rules->items.items[first].place };
	size_t count = 0;

	/* What is absent has no place in a tree: a goto needs its target. */
	tree->twigs = mem_alloc((end - first) * sizeof(*tree->twigs));
	for (size_t i = first; i < end; i++)
		if (!rules->items.items[i].absent)
			tree->twigs[count++] =
				(struct twig){ &rules->items.items[i],
					       prefix_in(&rules->items.items[i].rule, tree->from),
					       i };
	if (count)
		qsort(tree->twigs, count, sizeof(*tree->twigs), inner_first);
	if (count && keeps_order(tree->twigs, count)) {
		grow(tree, 0, count);
		/* What is passed over last lands here, whatever stands behind the run. */
		landing.rule.family = rules->items.items[first].rule.family;
		landing.rule.action = FR_ACT_NOP;
		put(tree, &landing);
	} else {
		for (size_t i = first; i < end; i++)
			put(tree, &rules->items.items[i]);
	}
	mem_freep(&tree->twigs);
}

static size_t run_end(const struct built_rules *rules, size_t first, bool from)
{
	size_t end = first;

	while (end < rules->items.count && says(&rules->items.items[end].rule, from))
		end++;
	return end;
}

uint32_t rules_prefer(struct built_rules *rules, uint32_t first)
{
	struct built_rules grown = { 0 };
	struct tree tree = { .into = &grown, .next = first };
	size_t at = 0;

	while (at < rules->items.count) {
		size_t from = run_end(rules, at, true), to = run_end(rules, at, false);
		size_t end = from >= to ? from : to;

		tree.from = from >= to;
		if (end - at > TREE_FROM) {
			grow_run(&tree, rules, at, end);
			at = end;
		} else {
			put(&tree, &rules->items.items[at++]);
		}
	}
	VEC_FREE(&rules->items);
	*rules = grown;
	return tree.next;
}

void rules_add(struct built_rules *rules, struct place place, const struct host_rule *rule)
{
	struct built_rule *built = VEC_PUSH(&rules->items);

	built->rule = *rule;
	built->place = place;
}

void rules_free(struct built_rules *rules)
{
	VEC_FREE(&rules->items);
}
