/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a packet, as a person would ask it, on hosts written down as text. That the kernel
 * sees it in the same way is shown by comparison with RTM_GETROUTE.
 */
#include "host/dice.h"
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOOPBACK "link lo index 1 flags up,lower-up,loopback\n"
#define BOOT                                                                                       \
	"rule ipv4 0 table local\nrule ipv4 32766 table main\nrule ipv4 32767 table default\n"     \
	"rule ipv6 0 table local\nrule ipv6 32766 table main\n"

/* The box in the middle of a university's wireless network. */
static const char box[] = LOOPBACK
	"link bond0 index 2 flags up,lower-up\n"
	"link bond1 index 3 flags up,lower-up\n"
	"link eth0 index 4 flags up,lower-up\n"
	"sysctl net/ipv4/conf/all/forwarding 1\n"
	"sysctl net/ipv4/conf/bond0/forwarding 1\n"
	"sysctl net/ipv4/conf/bond1/forwarding 1\n"
	"sysctl net/ipv4/conf/eth0/forwarding 0\n"
	"address 192.168.34.97/30 link bond0\n"
	"address 192.168.120.5/30 link bond1\n"
	"address 10.2.2.2/24 link eth0\n"
	"route local 192.168.34.97/32 table local link bond0 source 192.168.34.97 protocol kernel\n"
	"route local 192.168.120.5/32 table local link bond1 source 192.168.120.5 protocol kernel\n"
	"route local 10.2.2.2/32 table local link eth0 source 10.2.2.2 protocol kernel\n"
	"route broadcast 10.2.2.255/32 table local link eth0 source 10.2.2.2 protocol kernel\n"
	"route 192.168.34.96/30 link bond0 source 192.168.34.97 protocol kernel\n"
	"route 192.168.120.4/30 link bond1 source 192.168.120.5 protocol kernel\n"
	"route 10.2.2.0/24 link eth0 source 10.2.2.2 protocol kernel\n"
	"route 0.0.0.0/0 via 10.2.2.254 link eth0\n"
	"route 10.16.0.0/12 via 192.168.34.98 link bond0\n"
	"route 0.0.0.0/0 via 192.168.120.6 table 200 link bond1\n"
	"rule ipv4 0 table local\n"
	"rule ipv4 1000 in bond0 table 200\n"
	"rule ipv4 1001 unreachable in bond0\n"
	"rule ipv4 1002 in lo table 254\n"
	"rule ipv4 32766 table main\n"
	"rule ipv4 32767 table default\n"
	"filter forward 1 accept in bond0 out bond1\n"
	"filter forward 2 accept in bond1 out bond0\n"
	"filter forward 3 drop\n"
	"filter nat 1 snat out bond1 from 10.16.0.0/12 first 192.168.120.5 last 192.168.120.5\n";

/* A host, read from text, and the last thing that was asked. */
struct told {
	struct state state;
	struct model *model;
	struct flow flow;
	struct verdict verdict;
};

static void settle(struct state *state, const char *link)
{
	for (size_t i = 0; i < model_sysctl_count; i++) {
		struct host_sysctl sysctl = { .value = "0" };

		snprintf(sysctl.name, sizeof(sysctl.name), "%.*s%s%s",
			 (int)(strstr(model_sysctls[i], "conf/") + 5 - model_sysctls[i]),
			 model_sysctls[i], link, strrchr(model_sysctls[i], '/'));
		if (!state_find(state, OBJECT_SYSCTL, &sysctl))
			state_add(state, OBJECT_SYSCTL, &sysctl);
		state_sort_observed(state);
	}
}

/* What the text does not tell of the settings is off. */
static struct told host(const char *text)
{
	struct text error = { 0 };
	struct told told = { 0 };

	if (state_parse(text, &told.state, &error) < 0)
		fail_msg("%s", text_string(&error));
	settle(&told.state, "all");
	STATE_EACH(&told.state, OBJECT_LINK, const struct host_link, link) {
		settle(&told.state, link->name);
	}
	return told;
}

static void forget(struct told *told)
{
	model_free(told->model);
	state_free(&told->state);
}

