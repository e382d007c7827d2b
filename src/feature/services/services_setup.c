/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A port can be any of 65,536, but few are served: a sorted list finds the table of a port once
 * for each socket, and the table finds the service once for each packet.
 *
 * Counters are an array for each thread, in cache lines of its own. They are summed when
 * somebody asks, and handed on by name when a setup follows another.
 */
#include "feature/services/services_setup.h"

#include "feature/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* One rule on one port. */
struct port_entry {
	uint8_t protocol;
	uint16_t port;
	struct lpm_entry entry;
};

static int port_order(const void *a, const void *b)
{
	const struct port_entry *first = a, *second = b;
	int r = (int)first->protocol - (int)second->protocol;

	r = r ? r : (int)first->port - (int)second->port;
	return r ? r : prefix_compare(&first->entry.prefix, &second->entry.prefix);
}

static int entry_order(const void *a, const void *b)
{
	const struct lpm_entry *first = a, *second = b;

	return prefix_compare(&first->prefix, &second->prefix);
}

/* @entries sorted: a prefix stands right before what lies inside it. */
static struct lpm *table_new(struct lpm_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || !prefix_covers(&entries[i].prefix, &entries[i + 1].prefix))
			entries[i].value |= SERVICES_LEAF;
	return lpm_new(entries, count);
}

static struct services_port port_of(const struct port_entry *group, size_t count)
{
	struct lpm_entry *entries = mem_alloc(count * sizeof(*entries));
	struct services_port port = { .protocol = group->protocol, .port = group->port };

	for (size_t i = 0; i < count; i++)
		entries[i] = group[i].entry;
	port.by_address = table_new(entries, count);
	mem_freep(&entries);
	return port;
}

static void ports_build(struct services_setup *setup, const struct services_orders *orders)
{
	VEC(struct port_entry) all = { 0 };
	VEC(struct services_port) ports = { 0 };
	size_t end;

	for (size_t i = 0; i < orders->rules.count; i++) {
		const struct services_rule *rule = &orders->rules.items[i];

		for (unsigned port = rule->first; port <= rule->last; port++)
			*VEC_PUSH(&all) = (struct port_entry){ .protocol = rule->protocol,
							       .port = (uint16_t)port,
							       .entry = { rule->on, rule->service } };
	}
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), port_order);
	for (size_t start = 0; start < all.count; start = end) {
		for (end = start + 1;
		     end < all.count && all.items[end].protocol == all.items[start].protocol &&
		     all.items[end].port == all.items[start].port;
		     end++)
			;
		*VEC_PUSH(&ports) = port_of(&all.items[start], end - start);
	}
	setup->ports = ports.items;
	setup->port_count = ports.count;
	VEC_FREE(&all);
}

static void services_build(struct services_setup *setup, const struct services_orders *orders,
			   const struct services_setup *before)
{
	setup->service_count = (uint32_t)orders->services.count;
	setup->services = mem_alloc((setup->service_count + 1) * sizeof(*setup->services));
	for (uint32_t i = 0; i < setup->service_count; i++) {
		const struct services_order *order = &orders->services.items[i];
		struct services_service *service = &setup->services[i];
		int old = before ? services_setup_find(before, order->name) : -1;

		memcpy(service->name, order->name, sizeof(service->name));
		service->kind = order->kind;
		service->max_connections = order->max_connections;
		service->idle_us = (int64_t)order->idle_ms * 1000;
		service->live = old >= 0 ? before->services[old].live :
					   mem_alloc(sizeof(*service->live));
	}
}

static void claims_build(struct services_setup *setup, const struct services_orders *orders)
{
	struct lpm_entry *entries;

	setup->claim_count = (uint32_t)orders->claims.count;
	setup->claims = mem_alloc((setup->claim_count + 1) * sizeof(*setup->claims));
	entries = mem_alloc((setup->claim_count + 1) * sizeof(*entries));
	for (uint32_t i = 0; i < setup->claim_count; i++) {
		setup->claims[i] = orders->claims.items[i];
		entries[i] = (struct lpm_entry){ setup->claims[i], i };
	}
	if (setup->claim_count)
		qsort(entries, setup->claim_count, sizeof(*entries), entry_order);
	setup->claim_table = table_new(entries, setup->claim_count);
	mem_freep(&entries);
}

static struct counter *counters_new(const struct services_setup *setup)
{
	size_t size = services_setup_counters(setup) * sizeof(struct counter);
	size_t whole = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	struct counter *counters = aligned_alloc(CACHE_LINE, whole);

	if (!counters)
		return mem_alloc(whole); /* which says so, and ends, when there is nothing left */
	memset(counters, 0, whole);
	return counters;
}

