/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that no packet ever reaches, rules that lead into an empty table, tables that no rule leads
 * into, and the one rule that must come first.
 */
#include "doctor/check.h"

#include <linux/fib_rules.h>
#include <stdlib.h>
#include <string.h>

/* Rules that decide, held against all that follow: beyond this a host is nobody's handiwork. */
#define DECIDERS_MOST 2048

static const uint8_t families[] = { AF_INET, AF_INET6 };

static bool is_kernels_table(uint32_t table)
{
	return table == RT_TABLE_LOCAL || table == RT_TABLE_MAIN || table == RT_TABLE_DEFAULT;
}

static bool leads_to(const struct host_rule *rule, uint8_t family, uint32_t table)
{
	return rule->family == family && rule->action == FR_ACT_TO_TBL && !rule->l3mdev &&
	       rule->table == table;
}

static const struct host_rule *first_rule(const struct examination *examination, uint8_t family)
{
	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, rule) {
		if (rule->family == family)
			return rule;
	}
	return NULL;
}

static void tell_no_local(struct examination *examination, uint8_t family)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);
	const char *ip = ip_command(family);

	text_printf(&finding->what, "no %s rule leads to table local",
		    family == AF_INET ? "IPv4" : "IPv6");
	text_printf(&finding->where, "%s rule show", ip);
	text_puts(&finding->why, "Table local holds the host's own addresses: without it the host "
				 "takes no packet for its own, and answers nothing.");
	text_printf(&finding->command, "%s rule add pref 0 table local", ip);
}

static void tell_moved_local(struct examination *examination, const struct host_rule *local,
			     const struct host_rule *first)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	const char *ip = ip_command(local->family);

	text_printf(&finding->what,
		    "table local is looked up only behind other rules (preference %u)",
		    local->preference);
	object_print(OBJECT_RULE, first, examination->state, &finding->where);
	text_puts(&finding->why, "A rule before it can send packets for this host's own addresses "
				 "elsewhere; only a host with VRFs needs that.");
	text_printf(&finding->command, "%s rule add pref 0 table local && %s rule del pref %u", ip,
		    ip, local->preference);
}

static void tell_local_before_vrf(struct examination *examination, const struct host_rule *local)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	const char *ip = ip_command(local->family);

	text_puts(&finding->what, "table local is looked up before the VRFs");
	object_print(OBJECT_RULE, local, examination->state, &finding->where);
	text_puts(&finding->why,
		  "An address outside of all VRFs answers for the same address within "
		  "one: the kernel's documentation of VRF moves the rule behind theirs.");
	text_printf(&finding->command, "%s rule add pref 32765 table local && %s rule del pref %u",
		    ip, ip, local->preference);
}

/* The rules of a family as far as table local is concerned. */
static void look_at_local(struct examination *examination, uint8_t family)
{
	const struct host_rule *local = NULL, *first = first_rule(examination, family);
	bool vrf = false;

	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, rule) {
		if (!local && leads_to(rule, family, RT_TABLE_LOCAL))
			local = rule;
		vrf |= rule->family == family && rule->l3mdev;
	}
	if (!first)
		return; /* a kernel without policy routing for it */
	if (!local)
		tell_no_local(examination, family);
	else if (local != first && !vrf)
		tell_moved_local(examination, local, first);
	else if (local == first && vrf)
		tell_local_before_vrf(examination, local);
}

void check_local_table(struct examination *examination)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		look_at_local(examination, families[i]);
}

static bool span_within(const struct span *inner, const struct span *outer)
{
	if (!outer->end)
		return true;
	return inner->end && inner->first >= outer->first && inner->end <= outer->end;
}

static bool name_within(const char *inner, const char *outer)
{
	return !outer[0] || !strcmp(inner, outer);
}

static bool prefix_within(const struct prefix *inner, const struct prefix *outer)
{
	return !outer->family || !outer->length || (inner->family && prefix_covers(outer, inner));
}

static bool number_within(uint32_t inner, uint32_t outer)
{
	return !outer || inner == outer;
}

static bool selects_all(const struct host_rule *rule)
{
	return !rule->in[0] && !rule->out[0] && !rule->from.length && !rule->to.length &&
	       !rule->mask && !rule->tos && !rule->ip_protocol && !rule->uid.end &&
	       !rule->sport.end && !rule->dport.end && !rule->l3mdev;
}

