/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings that follow from the rest of the key.
 *
 * Forwarding: IPv4 asks the link that a packet came in on, IPv6 only net.ipv6.conf.all. A router
 * ignores router advertisements unless accept_ra is 2, so links that live on them get that.
 *
 * The reverse path filter (IPv4): Linux asks where an answer would go, and when it is strict drops
 * what came in another way. It asks without ports, protocol and user, and without the mark; and for
 * a packet to the host itself, ARP requests among them, as if the host sent the answer. Where our own
 * rules make these ways differ, strict becomes loose.
 */
#include "feature/routing/routing_intents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* @pattern with the name of a link in place of its '!', if it has one. False when that is too long. */
static bool setting_name(const char *pattern, const char *link, struct host_sysctl *ret_sysctl)
{
	const char *at = strchrnul(pattern, '!');
	int length = snprintf(ret_sysctl->name, sizeof(ret_sysctl->name), "%.*s%s%s",
			      (int)(at - pattern), pattern, link, *at ? at + 1 : at);

	return length < (int)sizeof(ret_sysctl->name);
}

/* What a setting was before we changed it; "" = not known, being on paper; NULL = nobody read it. */
static const char *setting_was(const struct work *work, const char *pattern, const char *link)
{
	const struct host_sysctl *sysctl;
	struct host_sysctl like = { 0 };

	if (!setting_name(pattern, link, &like))
		return NULL;
	sysctl = state_find(work->facts->observed, OBJECT_SYSCTL, &like);
	if (!sysctl)
		return NULL;
	return sysctl->object.ours ? sysctl->former : sysctl->value;
}

static void desire_setting(struct work *work, const char *pattern, const char *link,
			   const char *value, struct place place)
{
	struct host_sysctl sysctl = { 0 };

	snprintf(sysctl.value, sizeof(sysctl.value), "%s", value);
	if (setting_name(pattern, link, &sysctl))
		desire_object(work->desired, OBJECT_SYSCTL, place, &sysctl);
}

#define IPV4_FORWARDING "net/ipv4/conf/!/forwarding"
#define IPV6_FORWARDING "net/ipv6/conf/!/forwarding"
#define IPV6_ACCEPT_RA "net/ipv6/conf/!/accept_ra"
#define NEXTHOP_COMPAT "net/ipv4/nexthop_compat_mode"
#define RP_FILTER "net/ipv4/conf/!/rp_filter"
#define SRC_VALID_MARK "net/ipv4/conf/!/src_valid_mark"

static bool is_of(const struct forward_config *entry, uint8_t family)
{
	uint32_t other = family == AF_INET ? FAMILY_IPV6 : FAMILY_IPV4;

	if (entry->family == other)
		return false;
	return (!entry->from.family || entry->from.family == family) &&
	       (!entry->to.family || entry->to.family == family);
}

/*
 * What is written for all is written over that of each link (copies.h of host/). Each is asked for as
 * well: for IPv4 it alone counts, so one that somebody changes is mended.
 */
static void forward_all4(struct work *work, struct place place)
{
	desire_setting(work, IPV4_FORWARDING, "all", "1", place);
	for (size_t i = 0; i < work->ways.links.count; i++)
		if (!work->ways.links.items[i].loopback)
			desire_setting(work, IPV4_FORWARDING, work->ways.links.items[i].name, "1",
				       place);
}

static void desire_forwarding4(struct work *work)
{
	const struct forward_config *entry = work->routing->forwarding.items;

	for (unsigned i = 0; i < work->routing->forwarding.count; i++) {
		if (!is_of(&entry[i], AF_INET))
			continue;
		if (!entry[i].in)
			forward_all4(work, entry[i].record.place);
		else if (ways_link(&work->ways, entry[i].in))
			desire_setting(work, IPV4_FORWARDING, entry[i].in, "1",
				       entry[i].record.place);
	}
}

/* What keeps router advertisements comes before what makes a router: see sysctl.c of host/. */
static void desire_forwarding6(struct work *work)
{
	const struct forward_config *entry = work->routing->forwarding.items;
	unsigned i = 0;

	while (i < work->routing->forwarding.count && !is_of(&entry[i], AF_INET6))
		i++;
	if (i == work->routing->forwarding.count)
		return;
	desire_setting(work, IPV6_FORWARDING, "all", "1", entry[i].record.place);
	for (size_t j = 0; j < work->ways.links.count; j++) {
		const struct way_link *link = &work->ways.links.items[j];
		const char *was = setting_was(work, IPV6_ACCEPT_RA, link->name);

		/* On paper nothing is known of what it was. */
		if (link->advised && was && (!*was || !strcmp(was, "1")))
			desire_setting(work, IPV6_ACCEPT_RA, link->name, "2", entry[i].record.place);
	}
}