struct services_setup *services_setup_new(const struct services_orders *orders, unsigned threads,
					  const struct services_setup *before)
{
	struct services_setup *setup = mem_alloc(sizeof(*setup));

	services_build(setup, orders, before);
	claims_build(setup, orders);
	ports_build(setup, orders);
	setup->threads = threads;
	setup->counters = mem_alloc(threads * sizeof(*setup->counters));
	for (unsigned i = 0; i < threads; i++)
		setup->counters[i] = counters_new(setup);
	setup->before = counters_new(setup);
	return setup;
}

static struct counter counter_sum(const struct services_setup *setup, uint32_t index)
{
	struct counter sum = setup->before[index];

	for (unsigned i = 0; i < setup->threads; i++) {
		const struct counter *counter = &setup->counters[i][index];

		sum.asked += __atomic_load_n(&counter->asked, __ATOMIC_RELAXED);
		sum.answered += __atomic_load_n(&counter->answered, __ATOMIC_RELAXED);
		sum.dropped += __atomic_load_n(&counter->dropped, __ATOMIC_RELAXED);
		sum.failed += __atomic_load_n(&counter->failed, __ATOMIC_RELAXED);
	}
	return sum;
}

static bool counter_zero(const struct counter *counter)
{
	return !(counter->asked | counter->answered | counter->dropped | counter->failed);
}

static void counters_hand_on(struct services_setup *setup, const struct services_setup *before)
{
	for (uint32_t i = 0; i < before->service_count; i++) {
		int to = services_setup_find(setup, before->services[i].name);

		if (to >= 0)
			setup->before[to] = counter_sum(before, i);
	}
	for (uint32_t i = 0; i < before->claim_count; i++) {
		const struct lpm_entry *to = lpm_find_cover(setup->claim_table, &before->claims[i]);

		if (to && to->prefix.length == before->claims[i].length)
			setup->before[setup->service_count + services_setup_index(to)] =
				counter_sum(before, before->service_count + i);
	}
	setup->before[services_setup_counters(setup) - 1] =
		counter_sum(before, services_setup_counters(before) - 1);
}

void services_setup_succeed(struct services_setup *setup, struct services_setup *before)
{
	if (!before)
		return;
	if (setup)
		counters_hand_on(setup, before);
	for (uint32_t i = 0; i < before->service_count; i++)
		if (!setup || services_setup_find(setup, before->services[i].name) < 0)
			mem_freep(&before->services[i].live);
	for (size_t i = 0; i < before->port_count; i++)
		lpm_free(before->ports[i].by_address);
	for (unsigned i = 0; i < before->threads; i++)
		mem_freep(&before->counters[i]);
	lpm_free(before->claim_table);
	mem_freep(&before->ports);
	mem_freep(&before->counters);
	mem_freep(&before->before);
	mem_freep(&before->services);
	mem_freep(&before->claims);
	mem_freep(&before);
}

static int port_find_order(const void *key, const void *item)
{
	const struct services_port *wanted = key, *port = item;
	int r = (int)wanted->protocol - (int)port->protocol;

	return r ? r : (int)wanted->port - (int)port->port;
}

const struct lpm *services_setup_port(const struct services_setup *setup, uint8_t protocol,
				      uint16_t port)
{
	const struct services_port like = { .protocol = protocol, .port = port }, *found = NULL;

	if (setup->port_count)
		found = bsearch(&like, setup->ports, setup->port_count, sizeof(like),
				port_find_order);
	return found ? found->by_address : NULL;
}

int services_setup_find(const struct services_setup *setup, const char *name)
{
	for (uint32_t i = 0; i < setup->service_count; i++)
		if (strcmp(setup->services[i].name, name) == 0)
			return (int)i;
	return -1;
}

void services_setup_report(const struct services_setup *setup, struct text *report)
{
	uint32_t last = services_setup_counters(setup) - 1;
	char key[ADDRESS_TEXT_SIZE + SERVICES_NAME_SIZE], prefix[ADDRESS_TEXT_SIZE];

	for (uint32_t i = 0; i <= last; i++) {
		struct counter sum = counter_sum(setup, i);

		if (counter_zero(&sum))
			continue;
		if (i < setup->service_count)
			snprintf(key, sizeof(key), "service %s", setup->services[i].name);
		else if (i < last)
			snprintf(key, sizeof(key), "prefix %s",
				 prefix_text(&setup->claims[i - setup->service_count], prefix));
		else
			snprintf(key, sizeof(key), "outside");
		crew_report_put(report, key, &sum);
	}
}
