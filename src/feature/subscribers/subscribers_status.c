/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status subscribers` tells: how many, each port with what answers there, each subscriber. */
#include "feature/subscribers/subscribers_roster.h"

#include "host/answering.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most ports that one warning names. */
#define NAMED_MOST 6

struct telling {
	const struct facts *facts;
	const struct counters *counters;
	struct roster roster;
	const struct host_link **links; /* of the ports; NULL = it does not exist */
};

static const struct host_link *link_of(const struct telling *telling, const struct roster_port *port)
{
	return port ? telling->links[port - telling->roster.ports.items] : NULL;
}

static void add_counter(const struct telling *telling, const char *key, json_t *json)
{
	static const struct counter none;
	const struct counter *found = counters_find(telling->counters, key);
	const struct counter *counter = found ? found : &none;

	json_object_set_new(json, "asked", json_integer((json_int_t)counter->asked));
	json_object_set_new(json, "answered", json_integer((json_int_t)counter->answered));
	json_object_set_new(json, "spoofed", json_integer((json_int_t)counter->dropped));
}

static const struct host_responder *responder_on(const struct telling *telling, uint32_t link)
{
	const struct host_responder like = { .link = link };

	return state_find(telling->facts->observed, OBJECT_RESPONDER, &like);
}

static bool answers_own(const struct telling *telling, uint32_t link, const struct subscriber *one,
			const struct prefix *prefix)
{
	const struct host_answer like = { .link = link, .prefix = *prefix };
	const struct host_answer *answer = state_find(telling->facts->observed, OBJECT_ANSWER, &like);

	return answer && answer->verdict == NEIGHBOURS_OWN && answer->owner == one->owner;
}

static bool is_routed(const struct telling *telling, uint32_t link, const struct prefix *prefix)
{
	const struct host_route first = { .table = RT_TABLE_MAIN, .to = *prefix };
	const struct state *observed = telling->facts->observed;

	for (size_t at = state_lower_bound(observed, OBJECT_ROUTE, &first);
	     at < state_count(observed, OBJECT_ROUTE); at++) {
		const struct host_route *route = state_at(observed, OBJECT_ROUTE, at);

		if (route->table != RT_TABLE_MAIN || prefix_compare(&route->to, prefix) != 0)
			return false;
		if (route->object.ours && route->link == link)
			return true;
	}
	return false;
}

/* "in place", or what of it is missing. */
static const char *state_of(const struct telling *telling, const struct subscriber *one)
{
	const struct host_link *link = link_of(telling, roster_port(&telling->roster, one->port));
	const struct roster_address *address = &telling->roster.addresses.items[one->first_address];
	const struct roster_prefix *prefix = &telling->roster.prefixes.items[one->first_prefix];
	bool stands = link && responder_on(telling, link->index);

	if (one->left_out)
		return one->hand == SUBSCRIBER_REMOVE ? "removed" : "refused";
	for (uint32_t i = 0; stands && i < one->addresses; i++) {
		struct prefix alone = prefix_of_address(&address[i].address);

		stands = answers_own(telling, link->index, one, &alone) &&
			 is_routed(telling, link->index, &alone);
	}
	for (uint32_t i = 0; stands && i < one->prefixes; i++)
		stands = answers_own(telling, link->index, one, &prefix[i].prefix) &&
			 is_routed(telling, link->index, &prefix[i].prefix);
	return stands ? "in place" : "pending";
}

static json_t *addresses_json(const struct roster *roster, const struct subscriber *one)
{
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (uint32_t i = 0; i < one->addresses; i++)
		json_array_append_new(
			list,
			json_string(address_text(
				&roster->addresses.items[one->first_address + i].address, text)));
	return list;
}

static json_t *prefixes_json(const struct roster *roster, const struct subscriber *one)
{
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (uint32_t i = 0; i < one->prefixes; i++)
		json_array_append_new(
			list, json_string(prefix_text(
				      &roster->prefixes.items[one->first_prefix + i].prefix, text)));
	return list;
}

static json_t *subscriber_json(const struct telling *telling, const struct subscriber *one)
{
	json_t *json = json_object();
	char text[ADDRESS_TEXT_SIZE], key[32];

	json_object_set_new(json, "name", json_string(one->name));
	json_object_set_new(json, "port", json_string(one->port));
	json_object_set_new(json, "state", json_string(state_of(telling, one)));
	json_object_set_new(json, "addresses", addresses_json(&telling->roster, one));
	if (one->prefixes)
		json_object_set_new(json, "prefixes", prefixes_json(&telling->roster, one));
	if (one->bound)
		json_object_set_new(json, "mac", json_string(mac_text(one->mac, text)));
	if (one->via.family)
		json_object_set_new(json, "via", json_string(address_text(&one->via, text)));
	if (one->hand)
		json_object_set_new(
			json, "by_hand",
			json_string(subscriber_what_word((enum subscriber_what)one->hand)));
	snprintf(key, sizeof(key), "owner %u", one->owner);
	add_counter(telling, key, json);
	return json;
}

/* Every port that a worker answers on, as many as fit. */
static size_t name_workers(const struct telling *telling, struct text *names)
{
	const struct roster *roster = &telling->roster;
	size_t count = 0;

	for (size_t i = 0; i < roster->ports.count; i++) {
		const struct host_link *link = link_of(telling, &roster->ports.items[i]);
		const struct host_responder *responder = link ? responder_on(telling, link->index) :
								NULL;

		if (!responder || responder->way != NEIGHBOURS_WORKER)
			continue;
		if (count < NAMED_MOST)
			text_printf(names, "%s%s", count ? ", " : "", link->name);
		count++;
	}
	if (count > NAMED_MOST)
		text_printf(names, " and %zu more", count - NAMED_MOST);
	return count;
}

/* Somebody else's address that connects a link to a network which should be on none. */
static void warn_of_networks(const struct telling *telling, json_t *warnings)
{
	const struct subscribers_config *config = telling->roster.config;
	const struct prefix *gateway = config->gateways.items;
	char text[ADDRESS_TEXT_SIZE];

	STATE_EACH(telling->facts->observed, OBJECT_ADDRESS, const struct host_address, address) {
		struct prefix network = prefix_clean(&address->prefix);
		struct address own = prefix_address(&address->prefix);
		const struct host_link *link = state_link(telling->facts->observed, address->link);
		unsigned i = 0;

		while (i < config->gateways.count && !prefix_overlaps(&network, &gateway[i]))
			i++;
		if (i == config->gateways.count || !link || address_is_link_local(&own) ||
		    network.length == address_bits(network.family))
			continue;
		prefix_text(&address->prefix, text);
		json_array_append_new(warnings, json_sprintf("%s on %s connects that link to a "
							     "network of `gateway`, so that Linux "
							     "looks there for whoever is no "
							     "subscriber: ip address del %s dev %s",
							     text, link->name, text, link->name));
	}
}

/* What keeps ports from doing all that they should, each once. */
static json_t *warnings_json(const struct telling *telling)
{
	json_t *warnings = json_array();
	AUTO_TEXT names = { 0 };

	if (name_workers(telling, &names))
		json_array_append_new(
			warnings,
			json_sprintf(
				"a worker answers on %s, %s: of forwarded packets only the "
				"sources of IPv4 are checked there, by rp_filter; to check all: %s",
				text_string(&names),
				telling->roster.config->responder == NEIGHBOURS_WORKER ?
					"as the file says" :
					"since eBPF cannot be used",
				telling->roster.config->responder == NEIGHBOURS_WORKER ?
					"responder: auto" :
					"`mhctl doctor` says what is missing"));
	warn_of_networks(telling, warnings);
	if (state_setting(telling->facts->observed, "ipv4", "all", "rp_filter") == 2)
		json_array_append_new(
			warnings,
			json_string(
				"net.ipv4.conf.all.rp_filter is 2, and so it is loose on all "
				"ports; "
				"to make it strict there: sysctl net/ipv4/conf/all/rp_filter=0"));
	return warnings;
}

static json_t *port_json(const struct telling *telling, const struct roster_port *port)
{
	const struct host_link *link = link_of(telling, port);
	const struct host_responder *responder = link ? responder_on(telling, link->index) : NULL;
	json_t *json = json_object();
	const char *state = !link			  ? "does not exist" :
			    !(link->flags & IFF_UP)	  ? "down" :
			    !(link->flags & IFF_LOWER_UP) ? "no carrier" :
			    responder			  ? "in place" :
							    "pending";
	char key[16 + IFNAMSIZ];

	json_object_set_new(json, "port", json_string(port->name));
	json_object_set_new(json, "state", json_string(state));
	json_object_set_new(json, "responder", json_string(responder_way_word(responder)));
	json_object_set_new(json, "subscribers", json_integer(port->subscribers));
	json_object_set_new(json, "bound", json_integer(port->bound));
	snprintf(key, sizeof(key), "responder %s", port->name);
	add_counter(telling, key, json);
	return json;
}

/* How many subscribers are in which state. */
static json_t *totals_json(const json_t *subscribers)
{
	json_int_t all = 0, in_place = 0, pending = 0, hands = 0, addresses = 0;
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)subscribers, i, one)
	{
		const char *state = json_string_value(json_object_get(one, "state"));

		all += strcmp(state, "removed") != 0;
		addresses += (json_int_t)json_array_size(json_object_get(one, "addresses"));
		in_place += !strcmp(state, "in place");
		pending += !strcmp(state, "pending");
		hands += json_object_get(one, "by_hand") != NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "subscribers", all, "in_place", in_place,
			 "pending", pending, "by_hand", hands, "addresses", addresses);
}

static void find_links(struct telling *telling)
{
	const struct roster *roster = &telling->roster;

	telling->links = mem_alloc((roster->ports.count + 1) * sizeof(const struct host_link *));
	STATE_EACH(telling->facts->observed, OBJECT_LINK, const struct host_link, link) {
		const struct roster_port *port = roster_port(roster, link->name);

		if (port)
			telling->links[port - roster->ports.items] = link;
	}
}

static json_t *gateways_json(const struct subscribers_config *config)
{
	const struct prefix *gateway = config->gateways.items;
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < config->gateways.count; i++)
		json_array_append_new(list, json_string(prefix_text(&gateway[i], text)));
	return list;
}

void subscribers_status(const void *config, const struct facts *facts,
			const struct counters *counters, struct json_t *status)
{
	struct telling telling = { .facts = facts, .counters = counters };
	struct diags silent = { 0 };
	json_t *subscribers = json_array(), *ports = json_array();

	roster_build(config, facts->subscribers, &telling.roster);
	if (facts->subscribers && facts->subscribers->items.count)
		roster_judge_hands(&telling.roster, &silent);
	diags_free(&silent);
	roster_number(&telling.roster);
	find_links(&telling);
	for (size_t i = 0; i < telling.roster.subscribers.count; i++)
		json_array_append_new(
			subscribers, subscriber_json(&telling, &telling.roster.subscribers.items[i]));
	for (size_t i = 0; i < telling.roster.ports.count; i++)
		json_array_append_new(ports, port_json(&telling, &telling.roster.ports.items[i]));
	json_object_set_new(status, "totals", totals_json(subscribers));
	json_object_set_new(status, "gateways", gateways_json(config));
	json_object_set_new(status, "ports", ports);
	json_object_set_new(status, "subscribers", subscribers);
	json_object_set_new(status, "warnings", warnings_json(&telling));
	mem_freep(&telling.links);
	roster_free(&telling.roster);
}