/* Whether the reverse path filter asks without something that the rule looks at. */
static bool is_selective(const struct rule_config *rule)
{
	return rule->mark.mask || rule->uid.end || rule->protocol || rule->sport.first ||
	       rule->dport.first || rule->tos || rule->out;
}

/* Marks in @through the links that routes of table @table leave by. */
static void mark_links(const struct work *work, uint32_t table, bool *through)
{
	STATE_EACH(&work->desired->state, OBJECT_ROUTE, const struct host_route, route) {
		const struct built_hop *hop = route->nexthop ? built_hop(work, route->nexthop) : NULL;

		if (route->table != table)
			continue;
		for (size_t i = 0; i < work->ways.links.count; i++) {
			uint32_t index = work->ways.links.items[i].index;

			through[i] |= route->link == index;
			for (unsigned j = 0; hop && j < hop->count; j++)
				through[i] |= hop->links[j] == index;
		}
	}
}

/* Makes a strict filter on @link loose; @marked: marks decide there. */
static void loosen(struct work *work, const char *link, bool marked, struct place place)
{
	const char *own = setting_was(work, RP_FILTER, link),
		   *all = setting_was(work, RP_FILTER, "all");
	int most = own ? atoi(own) : 0;

	if (!own)
		return;
	most = all && atoi(all) > most ? atoi(all) : most;
	/* Ours already, on paper. */
	if (!*own || most == 1)
		desire_setting(work, RP_FILTER, link, "2", place);
	if (marked && (!*own || most))
		desire_setting(work, SRC_VALID_MARK, link, "1", place);
}

/* A table that was looked at, for rules with marks or without. */
struct seen_table {
	uint32_t table;
	bool marked;
};
struct seen_tables {
	VEC(struct seen_table) items;
};

static bool see_again(struct seen_tables *seen, uint32_t table, bool marked)
{
	for (size_t i = 0; i < seen->items.count; i++)
		if (seen->items.items[i].table == table && seen->items.items[i].marked == marked)
			return true;
	*VEC_PUSH(&seen->items) = (struct seen_table){ table, marked };
	return false;
}

static void loosen_for_rule(struct work *work, const struct rule_config *rule,
			    struct seen_tables *seen)
{
	size_t count = work->ways.links.count;
	AUTO_MEM bool *through = mem_alloc(count + 1);
	uint32_t table = rule->table ? table_called(work, rule->table) : RT_TABLE_MAIN;

	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL ||
	    see_again(seen, table, rule->mark.mask))
		return;
	mark_links(work, table, through);
	for (size_t i = 0; i < count; i++)
		if (through[i] && !work->ways.links.items[i].loopback)
			loosen(work, work->ways.links.items[i].name, rule->mark.mask,
			       rule->record.place);
}

static void desire_reverse_paths(struct work *work)
{
	const struct rule_config *rule = work->routing->rules.items;
	const char *out = work->routing->host.out;
	struct seen_tables seen = { 0 };

	for (unsigned i = 0; i < work->routing->rules.count; i++)
		if (is_selective(&rule[i]) && rule[i].family != FAMILY_IPV6)
			loosen_for_rule(work, &rule[i], &seen);
	VEC_FREE(&seen.items);
	for (size_t i = 0; out && ways_link(&work->ways, out) && i < work->ways.links.count; i++) {
		const struct way_link *link = &work->ways.links.items[i];

		if (!link->loopback && !link->in_vrf && strcmp(link->name, out) != 0)
			loosen(work, link->name, false,
			       ROUTING_PLACE(&work->routing->host, host_fields, host_config, out));
	}
}

void settings_desire(struct work *work)
{
	if (!work->routing->compat)
		desire_setting(work, NEXTHOP_COMPAT, "", "0",
			       ROUTING_PLACE(work->routing, routing_fields, routing, compat));
	desire_forwarding4(work);
	desire_forwarding6(work);
	desire_reverse_paths(work);
}

void settings_interest(const struct routing *routing, struct interest *interest)
{
	const struct rule_config *rule = routing->rules.items;
	bool selective = routing->host.out;

	if (!routing->compat)
		*VEC_PUSH(&interest->sysctls) = NEXTHOP_COMPAT;
	for (unsigned i = 0; i < routing->rules.count; i++)
		selective |= is_selective(&rule[i]);
	if (selective) {
		*VEC_PUSH(&interest->sysctls) = "net/ipv4/conf/*/rp_filter";
		*VEC_PUSH(&interest->sysctls) = "net/ipv4/conf/*/src_valid_mark";
	}
	if (routing->forwarding.count) {
		*VEC_PUSH(&interest->sysctls) = "net/ipv4/conf/*/forwarding";
		*VEC_PUSH(&interest->sysctls) = "net/ipv6/conf/*/forwarding";
		*VEC_PUSH(&interest->sysctls) = "net/ipv6/conf/*/accept_ra";
	}
}
