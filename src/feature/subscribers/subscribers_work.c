/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a desire() leans on: the links as they will be, and what other keys of the file say of
 * settings. A setting that one of them names is theirs: whoever writes `rp-filter: loose` knows why.
 *
 * All traffic of subscribers is forwarded, by whichever link it leaves and comes back: so every link
 * forwards. For IPv4 each has a say of its own (what is written for "all" is written over theirs,
 * host/copies.h, and each is asked for as well, so that one that somebody changes is mended); IPv6
 * looks at "all" alone. A router ignores router advertisements unless accept_ra is 2, so links that
 * live on them get that.
 */
#include "feature/subscribers/subscribers_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_FORWARDING "net/ipv4/conf/!/forwarding"
#define IPV6_FORWARDING "net/ipv6/conf/!/forwarding"
#define IPV6_ACCEPT_RA "net/ipv6/conf/!/accept_ra"

/* Of one name what is desired comes behind what is observed. */
static int link_order(const void *a, const void *b)
{
	const struct known_link *first = a, *second = b;
	int r = strcmp(first->name, second->name);

	return r ? r : (int)first->desired - (int)second->desired;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_link(struct work *work, const struct host_link *link, bool desired)
{
	struct known_link *known = VEC_PUSH(&work->links);

	memcpy(known->name, link->name, sizeof(known->name));
	known->index = link->index;
	known->master = link->master;
	known->desired = desired;
	known->up = desired ? link->state != LINK_DOWN : link->flags & IFF_UP;
	known->loopback = link->flags & IFF_LOOPBACK;
}

static bool is_same(const struct known_link *a, const struct known_link *b)
{
	return strcmp(a->name, b->name) == 0;
}

static void gather_links(struct work *work)
{
	struct known_link *items;
	size_t kept = 0;

	STATE_EACH(work->facts->observed, OBJECT_LINK, const struct host_link, link)
		add_link(work, link, false);
	STATE_EACH(&work->desired->state, OBJECT_LINK, const struct host_link, link)
		add_link(work, link, true);
	items = work->links.items;
	if (work->links.count)
		qsort(items, work->links.count, sizeof(*items), link_order);
	for (size_t i = 0; i < work->links.count; i++)
		if (i + 1 == work->links.count || !is_same(&items[i], &items[i + 1]))
			items[kept++] = items[i];
	work->links.count = kept;
}

static bool is_advised(const struct work *work, uint32_t index)
{
	for (size_t i = 0; i < work->advised.count; i++)
		if (work->advised.items[i] == index)
			return true;
	return false;
}

static void gather_said(struct work *work)
{
	STATE_EACH(&work->desired->state, OBJECT_SYSCTL, const struct host_sysctl, sysctl)
		*VEC_PUSH(&work->said) = mem_strdup(sysctl->name);
	if (work->said.count)
		qsort(work->said.items, work->said.count, sizeof(*work->said.items), name_order);
	work->said_responders = state_count(&work->desired->state, OBJECT_RESPONDER);
}

static void gather_families(struct work *work)
{
	const struct prefix *gateway = work->config->gateways.items;

	for (unsigned i = 0; i < work->config->gateways.count; i++) {
		struct address address = prefix_address(&gateway[i]);

		work->v4 |= gateway[i].family == AF_INET;
		work->v6 |= gateway[i].family == AF_INET6 && !address_is_link_local(&address);
	}
	for (size_t i = 0; i < work->roster.prefixes.count; i++) {
		work->v4 |= work->roster.prefixes.items[i].prefix.family == AF_INET;
		work->v6 |= work->roster.prefixes.items[i].prefix.family == AF_INET6;
	}
}

void work_begin(struct work *work, const struct subscribers_config *config,
		const struct facts *facts, struct desired *desired)
{
	*work = (struct work){ .config = config, .facts = facts, .desired = desired };
	roster_build(config, facts->subscribers, &work->roster);
	if (facts->subscribers && facts->subscribers->items.count)
		roster_judge_hands(&work->roster, desired->diags);
	roster_number(&work->roster);
	gather_links(work);
	STATE_EACH(facts->observed, OBJECT_ROUTE, const struct host_route, route)
		if (route->protocol == RTPROT_RA && !is_advised(work, route->link))
			*VEC_PUSH(&work->advised) = route->link;
	gather_said(work);
	gather_families(work);
}

void work_end(struct work *work)
{
	for (size_t i = 0; i < work->said.count; i++)
		mem_freep(&work->said.items[i]);
	VEC_FREE(&work->said);
	VEC_FREE(&work->links);
	VEC_FREE(&work->advised);
	roster_free(&work->roster);
}

const struct known_link *work_link(const struct work *work, const char *name)
{
	size_t low = 0, high = work->links.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(work->links.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < work->links.count && !strcmp(work->links.items[low].name, name) ?
		       &work->links.items[low] :
		       NULL;
}

/* @pattern with the name of a link in place of its '!'. False when that is too long. */
static bool setting_name(const char *pattern, const char *link, struct host_sysctl *ret_sysctl)
{
	const char *at = strchrnul(pattern, '!');
	int length = snprintf(ret_sysctl->name, sizeof(ret_sysctl->name), "%.*s%s%s",
			      (int)(at - pattern), pattern, link, *at ? at + 1 : at);

	return length < (int)sizeof(ret_sysctl->name);
}

void work_setting(struct work *work, const char *pattern, const char *link, const char *value,
		  struct place place)
{
	struct host_sysctl sysctl = { 0 };
	const char *name = sysctl.name;

	snprintf(sysctl.value, sizeof(sysctl.value), "%s", value);
	if (!setting_name(pattern, link, &sysctl))
		return;
	if (work->said.count && bsearch(&name, work->said.items, work->said.count,
					sizeof(*work->said.items), name_order))
		return;
	desire_object(work->desired, OBJECT_SYSCTL, place, &sysctl);
}

/* Whether the link listens to router advertisements, as it was before we changed it. */
static bool listens(const struct work *work, const char *link)
{
	const struct host_sysctl *sysctl;
	struct host_sysctl like = { 0 };
	const char *was;

	if (!setting_name(IPV6_ACCEPT_RA, link, &like))
		return false;
	sysctl = state_find(work->facts->observed, OBJECT_SYSCTL, &like);
	was = !sysctl ? "0" : sysctl->object.ours ? sysctl->former : sysctl->value;
	/* On paper nothing is known of what it was. */
	return !*was || !strcmp(was, "1");
}

void work_forwarding(struct work *work, struct place place)
{
	if (work->v4)
		work_setting(work, IPV4_FORWARDING, "all", "1", place);
	if (work->v6)
		work_setting(work, IPV6_FORWARDING, "all", "1", place);
	for (size_t i = 0; i < work->links.count; i++) {
		const struct known_link *link = &work->links.items[i];

		if (work->v4 && !link->loopback)
			work_setting(work, IPV4_FORWARDING, link->name, "1", place);
		if (work->v6 && listens(work, link->name) && is_advised(work, link->index))
			work_setting(work, IPV6_ACCEPT_RA, link->name, "2", place);
	}
}
