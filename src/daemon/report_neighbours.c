/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/report_neighbours.h"

#include "base/log.h"
#include "host/answering.h"
#include "host/counted.h"
#include "host/peers.h"

#include <stdio.h>
#include <string.h>

#define CLAIMANT "claimant "

static const char *link_name(const struct state *state, uint32_t index)
{
	const struct host_link *link = state_link(state, index);

	return link ? link->name : NULL;
}

/* Of a link that is gone nobody wants to hear. */
static void count_one(const struct state *state, const struct neighbours_count *count,
		      struct counters *counters)
{
	const char *link = link_name(state, count->link);
	AUTO_MEM char *key = count->owner ? mem_printf("owner %u", count->owner) :
					    mem_printf("responder %s", link ? link : "");
	struct counter *counter;

	if (!link)
		return;
	counter = counters_get(counters, key);
	counter->asked += count->asked;
	counter->answered += count->answered;
	counter->dropped += count->spoofed;
	counter->failed += count->malformed;
}

static void note_claimant(const struct state *state, const struct neighbours_claimant *claimant,
			  struct counters *counters)
{
	const char *link = link_name(state, claimant->link);
	char address[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];
	AUTO_MEM char *key = mem_printf(CLAIMANT "%s %s %s", link ? link : "",
					address_text(&claimant->address, address),
					mac_text(claimant->mac, mac));
	struct counter *counter;

	if (!link)
		return;
	counter = counters_get(counters, key);
	counter->asked += claimant->count;
	if (!counter->answered || (uint64_t)claimant->first < counter->answered)
		counter->answered = (uint64_t)claimant->first;
	if ((uint64_t)claimant->last > counter->dropped)
		counter->dropped = (uint64_t)claimant->last;
}

void neighbours_count(const struct engine_status *status, struct counters *counters)
{
	struct neighbours_claimants claimants = { 0 };
	struct neighbours_counts counts = { 0 };
	int r = status->host ? host_neighbour_counts(status->host, &counts) : 0;

	for (size_t i = 0; r == 0 && i < counts.count; i++)
		count_one(status->observed, &counts.items[i], counters);
	if (r == 0 && status->host)
		r = host_neighbour_claimants(status->host, &claimants);
	for (size_t i = 0; r == 0 && i < claimants.count; i++)
		note_claimant(status->observed, &claimants.items[i], counters);
	if (r < 0)
		log_debug("the counters of responders cannot be read: %s", strerror(-r));
	VEC_FREE(&counts);
	VEC_FREE(&claimants);
}

static size_t rules_of(const struct state *state, uint32_t link)
{
	const struct host_answer from = { .link = link }, to = { .link = link + 1 };

	return state_lower_bound(state, OBJECT_ANSWER, &to) -
	       state_lower_bound(state, OBJECT_ANSWER, &from);
}

static json_t *responder_json(const struct engine_status *status, const struct counters *counters,
			      const struct host_responder *responder)
{
	static const struct counter none;
	const char *link = link_name(status->observed, responder->link);
	const char *missing = status->host ? host_responders_missing(status->host) : NULL;
	AUTO_MEM char *key = mem_printf("responder %s", link ? link : "(gone)");
	const struct counter *found = counters_find(counters, key);
	const struct counter *counter = found ? found : &none;
	json_t *json = json_pack(
		"{s:s,s:s,s:b,s:I,s:I,s:I,s:I,s:I}", "link", link ? link : "(gone)", "way",
		responder_way_word(responder), "guard", responder->guard, "rules",
		(json_int_t)rules_of(status->observed, responder->link), "asked",
		(json_int_t)counter->asked, "answered", (json_int_t)counter->answered, "spoofed",
		(json_int_t)counter->dropped, "malformed", (json_int_t)counter->failed);

	if (json && missing && responder->way == NEIGHBOURS_WORKER)
		json_object_set_new(
			json, "warnings",
			json_pack("[o]", json_sprintf("a worker answers, since there can be no "
						      "eBPF program: %s",
						      missing)));
	return json ? json : json_object();
}

static json_t *time_json(uint64_t seconds)
{
	const time_t time = (time_t)seconds;
	char text[64];
	struct tm when;

	if (!localtime_r(&time, &when) || !strftime(text, sizeof(text), "%F %T %z", &when))
		return json_string("?");
	return json_string(text);
}

/* "claimant LINK ADDRESS MAC", which are words without blanks. */
static json_t *claimant_json(const struct counters_entry *entry)
{
	AUTO_MEM char *copy = mem_strdup(entry->key + strlen(CLAIMANT));
	char *rest = copy, *link = strsep(&rest, " "), *address = strsep(&rest, " "),
	     *mac = strsep(&rest, " ");
	json_t *json = json_pack(
		"{s:s,s:s,s:s,s:o,s:o,s:I}", "address", address ? address : "?", "link", link,
		"mac", mac ? mac : "?", "since", time_json(entry->counter.answered), "last",
		time_json(entry->counter.dropped), "count", (json_int_t)entry->counter.asked);

	return json ? json : json_object();
}

static json_t *table_json(const struct engine_status *status, uint8_t family,
			  const struct host_neighbour_table *table)
{
	json_int_t here = 0, exempt = 0;

	STATE_EACH(status->observed, OBJECT_NEIGHBOUR, const struct host_neighbour, neighbour) {
		here += neighbour->address.family == family;
		exempt += neighbour->address.family == family && neighbour_is_exempt(neighbour);
	}
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "table", family == AF_INET ? "IPv4" : "IPv6",
			 "entries", (json_int_t)table->entries, "limit", (json_int_t)table->limit,
			 "refused", (json_int_t)table->refused, "here", here, "exempt", exempt);
}

json_t *neighbours_json(const struct engine_status *status, const struct counters *counters)
{
	json_t *responders = json_array(), *claimants = json_array(), *tables = json_array();
	struct host_neighbour_table found[2] = { 0 };

	STATE_EACH(status->observed, OBJECT_RESPONDER, const struct host_responder, responder)
		json_array_append_new(responders, responder_json(status, counters, responder));
	for (size_t i = 0; i < counters->entries.count; i++)
		if (strncmp(counters->entries.items[i].key, CLAIMANT, strlen(CLAIMANT)) == 0)
			json_array_append_new(claimants, claimant_json(&counters->entries.items[i]));
	if (status->host && host_neighbour_tables(status->host, found) == 0) {
		json_array_append_new(tables, table_json(status, AF_INET, &found[0]));
		json_array_append_new(tables, table_json(status, AF_INET6, &found[1]));
	}
	return json_pack("{s:o,s:o,s:o}", "responders", responders, "claimants", claimants,
			 "tables", tables);
}
