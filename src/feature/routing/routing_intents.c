/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From intents to rules. What comes in on a link whose `forwarding` names where it may leave is
 * looked for in the table of these ways out, after the user's own rules, and then it ends: a route
 * that is missing never makes it fall through to another table. What the host sends from an address
 * of a link leaves by that link, and all else that it sends by `host`.
 */
#include "feature/routing/routing_intents.h"

#include "feature/routing/routing_out.h"
#include "feature/routing/routing_rules.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMMETRIC_ROOM (PREFERENCE_ARRIVALS - PREFERENCE_SYMMETRIC)

static const uint8_t families[] = { AF_INET, AF_INET6 };

/* @rule, for both families. */
static void desire_both(struct work *work, struct place place, struct host_rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		rule->family = families[i];
		desire_object(work->desired, OBJECT_RULE, place, rule);
	}
}

/* Packets that came in on @in look into @table, and then end. */
static void confine(struct work *work, const char *in, uint32_t preference, uint32_t table,
		    struct place place)
{
	struct host_rule rule = { .preference = preference, .action = FR_ACT_TO_TBL, .table = table };

	snprintf(rule.in, sizeof(rule.in), "%s", in);
	desire_both(work, place, &rule);
	rule.preference++;
	rule.action = FR_ACT_UNREACHABLE;
	rule.table = 0;
	desire_both(work, place, &rule);
}

/* An earlier entry is about the same link. */
static bool is_repeated(const struct forward_config *entries, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (entries[i].in && !strcmp(entries[i].in, entries[index].in))
			return true;
	return false;
}

static void desire_confined(struct work *work)
{
	const struct forward_config *entry = work->routing->forwarding.items;
	uint32_t preference = PREFERENCE_INTENTS;

	for (unsigned i = 0; i < work->routing->forwarding.count; i++) {
		struct place place = entry[i].record.place;
		struct out_set set = { 0 };

		if (!entry[i].in || is_repeated(entry, i) ||
		    !out_set_of(work->routing, entry[i].in, &set))
			continue;
		if (preference + 2 > PREFERENCE_SYMMETRIC) {
			diag_at(work->desired->diags, place, -EINVAL,
				"there is room for %u links in `forwarding`; "
				"leave `in` out where any may do",
				(PREFERENCE_SYMMETRIC - PREFERENCE_INTENTS) / 2);
			out_set_free(&set);
			return;
		}
		confine(work, entry[i].in, preference, out_table(work, &set, place), place);
		preference += 2;
		out_set_free(&set);
	}
}

static void desire_host(struct work *work)
{
	const struct host_config *host = &work->routing->host;
	struct place place = ROUTING_PLACE(host, host_fields, host_config, out);
	uint32_t table;

	if (!host->out)
		return;
	/* To end all ways of the host for the sake of a link that nobody has would lock it up. */
	if (!ways_link(&work->ways, host->out)) {
		desire_pending(
			work->desired, place,
			"the host's own packets wait for link %s, which does not exist: they leave "
			"as before",
			host->out);
		return;
	}
	table = out_table_of_one(work, host->out, place);
	host_out_warn(work, table);
	confine(work, "lo", PREFERENCE_HOST, table, place);
}

static int by_source(const void *a, const void *b)
{
	const struct built_rule *x = a, *y = b;

	return prefix_compare(&x->rule.from, &y->rule.from);
}

/*
 * Few keep their place by a hash of their address, so that one that comes does not move the others;
 * many are a tree.
 */
static void prefer_sources(struct built_rules *rules)
{
	bool *taken;

	if (!rules->items.count)
		return;
	qsort(rules->items.items, rules->items.count, sizeof(*rules->items.items), by_source);
	if (rules->items.count > TREE_FROM) {
		rules_prefer(rules, PREFERENCE_SYMMETRIC);
		return;
	}
	taken = mem_alloc(SYMMETRIC_ROOM);
	for (size_t i = 0; i < rules->items.count; i++) {
		struct host_rule *rule = &rules->items.items[i].rule;
		char text[ADDRESS_TEXT_SIZE];
		uint32_t at = hash_text(prefix_text(&rule->from, text)) % SYMMETRIC_ROOM;

		while (taken[at])
			at = (at + 1) % SYMMETRIC_ROOM;
		taken[at] = true;
		rule->preference = PREFERENCE_SYMMETRIC + at;
	}
	mem_freep(&taken);
}

/* The longer ones decide first. */
static int by_length(const void *a, const void *b)
{
	const struct built_rule *x = a, *y = b;
	int longer = (int)y->rule.from.length - (int)x->rule.from.length;

	return longer ? longer : prefix_compare(&x->rule.from, &y->rule.from);
}

/* They stand behind the addresses of links, which may lie in such a prefix. */
static void desire_arrivals(struct work *work)
{
	const struct arrival_config *arrival = work->routing->arrivals.items;
	struct built_rules rules = { 0 };

	for (unsigned i = 0; i < work->routing->arrivals.count; i++) {
		const struct way_link *link = arrives_by(work->routing, &work->ways, i);
		struct host_rule rule = { .family = arrival[i].prefix.family,
					  .action = FR_ACT_TO_TBL,
					  .in = "lo",
					  .from = arrival[i].prefix };

		if (!link) {
			desire_pending(work->desired, arrival[i].record.place,
				       "answers from this prefix wait for link %s, which does not "
				       "exist: they leave as before",
				       arrival[i].link);
			continue;
		}
		rule.table = out_table_of_one(work, link->name, arrival[i].record.place);
		rules_add(&rules, arrival[i].record.place, &rule);
	}
	if (rules.items.count)
		qsort(rules.items.items, rules.items.count, sizeof(*rules.items.items), by_length);
	for (size_t i = 0; i < rules.items.count; i++)
		rules.items.items[i].rule.preference = PREFERENCE_ARRIVALS + (uint32_t)i;
	rules_desire_built(work, &rules);
	rules_free(&rules);
}

static void desire_symmetric(struct work *work)
{
	struct place place = work->routing->symmetric.place;
	struct built_rules rules[2] = { 0 };

	for (size_t i = 0; i < work->ways.nets.count; i++) {
		const struct way_net *net = &work->ways.nets.items[i];
		const struct way_link *link = answers_by(work->routing, &work->ways, net);
		struct host_rule rule = { .family = net->own.family,
					  .action = FR_ACT_TO_TBL,
					  .in = "lo",
					  .from = prefix_of_address(&net->own) };

		if (!link)
			continue;
		rule.table = out_table_of_one(work, link->name, place);
		rules_add(&rules[net->own.family == AF_INET6], place, &rule);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (rules[i].items.count > SYMMETRIC_ROOM / 2)
			diag_at(work->desired->diags, place, -EINVAL,
				"the host has %zu addresses of one family, and there is room for "
				"%d; name "
				"the links that it matters for",
				rules[i].items.count, SYMMETRIC_ROOM / 2);
		else
			prefer_sources(&rules[i]);
		if (rules[i].items.count <= SYMMETRIC_ROOM)
			rules_desire_built(work, &rules[i]);
		rules_free(&rules[i]);
	}
}

void intents_desire(struct work *work)
{
	desire_confined(work);
	desire_symmetric(work);
	desire_arrivals(work);
	desire_host(work);
}
