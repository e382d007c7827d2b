/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * No feature's configuration is looked at: what stands on the host says all, whichever feature asked for
 * it. So the worker answers no sooner and no longer than the rules of the kernel's responder would stand.
 */
#include "feature/neighbours/neighbours_order.h"

#include "base/fnv.h"

#include "feature/neighbours/neighbours_wire.h"
#include "host/answering.h"
#include "net/lpm.h"

#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rules {
	struct neighbours_rule *items;
	size_t count, room;
};

struct news {
	struct neighbours_news *items;
	size_t count, room;
};

/* What @observed has on one link, of a kind whose keys begin with the link. */
#define EACH_ON_LINK(observed, number, type, item, like)                                           \
	for (const type *item = first_on_link(observed, number, like),                             \
			*item##_end = (const type *)(observed)->sets[number].items +               \
				      state_count(observed, number);                               \
	     item && item != item##_end && item->link == (like)->link; item++)

static const void *first_on_link(const struct state *observed, enum object_kind kind, const void *like)
{
	size_t first = state_lower_bound(observed, kind, like);

	return first < state_count(observed, kind) ? state_at(observed, kind, first) : NULL;
}

static bool is_host(const struct prefix *prefix)
{
	return prefix->length == address_bits(prefix->family);
}

/* Whether Linux was told not to answer ARP for all addresses that it has. */
static bool arp_is_ignored(const struct state *observed, const char *link)
{
	return state_setting(observed, "ipv4", "all", "arp_ignore") ||
	       state_setting(observed, "ipv4", link, "arp_ignore");
}

/* The IPv4 prefixes all of whose addresses are the host's own, so that Linux answers ARP for them. */
static struct lpm *local_prefixes(const struct state *observed)
{
	VEC(struct lpm_entry) entries = { 0 };
	struct lpm *lpm;

	STATE_EACH(observed, OBJECT_ROUTE, const struct host_route, route)
		if (route->type == RTN_LOCAL && route->table == RT_TABLE_LOCAL &&
		    route->to.family == AF_INET)
			*VEC_PUSH(&entries) = (struct lpm_entry){ .prefix = route->to };
	lpm = lpm_new(entries.items, entries.count);
	VEC_FREE(&entries);
	return lpm;
}

/* Of the @count rules of a link the one that decides about all of @prefix, or NULL. */
static const struct neighbours_rule *cover_of(const struct neighbours_rule *rules, size_t count,
					      const struct prefix *prefix)
{
	const struct neighbours_rule *longest = NULL;

	for (size_t i = 0; i < count; i++)
		if (prefix_covers(&rules[i].prefix, prefix) &&
		    (!longest || rules[i].prefix.length > longest->prefix.length))
			longest = &rules[i];
	return longest;
}

/* An address of the link itself is answered for by the kernel. */
static void add_own_addresses(struct rules *rules, size_t first, const struct state *observed,
			      const struct host_link *link)
{
	size_t count = rules->count - first;
	bool ignored = arp_is_ignored(observed, link->name);

	EACH_ON_LINK(observed, OBJECT_ADDRESS, struct host_address, address,
		     &(struct host_address){ .link = link->index })
	{
		struct address found = prefix_address(&address->prefix);
		struct prefix whole = prefix_of_address(&found);
		const struct neighbours_rule *cover = cover_of(rules->items + first, count, &whole);
		struct neighbours_rule rule;

		if (!cover || cover->verdict != NEIGHBOURS_ANSWER || is_host(&cover->prefix) ||
		    (ignored && found.family == AF_INET))
			continue;
		rule = *cover;
		rule.prefix = whole;
		rule.flags |= NEIGHBOURS_BY_KERNEL;
		*VEC_PUSH(rules) = rule;
	}
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(&((const struct neighbours_rule *)a)->prefix,
			      &((const struct neighbours_rule *)b)->prefix);
}

/* An address may stand on a link twice, with two lengths. */
static void sort_rules(struct rules *rules, size_t first)
{
	size_t kept = first;

	if (rules->count == first)
		return;
	qsort(rules->items + first, rules->count - first, sizeof(*rules->items), by_prefix);
	for (size_t i = first; i < rules->count; i++)
		if (i == first || by_prefix(&rules->items[i], &rules->items[kept - 1]) != 0)
			rules->items[kept++] = rules->items[i];
	rules->count = kept;
}

static void add_rules(struct rules *rules, const struct state *observed,
		      const struct host_link *link, const struct lpm *local)
{
	bool ignored = arp_is_ignored(observed, link->name);
	size_t first = rules->count;

	EACH_ON_LINK(observed, OBJECT_ANSWER, struct host_answer, answer,
		     &(struct host_answer){ .link = link->index })
	{
		struct neighbours_rule rule = answer_rule(answer);

		if (rule.verdict == NEIGHBOURS_ANSWER && !ignored &&
		    lpm_find_cover(local, &rule.prefix))
			rule.flags |= NEIGHBOURS_BY_KERNEL;
		*VEC_PUSH(rules) = rule;
	}
	add_own_addresses(rules, first, observed, link);
	sort_rules(rules, first);
}

static struct neighbours_port port_of(const struct state *observed, const struct host_link *link,
				      const struct host_responder *responder)
{
	struct neighbours_port port = {
		.index = link->index,
		.name = link->name,
		.link = { .link_local = link_local_of(observed, link->index),
			  .guard = responder->guard,
			  .router = responder->router,
			  .owner = responder->owner },
	};

	memcpy(port.link.mac, link->mac, sizeof(port.link.mac));
	return port;
}

/* The link of a responder of ours, if the worker is to answer there. */
static const struct host_link *worked_link(const struct state *observed,
					   const struct host_responder *responder)
{
	return responder->way == NEIGHBOURS_WORKER ? state_link(observed, responder->link) : NULL;
}

void neighbours_configure(const struct config *all, const struct facts *facts, struct text *message)
{
	VEC(struct neighbours_port) ports = { 0 };
	struct neighbours_orders orders = { 0 };
	struct rules rules = { 0 };
	struct lpm *local = NULL;

	if (all)
		STATE_EACH(facts->observed, OBJECT_RESPONDER, const struct host_responder, responder) {
			const struct host_link *link = worked_link(facts->observed, responder);

			if (!link)
				continue;
			if (!local)
				local = local_prefixes(facts->observed);
			*VEC_PUSH(&ports) = port_of(facts->observed, link, responder);
			add_rules(&rules, facts->observed, link, local);
		}
	orders.ports = ports.items;
	orders.port_count = (uint32_t)ports.count;
	orders.rules = rules.items;
	orders.rule_count = (uint32_t)rules.count;
	neighbours_orders_put(&orders, message);
	lpm_free(local);
	VEC_FREE(&ports);
	VEC_FREE(&rules);
}

/* Who is on the link: when it changes, somebody new may not have heard of us; fewer are nobody new. */
static uint64_t stamp_of(const struct state *observed, uint32_t link)
{
	uint64_t stamp = FNV_64, count = 0;

	EACH_ON_LINK(observed, OBJECT_ANSWER, struct host_answer, answer,
		     &(struct host_answer){ .link = link })
	{
		if (answer->verdict != NEIGHBOURS_OWN)
			continue;
		stamp = fnv_64(stamp, answer->prefix.bytes, sizeof(answer->prefix.bytes));
		stamp = fnv_64(stamp, &answer->prefix.length, 1);
		stamp = fnv_64(stamp, answer->mac, sizeof(answer->mac));
		count++;
	}
	return count << NEIGHBOURS_STAMP_BITS | stamp >> (64 - NEIGHBOURS_STAMP_BITS);
}

/* What all news of a link have in common. */
static struct neighbours_news news_of(const struct state *observed, const struct host_link *link,
				      const struct host_responder *responder)
{
	struct neighbours_news news = { .link = link->index,
					.up = link->flags & IFF_UP && link->flags & IFF_LOWER_UP,
					.router = responder->router,
					.stamp = stamp_of(observed, link->index) };

	memcpy(news.mac, link->mac, sizeof(news.mac));
	return news;
}

static void add_one(struct news *news, struct neighbours_news one, const struct prefix *prefix,
		    const struct address *source)
{
	one.address = prefix_address(prefix);
	if (one.address.family == AF_INET6)
		one.source = source->family ? *source : one.address;
	*VEC_PUSH(news) = one;
}

/*
 * Addresses that we put on the link for those behind it, and claims of one address. What joins a group is
 * nobody's address (reception.h).
 */
static void add_news(struct news *news, const struct state *observed, const struct host_link *link,
		     const struct host_responder *responder)
{
	struct neighbours_news one = news_of(observed, link, responder);
	struct address link_local = link_local_of(observed, link->index), itself = { 0 };

	EACH_ON_LINK(observed, OBJECT_ADDRESS, struct host_address, address,
		     &(struct host_address){ .link = link->index })
	{
		struct address found = prefix_address(&address->prefix);

		if (!address->object.ours || !is_host(&address->prefix) ||
		    address->flags & IFA_F_DEPRECATED || address_is_link_local(&found))
			continue;
		one.override = true;
		add_one(news, one, &address->prefix, &itself);
	}
	EACH_ON_LINK(observed, OBJECT_ANSWER, struct host_answer, answer,
		     &(struct host_answer){ .link = link->index })
	{
		bool by_target = answer->flags & NEIGHBOURS_TARGET_SOURCE;

		if (answer->verdict != NEIGHBOURS_ANSWER || !is_host(&answer->prefix))
			continue;
		one.override = answer->flags & NEIGHBOURS_OVERRIDE;
		add_one(news, one, &answer->prefix, by_target ? &itself : &link_local);
	}
}

static int by_address(const void *a, const void *b)
{
	return neighbours_news_compare(a, b);
}

static void sort_news(struct news *news)
{
	size_t kept = 0;

	if (!news->count)
		return;
	qsort(news->items, news->count, sizeof(*news->items), by_address);
	for (size_t i = 0; i < news->count; i++)
		if (!i || by_address(&news->items[i], &news->items[kept - 1]) != 0)
			news->items[kept++] = news->items[i];
	news->count = kept;
}

static void collect_news(const struct config *all, const struct facts *facts, struct news *news)
{
	if (!all)
		return;
	STATE_EACH(facts->observed, OBJECT_RESPONDER, const struct host_responder, responder) {
		const struct host_link *link = state_link(facts->observed, responder->link);

		if (link)
			add_news(news, facts->observed, link, responder);
	}
	sort_news(news);
}

void neighbours_update(const struct config *all, const struct facts *facts, struct text *message)
{
	struct news news = { 0 };
	struct neighbours_notes notes = { 0 };

	collect_news(all, facts, &news);
	notes.items = news.items;
	notes.count = (uint32_t)news.count;
	neighbours_notes_put(&notes, message);
	VEC_FREE(&news);
}

bool neighbours_needed(const struct config *all, const struct facts *facts)
{
	struct news news = { 0 };
	bool needed;

	STATE_EACH(facts->observed, OBJECT_RESPONDER, const struct host_responder, responder)
		if (worked_link(facts->observed, responder))
			return true;
	collect_news(all, facts, &news);
	needed = news.count;
	VEC_FREE(&news);
	return needed;
}
