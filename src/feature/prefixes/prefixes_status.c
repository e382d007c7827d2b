/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status prefixes` tells: each claim, and what of the host's settings silences it. */
#include "feature/prefixes/prefixes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of net/FAMILY/conf/LINK/NAME; 0 when it was not read. */
static int setting(const struct facts *facts, const char *family, const char *link, const char *name)
{
	const struct host_sysctl *sysctl;
	struct host_sysctl like = { 0 };

	snprintf(like.name, sizeof(like.name), "net/%s/conf/%s/%s", family, link, name);
	sysctl = state_find(facts->observed, OBJECT_SYSCTL, &like);
	return sysctl ? atoi(sysctl->value) : 0;
}

/*
 * For arp_ignore and rp_filter the larger of the link's own value and that of "all" counts (Linux
 * ip-sysctl).
 */
static int larger(int a, int b)
{
	return a > b ? a : b;
}

static void warn_of_link(const struct facts *facts, const struct host_link *link, bool v4,
			 json_t *warnings)
{
	int arp_ignore = larger(setting(facts, "ipv4", "all", "arp_ignore"),
				setting(facts, "ipv4", link->name, "arp_ignore"));
	int rp_filter = larger(setting(facts, "ipv4", "all", "rp_filter"),
			       setting(facts, "ipv4", link->name, "rp_filter"));

	if (v4 && arp_ignore)
		json_array_append_new(
			warnings,
			json_sprintf("arp_ignore is %d on link %s: ARP for IPv4 claims is not "
				     "answered there, so they are reached only "
				     "where the router routes them to an address of this host; "
				     "to answer: sysctl net/ipv4/conf/%s/arp_ignore=0 "
				     "net/ipv4/conf/all/arp_ignore=0",
				     arp_ignore, link->name, link->name));
	if (v4 && rp_filter == 1)
		json_array_append_new(
			warnings,
			json_sprintf("rp_filter is strict on link %s: senders that are not routed "
				     "back through it get no answer; "
				     "to let them in: sysctl net/ipv4/conf/%s/rp_filter=2",
				     link->name, link->name));
	if (!v4 && setting(facts, "ipv6", link->name, "disable_ipv6"))
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
	json_object_set_new(json, "asked", json_integer((json_int_t)counter->asked));
	json_object_set_new(json, "answered", json_integer((json_int_t)counter->answered));
	json_object_set_new(json, "dropped", json_integer((json_int_t)counter->dropped));
	json_object_set_new(json, "failed", json_integer((json_int_t)counter->failed));
	return json;
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
	json_object_set_new(status, "warnings", warnings);
	json_object_set_new(status, "nonlocal_bind", json_boolean(nonlocal && atoi(nonlocal->value)));
}
