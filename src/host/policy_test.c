/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and nexthop objects against a real kernel; `ip` plays everybody else. */
#include "host/scene.h"

#include "base/clock.h"
#include "host/inside.h"

#include <linux/fib_rules.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const rule_shapes[] = {
	"rule ipv4 1000 in eth0 table 200",
	"rule ipv6 1000 in eth0 table 200",
	"rule ipv4 1001 unreachable in lo",
	"rule ipv6 1001 prohibit in eth0 from 2001:db8::/32",
	"rule ipv4 1002 not yes from 10.0.0.0/8 to 192.0.2.0/24 table main",
	"rule ipv4 1003 mark 0x8 mask 0xff table 300",
	"rule ipv6 1004 blackhole mark 8 mask 0xffffffff",
	"rule ipv4 1005 proto tcp sport 1024-65534 dport 80 table 300",
	"rule ipv6 1005 proto udp dport 53 table 300",
	"rule ipv4 1006 uid 0 table 300",
	"rule ipv6 1006 uid 1000-2000 table 300",
	"rule ipv4 1007 tos 0x10 out eth0 table 300",
	"rule ipv4 1008 table main suppress-below 1",
	"rule ipv6 1008 table main suppress-below 1",
	"rule ipv4 1009 goto target 1010",
	"rule ipv4 1010 nop",
	"rule ipv4 1011 l3mdev yes",
	"rule ipv4 29999 table 1829765121",
};

static const char *const nexthop_shapes[] = {
	"nexthop 1829765121 family ipv4 via 192.0.2.2 link eth0",
	"nexthop 1829765122 family ipv4 via 192.0.2.3 link eth0",
	"nexthop 1829765123 family ipv6 via 2001:db8::2 link eth0",
	"nexthop 1829765124 family ipv4 link eth0",
	"nexthop 1829765125 family ipv6 blackhole yes",
	"nexthop 1829765126 group 1829765121,1829765122:3",
	"nexthop 1829765127 group 1829765121:10,1829765122 resilient yes buckets 8 idle 60 "
	"unbalanced 300",
};

static const char *const leaning_shapes[] = {
	"route 203.0.113.0/24 nexthop 1829765126",
	"route 203.0.114.0/24 nexthop 1829765127 table 200 metric 5",
	"route 203.0.115.0/24 nexthop 1829765124",
	"route 2001:db8:5::/64 nexthop 1829765123",
	"route 2001:db8:6::/64 nexthop 1829765125",
	"route 203.0.116.0/24 via 192.0.2.2 mtu 1400 window 65535 initcwnd 20",
	"route 2001:db8:7::/64 via 2001:db8::2 mtu 1400 initcwnd 20",
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void desire_all(struct scene *scene)
{
	for (size_t i = 0; i < COUNT(rule_shapes); i++)
		scene_desire(scene, OBJECT_RULE, rule_shapes[i]);
	for (size_t i = 0; i < COUNT(nexthop_shapes); i++)
		scene_desire(scene, OBJECT_NEXTHOP, nexthop_shapes[i]);
	for (size_t i = 0; i < COUNT(leaning_shapes); i++)
		scene_desire(scene, OBJECT_ROUTE, leaning_shapes[i]);
}

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	assert_int_equal(scene_apply(scene),
			 COUNT(rule_shapes) + COUNT(nexthop_shapes) + COUNT(leaning_shapes));
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
}

static void a_restart_finds_what_is_ours_and_a_stop_leaves_nothing(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	scene_apply(scene);
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	scene_apply(scene);
	assert_int_equal(scene->failed, 0);
	assert_false(scene_shows("ip rule; ip -6 rule; ip nexthop; ip route show table all",
				 "proto 109"));
	assert_true(scene_shows("ip rule", "32766:\tfrom all lookup main"));
}

