/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long proofs take: of the box in the middle of a wireless network, and of many statements over many
 * rules, filters and routes. Prints milliseconds as JSON; not a test.
 *	proof_speed [ROUTES] [INTENTS]
 */
#include "base/mem.h"
#include "model/proof.h"

#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINKS 8
#define TABLES 1000

static const char box[] =
	"link lo index 1 flags up,lower-up\nlink eth0 index 2 flags up,lower-up\n"
	"link bond0 index 3 flags up,lower-up\nlink bond1 index 4 flags up,lower-up\n"
	"address 10.2.2.2/24 link eth0\naddress 192.168.34.97/30 link bond0\n"
	"address 192.168.120.5/30 link bond1\n"
	"route local 10.2.2.2/32 table local link eth0\n"
	"route local 192.168.34.97/32 table local link bond0\n"
	"route local 192.168.120.5/32 table local link bond1\n"
	"route 0.0.0.0/0 via 10.2.2.254 link eth0\nroute 10.2.2.0/24 link eth0\n"
	"route 10.16.0.0/12 via 192.168.34.98 link bond0\n"
	"route 0.0.0.0/0 via 192.168.120.6 table 200 link bond1\n"
	"route 0.0.0.0/0 via 10.2.2.254 table 201 link eth0\n"
	"rule ipv4 0 table local\nrule ipv4 1001 in bond0 table 200\n"
	"rule ipv4 1002 unreachable in bond0\nrule ipv4 1003 in lo table 201\n"
	"rule ipv4 1004 unreachable in lo\nrule ipv4 32766 table main\nrule ipv6 0 table local\n"
	"rule ipv6 32766 table main\n"
	"filter forward 1 accept in bond0 out bond1\nfilter forward 2 accept in bond1 out bond0\n"
	"filter forward 3 drop\n";

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Proves the claims and says how long it took and what came out. */
static void prove(const char *name, const struct state *state, const struct proof_claim *claims,
		  size_t count)
{
	struct proof_finding *findings = mem_alloc(count * sizeof(*findings));
	unsigned results[4] = { 0 };
	double start = milliseconds();

	proof_check(state, claims, count, findings);
	start = milliseconds() - start;
	for (size_t i = 0; i < count; i++)
		results[findings[i].result]++;
	printf("{\"name\": \"%s\", \"ms\": %.2f, \"claims\": %zu, \"hold\": %u, \"violated\": %u, "
	       "\"unknown\": %u}\n",
	       name, start, count, results[PROOF_HOLDS], results[PROOF_VIOLATED],
	       results[PROOF_UNKNOWN]);
	free(findings);
}

static void prove_box(void)
{
	static const char *const links[] = { "bond0", "bond1", "eth0" };
	const struct proof_claim claims[] = {
		{ .says = PROOF_LEAVES, .in = "bond0", .links = &links[1], .link_count = 1 },
		{ .says = PROOF_LEAVES, .in = "eth0" },
		{ .says = PROOF_LEAVES, .in = "bond1", .links = &links[0], .link_count = 1 },
		{ .says = PROOF_LEAVES, .in = "lo", .links = &links[2], .link_count = 1 },
	};
	struct text error = { 0 };
	struct state state;

	if (state_parse(box, &state, &error) < 0)
		exit(1);
	prove("the story's box", &state, claims, ARRAY_SIZE(claims));
	state_free(&state);
}

static struct prefix prefix_ipv4(uint32_t address, uint8_t length)
{
	struct prefix prefix = { .family = AF_INET, .length = length };

	for (int i = 0; i < 4; i++)
		prefix.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
	return prefix_clean(&prefix);
}

