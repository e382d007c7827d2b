/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables and their numbers. A table without one gets 0x6d000000 ('m') and 16 bits of a hash of its
 * name; so does a table that only we know of, the ways out by a link.
 */
#include "feature/routing/routing_work.h"

#include "host/protocols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table_config *table_named(const struct routing *routing, const char *name)
{
	const struct table_config *table = routing->tables.items;

	for (unsigned i = 0; i < routing->tables.count; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* The number that @name is, or that Linux gives it; 0 = neither. */
static uint32_t number_meant(const char *name)
{
	if (!strcmp(name, "main"))
		return RT_TABLE_MAIN;
	if (!strcmp(name, "local"))
		return RT_TABLE_LOCAL;
	if (!strcmp(name, "default"))
		return RT_TABLE_DEFAULT;
	return name[strspn(name, "0123456789")] ? 0 : (uint32_t)strtoul(name, NULL, 10);
}

const char *protocol_called(uint8_t protocol)
{
	for (const struct word *word = route_protocols; word->text; word++)
		if (word->value == protocol)
			return word->text;
	return "a program that multihomed does not know";
}

void tables_number(const struct routing *routing, struct numbers *tables)
{
	const struct table_config *table = routing->tables.items;
	const struct rule_config *rule = routing->rules.items;

	for (unsigned i = 0; i < routing->tables.count; i++)
		if (!table[i].id)
			numbers_note(tables, table[i].name);
	for (unsigned i = 0; i < routing->rules.count; i++)
		if (rule[i].table && !number_meant(rule[i].table) &&
		    !table_named(routing, rule[i].table))
			numbers_note(tables, rule[i].table);
}

uint32_t table_called(const struct work *work, const char *name)
{
	const struct table_config *table = table_named(work->routing, name);
	const struct way_link *link = ways_link(&work->ways, name);

	if (table && table->id)
		return table->id;
	if (!table && number_meant(name))
		return number_meant(name);
	return link && link->table ? link->table : numbers_of(&work->tables, name);
}