/* Every packet that @inner matches is matched by @outer, for sure. */
static bool rule_within(const struct host_rule *inner, const struct host_rule *outer)
{
	if (outer->invert || outer->opaque)
		return false;
	if (inner->invert)
		return selects_all(outer);
	return name_within(inner->in, outer->in) && name_within(inner->out, outer->out) &&
	       prefix_within(&inner->from, &outer->from) && prefix_within(&inner->to, &outer->to) &&
	       (inner->mask & outer->mask) == outer->mask &&
	       (inner->mark & outer->mask) == (outer->mark & outer->mask) &&
	       number_within(inner->tos, outer->tos) &&
	       number_within(inner->ip_protocol, outer->ip_protocol) &&
	       span_within(&inner->uid, &outer->uid) && span_within(&inner->sport, &outer->sport) &&
	       span_within(&inner->dport, &outer->dport) && !outer->l3mdev;
}

static bool refuses(const struct host_rule *rule)
{
	return rule->action == FR_ACT_BLACKHOLE || rule->action == FR_ACT_UNREACHABLE ||
	       rule->action == FR_ACT_PROHIBIT;
}

/*
 * Refusals behind a table wait for what should not happen; so do our rules that follow from intents, the
 * net below those that people write, for the day when one of their tables loses its route.
 */
static bool is_a_guard(const struct host_rule *rule, const struct host_rule *above)
{
	if (refuses(rule))
		return above->action == FR_ACT_TO_TBL;
	return rule->object.ours && rule->preference >= PREFERENCE_INTENTS;
}

/* What it matches goes no further down the list. */
static bool rule_decides(const struct examination *examination, const struct host_rule *rule)
{
	const struct table *table;

	if (refuses(rule))
		return true;
	if (rule->action != FR_ACT_TO_TBL || rule->suppress || rule->l3mdev)
		return false;
	table = table_find(examination, rule->family, rule->table);
	return table && table->decides;
}

static void tell_shadowed(struct examination *examination, const struct host_rule *rule,
			  const struct host_rule *above)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	char table[16];

	text_printf(&finding->what, "no packet reaches the %s rule of preference %u",
		    rule->family == AF_INET ? "IPv4" : "IPv6", rule->preference);
	object_print(OBJECT_RULE, rule, examination->state, &finding->where);
	text_printf(&finding->why, "The rule of preference %u matches all that it matches, and ",
		    above->preference);
	if (above->action == FR_ACT_TO_TBL)
		text_printf(&finding->why, "table %s has a default route.",
			    table_name(above->table, table));
	else if (above->action == FR_ACT_GOTO)
		text_printf(&finding->why, "goes on at preference %u.", above->target);
	else
		text_puts(&finding->why, "ends their way.");
	if (rule->object.ours)
		text_puts(&finding->line,
			  "leave the rule out of routing.rules, or put it before the other one");
	text_printf(&finding->command, "%s rule del pref %u", ip_command(rule->family),
		    rule->preference);
}

/* A goto goes past what stands between it and its target. */
static bool jumps_past(const struct host_rule *jump, const struct host_rule *rule)
{
	return jump->action == FR_ACT_GOTO && rule->preference > jump->preference &&
	       rule->preference < jump->target;
}

struct deciders {
	const struct host_rule *items[DECIDERS_MOST];
	size_t count;
};

/* Those of one family, one by one, each against what decides before it. */
static void look_for_shadows(struct examination *examination, uint8_t family,
			     struct deciders *deciders)
{
	deciders->count = 0;
	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, rule) {
		const struct host_rule *above = NULL;

		if (rule->family != family)
			continue;
		for (size_t i = 0; i < deciders->count && !above; i++)
			if (rule_within(rule, deciders->items[i]) &&
			    (deciders->items[i]->action != FR_ACT_GOTO ||
			     jumps_past(deciders->items[i], rule)))
				above = deciders->items[i];
		/* The kernel's own last one leads to a table that nobody uses. */
		if (above && rule->protocol != RTPROT_KERNEL && !is_a_guard(rule, above))
			tell_shadowed(examination, rule, above);
		if (!above && deciders->count < DECIDERS_MOST &&
		    (rule->action == FR_ACT_GOTO || rule_decides(examination, rule)))
			deciders->items[deciders->count++] = rule;
	}
}