/* Many routes in table main, and @tables tables with a default route each. */
static void add_routes(struct state *state, unsigned routes, unsigned tables)
{
	for (unsigned i = 0; i < routes; i++)
		state_add(state, OBJECT_ROUTE,
			  &(struct host_route){ .table = RT_TABLE_MAIN,
						.type = RTN_UNICAST,
						.to = prefix_ipv4(0x20000000 + i * 331 * 16,
								  (uint8_t)(24 + rand() % 9)),
						.link = 2 + (uint32_t)rand() % LINKS });
	for (unsigned i = 0; i < tables; i++)
		state_add(state, OBJECT_ROUTE,
			  &(struct host_route){ .table = 1000 + i,
						.type = RTN_UNICAST,
						.to = prefix_ipv4(0, 0),
						.link = 2 + i % LINKS });
}

static void add_rule(struct state *state, struct host_rule rule)
{
	rule.family = AF_INET;
	if (!rule.action)
		rule.action = FR_ACT_TO_TBL;
	state_add(state, OBJECT_RULE, &rule);
}

static struct state host(unsigned routes, unsigned intents, bool tree)
{
	struct state state = { 0 };

	state_add(&state, OBJECT_LINK,
		  &(struct host_link){ .index = 1, .name = "lo", .flags = IFF_UP });
	for (unsigned i = 0; i < LINKS; i++) {
		struct host_link link = { .index = 2 + i, .flags = IFF_UP };

		snprintf(link.name, sizeof(link.name), "eth%u", i);
		state_add(&state, OBJECT_LINK, &link);
	}
	add_routes(&state, routes, intents < TABLES ? intents : TABLES);
	add_rule(&state, (struct host_rule){ .table = RT_TABLE_LOCAL });
	for (unsigned i = 0; i < intents; i++) {
		unsigned group = i / 32;

		if (tree && i % 32 == 0)
			add_rule(&state, (struct host_rule){
						 .preference = 1000 + group * 40,
						 .action = FR_ACT_GOTO,
						 .invert = 1,
						 .from = prefix_ipv4(0x0a000000 + group * 8192, 19),
						 .target = 1000 + (group + 1) * 40 });
		add_rule(&state, (struct host_rule){
					 .preference = tree ? 1001 + group * 40 + i % 32 : 1000 + i,
					 .from = prefix_ipv4(0x0a000000 + i * 256, 24),
					 .table = 1000 + i % TABLES });
	}
	if (tree)
		add_rule(&state, (struct host_rule){ .preference = 1000 + (intents + 31) / 32 * 40,
						     .action = FR_ACT_NOP });
	add_rule(&state, (struct host_rule){ .preference = 32766, .table = RT_TABLE_MAIN });
	state_sort_observed(&state);
	return state;
}

static const char *const out_links[] = { "eth0", "eth1", "eth2", "eth3",
					 "eth4", "eth5", "eth6", "eth7" };

/* What comes from the i-th network leaves by its link. */
static void claim_sources(struct proof_claim *claims, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		claims[i] = (struct proof_claim){ .says = PROOF_LEAVES,
						  .in = "eth0",
						  .from = prefix_ipv4(0x0a000000 + i * 256, 24),
						  .links = &out_links[i % LINKS],
						  .link_count = 1 };
}

/* What goes to the i-th network, from wherever, leaves by one of these: most do not. */
static void claim_destinations(struct proof_claim *claims, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		claims[i] = (struct proof_claim){ .says = PROOF_LEAVES,
						  .in = "eth1",
						  .to = prefix_ipv4(0x20000000 + i * 33100 * 16, 24),
						  .links = out_links,
						  .link_count = LINKS - i % 2 };
}

/* Everything that comes in leaves by any link at all: the whole space, each time. */
static void claim_all(struct proof_claim *claims, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		claims[i] = (struct proof_claim){ .says = PROOF_LEAVES,
						  .in = "eth1",
						  .mark = i,
						  .mask = UINT32_MAX,
						  .links = out_links,
						  .link_count = LINKS };
}

static void name_vlan(char name[IFNAMSIZ], unsigned vlan)
{
	snprintf(name, IFNAMSIZ, "vlan%u", vlan);
}

/* A router of many links, each of which may be forwarded to the next one only, and nowhere else. */
static struct state router(unsigned links)
{
	struct state state = { 0 };

