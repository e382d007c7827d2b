/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The model against the kernel itself: random rules, tables, next hops, addresses and settings in a
 * namespace of its own, IPv4 and IPv6, and random packets, each asked of both. They must agree in
 * the route and its table, the link, the gateway, the source address and the error.
 *
 * MODEL_LOOKUPS=1000000 asks more than usual, MODEL_SEED=N begins with another world.
 */
#include "host/ask.h"
#include "host/dice.h"
#include "host/scene.h"
#include "model/agree.h"

#include <linux/fib_rules.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define LINKS 4
#define PER_WORLD 500
#define VRF_TABLE 110

/* A namespace, what is in it, and how it went so far. */
struct world {
	struct scene *scene;
	struct model *model;
	unsigned seed, kind;	   /* .kind: what sort of things there are, WITH_* */
	uint32_t links[LINKS + 2]; /* from 1 on; the last is a VRF, or 0 */
	unsigned asked, doubted, routed, answered[16];
};

enum {
	WITH_RULES = 1,
	WITH_NEXTHOPS = 2,
	WITH_REFUSALS = 4,
	WITH_LOCALS = 8,
	WITH_FORWARDING = 16,
	WITH_VRF = 32
};

static struct address dice_address(uint8_t family)
{
	struct address address = { .family = family };

	if (family == AF_INET) {
		static const uint8_t third[] = { 0, 0, 1, 128 }, fourth[] = { 0, 1, 2, 3, 255 };

		address.bytes[0] = 10;
		address.bytes[1] = (uint8_t)dice(LINKS + 2);
		address.bytes[2] = third[dice(4)];
		address.bytes[3] = fourth[dice(5)];
		return address;
	}
	memcpy(address.bytes, "\x20\x01\x0d\xb8", 4);
	address.bytes[5] = (uint8_t)dice(LINKS + 2);
	address.bytes[7] = (uint8_t)dice(2);
	address.bytes[15] = (uint8_t)dice(4);
	return address;
}

static struct prefix dice_cut(uint8_t family)
{
	static const uint8_t ipv4[] = { 0, 0, 1, 8, 14, 15, 16, 17, 24, 25, 31, 32 };
	static const uint8_t ipv6[] = { 0, 0, 3, 32, 46, 47, 48, 63, 64, 127, 128, 128 };
	struct address address = dice_address(family);
	struct prefix prefix = prefix_of_address(&address);

	prefix.length = family == AF_INET ? ipv4[dice(12)] : ipv6[dice(12)];
	return prefix_clean(&prefix);
}

/* An address of ours on link @number, or the gateway beside it. */
static struct address on_link(uint8_t family, unsigned number, uint8_t last)
{
	struct address address = { .family = family };

	if (family == AF_INET) {
		address.bytes[0] = 10;
		address.bytes[1] = (uint8_t)number;
		address.bytes[3] = last;
		return address;
	}
	memcpy(address.bytes, "\x20\x01\x0d\xb8", 4);
	address.bytes[5] = (uint8_t)number;
	address.bytes[15] = last;
	return address;
}

static uint8_t dice_family(void)
{
	return dice(2) ? AF_INET : AF_INET6;
}

static uint32_t dice_table(const struct world *world)
{
	static const uint32_t tables[] = { RT_TABLE_MAIN, RT_TABLE_MAIN, 100, 101,
					   102,		  100,		 101, RT_TABLE_DEFAULT };

	if ((world->kind & WITH_VRF) && !dice(3))
		return VRF_TABLE;
	if (!(world->kind & WITH_RULES))
		return tables[dice(20) ? 0 : 7];
	return tables[dice(8)];
}

static uint8_t dice_type(const struct world *world, uint8_t family)
{
	static const uint8_t refusals[] = { RTN_THROW, RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT };

	if ((world->kind & WITH_REFUSALS) && !dice(6))
		return refusals[dice(4)];
	if ((world->kind & WITH_LOCALS) && !dice(8))
		return family == AF_INET && dice(2) ? RTN_BROADCAST : RTN_LOCAL;
	return RTN_UNICAST;
}