void check_shadowed_rules(struct examination *examination)
{
	struct deciders *deciders = mem_alloc(sizeof(*deciders));

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		look_for_shadows(examination, families[i], deciders);
	free(deciders);
}

static void tell_empty(struct examination *examination, const struct host_rule *rule)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	char table[16];

	table_name(rule->table, table);
	text_printf(&finding->what, "table %s has no %s route, and a rule leads there", table,
		    rule->family == AF_INET ? "IPv4" : "IPv6");
	object_print(OBJECT_RULE, rule, examination->state, &finding->where);
	text_puts(&finding->why,
		  "The rule has no effect: its packets fall through to the rules behind "
		  "it, in the end to table main.");
	text_printf(
		&finding->line,
		"routing: { tables: { NAME: { id: %s, routes: [ { to: default, via: GATEWAY, link: "
		"LINK } ] } } }",
		table);
	text_printf(&finding->command, "%s route add default via GATEWAY dev LINK table %s",
		    ip_command(rule->family), table);
}

/* A table whose number we chose: its rules, too, are ours, where it has any. */
static bool is_compiled(uint32_t table)
{
	return table >> TABLES_BITS == TABLES_BASE >> TABLES_BITS;
}

static void tell_unused(struct examination *examination, const struct table *table)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	char name[16];

	table_name(table->number, name);
	text_printf(&finding->what, "table %s has %zu %s route%s, and no rule leads there", name,
		    table->routes, table->family == AF_INET ? "IPv4" : "IPv6",
		    table->routes == 1 ? "" : "s");
	text_printf(&finding->where, "%s route show table %s", ip_command(table->family), name);
	text_puts(&finding->why, "Its routes carry no packet: a rule is missing or was lost.");
	text_printf(&finding->line, "routing: { rules: [ { in: LINK, table: NAME } ] }");
	text_printf(&finding->command, "%s rule add iif LINK table %s", ip_command(table->family),
		    name);
}

static bool is_led_to(const struct examination *examination, const struct table *table)
{
	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, rule) {
		if (leads_to(rule, table->family, table->number))
			return true;
		if (rule->family == table->family && rule->opaque)
			return true;
	}
	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, link) {
		if (link->type == LINK_VRF && link->table == table->number)
			return true;
	}
	return is_kernels_table(table->number);
}

/* What @rule matches is refused further down, before any table decides: it does not leak. */
static bool is_caught(const struct examination *examination, const struct host_rule *rule)
{
	bool behind = false;

	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, other) {
		if (other == rule) {
			behind = true;
			continue;
		}
		if (!behind || other->family != rule->family)
			continue;
		if (refuses(other) && rule_within(rule, other))
			return true;
		if (rule_decides(examination, other) || other->action == FR_ACT_GOTO ||
		    other->table == RT_TABLE_MAIN)
			return false;
	}
	return false;
}

/* Somebody could use IPv6 here: beyond the addresses that each link gives itself. */
static bool family_is_used(const struct examination *examination, uint8_t family)
{
	for (size_t i = 0; i < examination->own.count; i++) {
		const struct own *own = &examination->own.items[i];
		const struct host_link *link = state_link(examination->state, own->link);

		if (own->address.family == family && !address_is_link_local(&own->address) &&
		    !(link && link->flags & IFF_LOOPBACK))
			return true;
	}
	return false;
}

void check_tables(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_RULE, const struct host_rule, rule) {
		if (rule->action == FR_ACT_TO_TBL && !rule->l3mdev && !is_kernels_table(rule->table) &&
		    !table_find(examination, rule->family, rule->table) &&
		    family_is_used(examination, rule->family) && !is_caught(examination, rule))
			tell_empty(examination, rule);
	}
	for (size_t i = 0; i < examination->tables.count; i++)
		if (!is_compiled(examination->tables.items[i].number) &&
		    !is_led_to(examination, &examination->tables.items[i]))
			tell_unused(examination, &examination->tables.items[i]);
}