	state_add(&state, OBJECT_LINK,
		  &(struct host_link){ .index = 1, .name = "lo", .flags = IFF_UP });
	add_rule(&state, (struct host_rule){ .table = RT_TABLE_LOCAL });
	for (unsigned i = 0; i < links; i++) {
		struct host_link link = { .index = 2 + i, .flags = IFF_UP };
		struct host_filter pass = { .order = i + 1 };
		struct host_rule rule = { .preference = 24000 + i, .table = 1000 + i };

		name_vlan(link.name, i);
		name_vlan(pass.in, i);
		name_vlan(pass.out, (i + 1) % links);
		name_vlan(rule.in, i);
		state_add(&state, OBJECT_LINK, &link);
		state_add(&state, OBJECT_FILTER, &pass);
		add_rule(&state, rule);
		state_add(&state, OBJECT_ADDRESS,
			  &(struct host_address){ .link = 2 + i,
						  .prefix = prefix_ipv4(0x0a000001 + i * 256, 32) });
		state_add(&state, OBJECT_ROUTE,
			  &(struct host_route){ .table = RT_TABLE_MAIN,
						.type = RTN_UNICAST,
						.to = prefix_ipv4(0x0a000000 + i * 256, 24),
						.link = 2 + i });
		state_add(&state, OBJECT_ROUTE,
			  &(struct host_route){ .table = 1000 + i,
						.type = RTN_UNICAST,
						.to = prefix_ipv4(0, 0),
						.link = 2 + (i + 1) % links });
	}
	state_add(&state, OBJECT_FILTER,
		  &(struct host_filter){ .order = links + 1, .verdict = FILTER_DROP });
	add_rule(&state, (struct host_rule){ .preference = 32766, .table = RT_TABLE_MAIN });
	state_sort_observed(&state);
	return state;
}

/* What comes in by a link leaves by the next one; answers are symmetric, or not, of each address. */
static void prove_router(unsigned links)
{
	struct state state = router(links);
	struct proof_claim *claims = mem_alloc(links * sizeof(*claims));
	char(*names)[IFNAMSIZ] = mem_alloc(links * IFNAMSIZ);
	const char **outs = mem_alloc(links * sizeof(*outs));

	for (unsigned i = 0; i < links; i++) {
		name_vlan(names[i], (i + 1) % links);
		outs[i] = names[i];
		claims[i] = (struct proof_claim){ .says = PROOF_LEAVES,
						  .links = &outs[i],
						  .link_count = 1 };
		name_vlan(claims[i].in, i);
	}
	prove("a router of many links", &state, claims, links);
	claims[0] = (struct proof_claim){ .says = PROOF_SYMMETRIC,
					  .in = "lo",
					  .to = prefix_ipv4(0x08000000, 8) };
	claims[1] = (struct proof_claim){ .says = PROOF_LEAVES, .family = AF_INET };
	prove("answers of its addresses, nothing forwarded", &state, claims, 2);
	free(outs);
	free(names);
	free(claims);
	state_free(&state);
}

int main(int argc, char **argv)
{
	unsigned routes = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
	unsigned intents = argc > 2 ? (unsigned)atoi(argv[2]) : 1000;
	struct proof_claim *claims = mem_alloc(intents * sizeof(*claims));

	prove_box();
	prove_router(intents);
	for (int tree = 0; tree < 2; tree++) {
		struct state state = host(routes, intents, tree);

		claim_sources(claims, intents);
		prove(tree ? "sources, skip tree" : "sources, plain rules", &state, claims, intents);
		claim_destinations(claims, intents);
		prove(tree ? "destinations, skip tree" : "destinations, plain rules", &state,
		      claims, intents);
		claim_all(claims, intents);
		prove(tree ? "all packets, skip tree" : "all packets, plain rules", &state, claims,
		      intents);
		state_free(&state);
	}
	free(claims);
	return 0;
}
