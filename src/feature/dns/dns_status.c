/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status dns` tells: zones, how names with own addresses are answered and why, who asks what. */
#include "feature/dns/dns_seen.h"
#include "feature/dns/dns_self.h"

#include "feature/listen.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct counter *counter_of(const struct counters *counters, const char *kind,
					const char *name)
{
	static const struct counter none;
	AUTO_TEXT key = { 0 };
	const struct counter *counter;

	text_printf(&key, name ? "%s %s" : "%s", kind, name);
	counter = counters_find(counters, text_string(&key));
	return counter ? counter : &none;
}

static void set_number(json_t *json, const char *key, uint64_t number)
{
	json_object_set_new(json, key, json_integer((json_int_t)number));
}

static json_t *zone_json(const struct dns_zone *zone, const struct counters *counters)
{
	const struct counter *counter;
	json_t *json = json_object();
	uint8_t digest[DIGEST_SIZE];
	const struct dns_seen *seen;
	char text[NAME_TEXT_SIZE];
	struct dns_name name;

	dns_seen_digest(zone, digest);
	seen = dns_seen_find(digest);
	(void)dns_zone_name(zone, &name);
	counter = counter_of(counters, "zone", name_text(name.wire, text));
	json_object_set_new(json, "zone", json_string(zone->name));
	if (seen) {
		set_number(json, "serial", seen->serial);
		set_number(json, "names", seen->names);
		set_number(json, "records", seen->records);
		json_object_set_new(json, "signed", json_boolean(seen->is_signed));
	}
	json_object_set_new(json, "file", json_string(zone->file.name));
	set_number(json, "asked", counter->asked);
	set_number(json, "answered", counter->answered);
	set_number(json, "dropped", counter->dropped);
	return json;
}

struct telling {
	const struct facts *facts;
	json_t *list;
};

static void health_text(const char *check, const struct facts *facts, struct text *text)
{
	const struct health *health = facts_health(facts, check);

	text_printf(text, "check %s is %s", check,
		    !health			? "not known yet" :
		    health->hand != HEALTH_AUTO ? health_hand_word(health->hand) :
						  health_state_word(health->state));
	if (health && health->old)
		text_puts(text, ", by an old word");
	if (health && health->hand == HEALTH_AUTO && health->state != HEALTH_UP && *health->reason)
		text_printf(text, ": %s", health->reason);
}

/* Why it is answered so. */
static void why_text(const struct dns_self *self, const struct dns_decision *decision,
		     const struct facts *facts, struct text *text)
{
	if (decision->no_address)
		text_printf(text, "link %s has no address", self->link);
	else if (self->check)
		health_text(self->check, facts, text);
	else
		text_puts(text, "no check");
	if (decision->peer)
		text_printf(text, "; peer %s is up", decision->peer->name);
	if (decision->not_ready)
		text_puts(text, "; all peers are down, too");
}

static void answer_text(const struct dns_self *self, const struct dns_decision *decision,
			const struct facts *facts, struct text *text)
{
	static const char *const words[] = {
		[DNS_SELF_ADDRESSES] = "",	[DNS_SELF_ASKED] = "the address asked",
		[DNS_SELF_REFUSED] = "refused", [DNS_SELF_SERVFAIL] = "servfail",
		[DNS_SELF_NODATA] = "no data",	[DNS_SELF_SILENT] = "nothing",
	};
	struct arena *arena = arena_new();
	char buffer[ADDRESS_TEXT_SIZE];
	struct address *addresses;
	uint32_t count = dns_self_addresses(self, decision, facts, arena, &addresses);

	text_puts(text, words[decision->mode]);
	for (uint32_t i = 0; i < count; i++)
		text_printf(text, "%s%s", i ? ", " : "", address_text(&addresses[i], buffer));
	arena_free(arena);
}

static const char *state_of(const struct dns_decision *decision)
{
	if (decision->not_ready)
		return "not ready";
	if (decision->peer)
		return "by a peer";
	return decision->mode <= DNS_SELF_ASKED ? "up" : "down";
}

static void tell_self(void *data, const struct dns_zone *zone, const struct dns_self *self,
		      const char *name)
{
	const struct telling *telling = data;
	const struct dns_decision decision = dns_self_decide(self, name, telling->facts);
	AUTO_TEXT answer = { 0 }, why = { 0 };
	json_t *json = json_object();

	answer_text(self, &decision, telling->facts, &answer);
	why_text(self, &decision, telling->facts, &why);
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "state", json_string(state_of(&decision)));
	json_object_set_new(json, "answers", json_string(text_string(&answer)));
	set_number(json, "ttl", self->ttl_ms / 1000);
	json_object_set_new(json, "why", json_string(text_string(&why)));
	json_array_append_new(telling->list, json);
}

static void tell_peers(void *data, const struct dns_zone *zone, const struct dns_self *self,
		       const char *name)
{
	const struct telling *telling = data;
	const struct dns_peer *peers = self->peers.items;

	for (unsigned i = 0; i < self->peers.count; i++) {
		AUTO_TEXT check = { 0 };
		json_t *json = json_object();
		const struct health *health;
		char buffer[ENDPOINT_TEXT_SIZE];

		dns_peer_check_name(&peers[i], name, &check);
		health = facts_health(telling->facts, text_string(&check));
		json_object_set_new(json, "peer", json_string(peers[i].name));
		json_object_set_new(json, "name", json_string(name));
		json_object_set_new(json, "state",
				    json_string(health_usable(health) ? "up" : "down"));
		json_object_set_new(json, "server",
				    json_string(endpoint_text(&peers[i].server.address,
							      peers[i].server.port, buffer)));
		json_object_set_new(
			json, "why",
			json_string(health && *health->reason ? health->reason : "not asked yet"));
		json_array_append_new(telling->list, json);
	}
}

static void set_each(json_t *status, const char *key, const struct dns_config *config,
		     const struct facts *facts, dns_self_fn *tell)
{
	struct telling telling = { facts, json_array() };

	dns_self_each(config, tell, &telling);
	if (json_array_size(telling.list))
		json_object_set(status, key, telling.list);
	json_decref(telling.list);
}

/* The entries whose keys begin with @kind and a space, the busiest first. */
struct ranked {
	const struct counters_entry *entry;
	uint64_t count;
};

static int busiest_first(const void *a, const void *b)
{
	const struct ranked *first = a, *second = b;

	if (first->count != second->count)
		return first->count < second->count ? 1 : -1;
	return strcmp(first->entry->key, second->entry->key);
}

static size_t rank(const struct counters *counters, const char *kind, struct ranked *ret_ranked)
{
	size_t length = strlen(kind), found = 0;

	for (size_t i = 0; i < counters->entries.count; i++) {
		const struct counters_entry *entry = &counters->entries.items[i];

		if (strncmp(entry->key, kind, length) != 0 || entry->key[length] != ' ')
			continue;
		ret_ranked[found++] = (struct ranked){ entry, entry->counter.asked ?
								      entry->counter.asked :
								      entry->counter.answered };
	}
	qsort(ret_ranked, found, sizeof(*ret_ranked), busiest_first);
	return found;
}

/* "rcodes": { NOERROR: 12, ... } */
static void set_counts(json_t *status, const char *key, const char *kind,
		       const struct counters *counters)
{
	struct ranked *ranked = mem_alloc((counters->entries.count + 1) * sizeof(*ranked));
	size_t count = rank(counters, kind, ranked);
	json_t *json = json_object();

	for (size_t i = 0; i < count; i++)
		set_number(json, ranked[i].entry->key + strlen(kind) + 1, ranked[i].count);
	if (count)
		json_object_set(status, key, json);
	json_decref(json);
	mem_freep(&ranked);
}

static void set_transports(json_t *status, const struct counters *counters)
{
	static const char *const names[] = { "udp", "tcp", "connections", "transfers", "notify" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct counter *counter = counter_of(counters, names[i], NULL);
		json_t *json = json_object();

		set_number(json, "asked", counter->asked);
		set_number(json, "answered", counter->answered);
		set_number(json, "dropped", counter->dropped);
		set_number(json, "failed", counter->failed);
		json_object_set_new(status, names[i], json);
	}
}

static void set_log(json_t *status, const struct dns_config *config, const struct counters *counters)
{
	const struct counter *counter = counter_of(counters, "log", NULL);
	json_t *json = json_object();

	json_object_set_new(json, "file", json_string(config->log.file));
	set_number(json, "written", counter->answered);
	set_number(json, "dropped", counter->dropped);
	json_object_set_new(status, "log", json);
}

static json_t *listen_json(const struct dns_config *config)
{
	const struct prefix *listen = config->listen.items;
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < config->listen.count; i++) {
		const struct prefix on = listen_wildcard_or(&listen[i]);

		json_array_append_new(list, json_string(listen_text(&on, text)));
	}
	return list;
}

void dns_status(const void *config, const struct facts *facts, const struct counters *counters,
		struct json_t *status)
{
	const struct dns_config *dns = config;
	const struct dns_zone *zones = dns->zones.items;
	json_t *list = json_array();

	json_object_set_new(status, "listen", listen_json(dns));
	set_number(status, "port", dns->port);
	if (dns->nsid)
		json_object_set_new(status, "nsid", json_string(dns->nsid));
	for (unsigned i = 0; i < dns->zones.count; i++)
		json_array_append_new(list, zone_json(&zones[i], counters));
	json_object_set_new(status, "zones", list);
	set_each(status, "own_addresses", dns, facts, tell_self);
	set_each(status, "peers", dns, facts, tell_peers);
	set_transports(status, counters);
	set_counts(status, "rcodes", "rcode", counters);
	set_counts(status, "prefixes", "prefix", counters);
	set_counts(status, "addresses", "address", counters);
	set_counts(status, "top_names", "name", counters);
	if (dns->log.file)
		set_log(status, dns, counters);
}