static void add_route(struct world *world)
{
	uint8_t family = dice_family();
	struct host_route route = { .object.ours = true,
				    .to = dice_cut(family),
				    .type = dice_type(world, family),
				    .metric = dice(3) ? 0 : 1 + dice(3) };
	unsigned number = 1 + dice(LINKS);

	route.table = dice_table(world);
	if ((world->kind & WITH_LOCALS) && route.type == RTN_LOCAL && dice(2))
		route.table = RT_TABLE_LOCAL;
	if (route.type == RTN_LOCAL)
		route.link = dice(2) ? 1 : world->links[number];
	else if (route.type == RTN_UNICAST && (world->kind & WITH_NEXTHOPS) && dice(2))
		route.nexthop = (family == AF_INET ? 10 : 20) + dice(7);
	else if (route.type == RTN_UNICAST || route.type == RTN_BROADCAST)
		route.link = world->links[number];
	if (route.type == RTN_UNICAST && !route.nexthop && dice(2))
		route.via = on_link(family, number, (uint8_t)(2 + dice(2)));
	if (!dice(6) && route.type == RTN_UNICAST)
		route.source = on_link(family, 1 + dice(LINKS), 1);
	state_add(&world->scene->desired, OBJECT_ROUTE, &route);
}

/* Four plain ones, a blackhole and two groups for each family. */
static void add_nexthops(struct world *world)
{
	for (uint32_t id = 10; id < 24; id++) {
		uint8_t family = id < 17 ? AF_INET : AF_INET6;
		uint32_t base = id < 17 ? 10 : 20, number = 1 + dice(LINKS);
		struct host_nexthop nexthop = { .object.ours = true,
						.id = id < 17 ? id : id + 3,
						.family = family };
		unsigned place = nexthop.id - base;

		if (place == 4) {
			nexthop.blackhole = 1;
		} else if (place > 4) {
			nexthop.member_count = (uint8_t)(2 + dice(2));
			for (unsigned i = 0; i < nexthop.member_count; i++)
				nexthop.members[i] =
					(struct host_member){ base + i, (uint16_t)(1 + dice(3)) };
		} else {
			nexthop.link = world->links[number];
			if (dice(2))
				nexthop.via = on_link(family, number, (uint8_t)(2 + dice(2)));
		}
		state_add(&world->scene->desired, OBJECT_NEXTHOP, &nexthop);
	}
}

static void dice_name(char *name)
{
	if (!dice(8))
		strcpy(name, dice(2) ? "nolink" : "red");
	else if (!dice(4))
		strcpy(name, "lo");
	else
		snprintf(name, IFNAMSIZ, "l%u", 1 + dice(LINKS));
}

static struct span dice_span(uint32_t from)
{
	uint32_t first = from + dice(3);

	return (struct span){ first, first + 1 + dice(2) };
}

/* What it matches: few things, so that many do. */
static void choose_selectors(struct host_rule *rule)
{
	if (!dice(4))
		dice_name(rule->in);
	if (!dice(6))
		dice_name(rule->out);
	if (!dice(3))
		rule->from = dice_cut(rule->family);
	if (!dice(3))
		rule->to = dice_cut(rule->family);
	if (!dice(4)) {
		rule->mark = dice(4);
		rule->mask = dice(2) ? 0xffffffff : 1 + dice(3);
		rule->mark &= rule->mask;
	}
	if (!dice(6))
		rule->ip_protocol = dice(2) ? IPPROTO_TCP : IPPROTO_UDP;
	if (!dice(8))
		rule->sport = dice_span(1000);
	if (!dice(8))
		rule->dport = dice_span(53);
	if (!dice(8))
		rule->uid = dice_span(dice(2) ? 0 : 1000);
	if (!dice(10))
		rule->tos = 0x10;
	rule->invert = !dice(6);
}