static void events_and_a_dump_tell_the_same(void **data)
{
	struct scene *scene = *data;
	struct text told = { 0 }, dumped = { 0 };

	scene_settle(scene, NULL);
	assert_true(scratch_run(
		"ip rule add pref 7 from 10.0.0.0/8 lookup 9; ip rule add pref 7 to 10.0.0.0/8 "
		"lookup 9; ip -6 rule add pref 8 iif lo uidrange 0-5 prohibit;"
		"ip rule del pref 7 from 10.0.0.0/8 lookup 9;"
		"ip nexthop add id 5 via 192.0.2.9 dev eth0; ip nexthop add id 6 group 5;"
		"ip nexthop replace id 5 via 192.0.2.10 dev eth0"));
	assert_true(scene_settle(scene, NULL));
	state_print(host_observed(scene->host), &told);
	host_resync(scene->host);
	scene_settle(scene, NULL);
	state_print(host_observed(scene->host), &dumped);
	assert_string_equal(text_string(&told), text_string(&dumped));
	assert_non_null(strstr(text_string(&told), "\nrule ipv4 7 to 10.0.0.0/8 table 9\n"));
	assert_non_null(strstr(text_string(&told), "\nrule ipv6 8 prohibit in lo uid 0-5\n"));
	assert_non_null(
		strstr(text_string(&told), "\nnexthop 5 family ipv4 via 192.0.2.10 link eth0\n"));
	text_free(&told);
	text_free(&dumped);
}

static void a_rule_that_changes_is_never_missing(void **data)
{
	struct scene *scene = *data;

	scene_desire(scene, OBJECT_RULE, "rule ipv4 1000 in eth0 table 200");
	scene_desire(scene, OBJECT_RULE, "rule ipv6 1000 in eth0 table 200");
	scene_apply(scene);
	state_free(&scene->desired);
	scene_desire(scene, OBJECT_RULE, "rule ipv4 1000 in eth0 table 201");
	scene_desire(scene, OBJECT_RULE, "rule ipv6 1000 in peer0 table 200");
	assert_int_equal(scene_apply(scene), 2);
	assert_int_equal(scene->plan.items[0].type, OPERATION_CHANGE);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(scene_shows("ip rule", "iif eth0 lookup 201"));
	assert_false(scene_shows("ip rule", "lookup 200"));
}

static void foreign_rules_stay_even_twins(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip rule add pref 1000 iif eth0 lookup 200 protocol static"));
	assert_true(scratch_run("ip rule add pref 1000 from 10.0.0.0/8 lookup 7"));
	scene_desire(scene, OBJECT_RULE, "rule ipv4 1000 from 192.0.2.0/24 table 200");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 0);
	assert_true(scene_shows("ip rule", "iif eth0 lookup 200"));
	assert_true(scene_shows("ip rule", "from 10.0.0.0/8 lookup 7"));
	assert_false(scene_shows("ip rule", "192.0.2.0/24"));
}

static void a_flush_of_ten_thousand_rules_is_seen_and_repaired(void **data)
{
	struct scene *scene = *data;
	int64_t start;

	for (uint32_t i = 0; i < 10000; i++) {
		struct host_rule rule = {
			.object.ours = true,
			.family = AF_INET,
			.preference = 1000 + i,
			.table = 200,
			.from = { AF_INET, 32, { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } }
		};

		state_add(&scene->desired, OBJECT_RULE, &rule);
	}
	start = clock_now_us();
	assert_int_equal(scene_apply(scene), 10000);
	print_message("10000 rules: %lld ms\n", (long long)(clock_now_us() - start) / 1000);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(scratch_run("ip rule flush"));
	scene_apply(scene);
	assert_int_equal(scene->failed, 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_RULE), 10000 + 5);
}

static void one_write_moves_all_routes_to_another_gateway(void **data)
{
	struct scene *scene = *data;
	struct host_route route = { .object.ours = true, .nexthop = 1829765121 };

	scene_desire(scene, OBJECT_NEXTHOP, nexthop_shapes[0]);
	for (unsigned i = 0; i < 1000; i++) {
		route.to = (struct prefix){ AF_INET, 24, { 10, (uint8_t)(i >> 8), (uint8_t)i } };
		state_add(&scene->desired, OBJECT_ROUTE, &route);
	}
	assert_int_equal(scene_apply(scene), 1001);
	assert_int_equal(scene->failed, 0);
	((struct host_nexthop *)scene->desired.sets[OBJECT_NEXTHOP].items)->via.bytes[3] = 77;
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(scene_shows("ip route show 10.0.5.0/24", "via 192.0.2.77"));
}

