/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many single look-ups of the model there are in a second: over a full table, and by many rules,
 * one after the other and as the skip tree that they are compiled to. Prints JSON; not a test.
 *	model_speed [ROUTES] [RULES] [LOOKUPS]
 */
#include "base/mem.h"
#include "model/model.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP 100 /* rules of one step of the tree */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct address ipv4(uint32_t number)
{
	struct address address = { .family = AF_INET };

	number = htonl(number);
	memcpy(address.bytes, &number, 4);
	return address;
}

static struct prefix network(uint32_t number, uint8_t length)
{
	struct address address = ipv4(number);
	struct prefix prefix = prefix_of_address(&address);

	prefix.length = length;
	return prefix_clean(&prefix);
}

static void add_rule(struct state *state, const struct host_rule *like)
{
	struct host_rule rule = *like;

	rule.family = AF_INET;
	if (!rule.action)
		rule.action = FR_ACT_TO_TBL;
	if (!rule.table)
		rule.table = RT_TABLE_MAIN;
	state_add(state, OBJECT_RULE, &rule);
}

/* 10.0.0.0/8 in single addresses; in a tree, 100 of them behind a "not from their network, go on". */
static void add_rules(struct state *state, uint32_t count, bool tree)
{
	add_rule(state, &(struct host_rule){ .preference = 0, .table = RT_TABLE_LOCAL });
	for (uint32_t i = 0; i < count; i++) {
		uint32_t group = i / GROUP, preference = 1000 + group * 2 * GROUP;
		struct host_rule rule = { .from = network(0x0a000000 + i, 32),
					  .preference = preference + 1 + i % GROUP };

		if (tree && i % GROUP == 0)
			add_rule(state, &(struct host_rule){ .from = network(0x0a000000 + i, 25),
							     .preference = preference,
							     .invert = 1,
							     .action = FR_ACT_GOTO,
							     .target = preference + 2 * GROUP - 1 });
		if (tree && i % GROUP == 0)
			add_rule(state, &(struct host_rule){ .preference = preference + 2 * GROUP - 1,
							     .action = FR_ACT_NOP });
		add_rule(state, &rule);
	}
	add_rule(state, &(struct host_rule){ .preference = 4000000 });
}

static void add_links(struct state *state)
{
	for (uint32_t i = 1; i < 9; i++) {
		struct host_link link = { .index = i, .flags = IFF_UP | IFF_LOWER_UP };
		struct host_address address = { .link = i,
						.prefix = network(0xac100001 + i * 256, 24) };
		struct host_sysctl forwarding = { .value = "1" };

		snprintf(link.name, sizeof(link.name), "l%u", i);
		snprintf(forwarding.name, sizeof(forwarding.name), "net/ipv4/conf/l%u/forwarding", i);
		state_add(state, OBJECT_LINK, &link);
		state_add(state, OBJECT_ADDRESS, &address);
		state_add(state, OBJECT_SYSCTL, &forwarding);
	}
}

static void add_routes(struct state *state, uint32_t count)
{
	static const uint8_t lengths[] = { 24, 24, 24, 23, 22, 20, 19, 16 };

	for (uint32_t i = 0; i < count; i++) {
		uint32_t link = 1 + i % 8;
		struct host_route route = { .table = RT_TABLE_MAIN,
					    .type = RTN_UNICAST,
					    .to = network(i * 2654435761u, lengths[i % 8]),
					    .via = ipv4(0xac100002 + link * 256),
					    .link = link };

		state_add(state, OBJECT_ROUTE, &route);
	}
}

static void measure(const char *name, const struct state *state, uint32_t lookups)
{
	double start = seconds(), built;
	struct model *model = model_new(state);
	struct verdict verdict;
	unsigned left = 0;

	built = seconds() - start;
	start = seconds();
	for (uint32_t i = 0; i < lookups; i++) {
		struct flow flow = { .in = 1 + i % 8,
				     .from = ipv4(0x0a000000 + i * 40503u % 20000),
				     .to = ipv4(i * 2654435761u) };

		model_lookup(model, &flow, &verdict);
		left += verdict.end == END_LEAVES;
	}
	start = seconds() - start;
	printf("{\"name\": \"%s\", \"lookups_per_second\": %.0f, \"index_ms\": %.1f, \"left\": "
	       "%u}\n",
	       name, lookups / start, built * 1e3, left);
	model_free(model);
}

int main(int count, char **words)
{
	uint32_t routes = count > 1 ? (uint32_t)atoi(words[1]) : 100000;
	uint32_t rules = count > 2 ? (uint32_t)atoi(words[2]) : 10000;
	uint32_t lookups = count > 3 ? (uint32_t)atoi(words[3]) : 200000;

	for (int way = 0; way < 3; way++) {
		static const char *const names[] = { "no rules", "rules in a tree",
						     "rules in a line" };
		struct state state = { 0 };

		add_links(&state);
		add_routes(&state, routes);
		add_rules(&state, way ? rules : 0, way == 1);
		state_sort_observed(&state);
		measure(names[way], &state, way == 2 ? lookups / 20 : lookups);
		state_free(&state);
	}
	return 0;
}