static void add_rule(struct world *world)
{
	struct host_rule rule = { .object.ours = true,
				  .family = dice_family(),
				  .preference = 1 + dice(60),
				  .action = FR_ACT_TO_TBL };
	unsigned what = dice(20);

	choose_selectors(&rule);
	if (what == 0)
		rule.action = FR_ACT_UNREACHABLE;
	else if (what == 1)
		rule.action = FR_ACT_PROHIBIT;
	else if (what == 2)
		rule.action = FR_ACT_BLACKHOLE;
	else if (what == 3)
		rule.action = FR_ACT_NOP;
	else if (what < 7)
		rule.action = FR_ACT_GOTO;
	if (rule.action == FR_ACT_GOTO)
		rule.target = rule.preference + 1 + dice(20);
	if (rule.action == FR_ACT_TO_TBL) {
		rule.l3mdev = (world->kind & WITH_VRF) && !dice(4);
		rule.table = rule.l3mdev ? 0 : dice_table(world);
		rule.suppress = dice(6) ? 0 : 1 + dice(33);
	}
	state_add(&world->scene->desired, OBJECT_RULE, &rule);
}

static void set_value(const char *family, const char *link, const char *name, unsigned value)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, link, name);
	snprintf(text, sizeof(text), "%u", value);
	assert_true(scratch_write(path, text));
}

static void set_values(struct world *world, const char *link)
{
	unsigned few = dice(2) ? 4 : 2;

	set_value("ipv4", link, "forwarding",
		  (world->kind & WITH_FORWARDING) ? dice(8) != 0 : !dice(3));
	set_value("ipv4", link, "rp_filter", dice(few) ? 0 : dice(3));
	set_value("ipv4", link, "src_valid_mark", !dice(4));
	set_value("ipv4", link, "accept_local", !dice(4));
	set_value("ipv4", link, "route_localnet", !dice(6));
	set_value("ipv4", link, "send_redirects", dice(2));
	set_value("ipv4", link, "ignore_routes_with_linkdown", !dice(3));
	set_value("ipv6", link, "ignore_routes_with_linkdown", !dice(3));
	set_value("ipv6", link, "use_oif_addrs_only", !dice(4));
	if (!strcmp(link, "all"))
		set_value("ipv6", link, "forwarding", (world->kind & WITH_FORWARDING) != 0);
}

/* Links l1 .. l4, the last without a carrier, with addresses of both families. */
static void make_links(struct world *world)
{
	char command[512];
	const char *master = "";

	/* The kernel makes the rule for VRFs with the first one. */
	if ((world->kind & WITH_VRF) &&
	    system("ip link add red type vrf table 110 2>/dev/null") == 0) {
		assert_true(scratch_run("ip link set red up"));
		master = "ip link set l3 master red &&";
	} else {
		world->kind &= ~(unsigned)WITH_VRF;
	}
	assert_true(scratch_run("sysctl -qw net.ipv6.conf.default.accept_dad=0 "
				"net.ipv6.conf.default.router_solicitations=0"));
	for (unsigned i = 1; i <= LINKS; i++) {
		snprintf(
			command, sizeof(command),
			"ip link add l%u type veth peer name p%u && %s ip link set l%u up && "
			"ip addr add 10.%u.0.1/24 dev l%u && ip addr add 10.%u.128.1/25 dev l%u && "
			"ip addr add 2001:db8:%x::1/64 dev l%u nodad && "
			"ip addr add 2001:db8:%x:1::1/64 dev l%u nodad",
			i, i, i == LINKS - 1 ? master : "", i, i, i, i, i, i, i, i, i);
		assert_true(scratch_run(command));
		if (i < LINKS) {
			snprintf(command, sizeof(command), "ip link set p%u up", i);
			assert_true(scratch_run(command));
		}
		if (!dice(2)) {
			snprintf(command, sizeof(command),
				 "ip -6 neigh add 2001:db8:%x::2 dev l%u nud failed", i, i);
			assert_true(scratch_run(command));
		}
	}
	set_values(world, "all");
	for (unsigned i = 1; i <= LINKS; i++) {
		snprintf(command, sizeof(command), "l%u", i);
		set_values(world, command);
	}
}

/*
 * The kernel makes the routes of IPv6 addresses a little later than the addresses, and routes see a
 * carrier later than links do.
 */
