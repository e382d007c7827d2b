/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status routing` tells: tables with their numbers, rules that stand now, what was forwarded. */
#include "feature/routing/routing_clock.h"
#include "feature/routing/routing_intents.h"
#include "feature/routing/routing_out.h"

#include <jansson.h>

static unsigned routes_in(const struct facts *facts, uint32_t table)
{
	unsigned count = 0;

	STATE_EACH(facts->observed, OBJECT_ROUTE, const struct host_route, route)
		count += route->table == table && route->object.ours;
	return count;
}

static json_t *table_json(const struct facts *facts, const char *name, uint32_t number)
{
	json_t *json = json_object();

	json_object_set_new(json, "table", json_string(name));
	json_object_set_new(json, "number", json_integer(number));
	json_object_set_new(json, "routes", json_integer(routes_in(facts, number)));
	return json;
}

/* The numbers that desire() would choose for the host as it is. */
static json_t *tables_json(const struct routing *routing, const struct facts *facts)
{
	const struct table_config *table = routing->tables.items;
	struct work work = { .routing = routing, .facts = facts };
	const struct state nothing = { 0 };
	json_t *list = json_array();

	ways_gather(facts, &nothing, &work.ways);
	tables_number(routing, &work.tables);
	out_tables_note(routing, &work.ways, &work.tables);
	numbers_choose(&work.tables, TABLES_BASE, TABLES_BITS);
	for (unsigned i = 0; i < routing->tables.count; i++)
		if (!numbers_of(&work.tables, table[i].name))
			json_array_append_new(list, table_json(facts, table[i].name, table[i].id));
	for (size_t i = 0; i < work.tables.items.count; i++) {
		const char *name = work.tables.items.items[i].name;

		json_array_append_new(list, table_json(facts, name, table_called(&work, name)));
	}
	numbers_free(&work.tables);
	ways_free(&work.ways);
	return list;
}

static void set_name(json_t *json, const char *key, const char *name)
{
	if (name)
		json_object_set_new(json, key, json_string(name));
}

static void set_prefix(json_t *json, const char *key, const struct prefix *prefix)
{
	char text[ADDRESS_TEXT_SIZE];

	if (prefix->family)
		json_object_set_new(json, key, json_string(prefix_text(prefix, text)));
}

static void set_packets(json_t *json, const struct counters *counters, const char *chain,
			unsigned order)
{
	AUTO_MEM char *key = mem_printf("filter %s %u", chain, order);
	const struct counter *counter = counters_find(counters, key);

	if (counter)
		json_object_set_new(json, "packets", json_integer((json_int_t)counter->asked));
}

static json_t *forwarding_json(const struct routing *routing, const struct counters *counters)
{
	const struct forward_config *entry = routing->forwarding.items;
	json_t *list = json_array(), *drop;

	if (!place_known(routing->forwarding.place))
		return list;
	for (unsigned i = 0; i < routing->forwarding.count; i++) {
		json_t *json = json_pack("{s:s}", "forwarding", "accept");

		set_name(json, "in", entry[i].in);
		set_name(json, "out", entry[i].out);
		set_prefix(json, "from", &entry[i].from);
		set_prefix(json, "to", &entry[i].to);
		set_packets(json, counters, "forward", i + 1);
		json_array_append_new(list, json);
	}
	drop = json_pack("{s:s}", "forwarding", "drop");
	set_packets(drop, counters, "forward", FORWARD_LAST);
	json_array_append_new(list, drop);
	return list;
}

static json_t *nat_json(const struct routing *routing, const struct counters *counters)
{
	const struct nat_config *entry = routing->nat.items;
	json_t *list = json_array();
	unsigned order = 0;

	for (unsigned i = 0; i < routing->nat.count; i++) {
		json_t *json = json_pack("{s:s}", "nat", entry[i].out);
		AUTO_TEXT to = { 0 };

		nat_word.print(&entry[i].to, &to);
		set_prefix(json, "from", &entry[i].from);
		json_object_set_new(json, "to", json_string(text_string(&to)));
		order += entry[i].except.count + 1;
		set_packets(json, counters, "nat", order);
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *timed_json(const struct rule_config *rule, const struct facts *facts)
{
	json_t *json = json_object(), *days = json_array();
	const struct days_word *day = rule->days.items;
	AUTO_TEXT between = { 0 };
	char at[32];
	time_t change;
	struct tm tm;
	bool now = clock_allows(rule, facts->now, &change);

	if (rule->between.to)
		clock_word.print(&rule->between, &between);
	for (unsigned i = 0; i < rule->days.count; i++) {
		AUTO_TEXT text = { 0 };

		days_word.print(&day[i], &text);
		json_array_append_new(days, json_string(text_string(&text)));
	}
	json_object_set_new(json, "line", json_integer(rule->record.place.line));
	json_object_set_new(json, "between", json_string(text_string(&between)));
	json_object_set_new(json, "days", days);
	json_object_set_new(json, "state", json_string(now ? "in force" : "at another time"));
	localtime_r(&change, &tm);
	if (change && strftime(at, sizeof(at), "%a %H:%M", &tm))
		json_object_set_new(json, "until", json_string(at));
	return json;
}

void routing_status(const void *config, const struct facts *facts, const struct counters *counters,
		    struct json_t *status)
{
	const struct routing *routing = config;
	const struct rule_config *rule = routing->rules.items;
	json_t *timed = json_array();

	for (unsigned i = 0; i < routing->rules.count; i++)
		if (rule[i].between.to || rule[i].days.count)
			json_array_append_new(timed, timed_json(&rule[i], facts));
	json_object_set_new(status, "tables", tables_json(routing, facts));
	json_object_set_new(status, "timed_rules", timed);
	json_object_set_new(status, "forwarding", forwarding_json(routing, counters));
	json_object_set_new(status, "nat", nat_json(routing, counters));
}