static uint32_t link_named(const struct told *told, const char *name)
{
	const struct host_link *link = state_link_named(&told->state, name);

	assert_non_null(link);
	return link->index;
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

static void say(struct told *told, const char *word, const char *value)
{
	struct flow *flow = &told->flow;

	if (!strcmp(word, "from"))
		assert_int_equal(address_parse(value, &flow->from), 0);
	else if (!strcmp(word, "to"))
		assert_int_equal(address_parse(value, &flow->to), 0);
	else if (!strcmp(word, "in"))
		flow->in = link_named(told, value);
	else if (!strcmp(word, "out"))
		flow->out = link_named(told, value);
	else if (!strcmp(word, "mark"))
		flow->mark = number(value);
	else if (!strcmp(word, "uid"))
		flow->uid = number(value);
	else if (!strcmp(word, "proto"))
		flow->ip_protocol = (uint8_t)number(value);
	else if (!strcmp(word, "sport"))
		flow->sport = (uint16_t)number(value);
	else if (!strcmp(word, "dport"))
		flow->dport = (uint16_t)number(value);
	else
		fail_msg("%s: no such word", word);
}

/* The verdict as a line: "rule 1000 leaves bond1 via 192.168.120.6 source 192.168.120.5". */
static void print(const struct told *told, struct text *line)
{
	const struct verdict *verdict = &told->verdict;
	char buffer[ADDRESS_TEXT_SIZE];

	if (verdict->rule)
		text_printf(line, "rule %u ", verdict->rule->preference);
	text_puts(line, verdict_end_name(verdict->end));
	if (verdict->error)
		text_printf(line, " %s", strerror(-verdict->error));
	for (unsigned i = 0; !verdict->error && i < verdict->hop_count; i++) {
		const struct verdict_hop *hop = &verdict->hops[i];
		const struct host_link *link = state_link(&told->state, hop->link);

		text_printf(line, " %s", link ? link->name : "-");
		if (hop->via.family)
			text_printf(line, " via %s", address_text(&hop->via, buffer));
		if (hop->weight > 1)
			text_printf(line, " weight %u", hop->weight);
	}
	if (verdict->source.family && !told->flow.from.family)
		text_printf(line, " source %s", address_text(&verdict->source, buffer));
	for (unsigned doubt = 1; doubt; doubt <<= 1)
		if (verdict->doubts & doubt)
			text_printf(line, " (%s)", verdict_doubt_text(doubt));
}

/* Asks about a packet in words, "in bond0 from 10.16.0.1 to 192.0.2.1". */
static void look(struct told *told, const char *packet)
{
	char *words = strdup(packet), *rest = words, *word, *value;

	if (!told->model)
		told->model = model_new(&told->state);
	told->flow = (struct flow){ 0 };
	while ((word = strsep(&rest, " ")) && (value = strsep(&rest, " ")))
		say(told, word, value);
	free(words);
	model_lookup(told->model, &told->flow, &told->verdict);
}

static void goes(struct told *told, const char *packet, const char *wanted)
{
	struct text line = { 0 };

	look(told, packet);
	print(told, &line);
	if (strcmp(text_string(&line), wanted) != 0)
		fail_msg("%s: %s, not %s", packet, text_string(&line), wanted);
	text_free(&line);
}

static void users_leave_by_bond1_only(void **data)
{
	struct told told = host(box);

	goes(&told, "in bond0 from 10.16.0.1 to 198.51.100.1",
	     "rule 1000 leaves bond1 via 192.168.120.6");
	assert_int_equal(told.verdict.hops[0].filter->order, 1);
	assert_int_equal(told.verdict.hops[0].nat->verdict, FILTER_SNAT);
	/* Even to the network of eth0. */
	goes(&told, "in bond0 from 10.16.0.1 to 10.2.2.9",
	     "rule 1000 leaves bond1 via 192.168.120.6");
	forget(&told);
}

static void management_is_never_forwarded(void **data)
{
	struct told told = host(box);

	goes(&told, "in eth0 from 10.2.2.9 to 10.16.0.1",
	     "rule 32766 no forwarding No route to host");
	goes(&told, "in eth0 from 10.2.2.9 to 10.2.2.2", "rule 0 local eth0");
	forget(&told);
}

static void replies_from_the_world_reach_users_only(void **data)
{
	struct told told = host(box);

	goes(&told, "in bond1 from 198.51.100.1 to 10.16.0.1",
	     "rule 32766 leaves bond0 via 192.168.34.98");
	goes(&told, "in bond1 from 198.51.100.1 to 203.0.113.9",
	     "rule 32766 filtered eth0 via 10.2.2.254");
	forget(&told);
}

static void the_hosts_own_packets_leave_by_eth0(void **data)
{
	struct told told = host(box);

	goes(&told, "to 198.51.100.1", "rule 1002 leaves eth0 via 10.2.2.254 source 10.2.2.2");
	goes(&told, "to 10.2.2.2", "rule 0 local eth0 source 10.2.2.2");
	forget(&told);
}

static void a_confined_link_never_falls_through(void **data)
{
	struct told told = host(LOOPBACK "link a index 2 flags up,lower-up\n"
					 "sysctl net/ipv4/conf/a/forwarding 1\n"
					 "route 0.0.0.0/0 link a\n"
					 "rule ipv4 0 table local\n"
					 "rule ipv4 10 in a table 7\n"
					 "rule ipv4 11 unreachable in a\n"
					 "rule ipv4 32766 table main\n");
	goes(&told, "in a from 192.0.2.1 to 198.51.100.1", "rule 11 refused Network is unreachable");
	assert_int_equal(told.verdict.steps[1].outcome, STEP_NOTHING);
	assert_int_equal(told.verdict.steps[1].rule->preference, 10);
	forget(&told);
}

#define TWO_LINKS                                                                                  \
	LOOPBACK "link a index 2 flags up,lower-up\nlink b index 3 flags up,lower-up\n"            \
		 "sysctl net/ipv4/conf/a/forwarding 1\nsysctl net/ipv4/conf/b/forwarding 1\n"      \
		 "sysctl net/ipv6/conf/all/forwarding 1\n"                                         \
		 "address 192.0.2.1/24 link a\naddress 203.0.113.1/24 link b\n"                    \
		 "address 2001:db8:a::1/64 link a\naddress 2001:db8:b::1/64 link b\n"

static void a_throw_route_asks_the_next_rule(void **data)
{
	struct told told = host(TWO_LINKS "route throw 198.51.100.0/25 table 7\n"
					  "route 198.51.100.0/24 table 7 link a\n"
					  "route 198.51.100.0/24 link b\n"
					  "rule ipv4 10 table 7\n"
					  "rule ipv4 32766 table main\n");

	goes(&told, "to 198.51.100.1", "rule 32766 leaves b source 203.0.113.1");
	assert_int_equal(told.verdict.steps[0].outcome, STEP_THROW);
	goes(&told, "to 198.51.100.200", "rule 10 leaves a source 192.0.2.1");
	forget(&told);
}

static void a_suppressed_route_is_passed_over(void **data)
{
	struct told told = host(TWO_LINKS "route 0.0.0.0/0 link a\n"
					  "route 198.51.100.0/24 link a\n"
					  "route 0.0.0.0/0 table 7 link b\n"
					  "rule ipv4 10 table main suppress-below 1\n"
					  "rule ipv4 11 table 7\n");

	goes(&told, "to 198.51.100.1", "rule 10 leaves a source 192.0.2.1");
	goes(&told, "to 192.0.2.200", "rule 11 leaves b source 203.0.113.1");
	assert_int_equal(told.verdict.steps[0].outcome, STEP_SUPPRESS);
	forget(&told);
}

static void a_goto_skips_the_rules_between(void **data)
{
	struct told told = host(TWO_LINKS "route 0.0.0.0/0 link a\n"
					  "rule ipv4 10 goto not yes from 10.0.0.0/8 target 20\n"
					  "rule ipv4 11 prohibit from 10.1.0.0/16\n"
					  "rule ipv4 20 table main\n"
					  "rule ipv4 30 goto target 40\n");

	goes(&told, "in b from 10.1.0.1 to 198.51.100.1", "rule 11 refused Permission denied");
	goes(&told, "in b from 10.2.0.1 to 198.51.100.1", "rule 20 leaves a");
	goes(&told, "in b from 172.16.0.1 to 198.51.100.1", "rule 20 leaves a");
	forget(&told);
}

static void selectors_tell_packets_apart(void **data)
{
	struct told told = host(TWO_LINKS "route 0.0.0.0/0 link a\n"
					  "route 0.0.0.0/0 table 7 link b\n"
					  "rule ipv4 10 blackhole mark 0x8 mask 0xf\n"
					  "rule ipv4 11 table 7 proto tcp dport 80-81\n"
					  "rule ipv4 12 prohibit uid 1000-1999\n"
					  "rule ipv4 13 unreachable in lo out b\n"
					  "rule ipv4 32766 table main\n");

	goes(&told, "to 198.51.100.1 mark 0x18", "rule 10 refused Invalid argument");
	goes(&told, "to 198.51.100.1 mark 0x9", "rule 32766 leaves a source 192.0.2.1");
	goes(&told, "to 198.51.100.1 proto 6 dport 81", "rule 11 leaves b source 203.0.113.1");
	goes(&told, "to 198.51.100.1 proto 6 dport 82", "rule 32766 leaves a source 192.0.2.1");
	goes(&told, "to 198.51.100.1 uid 1999", "rule 12 refused Permission denied");
	goes(&told, "to 198.51.100.1 uid 2000", "rule 32766 leaves a source 192.0.2.1");
	/* What is received is nobody's. */
	goes(&told, "in b from 10.0.0.1 to 198.51.100.1 uid 1999", "rule 32766 leaves a");
	forget(&told);
}

static void a_bound_socket_evades_ipv4_refusals_by_its_link(void **data)
{
	struct told told = host(TWO_LINKS "route 0.0.0.0/0 link a\n"
					  "rule ipv4 10 unreachable in lo out b\n"
					  "rule ipv4 32766 table main\n"
					  "rule ipv6 10 unreachable in lo out b\n"
					  "rule ipv6 32766 table main\n");

	goes(&told, "to 198.51.100.1 out b", "rule 10 leaves b source 203.0.113.1");
	assert_true(told.verdict.assumed);
	goes(&told, "to 2001:db8::1 out b", "rule 10 refused Network is unreachable");
	forget(&told);
}

static void a_bound_ipv6_socket_passes_over_a_route_that_refuses(void **data)
{
	struct told told = host(TWO_LINKS "route unreachable 2001:db8:1::/48 table 7\n"
					  "route ::/0 link b\n"
					  "rule ipv6 10 table 7\n"
					  "rule ipv6 32766 table main\n");

	goes(&told, "to 2001:db8:1::1", "rule 10 refused No route to host");
	goes(&told, "to 2001:db8:1::1 out b", "rule 32766 leaves b source 2001:db8:b::1");
	forget(&told);
}

static void without_the_lowest_metric_the_others_do_not_count(void **data)
{
	struct told told = host(TWO_LINKS "link c index 4 flags up\n"
					  "sysctl net/ipv6/conf/c/ignore_routes_with_linkdown 1\n"
					  "route 2001:db8:1::/48 metric 1 link c\n"
					  "route 2001:db8:1::/48 metric 2 link a\n"
					  "route 2001:db8:1::/48 metric 3 link b\n");

	goes(&told, "to 2001:db8:1::1", "rule 32766 leaves a source 2001:db8:a::1");
	/* In by b, IPv6 would rather have it go out by b. */
	goes(&told, "in b from 2001:db8:2::1 to 2001:db8:1::1", "rule 32766 leaves b");
	forget(&told);
}

static void a_vrf_has_its_own_table(void **data)
{
	struct told told = host(LOOPBACK
				"link red index 2 type vrf table 10 flags up,lower-up\n"
				"link a index 3 flags up,lower-up master red\n"
				"link b index 4 flags up,lower-up\n"
				"sysctl net/ipv4/conf/red/forwarding 1\n"
				"address 192.0.2.1/24 link a\naddress 192.0.2.1/24 link b\n"
				"route 0.0.0.0/0 table 10 link a\n"
				"route 0.0.0.0/0 link b\n"
				"rule ipv4 1000 l3mdev yes\n"
				"rule ipv4 32766 table main\n");

	goes(&told, "in a from 10.0.0.1 to 198.51.100.1", "rule 1000 leaves a");
	goes(&told, "to 198.51.100.1 out red", "rule 1000 leaves a source 192.0.2.1");
	goes(&told, "to 198.51.100.1 out a", "rule 1000 leaves a source 192.0.2.1");
	goes(&told, "to 198.51.100.1", "rule 32766 leaves b source 192.0.2.1");
	forget(&told);
}

static void a_group_tells_all_its_ways(void **data)
{
	struct told told = host(TWO_LINKS "nexthop 1 family ipv4 via 192.0.2.254 link a\n"
					  "nexthop 2 family ipv4 via 203.0.113.254 link b\n"
					  "nexthop 3 group 1,2:3\n"
					  "route 0.0.0.0/0 nexthop 3\n"
					  "rule ipv4 32766 table main\n");

	goes(&told, "to 198.51.100.1",
	     "rule 32766 leaves a via 192.0.2.254 b via 203.0.113.254 weight 3 source 192.0.2.1");
	goes(&told, "to 198.51.100.1 out b",
	     "rule 32766 leaves b via 203.0.113.254 weight 3 source 203.0.113.1");
	forget(&told);
}

static void strict_rp_filter_drops_what_would_not_go_back(void **data)
{
	struct told told = host(TWO_LINKS "sysctl net/ipv4/conf/all/rp_filter 0\n"
					  "sysctl net/ipv4/conf/a/rp_filter 1\n"
					  "sysctl net/ipv4/conf/b/rp_filter 2\n"
					  "route 0.0.0.0/0 link b\n"
					  "route 192.0.2.0/24 link a\n"
					  "rule ipv4 32766 table main\n");

	goes(&told, "in a from 10.0.0.1 to 198.51.100.1",
	     "rule 32766 rp_filter Invalid cross-device link");
	assert_int_equal(told.verdict.rp_filter, 1);
	assert_non_null(told.verdict.back);
	goes(&told, "in a from 192.0.2.7 to 198.51.100.1", "rule 32766 leaves b");
	goes(&told, "in b from 192.0.2.7 to 192.0.2.8", "rule 32766 leaves a");
	forget(&told);
}

static void a_gateway_of_our_own_is_none(void **data)
{
	struct told told = host(TWO_LINKS BOOT
				"route local 192.0.2.1/32 table local link a protocol kernel\n"
				"route 192.0.2.0/24 link a protocol kernel\n"
				"route 0.0.0.0/0 via 192.0.2.1 link a\n");

	goes(&told, "to 198.51.100.1", "rule 32766 leaves a source 192.0.2.1");
	forget(&told);
}

static void a_planned_gateway_finds_its_link(void **data)
{
	struct told told = host(TWO_LINKS BOOT "route 192.0.2.0/24 link a protocol kernel\n"
					       "route 2001:db8:b::/64 link b protocol kernel\n"
					       "route 0.0.0.0/0 via 192.0.2.254\n"
					       "route ::/0 via 2001:db8:b::fe\n");

	goes(&told, "to 198.51.100.1", "rule 32766 leaves a via 192.0.2.254 source 192.0.2.1");
	goes(&told, "to 2001:db8:1::1",
	     "rule 32766 leaves b via 2001:db8:b::fe source 2001:db8:b::1");
	forget(&told);
}

/* The slow honest twin of the tables: every route is looked at. */
static const struct host_route *longest_by_hand(const struct state *state, const struct address *to)
{
	const struct host_route *best = NULL;

	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) {
		bool longer = !best || route->to.length > best->to.length;
		bool cheaper = best && route->to.length == best->to.length &&
			       route->metric < best->metric;

		if (prefix_holds(&route->to, to) && (longer || cheaper))
			best = route;
	}
	return best;
}

