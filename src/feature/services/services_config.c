/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a service may be. Two services must not want the same protocol, port and prefix; nested
 * prefixes are welcome, since the longest match decides. The numbers are bounded before anything
 * is multiplied out: a file can ask for a million sockets in three lines.
 */
#include "feature/services/services.h"

#include "feature/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct services_item, member)

const char *const services_kind_words[] = { "echo", "discard", "whoami", NULL };
const char *const services_protocol_words[] = { "udp", "tcp", NULL };

static const struct config_field listen_item = {
	.name = "listen",
	.type = CONFIG_NET,
	.help = "An address, a prefix, or the wildcard.",
	.example = "2001:db8:1:1::/64",
};

static const struct config_field ports_item = {
	.name = "port",
	.type = CONFIG_PORTS,
	.help = "A port, or a range of ports.",
	.example = "7000-7010",
};

static const struct config_field protocols_item = {
	.name = "protocol",
	.type = CONFIG_ENUM,
	.words = services_protocol_words,
	.help = "A protocol.",
	.example = "udp",
};

const struct config_field services_fields[] = {
	{ "name", CONFIG_NAME, AT(name), .required = true,
	  .help = "The name of the service, unique among the services; counters and answers of "
		  "whoami bear it.",
	  .example = "who" },
	{ "kind", CONFIG_ENUM, AT(kind), .required = true, .words = services_kind_words,
	  .help = "What the service does: echo sends back what it gets (RFC 862), discard throws "
		  "it away (RFC 863), whoami tells the "
		  "address asked, the peer and the arriving link, in one line of text, or in JSON "
		  "to an HTTP request.",
	  .example = "whoami" },
	{ "listen", CONFIG_LIST, AT(listen), .required = true, .min = 1, .max = 256,
	  .item = &listen_item,
	  .help = "Addresses and prefixes that the service is asked on. 0.0.0.0 and :: (or "
		  "0.0.0.0/0 and ::/0) mean every address of "
		  "this host. Where services share a port, the longest prefix that holds the "
		  "address asked decides. If all that is "
		  "listened on with a port are single addresses, only these are bound; else the "
		  "wildcard address is.",
	  .example = "[\"2001:db8:1:1::/64\", 198.51.100.0/24]" },
	{ "ports", CONFIG_LIST, AT(ports), .required = true, .min = 1, .max = 64, .item = &ports_item,
	  .help = "Ports that the service is asked on.", .example = "[7777, 8000-8010]" },
	{ "protocols", CONFIG_LIST, AT(protocols), .max = 2, .item = &protocols_item,
	  .help = "Protocols that the service is asked by: udp, tcp, or both, which is the "
		  "default.",
	  .example = "[udp, tcp]" },
	{ "max-connections", CONFIG_U32, AT(max_connections), .min = 1, .max = 65536, .def = 1024,
	  .help = "The most TCP connections that the service holds at a time; further ones are "
		  "reset at once. A stalled connection costs up to 16 KiB.",
	  .example = "256" },
	{ "idle-timeout", CONFIG_DURATION, AT(idle_ms), .min = 1000, .max = 3600000, .def = 30000,
	  .help = "A TCP connection on which nothing moves for this long is closed.",
	  .example = "10s" },
	{ 0 }
};

static const struct config_field services_item = {
	.name = "service",
	.type = CONFIG_RECORD,
	.fields = services_fields,
	.size = sizeof(struct services_item),
	.help = "One service.",
};

static const struct config_field services_root = {
	.name = "services",
	.type = CONFIG_LIST,
	.max = SERVICES_MAX,
	.item = &services_item,
	.help = "Small built-in services, which answer from the address asked. They listen on "
		"addresses that are local: "
		"addresses of this host's links, or of a prefix that it claims.",
	.example = "[{ name: echo, kind: echo, listen: [\"2001:db8:1:1::/64\"], ports: [7] }]",
};

static void check_names(const struct config_list *services, struct diags *diags)
{
	const struct services_item *items = services->items;

	for (unsigned i = 0; i < services->count; i++)
		for (unsigned j = 0; j < i; j++) {
			if (!items[i].name || !items[j].name ||
			    strcmp(items[i].name, items[j].name) != 0)
				continue;
			diag_between(
				diags,
				CONFIG_PLACE(&items[i], services_fields, struct services_item, name),
				CONFIG_PLACE(&items[j], services_fields, struct services_item, name),
				-EINVAL,
				"two services are named '%s'; give one of them another "
				"name",
				items[i].name);
			break;
		}
}

static void check_listen(const struct services_item *item, struct diags *diags)
{
	const struct prefix *listen = item->listen.items;
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < item->listen.count; i++) {
		const char *reason = listen[i].family ? listen_wrong(&listen[i]) : NULL;

		if (reason)
			diag_at(diags, item->listen.places[i], -EINVAL,
				"no service can listen on %s: %s", listen_text(&listen[i], text),
				reason);
	}
}

/* What means something for connections only, on a service that has none. */
static void check_unused(const struct services_item *item, struct diags *diags)
{
	static const size_t offsets[] = { AT(max_connections), AT(idle_ms) };
	static const char *const names[] = { "max-connections", "idle-timeout" };
	const uint32_t *protocols = item->protocols.items;

	for (unsigned i = 0; i < item->protocols.count; i++)
		if (protocols[i] == SERVICES_TCP)
			return;
	for (size_t i = 0; item->protocols.count && i < ARRAY_SIZE(offsets); i++) {
		struct place at = config_place(item, services_fields, offsets[i]);

		if (place_known(at) &&
		    (at.line != item->record.place.line || at.column != item->record.place.column))
			diag_warn(diags, at,
				  "%s has no effect: the service has no tcp among its protocols",
				  names[i]);
	}
}

