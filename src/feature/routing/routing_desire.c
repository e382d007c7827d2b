/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of desire(): what there is to lean on, numbers for what has names, routes, rules,
 * and what follows from intents. What
 * other keys desire was desired before, see feature/list.c.
 */
#include "feature/routing/routing_assert.h"
#include "feature/routing/routing_intents.h"
#include "feature/routing/routing_out.h"
#include "feature/routing/routing_rules.h"
#include "feature/routing/routing_work.h"

#include <string.h>

/*
 * Linux looks for the router of a new IPv4 route as the host itself would send to it, by the rules
 * that stand at that time. Where these keep the host from some link, it would refuse routes by way
 * of that link; we looked at the networks of the link ourselves.
 */
static bool host_is_confined(const struct routing *routing)
{
	const struct rule_config *rule = routing->rules.items;

	/* It asks without a source, a mark, a protocol. */
	for (unsigned i = 0; i < routing->rules.count; i++)
		if ((!rule[i].in || !strcmp(rule[i].in, "lo")) && !rule[i].from.count &&
		    !rule[i].mark.mark && !rule[i].protocol && !rule[i].sport.first &&
		    !rule[i].dport.first && !rule[i].tos)
			return true;
	return routing->host.out;
}

static void work_begin(struct work *work, const void *config, const struct facts *facts,
		       struct desired *desired)
{
	*work = (struct work){ .routing = config, .facts = facts, .desired = desired };
	work->confined = host_is_confined(work->routing);
	ways_gather(facts, &desired->state, &work->ways);
	tables_number(work->routing, &work->tables);
	out_tables_note(work->routing, &work->ways, &work->tables);
	numbers_choose(&work->tables, TABLES_BASE, TABLES_BITS);
	hops_number(work);
}

/* For people: those that have a name in the file, and those that were numbered here. */
static void name_tables(const struct work *work)
{
	const struct table_config *table = work->routing->tables.items;

	for (unsigned i = 0; i < work->routing->tables.count; i++)
		if (table[i].id)
			desire_table_name(work->desired, table[i].id, table[i].name);
	for (size_t i = 0; i < work->tables.items.count; i++)
		desire_table_name(work->desired, work->tables.items.items[i].value,
				  work->tables.items.items[i].name);
}

static void work_end(struct work *work)
{
	ways_free(&work->ways);
	numbers_free(&work->tables);
	numbers_free(&work->hops);
	VEC_FREE(&work->built);
	VEC_FREE(&work->filled);
	VEC_FREE(&work->out_routes);
	VEC_FREE(&work->foreign);
	for (unsigned i = 0; i < 2; i++)
		rules_free(&work->rules[i]);
}

void routing_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	struct work work;

	work_begin(&work, config, facts, ret_desired);
	name_tables(&work);
	routes_desire(&work);
	rules_desire(&work);
	intents_desire(&work);
	filter_desire(&work);
	settings_desire(&work);
	routing_assert_desire(&work.routing->asserts, facts, ret_desired);
	work_end(&work);
}

/* Clashes are looked for among so many routes; of the others the kernel's refusal tells. */
#define INTEREST_ROUTES 4096

static void interest_routes(const struct config_list *routes, struct interest *interest)
{
	const struct route_config *route = routes->items;
	unsigned left = INTEREST_ROUTES;

	for (unsigned i = 0; i < routes->count && left; i++) {
		const struct prefix *to = route[i].to.items;

		for (unsigned j = 0; j < route[i].to.count && left; j++, left--)
			if (to[j].family && to[j].length)
				*VEC_PUSH(&interest->prefixes) = to[j];
	}
}

void routing_interest(const void *config, struct interest *interest)
{
	const struct routing *routing = config;

	const struct table_config *table = routing->tables.items;

	interest->link_routes = true;
	/* Somebody may have put routes into a table whose number people know. */
	for (unsigned i = 0; i < routing->tables.count; i++)
		if (table[i].id)
			*VEC_PUSH(&interest->tables) = table[i].id;
	interest_routes(&routing->routes, interest);
	settings_interest(routing, interest);
	routing_assert_interest(&routing->asserts, interest);
}
