/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_setup.h"

#include "feature/dns/dns_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

static int name_order(const void *a, const void *b)
{
	const struct dns_order_zone *const *first = a, *const *second = b;

	return strcasecmp((*first)->name, (*second)->name);
}

/* The zones of @orders by name, so that those of a hundred thousand are found again. */
static const struct dns_order_zone **by_name(const struct dns_orders *orders)
{
	const struct dns_order_zone **sorted = mem_alloc((orders->zone_count + 1) * sizeof(*sorted));

	for (uint32_t i = 0; i < orders->zone_count; i++)
		sorted[i] = &orders->zones[i];
	if (orders->zone_count)
		qsort(sorted, orders->zone_count, sizeof(*sorted), name_order);
	return sorted;
}

int64_t dns_setup_find(const struct dns_setup *setup, const char *name)
{
	const struct dns_order_zone like = { .name = name }, *key = &like;
	const struct dns_order_zone **found = NULL;

	if (setup->orders.zone_count)
		found = bsearch(&key, setup->sorted, setup->orders.zone_count,
				sizeof(*setup->sorted), name_order);
	return found ? *found - setup->orders.zones : -1;
}

static struct zone *zone_of(const struct dns_setup_source *source, struct dns_order_zone *order)
{
	const struct dns_setup *before = source->before;
	int64_t old = before ? dns_setup_find(before, order->name) : -1;
	struct zone *former = old >= 0 ? before->loaded[old] : NULL, *zone;
	AUTO_TEXT error = { 0 };

	if (former && dns_load_same(order, &before->orders.zones[old]))
		return zone_ref(former);
	if (dns_load(order, source->blobs, &error, &zone) == 0)
		return zone;
	source->refused(source->data, order->name, text_string(&error));
	/* What it was not built by is forgotten, so that the next configuration tries again. */
	memset(order->files[0].digest, 0, sizeof(order->files[0].digest));
	return former ? zone_ref(former) : NULL;
}

static void zones_build(struct dns_setup *setup, const struct dns_setup_source *source)
{
	uint32_t count = setup->orders.zone_count, served = 0;
	struct zone **zones = mem_alloc((count + 1) * sizeof(*zones));

	setup->sorted = by_name(&setup->orders);
	setup->loaded = mem_alloc((count + 1) * sizeof(*setup->loaded));
	setup->order_of = mem_alloc((count + 1) * sizeof(*setup->order_of));
	for (uint32_t i = 0; i < count; i++) {
		setup->loaded[i] = zone_of(source, &setup->orders.zones[i]);
		if (!setup->loaded[i])
			continue;
		setup->order_of[served] = i;
		zones[served++] = setup->loaded[i];
	}
	setup->zones = zones_new(zones, served);
	mem_freep(&zones);
}

/* The engine's check() let pass only what makes sense. */
static void keys_build(struct dns_setup *setup)
{
	setup->keys = mem_alloc((setup->orders.key_count + 1) * sizeof(*setup->keys));
	setup->key_list = mem_alloc((setup->orders.key_count + 1) * sizeof(*setup->key_list));
	for (uint32_t i = 0; i < setup->orders.key_count; i++) {
		const struct dns_order_key *order = &setup->orders.keys[i];
		struct tsig_key *key = &setup->keys[i];
		struct dns_name name;

		setup->key_list[i] = key;
		if (name_parse(order->name, &name) < 0 || order->secret.length > TSIG_SECRET_SIZE ||
		    tsig_algorithm_parse(order->algorithm, &key->algorithm) < 0)
			continue;
		memcpy(key->name, name.wire, name.length);
		memcpy(key->secret, order->secret.bytes, order->secret.length);
		key->secret_length = order->secret.length;
	}
}

static void listen_build(struct dns_setup *setup)
{
	uint32_t count = setup->orders.listen_count;
	struct lpm_entry *entries = mem_alloc((count + 1) * sizeof(*entries));

	for (uint32_t i = 0; i < count; i++)
		entries[i] = (struct lpm_entry){ setup->orders.listen[i], i };
	setup->listen = lpm_new(entries, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct prefix *on = &setup->orders.listen[i];
		struct address address = prefix_address(on);

		if (on->length && lpm_find_within(setup->listen, &address, (uint8_t)(on->length - 1)))
			setup->nested = true;
	}
	mem_freep(&entries);
}