/* By protocol, prefix and first port; equal ones in the order of the file. */
static int rule_order(const void *a, const void *b)
{
	const struct services_rule *const *first = a, *const *second = b;
	int r = (int)(*first)->protocol - (int)(*second)->protocol;

	r = r ? r : prefix_compare(&(*first)->on, &(*second)->on);
	r = r ? r : (int)(*first)->first - (int)(*second)->first;
	return r ? r : (*first > *second) - (*first < *second);
}

static struct place rule_place(const struct config_list *services, const struct services_rule *rule,
			       bool by_port)
{
	const struct services_item *item = (const struct services_item *)services->items +
					   rule->service;

	return by_port ? item->ports.places[rule->ports] : item->listen.places[rule->listen];
}

static void tell_twice(const struct config_list *services, const struct services_rule *a,
		       const struct services_rule *b, struct diags *diags)
{
	const struct services_item *items = services->items;
	const struct services_rule *first = a < b ? a : b, *second = a < b ? b : a;
	bool by_port = first->service == second->service && first->listen == second->listen;
	unsigned port = first->first > second->first ? first->first : second->first;
	struct place at = rule_place(services, second, by_port),
		     other = rule_place(services, first, by_port);
	const char *protocol =
		services_protocol_words[second->protocol == IPPROTO_UDP ? SERVICES_UDP : SERVICES_TCP];
	char text[ADDRESS_TEXT_SIZE];

	listen_text(&second->on, text);
	if (first->service == second->service)
		diag_between(diags, at, other, -EINVAL,
			     "%s port %u of %s is listed twice; leave one of them out", protocol,
			     port, text);
	else
		diag_between(
			diags, at, other, -EINVAL,
			"%s port %u of %s belongs to service '%s' already; give '%s' another port "
			"or address",
			protocol, port, text, items[first->service].name,
			items[second->service].name);
}

/* One diagnostic for each pair of items in the file, though they may meet in both protocols. */
static void check_twice(const struct config_list *services, const struct services_rules *rules,
			struct diags *diags)
{
	size_t count = rules->items.count, told = 0;
	const struct services_rule **sorted = mem_alloc((count + 1) * sizeof(*sorted)),
				   *widest = NULL;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &rules->items.items[i];
	qsort(sorted, count, sizeof(*sorted), rule_order);
	for (size_t i = 0; i < count && told < 20; i++) {
		bool same = widest && widest->protocol == sorted[i]->protocol &&
			    prefix_compare(&widest->on, &sorted[i]->on) == 0;

		if (same && sorted[i]->first <= widest->last) {
			tell_twice(services, widest, sorted[i], diags);
			told++;
		}
		if (!same || sorted[i]->last > widest->last)
			widest = sorted[i];
	}
	mem_freep(&sorted);
}

/* What the lists multiply to, before they are multiplied. */
static size_t rules_expected(const struct config_list *services)
{
	const struct services_item *item = services->items;
	size_t sum = 0;

	for (unsigned i = 0; i < services->count; i++, item++)
		sum += (size_t)item->listen.count * item->ports.count * 2;
	return sum;
}

static void check_numbers(const struct config_list *services, struct diags *diags)
{
	struct services_listeners listeners = { 0 };
	struct services_rules rules = { 0 };

	if (services->count > SERVICES_MAX || rules_expected(services) > SERVICES_MAX_ENDPOINTS) {
		diag_at(diags, services->place, -EINVAL,
			"the services ask for too many combinations of listen, ports and "
			"protocols (more than %u); "
			"use prefixes instead of addresses, and ranges instead of ports",
			SERVICES_MAX_ENDPOINTS);
		return;
	}
	services_rules_make(services, &rules);
	check_twice(services, &rules, diags);
	if (services_rules_endpoints(&rules) > SERVICES_MAX_ENDPOINTS) {
		diag_at(diags, services->place, -EINVAL,
			"the services ask for %zu combinations of address, port and protocol, of "
			"at most %u; narrow the ranges of ports",
			services_rules_endpoints(&rules), SERVICES_MAX_ENDPOINTS);
	} else {
		services_listeners_make(&rules, &listeners);
		if (listeners.items.count > SERVICES_MAX_LISTENERS)
			diag_at(diags, services->place, -EINVAL,
				"the services need %zu sockets, of at most %u; narrow the ranges "
				"of ports, or listen on a prefix "
				"instead of on addresses",
				listeners.items.count, SERVICES_MAX_LISTENERS);
	}
	VEC_FREE(&listeners.items);
	VEC_FREE(&rules.items);
}

void services_check(const void *config, struct diags *diags)
{
	const struct config_list *services = config;
	const struct services_item *item = services->items;

	for (unsigned i = 0; i < services->count; i++, item++) {
		check_listen(item, diags);
		check_unused(item, diags);
	}
	check_names(services, diags);
	check_numbers(services, diags);
}

const struct feature services_feature = {
	.name = "services",
	.root = &services_root,
	.check = services_check,
	.desire = services_desire,
	.status = services_status,
	.worker = &services_worker,
};