static bool is_settled(const struct world *world)
{
	const struct state *observed = host_observed(world->scene->host);

	STATE_EACH(observed, OBJECT_LINK, const struct host_link, link) {
		if ((link->flags & IFF_LOWER_UP) && !(link->flags & IFF_RUNNING))
			return false;
	}

	for (unsigned i = 1; i <= LINKS; i++) {
		struct address address = on_link(AF_INET6, i, 1);
		struct host_route like = { .table = RT_TABLE_LOCAL,
					   .to = prefix_of_address(&address) };

		if ((world->kind & WITH_VRF) && i == LINKS - 1)
			like.table = VRF_TABLE;

		if (!state_find(observed, OBJECT_ROUTE, &like))
			return false;
		like.to.bytes[7] = 1;
		if (!state_find(observed, OBJECT_ROUTE, &like))
			return false;
	}
	return true;
}

static void await_routes(struct world *world)
{
	struct pollfd poller = { .fd = host_fd(world->scene->host), .events = POLLIN };

	while (!is_settled(world)) {
		if (poll(&poller, 1, 10000) != 1) {
			AUTO_TEXT text = { 0 };

			state_print(host_observed(world->scene->host), &text);
			print_error("world %u, kind %u does not settle\n", world->seed, world->kind);
			fputs(text_string(&text), stderr);
			fail();
		}
		assert_int_equal(host_receive(world->scene->host), 0);
		scene_settle(world->scene, NULL);
	}
}

static void find_links(struct world *world)
{
	const struct host_interest interest = { .sysctls = model_sysctls,
						.sysctl_count = model_sysctl_count,
						.all_routes = true };

	host_set_interest(world->scene->host, &interest);
	scene_settle(world->scene, NULL);
	await_routes(world);
	world->links[LINKS + 1] = 0;
	if (world->kind & WITH_VRF)
		world->links[LINKS + 1] =
			state_link_named(host_observed(world->scene->host), "red")->index;
	for (unsigned i = 1; i <= LINKS; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "l%u", i);
		world->links[i] = state_link_named(host_observed(world->scene->host), name)->index;
	}
}

/* What the kernel does not take (two of one key, a gateway off the link) is left out. */
static void make_world(struct world *world, unsigned seed)
{
	srand(seed);
	world->seed = seed;
	world->kind = dice(64);
	assert_int_equal(scene_setup((void **)&world->scene), 0);
	make_links(world);
	find_links(world);
	if (world->kind & WITH_NEXTHOPS)
		add_nexthops(world);
	for (unsigned i = dice(60); i > 0; i--)
		add_route(world);
	for (unsigned i = (world->kind & WITH_RULES) ? 1 + dice(40) : 0; i > 0; i--)
		add_rule(world);
	scene_apply(world->scene);
	scene_settle(world->scene, NULL);
	host_resync(world->scene->host);
	scene_settle(world->scene, NULL);
	world->model = model_new(host_observed(world->scene->host));
}

static void end_world(struct world *world)
{
	model_free(world->model);
	scene_teardown((void **)&world->scene);
	world->scene = NULL;
}

static uint32_t dice_link(const struct world *world)
{
	if (world->links[LINKS + 1] && !dice(5))
		return world->links[LINKS + 1];
	return dice(12) ? world->links[1 + dice(LINKS)] : 1;
}

static struct flow dice_flow(const struct world *world)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP };
	struct flow flow = { .to = dice_address(dice_family()), .asked = true };

	if (dice(2))
		flow.in = dice_link(world);
	else if (!dice(3))
		flow.out = dice_link(world);
	if (flow.in || dice(2))
		flow.from = flow.in || dice(2) ? dice_address(flow.to.family) :
						 on_link(flow.to.family, 1 + dice(LINKS), 1);
	flow.mark = dice(2) ? dice(4) : 0;
	flow.uid = dice(2) ? 1000 + dice(3) : 0;
	flow.ip_protocol = protocols[dice(4)];
	if (flow.ip_protocol == IPPROTO_ICMP && flow.to.family == AF_INET6)
		flow.ip_protocol = IPPROTO_ICMPV6;
	if (flow.ip_protocol == IPPROTO_UDP || flow.ip_protocol == IPPROTO_TCP) {
		flow.sport = (uint16_t)(1000 + dice(4));
		flow.dport = (uint16_t)(53 + dice(4));
	}
	flow.tos = dice(6) ? 0 : 0x10;
	return flow;
}