static void a_full_table_is_looked_up_as_by_hand(void **data)
{
	struct told told = host(TWO_LINKS
				"rule ipv4 32766 table main\nrule ipv6 32766 table main\n");

	srand(1);
	for (int i = 0; i < 2000; i++) {
		struct host_route route = { .table = RT_TABLE_MAIN, .type = RTN_UNICAST, .link = 2 };

		route.to = dice_prefix();
		route.metric = 1 + dice(3);
		state_add(&told.state, OBJECT_ROUTE, &route);
	}
	state_sort_observed(&told.state);
	told.model = model_new(&told.state);
	for (int i = 0; i < 20000; i++) {
		struct prefix near = dice_prefix();
		struct flow flow = { .to = prefix_address(&near) };

		flow.to.bytes[dice(4)] ^= (uint8_t)(1u << dice(8));
		model_lookup(told.model, &flow, &told.verdict);
		assert_ptr_equal(told.verdict.route, longest_by_hand(&told.state, &flow.to));
	}
	forget(&told);
}

static void what_is_not_known_is_said(void **data)
{
	struct told told = host(TWO_LINKS "route 0.0.0.0/0 hops 2 via 192.0.2.254 link a\n"
					  "rule ipv4 10 prohibit from 10.0.0.0/8 opaque yes\n"
					  "rule ipv4 32766 table main\n");

	look(&told, "in b from 10.0.0.1 to 198.51.100.1");
	assert_int_equal(told.verdict.doubts, DOUBT_RULE | DOUBT_HOPS);
	assert_int_equal(told.verdict.steps[0].outcome, STEP_MAYBE);
	look(&told, "in b from 172.16.0.1 to 198.51.100.1");
	assert_int_equal(told.verdict.doubts, DOUBT_HOPS);
	forget(&told);
}

