/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/neighbours/neighbours_table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int by_mac(const void *a, const void *b)
{
	return memcmp(((const struct neighbours_bound *)a)->mac,
		      ((const struct neighbours_bound *)b)->mac, 6);
}

static int by_owner(const void *a, const void *b)
{
	uint32_t one = ((const struct neighbours_account *)a)->owner;
	uint32_t other = ((const struct neighbours_account *)b)->owner;

	return one < other ? -1 : one > other;
}

static int by_link(const void *key, const void *item)
{
	uint32_t link = *(const uint32_t *)key;
	uint32_t other = ((const struct neighbours_place *)item)->index;

	return link < other ? -1 : link > other;
}

/* The counter of @key, with what it has counted so far. */
static uint32_t make_counter(struct neighbours_table *table, const struct neighbours_table *former,
			     const char *key)
{
	const struct counter *was = former ? counters_find(&former->counters, key) : NULL;
	struct counter *counter = counters_get(&table->counters, key);
	char *entry = (char *)counter - offsetof(struct counters_entry, counter);

	if (was)
		*counter = *was;
	return (uint32_t)((struct counters_entry *)(void *)entry - table->counters.entries.items);
}

static struct neighbours_settings settings_of(const struct neighbours_link *link)
{
	struct neighbours_settings settings = { .guard = link->guard,
						.router = link->router,
						.owner = link->owner };

	memcpy(settings.mac, link->mac, sizeof(settings.mac));
	memcpy(&settings.link_local, link->link_local.bytes, sizeof(settings.link_local));
	return settings;
}

static struct neighbours_value value_of(const struct neighbours_rule *rule)
{
	uint32_t mapped = rule->prefix.family == AF_INET ? 96 : 0;
	struct neighbours_value value = { .owner = rule->owner,
					  .verdict = rule->verdict,
					  .flags = rule->flags,
					  .length = NEIGHBOURS_LINK_BITS + mapped +
						    rule->prefix.length };

	memcpy(value.mac, rule->mac, sizeof(value.mac));
	return value;
}

static void note_bound(struct neighbours_place *place, const struct neighbours_rule *rule)
{
	struct neighbours_bound *bound = &place->bound[place->bound_count];

	if (rule->verdict != NEIGHBOURS_OWN || !(rule->flags & NEIGHBOURS_BOUND))
		return;
	memcpy(bound->mac, rule->mac, sizeof(bound->mac));
	bound->who.owner = rule->owner;
	place->bound_count++;
}

/* The @count rules of a link, from number @first on. */
static void fill_place(const struct neighbours_table *table, struct neighbours_place *place,
		       uint32_t first, uint32_t count)
{
	AUTO_MEM struct lpm_entry *entries = mem_alloc((count + 1) * sizeof(*entries));

	place->bound = mem_alloc((count + 1) * sizeof(*place->bound));
	for (uint32_t i = 0; i < count; i++) {
		entries[i] = (struct lpm_entry){ table->orders.rules[first + i].prefix, first + i };
		note_bound(place, &table->orders.rules[first + i]);
	}
	qsort(place->bound, place->bound_count, sizeof(*place->bound), by_mac);
	place->rules = lpm_new(entries, count);
}

static void make_places(struct neighbours_table *table, const struct neighbours_table *former)
{
	const struct neighbours_orders *orders = &table->orders;
	uint32_t rule = 0;

	table->places = mem_alloc((orders->port_count + 1) * sizeof(*table->places));
	for (uint32_t i = 0; i < orders->port_count; i++) {
		const struct neighbours_port *port = &orders->ports[i];
		AUTO_MEM char *key = mem_printf("responder %s", port->name);
		uint32_t first;

		while (rule < orders->rule_count && orders->rules[rule].link < port->index)
			rule++;
		first = rule;
		while (rule < orders->rule_count && orders->rules[rule].link == port->index)
			rule++;
		table->places[i].index = port->index;
		table->places[i].settings = settings_of(&port->link);
		table->places[i].counter = make_counter(table, former, key);
		fill_place(table, &table->places[i], first, rule - first);
	}
}

/* One for each owner, of whatever link. */
static void make_accounts(struct neighbours_table *table, const struct neighbours_table *former)
{
	const struct neighbours_orders *orders = &table->orders;
	struct neighbours_account *accounts;
	uint32_t count = 0;

	accounts = mem_alloc((orders->rule_count + orders->port_count + 1) * sizeof(*accounts));
	for (uint32_t i = 0; i < orders->rule_count; i++)
		accounts[count++].owner = orders->rules[i].owner;
	for (uint32_t i = 0; i < orders->port_count; i++)
		accounts[count++].owner = orders->ports[i].link.owner;
	qsort(accounts, count, sizeof(*accounts), by_owner);
	for (uint32_t i = 0; i < count; i++) {
		AUTO_MEM char *key = mem_printf("owner %u", accounts[i].owner);

		/* Owner 0 is nobody. */
		if (!accounts[i].owner || (i && accounts[i].owner == accounts[i - 1].owner))
			continue;
		accounts[table->account_count++] = (struct neighbours_account){
			accounts[i].owner, make_counter(table, former, key)
		};
	}
	table->accounts = accounts;
}

struct neighbours_table *neighbours_table_new(struct neighbours_orders *orders,
					      const struct neighbours_table *former)
{
	struct neighbours_table *table = mem_alloc(sizeof(*table));

	table->orders = *orders;
	*orders = (struct neighbours_orders){ 0 };
	table->values = mem_alloc((table->orders.rule_count + 1) * sizeof(*table->values));
	for (uint32_t i = 0; i < table->orders.rule_count; i++)
		table->values[i] = value_of(&table->orders.rules[i]);
	make_places(table, former);
	make_accounts(table, former);
	return table;
}

void neighbours_table_free(struct neighbours_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->orders.port_count; i++) {
		lpm_free(table->places[i].rules);
		mem_freep(&table->places[i].bound);
	}
	mem_freep(&table->places);
	mem_freep(&table->values);
	mem_freep(&table->accounts);
	counters_free(&table->counters);
	if (table->orders.arena)
		arena_free(table->orders.arena);
	mem_freep(&table);
}

const struct neighbours_place *neighbours_table_place(const struct neighbours_table *table,
						      uint32_t link)
{
	return table ? bsearch(&link, table->places, table->orders.port_count,
			       sizeof(*table->places), by_link) :
		       NULL;
}

const struct neighbours_value *neighbours_table_rule(const struct neighbours_table *table,
						     const struct neighbours_place *place,
						     const struct address *address)
{
	const struct lpm_entry *entry = lpm_find(place->rules, address);

	return entry ? &table->values[entry->value] : NULL;
}

const struct neighbours_who_value *neighbours_table_who(const struct neighbours_place *place,
							const uint8_t mac[6])
{
	const struct neighbours_bound *found;
	struct neighbours_bound key;

	memcpy(key.mac, mac, sizeof(key.mac));
	found = bsearch(&key, place->bound, place->bound_count, sizeof(*place->bound), by_mac);
	return found ? &found->who : NULL;
}

struct counter *neighbours_table_counter(const struct neighbours_table *table, uint32_t owner)
{
	struct neighbours_account key = { .owner = owner }, *found;

	found = bsearch(&key, table->accounts, table->account_count, sizeof(key), by_owner);
	return found ? &table->counters.entries.items[found->counter].counter : NULL;
}
