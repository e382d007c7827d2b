/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status routing` tells: the tables with their numbers, and which rules stand now. */
#include "feature/routing/routing_clock.h"
#include "feature/routing/routing_work.h"

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

static json_t *tables_json(const struct routing *routing, const struct facts *facts)
{
	const struct table_config *table = routing->tables.items;
	struct numbers numbers = { 0 };
	json_t *list = json_array();

	tables_number(routing, &numbers);
	numbers_choose(&numbers, TABLES_BASE, TABLES_BITS);
	for (unsigned i = 0; i < routing->tables.count; i++)
		if (table[i].id)
			json_array_append_new(list, table_json(facts, table[i].name, table[i].id));
	for (size_t i = 0; i < numbers.items.count; i++)
		json_array_append_new(list, table_json(facts, numbers.items.items[i].name,
						       numbers.items.items[i].value));
	numbers_free(&numbers);
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
}