static void replies_are_compared_with_the_way_in(void **data)
{
	struct told told = host(box);
	struct verdict back;
	struct flow reply;

	look(&told, "in bond0 from 10.16.0.1 to 198.51.100.1 proto 17 sport 1000 dport 53");
	assert_true(model_reply(told.model, &told.flow, &told.verdict, 0, &reply));
	assert_int_equal(reply.in, link_named(&told, "bond1"));
	assert_int_equal(reply.dport, 1000);
	model_lookup(told.model, &reply, &back);
	assert_true(model_is_symmetric(told.model, &told.flow, &back));
	/* An answer of the host itself leaves by eth0, whichever way the question came. */
	look(&told, "in bond0 from 10.16.0.1 to 192.168.34.97");
	assert_true(model_reply(told.model, &told.flow, &told.verdict, 0, &reply));
	assert_int_equal(reply.in, 0);
	model_lookup(told.model, &reply, &back);
	assert_true(model_is_symmetric(told.model, &told.flow, &back));
	look(&told, "in bond1 from 198.51.100.1 to 192.168.120.5");
	assert_true(model_reply(told.model, &told.flow, &told.verdict, 0, &reply));
	model_lookup(told.model, &reply, &back);
	assert_false(model_is_symmetric(told.model, &told.flow, &back));
	forget(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_leave_by_bond1_only),
		cmocka_unit_test(management_is_never_forwarded),
		cmocka_unit_test(replies_from_the_world_reach_users_only),
		cmocka_unit_test(the_hosts_own_packets_leave_by_eth0),
		cmocka_unit_test(a_confined_link_never_falls_through),
		cmocka_unit_test(a_throw_route_asks_the_next_rule),
		cmocka_unit_test(a_suppressed_route_is_passed_over),
		cmocka_unit_test(a_goto_skips_the_rules_between),
		cmocka_unit_test(selectors_tell_packets_apart),
		cmocka_unit_test(a_bound_socket_evades_ipv4_refusals_by_its_link),
		cmocka_unit_test(a_bound_ipv6_socket_passes_over_a_route_that_refuses),
		cmocka_unit_test(without_the_lowest_metric_the_others_do_not_count),
		cmocka_unit_test(a_vrf_has_its_own_table),
		cmocka_unit_test(a_group_tells_all_its_ways),
		cmocka_unit_test(strict_rp_filter_drops_what_would_not_go_back),
		cmocka_unit_test(a_gateway_of_our_own_is_none),
		cmocka_unit_test(a_planned_gateway_finds_its_link),
		cmocka_unit_test(a_full_table_is_looked_up_as_by_hand),
		cmocka_unit_test(what_is_not_known_is_said),
		cmocka_unit_test(replies_are_compared_with_the_way_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