/* In cache lines of their own: each thread writes its counters. */
static struct counter *counters_new(uint32_t count)
{
	size_t size = (count + 1) * sizeof(struct counter);
	size_t whole = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	struct counter *counters = aligned_alloc(CACHE_LINE, whole);

	if (!counters)
		return mem_alloc(whole); /* which says so, and ends, when there is nothing left */
	memset(counters, 0, whole);
	return counters;
}

static void counts_build(struct dns_setup *setup, unsigned threads)
{
	setup->threads = threads;
	setup->counts = mem_alloc(threads * sizeof(*setup->counts));
	for (unsigned i = 0; i < threads; i++) {
		setup->counts[i].zones = counters_new(setup->orders.zone_count);
		setup->counts[i].prefixes = counters_new(setup->orders.listen_count);
	}
}

struct dns_setup *dns_setup_new(struct dns_orders *orders, const struct dns_setup_source *source)
{
	struct dns_setup *setup = mem_alloc(sizeof(*setup));

	setup->orders = *orders;
	*orders = (struct dns_orders){ 0 };
	zones_build(setup, source);
	keys_build(setup);
	listen_build(setup);
	counts_build(setup, source->threads);
	return setup;
}

void dns_setup_free(struct dns_setup *setup)
{
	if (!setup)
		return;
	zones_free(setup->zones);
	for (uint32_t i = 0; i < setup->orders.zone_count; i++)
		zone_unref(setup->loaded[i]);
	for (unsigned i = 0; i < setup->threads; i++) {
		mem_freep(&setup->counts[i].zones);
		mem_freep(&setup->counts[i].prefixes);
	}
	lpm_free(setup->listen);
	mem_freep(&setup->keys);
	mem_freep(&setup->key_list);
	mem_freep(&setup->counts);
	mem_freep(&setup->loaded);
	mem_freep(&setup->order_of);
	mem_freep(&setup->sorted);
	dns_orders_free(&setup->orders);
	mem_freep(&setup);
}

void dns_setup_serve(const struct dns_setup *setup, struct dns_server *ret_server)
{
	const struct dns_orders *orders = &setup->orders;
	const struct selves *selves = ret_server->selves;

	*ret_server = (struct dns_server){
		.zones = setup->zones,
		.selves = selves,
		.nsid = orders->nsid.length ? orders->nsid.bytes : NULL,
		.nsid_length = (uint16_t)orders->nsid.length,
		.identity = *orders->identity ? orders->identity : NULL,
		.udp_size = orders->udp_size,
		.keys = setup->key_list,
		.key_count = orders->key_count,
		.keepalive = (uint16_t)(orders->tcp_idle_ms / 100),
	};
	ret_server->cookies.count = orders->cookie_secret_count;
	memcpy(ret_server->cookies.secret, orders->cookie_secrets, sizeof(orders->cookie_secrets));
}

static void tell(struct counters *sum, const char *what, const char *name,
		 const struct counter *counter)
{
	struct counter *to;
	char *key;

	if (!counter->asked)
		return;
	key = mem_printf("%s %s", what, name);
	to = counters_get(sum, key);
	to->asked += counter->asked;
	to->answered += counter->answered;
	to->dropped += counter->dropped;
	mem_freep(&key);
}

void dns_setup_tell(const struct dns_setup *setup, unsigned thread, struct counters *sum)
{
	const struct dns_setup_counts *counts = &setup->counts[thread];
	char text[ADDRESS_TEXT_SIZE];

	for (uint32_t i = 0; i < setup->orders.zone_count; i++)
		tell(sum, "zone", setup->orders.zones[i].name, &counts->zones[i]);
	for (uint32_t i = 0; i < setup->orders.listen_count; i++)
		tell(sum, "prefix", prefix_text(&setup->orders.listen[i], text),
		     &counts->prefixes[i]);
}