static void nexthops_that_went_with_the_carrier_are_missed(void **data)
{
	struct scene *scene = *data;

	scene_desire(scene, OBJECT_NEXTHOP, nexthop_shapes[0]);
	scene_desire(scene, OBJECT_ROUTE, "route 203.0.113.0/24 nexthop 1829765121");
	assert_int_equal(scene_apply(scene), 2);
	assert_true(scratch_run("ip link set peer0 down"));
	for (int i = 0; i < 200 && state_count(host_observed(scene->host), OBJECT_NEXTHOP); i++) {
		usleep(10000);
		scene_settle(scene, NULL);
	}
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_NEXTHOP), 0);
	assert_int_equal(scene_ours(scene), 0);
}

static void a_foreign_nexthop_of_our_number_is_not_touched(void **data)
{
	struct scene *scene = *data;

	assert_true(
		scratch_run("ip nexthop add id 1829765121 via 192.0.2.99 dev eth0 protocol zebra"));
	scene_desire(scene, OBJECT_NEXTHOP, nexthop_shapes[0]);
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 1);
	assert_string_equal(scene->text,
			    "exists and is not ours (protocol zebra); remove it or leave it out "
			    "of the configuration");
	assert_true(scene_shows("ip nexthop", "192.0.2.99"));
}

static void who_only_looks_needs_no_rights_and_sees_all_tables(void **data)
{
	struct scene *scene = *data;
	struct host_options options = { .sockets_per_listener = 1, .only_look = true };
	struct text error = { 0 };
	struct host *host = NULL;
	bool changed, resynced;

	assert_true(scratch_run("ip route add 203.0.113.0/24 via 192.0.2.2 table 77"));
	assert_int_equal(host_open(&options, &host, &error), 0);
	host_set_interest(host, &(struct host_interest){ .all_routes = true });
	assert_int_equal(host_settle(host, &changed, &resynced), 0);
	assert_non_null(state_find(
		host_observed(host), OBJECT_ROUTE,
		&(struct host_route){ .table = 77, .to = { AF_INET, 24, { 203, 0, 113 } } }));
	assert_true(state_count(host_observed(host), OBJECT_RULE) >= 5);
	assert_true(scratch_run("ip route add 203.0.114.0/24 via 192.0.2.2 table 78"));
	assert_int_equal(host_settle(host, &changed, &resynced), 0);
	assert_true(changed);
	host_close(host);
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 0);
}

/* Linux looks for a router as the host itself would, IPv4 only. */
static void a_route_stands_also_where_rules_confine_the_host(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip rule add iif lo unreachable pref 2000"));
	scene_desire_route(scene, "route 203.0.113.0/24 via 192.0.2.2 link eth0 onlink yes");
	scene_desire(scene, OBJECT_NEXTHOP,
		     "nexthop 1829765121 family ipv4 via 192.0.2.2 link eth0 onlink yes");
	assert_int_equal(scene_apply(scene), 2);
	assert_int_equal(scene->failed, 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
}

/* A table that is asked for is read whole, whoever filled it; others are not. */
static void a_table_that_is_asked_for_is_seen_whole(void **data)
{
	struct scene *scene = *data;
	const uint32_t tables[] = { 200 };
	const struct host_route like = { .table = 200, .to = { AF_INET, 24, { 203, 0, 113 } } };

	assert_true(scratch_run("ip route add 203.0.113.0/24 via 192.0.2.2 table 200"
				" && ip route add 203.0.113.0/24 via 192.0.2.2 table 201"));
	host_set_interest(scene->host, &(struct host_interest){ .tables = tables, .table_count = 1 });
	scene_settle(scene, NULL);
	assert_non_null(state_find(host_observed(scene->host), OBJECT_ROUTE, &like));
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 1);
	assert_true(scratch_run("ip route del 203.0.113.0/24 table 200"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(a_second_apply_does_nothing),
		SCENE(a_restart_finds_what_is_ours_and_a_stop_leaves_nothing),
		SCENE(events_and_a_dump_tell_the_same),
		SCENE(a_rule_that_changes_is_never_missing),
		SCENE(foreign_rules_stay_even_twins),
		SCENE(a_flush_of_ten_thousand_rules_is_seen_and_repaired),
		SCENE(one_write_moves_all_routes_to_another_gateway),
		SCENE(nexthops_that_went_with_the_carrier_are_missed),
		SCENE(a_foreign_nexthop_of_our_number_is_not_touched),
		SCENE(a_route_stands_also_where_rules_confine_the_host),
		SCENE(a_table_that_is_asked_for_is_seen_whole),
		SCENE(who_only_looks_needs_no_rights_and_sees_all_tables),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