static void print_flow(const struct flow *flow)
{
	char from[ADDRESS_TEXT_SIZE], to[ADDRESS_TEXT_SIZE];

	print_error("in %u out %u from %s to %s mark %u uid %u proto %u sport %u dport %u tos %u\n",
		    flow->in, flow->out, address_text(&flow->from, from), address_text(&flow->to, to),
		    flow->mark, flow->uid, flow->ip_protocol, flow->sport, flow->dport, flow->tos);
}

static void print_route(const char *who, const struct world *world, const struct host_route *route)
{
	struct text text = { 0 };

	if (route)
		object_print(OBJECT_ROUTE, route, host_observed(world->scene->host), &text);
	print_error("%s: %s\n", who, text_string(&text));
	text_free(&text);
}

static void differ(const struct world *world, const struct flow *flow, const struct verdict *verdict,
		   const struct route_answer *answer, const char *what)
{
	char via[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];

	print_error("\nworld %u, kind %u: %s\n", world->seed, world->kind, what);
	print_flow(flow);
	print_error("model: %s, %s, rule %u, table %u, link %u, via %s, source %s, doubts %u\n",
		    verdict_end_name(verdict->end), strerror(-verdict->error),
		    verdict->rule ? verdict->rule->preference : 0, verdict->table,
		    verdict->hop_count ? verdict->hops[0].link : 0,
		    address_text(&verdict->hops[0].via, via),
		    address_text(&verdict->source, source), verdict->doubts);
	print_route("model", world, verdict->route);
	print_error("kernel: %s, type %u, link %u, via %s, source %s\n", strerror(-answer->error),
		    answer->type, answer->link, address_text(&answer->via, via),
		    address_text(&answer->source, source));
	print_route("kernel", world, answer->has_route ? &answer->route : NULL);
	if (getenv("MODEL_SHOW"))
		(void)!system(
			"ip rule; ip route show table all; ip -6 rule; ip -6 route show table all; "
			"ip nexthop; ip neigh; ip addr; sysctl -a 2>/dev/null | grep -E "
			"'conf.*(l[0-9]|all)\\.(rp_filter|forwarding|ignore_|accept_local|send_red)"
			"'");
	fail();
}

static void ask_both(struct world *world)
{
	struct flow flow = dice_flow(world);
	struct route_answer answer;
	struct verdict verdict;
	const char *what;

	model_lookup(world->model, &flow, &verdict);
	assert_int_equal(host_ask_route(world->scene->host, &flow, &answer), 0);
	world->asked++;
	world->answered[verdict.end]++;
	world->routed += answer.has_route;
	if (verdict.doubts & ~(unsigned)DOUBT_SOURCE) {
		world->doubted++;
		return;
	}
	what = model_difference(&flow, &verdict, &answer);
	if (what)
		differ(world, &flow, &verdict, &answer, what);
}

static void random_packets_go_where_the_kernel_sends_them(void **data)
{
	const char *seed = getenv("MODEL_SEED"), *lookups = getenv("MODEL_LOOKUPS");
	unsigned usual = getenv("MH_SLOW") ? 3000 : 20000;
	unsigned wanted = lookups ? (unsigned)atoi(lookups) : usual;
	unsigned first = seed ? (unsigned)atoi(seed) : 1;
	struct world world = { 0 };

	for (unsigned i = first; world.asked < wanted; i++) {
		make_world(&world, i);
		for (unsigned j = 0; j < PER_WORLD; j++)
			ask_both(&world);
		end_world(&world);
	}
	print_message("%u packets: %u with a route, %u in doubt\n", world.asked, world.routed,
		      world.doubted);
	for (unsigned end = END_LEAVES; end <= END_RP_FILTER; end++)
		print_message("%s %u\n", verdict_end_name(end), world.answered[end]);
	/* The doubts are of few, and every end is come to. */
	assert_in_range(world.doubted, 0, world.asked / 10);
	assert_in_range(world.routed, world.asked / 5, world.asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_go_where_the_kernel_sends_them),
	};

	if (!scratch_allowed())
		return SCRATCH_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
