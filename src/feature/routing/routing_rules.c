/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules that the user writes, one for each family and prefix. */
#include "feature/routing/routing_rules.h"

#include "feature/routing/routing_clock.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>
#include <string.h>

static const uint8_t actions[] = {
	[ACTION_TABLE] = FR_ACT_TO_TBL,
	[ACTION_UNREACHABLE] = FR_ACT_UNREACHABLE,
	[ACTION_BLACKHOLE] = FR_ACT_BLACKHOLE,
	[ACTION_PROHIBIT] = FR_ACT_PROHIBIT,
};

static struct span span_of(struct config_ports ports)
{
	return ports.first ? (struct span){ ports.first, ports.last + 1u } : (struct span){ 0 };
}

static void name_copy(char into[IFNAMSIZ], const char *name)
{
	if (name)
		snprintf(into, IFNAMSIZ, "%s", name);
}

/* All that does not depend on the family. */
static struct host_rule rule_of(const struct work *work, const struct rule_config *config)
{
	struct host_rule rule = { .action = actions[config->action],
				  .tos = config->tos,
				  .ip_protocol = config->protocol,
				  .mark = config->mark.mark,
				  .mask = config->mark.mask,
				  .uid = config->uid,
				  .sport = span_of(config->sport),
				  .dport = span_of(config->dport) };

	name_copy(rule.in, config->in);
	name_copy(rule.out, config->out);
	if (config->action == ACTION_TABLE)
		rule.table = table_called(work, config->table);
	return rule;
}

static void add_for(struct work *work, const struct rule_config *config, struct built_rule *built,
		    const struct prefix *from, const struct prefix *to)
{
	static const struct prefix any;
	struct host_rule *rule = &built->rule;

	from = from ? from : &any;
	to = to ? to : &any;
	for (unsigned i = 0; i < 2; i++) {
		rule->family = i ? AF_INET6 : AF_INET;
		if ((from->family && from->family != rule->family) ||
		    (to->family && to->family != rule->family) ||
		    (config->family == FAMILY_IPV4 && i) || (config->family == FAMILY_IPV6 && !i))
			continue;
		rule->from = *from;
		rule->to = *to;
		*VEC_PUSH(&work->rules[i].items) = *built;
	}
}

static void add_rule(struct work *work, const struct rule_config *config, bool absent)
{
	const struct prefix *from = config->from.items, *to = config->to.items;
	struct built_rule rule = { .rule = rule_of(work, config),
				   .place = config->record.place,
				   .absent = absent };
	unsigned froms = config->from.count ? config->from.count : 1;
	unsigned tos = config->to.count ? config->to.count : 1;

	for (unsigned i = 0; i < froms; i++)
		for (unsigned j = 0; j < tos; j++)
			add_for(work, config, &rule, config->from.count ? &from[i] : NULL,
				config->to.count ? &to[j] : NULL);
}

/* A name that nobody gives routes to is perhaps a slip, perhaps somebody else's table. */
static void warn_of_table(const struct work *work, const struct rule_config *config)
{
	const struct table_config *table = work->routing->tables.items;
	const struct way_link *link = config->table ? ways_link(&work->ways, config->table) : NULL;
	unsigned count = work->routing->tables.count;
	AUTO_MEM const char **names = mem_alloc((count + 1) * sizeof(*names));
	const char *nearest;

	if (!config->table || !numbers_of(&work->tables, config->table) || (link && link->table))
		return;
	for (unsigned i = 0; i < count; i++) {
		names[i] = table[i].name;
		if (!strcmp(table[i].name, config->table))
			return;
	}
	nearest = text_nearest(config->table, names);
	diag_warn(work->desired->diags, ROUTING_PLACE(config, rule_fields, rule_config, table),
		  "`tables` has no '%s', so it is empty until somebody else puts routes into table "
		  "%u%s%s%s",
		  config->table, table_called(work, config->table),
		  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* Linux takes a rule for a link that is not there, and it takes effect when the link comes. */
static void tell_missing_link(const struct work *work, const struct rule_config *config)
{
	const char *const names[] = { config->in, config->out };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && !ways_link(&work->ways, names[i]))
			desire_pending(work->desired, config->record.place,
				       "a rule waits for link %s, which does not exist", names[i]);
}

/* A rule of somebody else's among ours. */
static void warn_of_foreign(const struct work *work, struct place place)
{
	STATE_EACH(work->facts->observed, OBJECT_RULE, const struct host_rule, rule) {
		AUTO_TEXT text = { 0 };

		if (rule->object.ours || rule->preference < PREFERENCE_RULES ||
		    rule->preference >= PREFERENCE_END)
			continue;
		object_print(OBJECT_RULE, rule, work->facts->observed, &text);
		diag_warn(work->desired->diags, place,
			  "'%s' was made by %s and stands among ours, at preferences %u to %u: "
			  "packets "
			  "may meet it first",
			  text_string(&text), protocol_called(rule->protocol), PREFERENCE_RULES,
			  PREFERENCE_END - 1);
	}
}

static void rules_of_user(struct work *work)
{
	const struct rule_config *config = work->routing->rules.items;

	for (unsigned i = 0; i < work->routing->rules.count; i++) {
		time_t change = 0;
		bool now = true;

		if (config[i].between.to || config[i].days.count)
			now = clock_allows(&config[i], work->facts->now, &change);
		if (change)
			desire_again(work->desired, change);
		warn_of_table(work, &config[i]);
		if (now)
			tell_missing_link(work, &config[i]);
		add_rule(work, &config[i], !now);
	}
}

void rules_desire_built(struct work *work, struct built_rules *rules)
{
	for (size_t i = 0; i < rules->items.count; i++) {
		struct built_rule *built = &rules->items.items[i];

		if (!built->absent)
			desire_object(work->desired, OBJECT_RULE, built->place, &built->rule);
	}
	rules_free(rules);
}

void rules_desire(struct work *work)
{
	if (work->routing->rules.count)
		warn_of_foreign(work, work->routing->rules.place);
	rules_of_user(work);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t end = rules_prefer(&work->rules[i], PREFERENCE_RULES);

		if (end > PREFERENCE_INTENTS)
			diag_at(work->desired->diags, work->routing->rules.place, -EINVAL,
				"these are %u rules of one family, and there is room for %u; give "
				"lists "
				"of prefixes that are longer than needed a common one",
				end - PREFERENCE_RULES, PREFERENCE_INTENTS - PREFERENCE_RULES);
		else
			rules_desire_built(work, &work->rules[i]);
	}
}
