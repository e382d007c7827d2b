/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status prefixes` tells: each claim, and what of the host's settings silences it. */
#include "feature/prefixes/prefixes.h"

#include "host/answering.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * For arp_ignore and rp_filter the larger of the link's own value and that of "all" counts (Linux
 * ip-sysctl).
 */
static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* On the port of subscribers strictness is what was asked for: nobody is there but they. */
static bool is_guarded(const struct facts *facts, const struct host_link *link)
{
	const struct host_responder like = { .link = link->index };
	const struct host_responder *responder = state_find(facts->observed, OBJECT_RESPONDER, &like);

	return responder && responder->guard;
}

static void warn_of_link(const struct facts *facts, const struct host_link *link, bool v4,
			 json_t *warnings)
{
	int arp_ignore = larger(state_setting(facts->observed, "ipv4", "all", "arp_ignore"),
				state_setting(facts->observed, "ipv4", link->name, "arp_ignore"));
	int rp_filter = larger(state_setting(facts->observed, "ipv4", "all", "rp_filter"),
			       state_setting(facts->observed, "ipv4", link->name, "rp_filter"));

	if (v4 && arp_ignore)
		json_array_append_new(
			warnings,
			json_sprintf("arp_ignore is %d on link %s: ARP for IPv4 claims is not "
				     "answered there, so they are reached only "
				     "where the router routes them to an address of this host; "
				     "to answer: sysctl net/ipv4/conf/%s/arp_ignore=0 "
				     "net/ipv4/conf/all/arp_ignore=0",
				     arp_ignore, link->name, link->name));
	if (v4 && rp_filter == 1 && !is_guarded(facts, link))
		json_array_append_new(
			warnings,
			json_sprintf("rp_filter is strict on link %s: senders that are not routed "
				     "back through it get no answer; "
				     "to let them in: sysctl net/ipv4/conf/%s/rp_filter=2",
				     link->name, link->name));
	if (!v4 && state_setting(facts->observed, "ipv6", link->name, "disable_ipv6"))
		json_array_append_new(
			warnings,
			json_sprintf(
				"IPv6 is disabled on link %s: IPv6 claims are not reached there; "
				"to enable it: sysctl net/ipv6/conf/%s/disable_ipv6=0",
				link->name, link->name));
}

static json_t *warnings_of(const struct facts *facts, bool v4)
{
	json_t *warnings = json_array();

	STATE_EACH(facts->observed, OBJECT_LINK, const struct host_link, link)
		if ((link->flags & IFF_UP) && (!(link->flags & IFF_LOOPBACK) || !v4))
			warn_of_link(facts, link, v4, warnings);
	return warnings;
}

static const char *claim_state(const struct claim *claim, const struct facts *facts)
{
	if (claim_in_place(claim, facts))
		return "in place";
	return claim_unsaid_network(claim, facts) ? "refused" : "waiting";
}

static json_t *exception_json(const struct exception *exception, const struct facts *facts)
{
	static const char *const why[] = {
		[EXCEPTION_FILE] = "file",
		[EXCEPTION_GATEWAY] = "gateway",
		[EXCEPTION_NEIGHBOUR] = "neighbour",
		[EXCEPTION_LEARNED] = "learned",
	};
	const struct host_link *link = state_link(facts->observed, exception->route.link);
	char text[ADDRESS_TEXT_SIZE];
	json_t *json = json_object();

	json_object_set_new(json, "prefix", json_string(prefix_text(&exception->route.to, text)));
	json_object_set_new(json, "why", json_string(why[exception->why]));
	if (link)
		json_object_set_new(json, "link", json_string(link->name));
	if (!address_is_unspecified(&exception->route.via))
		json_object_set_new(json, "via",
				    json_string(address_text(&exception->route.via, text)));
	if (exception->route.type != RTN_UNICAST)
		json_object_set_new(json, "unreachable", json_true());
	return json;
}

static json_t *links_json(const struct claim *claim)
{
	const char *const *names = claim->neighbours.items;
	json_t *list = json_array();

	for (unsigned i = 0; i < claim->neighbours.count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *claim_json(const struct claim *claim, const struct facts *facts,
			  const struct counters *counters)
{
	static const struct counter none;
	const struct counter *counter;
	char text[ADDRESS_TEXT_SIZE], key[ADDRESS_TEXT_SIZE + 8];
	json_t *json = json_object();

	prefix_text(&claim->prefix, text);
	snprintf(key, sizeof(key), "prefix %s", text);
	counter = counters_find(counters, key);
	counter = counter ? counter : &none;
	json_object_set_new(json, "prefix", json_string(text));
	json_object_set_new(json, "state", json_string(claim_state(claim, facts)));
	json_object_set_new(json, "exceptions", json_array());
	if (claim->neighbours.count)
		json_object_set_new(json, "neighbours", links_json(claim));
	json_object_set_new(json, "asked", json_integer((json_int_t)counter->asked));
	json_object_set_new(json, "answered", json_integer((json_int_t)counter->answered));
	json_object_set_new(json, "dropped", json_integer((json_int_t)counter->dropped));
	json_object_set_new(json, "failed", json_integer((json_int_t)counter->failed));
	return json;
}

static const struct config_list *links_at(const struct config_list *claims, unsigned index)
{
	return &((const struct claim *)claims->items)[index].neighbours;
}

/* Whether a claim before number @claim, or one of its links before @link, names the same. */
static bool is_told(const struct config_list *claims, unsigned claim, unsigned link)
{
	const char *name = ((const char *const *)links_at(claims, claim)->items)[link];

	for (unsigned i = 0; i <= claim; i++) {
		const struct config_list *links = links_at(claims, i);
		const char *const *names = links->items;

		for (unsigned j = 0; j < (i == claim ? link : links->count); j++)
			if (!strcmp(names[j], name))
				return true;
	}
	return false;
}

/* What answers on a link that some claim names. */
static json_t *responder_json(const struct facts *facts, const struct counters *counters,
			      const char *name)
{
	static const struct counter none;
	const struct host_link *link = facts_link(facts, name);
	const struct host_responder like = { .link = link ? link->index : 0 };
	const struct host_responder *responder = state_find(facts->observed, OBJECT_RESPONDER, &like);
	const struct counter *counter;
	char key[16 + IFNAMSIZ];

	snprintf(key, sizeof(key), "responder %s", name);
	counter = counters_find(counters, key);
	counter = counter ? counter : &none;
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "link", name, "state",
			 !link	   ? "does not exist" :
			 responder ? "in place" :
				     "waiting",
			 "responder", responder_way_word(responder), "asked",
			 (json_int_t)counter->asked, "answered", (json_int_t)counter->answered,
			 "malformed", (json_int_t)counter->failed);
}

static json_t *responders_json(const struct config_list *claims, const struct facts *facts,
			       const struct counters *counters)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < claims->count; i++) {
		const struct config_list *links = links_at(claims, i);
		const char *const *names = links->items;

		for (unsigned j = 0; j < links->count; j++)
			if (!is_told(claims, i, j))
				json_array_append_new(list,
						      responder_json(facts, counters, names[j]));
	}
	return list;
}

static bool is_claimed(const struct config_list *claims, const char *text)
{
	const struct claim *claim = claims->items;
	struct address address;

	for (unsigned i = 0; address_parse(text, &address) == 0 && i < claims->count; i++)
		if (claim[i].neighbours.count && prefix_holds(&claim[i].prefix, &address))
			return true;
	return false;
}

/* Who else says that an address of a claim is his: the keys are "claimant LINK ADDRESS MAC". */
static json_t *claimants_json(const struct config_list *claims, const struct facts *facts,
			      const struct counters *counters)
{
	json_t *list = json_array();

	for (size_t i = 0; i < counters->entries.count; i++) {
		const struct counters_entry *entry = &counters->entries.items[i];
		char link[IFNAMSIZ], address[ADDRESS_TEXT_SIZE], mac[18];

		if (sscanf(entry->key, "claimant %15s %55s %17s", link, address, mac) != 3 ||
		    !is_claimed(claims, address))
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "address", address,
					"link", link, "mac", mac, "since_s",
					(json_int_t)facts->now - (json_int_t)entry->counter.answered,
					"last_s_ago",
					(json_int_t)facts->now - (json_int_t)entry->counter.dropped,
					"times", (json_int_t)entry->counter.asked));
	}
	return list;
}

static void set_unless_empty(json_t *status, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set(status, key, list);
	json_decref(list);
}

void prefixes_status(const void *config, const struct facts *facts, const struct counters *counters,
		     struct json_t *status)
{
	const struct host_sysctl like = { .name = SYSCTL_NONLOCAL_BIND };
	const struct host_sysctl *nonlocal = state_find(facts->observed, OBJECT_SYSCTL, &like);
	const struct config_list *claims = config;
	const struct claim *claim = claims->items;
	struct exceptions exceptions = { 0 };
	json_t *list = json_array(), *warnings = json_array(), *more;
	bool families[2] = { false };

	for (unsigned i = 0; i < claims->count; i++) {
		families[claim[i].prefix.family == AF_INET] = true;
		json_array_append_new(list, claim_json(&claim[i], facts, counters));
	}
	claims_exceptions(claims, facts, &exceptions);
	for (size_t i = 0; i < exceptions.items.count; i++) {
		json_t *of = json_array_get(list, exceptions.items.items[i].claim);

		json_array_append_new(json_object_get(of, "exceptions"),
				      exception_json(&exceptions.items.items[i], facts));
	}
	exceptions_free(&exceptions);
	for (unsigned v4 = 0; v4 < 2; v4++) {
		more = families[v4] ? warnings_of(facts, v4) : json_array();
		json_array_extend(warnings, more);
		json_decref(more);
	}
	json_object_set_new(status, "claims", list);
	set_unless_empty(status, "responders", responders_json(claims, facts, counters));
	set_unless_empty(status, "claimants", claimants_json(claims, facts, counters));
	json_object_set_new(status, "warnings", warnings);
	json_object_set_new(status, "nonlocal_bind", json_boolean(nonlocal && atoi(nonlocal->value)));
}
