/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From services to sockets. bind(2) knows one address or all: where every address that is listened
 * on with a port is a single one, each gets its socket, so that other programs may have the port on
 * other addresses; one prefix among them, and the wildcard is bound instead, once. Who answers what
 * arrives there is decided by the worker, by the address asked.
 */
#include "feature/services/services.h"

#include "feature/listen.h"

#include <stdlib.h>
#include <string.h>

/* One rule on one port. */
struct endpoint {
	uint8_t protocol;
	uint16_t port;
	struct prefix on;
	uint32_t rule;
};

static void rules_of(const struct services_item *item, uint32_t index, uint8_t protocol,
		     struct services_rules *rules)
{
	const struct prefix *listen = item->listen.items;
	const struct config_ports *ports = item->ports.items;

	for (unsigned i = 0; i < item->listen.count; i++)
		for (unsigned j = 0; j < item->ports.count; j++) {
			if (!listen[i].family || !ports[j].first || ports[j].last < ports[j].first)
				continue;
			*VEC_PUSH(&rules->items) = (struct services_rule){
				.protocol = protocol,
				.first = ports[j].first,
				.last = ports[j].last,
				.on = listen_wildcard_or(&listen[i]),
				.service = index,
				.listen = i,
				.ports = j,
			};
		}
}

void services_rules_make(const struct config_list *services, struct services_rules *ret_rules)
{
	const struct services_item *item = services ? services->items : NULL;

	for (unsigned i = 0; services && i < services->count; i++, item++) {
		const uint32_t *protocols = item->protocols.items;
		bool wanted[] = { !item->protocols.count, !item->protocols.count };

		for (unsigned j = 0; j < item->protocols.count; j++)
			if (protocols[j] < ARRAY_SIZE(wanted))
				wanted[protocols[j]] = true;
		if (wanted[SERVICES_UDP])
			rules_of(item, i, IPPROTO_UDP, ret_rules);
		if (wanted[SERVICES_TCP])
			rules_of(item, i, IPPROTO_TCP, ret_rules);
	}
}

size_t services_rules_endpoints(const struct services_rules *rules)
{
	size_t sum = 0;

	for (size_t i = 0; i < rules->items.count; i++)
		sum += (size_t)(rules->items.items[i].last - rules->items.items[i].first) + 1;
	return sum;
}

static int endpoint_order(const void *a, const void *b)
{
	const struct endpoint *first = a, *second = b;
	int r = (int)first->protocol - (int)second->protocol;

	r = r ? r : (int)first->on.family - (int)second->on.family;
	r = r ? r : (int)first->port - (int)second->port;
	r = r ? r : prefix_compare(&first->on, &second->on);
	return r ? r : (first->rule > second->rule) - (first->rule < second->rule);
}

static bool same_port(const struct endpoint *a, const struct endpoint *b)
{
	return a->protocol == b->protocol && a->on.family == b->on.family && a->port == b->port;
}

/* The sockets of one port: @group has @count endpoints that differ in what they listen on only. */
static void listeners_of(const struct endpoint *group, size_t count,
			 struct services_listeners *listeners)
{
	struct services_listener listener = { .protocol = group->protocol, .port = group->port };
	bool wildcard = false;
	uint32_t first = group->rule;

	for (size_t i = 0; i < count; i++) {
		wildcard = wildcard || listen_needs_wildcard(&group[i].on);
		first = group[i].rule < first ? group[i].rule : first;
	}
	if (wildcard) {
		listener.address.family = group->on.family;
		listener.rule = first;
		*VEC_PUSH(&listeners->items) = listener;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (i && prefix_compare(&group[i - 1].on, &group[i].on) == 0)
			continue;
		listener.address = prefix_address(&group[i].on);
		listener.rule = group[i].rule;
		*VEC_PUSH(&listeners->items) = listener;
	}
}

void services_listeners_make(const struct services_rules *rules,
			     struct services_listeners *ret_listeners)
{
	size_t room = services_rules_endpoints(rules), count = 0, end;
	struct endpoint *endpoints = mem_alloc((room + 1) * sizeof(*endpoints));

	for (size_t i = 0; i < rules->items.count; i++) {
		const struct services_rule *rule = &rules->items.items[i];

		for (unsigned port = rule->first; port <= rule->last; port++)
			endpoints[count++] = (struct endpoint){ rule->protocol, (uint16_t)port,
								rule->on, (uint32_t)i };
	}
	qsort(endpoints, count, sizeof(*endpoints), endpoint_order);
	for (size_t start = 0; start < count; start = end) {
		for (end = start + 1; end < count && same_port(&endpoints[start], &endpoints[end]);
		     end++)
			;
		listeners_of(&endpoints[start], end - start, ret_listeners);
	}
	mem_freep(&endpoints);
}

void services_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	const struct config_list *services = config;
	const struct services_item *items = services->items;
	struct services_listeners listeners = { 0 };
	struct services_rules rules = { 0 };

	services_rules_make(services, &rules);
	services_listeners_make(&rules, &listeners);
	for (size_t i = 0; i < listeners.items.count; i++) {
		const struct services_listener *listener = &listeners.items.items[i];
		const struct services_rule *rule = &rules.items.items[listener->rule];
		struct host_listener wanted = {
			.protocol = listener->protocol,
			.address = listener->address,
			.port = listener->port,
		};

		desire_object(ret_desired, OBJECT_LISTENER,
			      items[rule->service].listen.places[rule->listen], &wanted);
	}
	VEC_FREE(&listeners.items);
	VEC_FREE(&rules.items);
}
