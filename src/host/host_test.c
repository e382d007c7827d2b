/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door to the kernel against a real one, in a namespace of the test's own. `ip` plays
 * everybody else: who adds, takes away and comes in between.
 */
#include "host/scene.h"

#include "base/clock.h"
#include "host/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

static const char *const all_shapes[] = {
	"route local 198.51.100.0/24 table local link lo",
	"route local 198.51.101.0/24 table local link eth0",
	"route 198.51.100.7/32 table local link eth0",
	"route 198.51.100.8/32 via 192.0.2.2 table local link eth0",
	"route 203.0.113.0/24 via 192.0.2.2",
	"route 203.0.114.0/24 link eth0 metric 7 source 192.0.2.1",
	"route unreachable 203.0.115.0/24",
	"route blackhole 203.0.116.0/24 table 1000",
	"route 203.0.117.0/24 via 2001:db8::2 link eth0",
	"route local 2001:db8:1::/64 table local link lo",
	"route local 2001:db8:2::/64 table local link eth0",
	"route 2001:db8:1::7/128 table local link eth0",
	"route 2001:db8:1::8/128 via 2001:db8::2 table local link eth0",
	"route 2001:db8:3::/64 via 2001:db8::2",
	"route 2001:db8:4::/64 link eth0 metric 7 source 2001:db8::1",
	"route unreachable 2001:db8:5::/64",
	"route prohibit 2001:db8:6::/64 table 1000",
};

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	for (size_t i = 0; i < sizeof(all_shapes) / sizeof(*all_shapes); i++)
		scene_desire_route(scene, all_shapes[i]);
	assert_int_equal(scene_apply(scene), sizeof(all_shapes) / sizeof(*all_shapes));
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
}

static void a_restart_finds_what_is_ours(void **data)
{
	struct scene *scene = *data;

	for (size_t i = 0; i < sizeof(all_shapes) / sizeof(*all_shapes); i++)
		scene_desire_route(scene, all_shapes[i]);
	scene_apply(scene);
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), sizeof(all_shapes) / sizeof(*all_shapes));
	assert_int_equal(scene->failed, 0);
	scene_settle(scene, NULL);
	assert_int_equal(scene_ours(scene), 0);
	assert_false(scene_shows(
		"ip route show table all proto 109; ip -6 route show table all proto 109", "dev"));
}

static void events_and_a_dump_tell_the_same(void **data)
{
	struct scene *scene = *data;
	struct text told = { 0 }, dumped = { 0 };

	scene_want(scene, "0.0.0.0/0");
	scene_settle(scene, NULL);
	assert_true(scratch_run(
		"ip route add 203.0.113.0/24 via 192.0.2.2; ip route add 203.0.114.0/24 dev eth0;"
		"ip route replace 203.0.113.0/24 via 192.0.2.3; ip route del 203.0.114.0/24;"
		"ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0; ip link set eth0 mtu "
		"1400;"
		"ip addr add 192.0.2.77/24 dev eth0; ip link add br0 type bridge;"
		"ip link set peer0 master br0"));
	assert_true(scene_settle(scene, NULL));
	state_print(host_observed(scene->host), &told);
	host_resync(scene->host);
	scene_settle(scene, NULL);
	state_print(host_observed(scene->host), &dumped);
	assert_string_equal(text_string(&told), text_string(&dumped));
	assert_non_null(strstr(text_string(&told),
			       "\nroute 203.0.113.0/24 via 192.0.2.3 link eth0 protocol boot\n"));
	assert_non_null(strstr(text_string(&told), "mtu 1400"));
	assert_non_null(strstr(text_string(&told), "master br0"));
	text_free(&told);
	text_free(&dumped);
}

static void routes_that_vanish_with_their_link_are_missed(void **data)
{
	struct scene *scene = *data;
	bool resynced;

	scene_desire_route(scene, "route 198.51.100.0/24 link eth0");
	scene_apply(scene);
	scene_settle(scene, NULL);
	assert_int_equal(scene_ours(scene), 1);
	assert_true(scratch_run("ip link set eth0 down"));
	scene_settle(scene, &resynced);
	assert_true(resynced);
	assert_int_equal(scene_ours(scene), 0);
}

static void a_link_that_rose_and_fell_unseen_took_its_routes(void **data)
{
	struct scene *scene = *data;
	bool resynced;

	scene_want(scene, "203.0.113.0/24");
	assert_true(scratch_run("ip link set eth0 down"));
	scene_settle(scene, NULL);
	assert_true(scratch_run("ip link set eth0 up && ip route add 203.0.113.0/24 dev eth0 &&"
				"ip link set eth0 down"));
	scene_settle(scene, &resynced);
	assert_true(resynced);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 0);
	assert_true(scratch_run("ip link add name br0 type bridge && ip link del br0"));
	scene_settle(scene, &resynced);
	assert_false(resynced);
}

static void routes_that_lean_on_a_nexthop_go_with_it(void **data)
{
	struct scene *scene = *data;

	scene_want(scene, "203.0.113.0/24");
	scene_settle(scene, NULL);
	assert_true(scratch_run("ip nexthop add id 7 via 192.0.2.2 dev eth0 &&"
				"ip route add 203.0.113.0/24 nhid 7"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 1);
	assert_true(scratch_run("ip nexthop del id 7"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 0);
}

static void a_flush_is_seen_and_repaired(void **data)
{
	struct scene *scene = *data;

	scene_desire_route(scene, all_shapes[0]);
	scene_desire_route(scene, all_shapes[9]);
	scene_apply(scene);
	scene_settle(scene, NULL);
	assert_true(scratch_run(
		"ip route flush table local proto 109; ip -6 route flush table local proto 109"));
	assert_true(scene_settle(scene, NULL));
	assert_int_equal(scene_ours(scene), 0);
	assert_int_equal(scene_apply(scene), 2);
	assert_int_equal(scene_apply(scene), 0);
}

/* A mend, and a flush that goes on: both are told at once, and nothing differs from before. */
static void what_was_put_back_and_taken_again_is_missed(void **data)
{
	static const char *const commands[] = {
		"ip route add local 198.51.100.0/24 dev lo table local proto 109",
		"ip route del local 198.51.100.0/24 dev lo table local proto 109",
	};
	const struct host_touched *touched;
	struct scene *scene = *data;
	size_t count, losses = 0;

	scene_settle(scene, NULL);
	host_touched_forget(scene->host);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		assert_true(scratch_run(commands[i]));
	scene_settle(scene, NULL);
	assert_true(host_touched(scene->host, &touched, &count));
	for (size_t i = 0; i < count; i++)
		losses += touched[i].kind == OBJECT_ROUTE && touched[i].removed;
	assert_int_equal(losses, 1);
}

static void foreign_routes_stay_and_are_named(void **data)
{
	struct scene *scene = *data;

	scene_want(scene, "198.51.100.0/24");
	assert_true(
		scratch_run("ip route add unreachable 198.51.100.0/24 table local proto static"));
	scene_desire_route(scene, all_shapes[0]);
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 1);
	assert_int_equal(scene->error, -EEXIST);
	assert_string_equal(scene->text, "exists in table local and is not ours (protocol static); "
					 "remove it or leave it out "
					 "of the configuration");
	assert_true(scene_shows("ip route show table local proto static",
				"unreachable 198.51.100.0/24"));
}

static void a_foreign_route_that_does_the_same_is_enough(void **data)
{
	struct scene *scene = *data;

	scene_want(scene, "198.51.100.0/24");
	assert_true(
		scratch_run("ip route add local 198.51.100.0/24 dev lo table local proto static"));
	scene_desire_route(scene, all_shapes[0]);
	assert_int_equal(scene_apply(scene), 0);
}

static void a_foreign_twin_survives_the_delete(void **data)
{
	struct scene *scene = *data;

	scene_want(scene, "198.51.100.0/24");
	scene_desire_route(scene, all_shapes[0]);
	scene_apply(scene);
	assert_true(scratch_run(
		"ip route append local 198.51.100.0/24 dev lo table local proto static"));
	assert_true(
		scratch_run("ip route prepend local 198.51.100.0/24 dev lo table local proto 77"));
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 1);
	scene_settle(scene, NULL);
	assert_int_equal(scene_ours(scene), 0);
	assert_true(scene_shows("ip route show table local",
				"local 198.51.100.0/24 dev lo proto static"));
	assert_true(
		scene_shows("ip route show table local", "local 198.51.100.0/24 dev lo proto 77"));
	assert_int_equal(scene_apply(scene), 0);
}

static void a_change_leaves_no_gap(void **data)
{
	struct scene *scene = *data;

	scene_desire_route(scene, "route 198.51.100.0/24 via 192.0.2.2");
	scene_desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::2");
	scene_desire_route(scene, "route unreachable 198.51.101.0/24");
	scene_desire_route(scene, "route unreachable 2001:db8:4::/64");
	scene_apply(scene);
	state_free(&scene->desired);
	scene_desire_route(scene, "route 198.51.100.0/24 via 192.0.2.3");
	scene_desire_route(scene, "route 2001:db8:3::/64 link eth0");
	scene_desire_route(scene, "route 198.51.101.0/24 via 192.0.2.3");
	scene_desire_route(scene, "route 2001:db8:4::/64 via 2001:db8::3");
	assert_int_equal(scene_apply(scene), 4);
	assert_string_equal(scene->text, "");
	for (size_t i = 0; i < scene->plan.count; i++)
		assert_int_equal(scene->plan.items[i].type, OPERATION_CHANGE);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(scene_shows("ip route", "198.51.101.0/24 via 192.0.2.3"));
	assert_true(scene_shows("ip -6 route", "2001:db8:4::/64 via 2001:db8::3"));
}

static void a_change_of_what_vanished_adds_it(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;

	scene_desire_route(scene, "route 198.51.100.0/24 via 192.0.2.2");
	scene_desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::2");
	scene_apply(scene);
	scene_settle(scene, NULL);
	state_free(&scene->desired);
	scene_desire_route(scene, "route 198.51.100.0/24 via 192.0.2.3");
	scene_desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::3");
	scene_plan(scene);
	assert_true(scratch_run("ip route flush proto 109; ip -6 route flush proto 109"));
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
}

static void a_refusal_says_why(void **data)
{
	struct scene *scene = *data;

	scene_desire_route(scene, "route 203.0.113.0/24 via 203.0.114.1 link eth0");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 1);
	assert_string_equal(scene->text, "Nexthop has invalid gateway");
}

static void deleting_what_is_gone_is_fine(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;

	scene_desire_route(scene, all_shapes[0]);
	scene_desire_route(scene, all_shapes[9]);
	scene_apply(scene);
	scene_settle(scene, NULL);
	state_free(&scene->desired);
	scene_plan(scene);
	assert_int_equal(scene->plan.count, 2);
	assert_true(scratch_run(
		"ip route flush table local proto 109; ip -6 route flush table local proto 109"));
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	assert_int_equal(scene->failed, 0);
}

static void addresses_come_and_go(void **data)
{
	struct scene *scene = *data;
	struct host_address address = { .object.ours = true };

	scene_settle(scene, NULL);
	address.link = state_link_named(host_observed(scene->host), "eth0")->index;
	assert_int_equal(prefix_parse("198.51.100.5/24", &address.prefix), 0);
	state_add(&scene->desired, OBJECT_ADDRESS, &address);
	assert_int_equal(prefix_parse("2001:db8:7::5/64", &address.prefix), 0);
	state_add(&scene->desired, OBJECT_ADDRESS, &address);
	assert_int_equal(scene_apply(scene), 2);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 2);
	assert_false(scene_shows("ip addr show dev eth0", "198.51.100.5"));
	assert_true(scene_shows("ip addr show dev eth0", "192.0.2.1/24"));
}

/*
 * All routes that we know of but the kernel's own, which come when an address has been found to be
 * nobody else's: each property of each.
 */
static char *routes_known(const struct scene *scene)
{
	struct text text = { 0 };
	struct state routes = { 0 };

	STATE_EACH(host_observed(scene->host), OBJECT_ROUTE, const struct host_route, route)
		if (route->protocol != RTPROT_KERNEL)
			state_add(&routes, OBJECT_ROUTE, route);
	state_sort_observed(&routes);
	state_print(&routes, &text);
	state_free(&routes);
	return text.data;
}

/* The n-th of many routes of all shapes, as the plan of this turn wants it. */
static void print_nth(struct text *text, unsigned number, unsigned turn)
{
	static const char *const shapes[] = {
		"route 10.%u.%u.0/24 via 192.0.2.%u link eth0",
		"route 10.%u.%u.0/25 via 192.0.2.%u link eth0 table 77 metric 5 mtu 1400",
		"route 10.%u.%u.0/26 nexthop %u table 78",
		"route blackhole 10.%u.%u.%u/32",
		"route local 10.%u.%u.%u/32 table local link lo",
		"route 2001:db8:%u:%u::/64 via 2001:db8::%u link eth0",
		"route 2001:db8:%u:%u::/96 link eth0 metric %u",
		"route unreachable 2001:db8:%u:%u::%u/128",
		"route local 2001:db8:%u:%u::%u/128 table local link lo",
	};

	if ((number + turn) % 7 == 0)
		return;
	text_printf(text, shapes[number % ARRAY_SIZE(shapes)], number / 250 + 1, number % 250,
		    2 + (number % 2 ? turn : 0));
	text_puts(text, " protocol multihomed\n");
}

static void desire_many(struct scene *scene, unsigned turn)
{
	struct text text = { 0 }, error = { 0 };
	struct state many;

	scene_settle(scene, NULL);
	STATE_EACH(host_observed(scene->host), OBJECT_LINK, const struct host_link, link) {
		object_print(OBJECT_LINK, link, NULL, &text);
		text_puts(&text, "\n");
	}
	for (unsigned i = 2; i < 5; i++)
		text_printf(&text,
			    "nexthop %u family ipv4 via 192.0.2.%u link eth0 protocol multihomed\n",
			    i, i);
	for (unsigned i = 0; turn < 2 && i < 6000; i++)
		print_nth(&text, i, turn);
	if (state_parse(text_string(&text), &many, &error) < 0)
		fail_msg("%s", text_string(&error));
	state_free(&scene->desired);
	STATE_EACH(&many, OBJECT_NEXTHOP, const struct host_nexthop, nexthop)
		state_add(&scene->desired, OBJECT_NEXTHOP, nexthop);
	STATE_EACH(&many, OBJECT_ROUTE, const struct host_route, route)
		state_add(&scene->desired, OBJECT_ROUTE, route);
	state_free(&many);
	text_free(&text);
}

/* Carries the plan out; after its first part somebody else does something. */
static void apply_with_others(struct scene *scene, const char *command)
{
	size_t at = 0;

	scene_settle(scene, NULL);
	scene_plan(scene);
	assert_true(scene->plan.count > 4096);
	scene->failed = 0;
	for (bool first = true; at < scene->plan.count; first = false) {
		assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
		if (first)
			assert_true(scratch_run(command));
		host_receive(scene->host);
	}
	assert_int_equal(scene->failed, 0);
}

/* Shows the first line that differs: the texts are long. */
static void assert_same_lines(const char *one, const char *other)
{
	while (*one && *other) {
		size_t a = strcspn(one, "\n"), b = strcspn(other, "\n");

		if (a != b || memcmp(one, other, a) != 0)
			fail_msg("'%.*s' != '%.*s'", (int)a, one, (int)b, other);
		one += a + (one[a] == '\n');
		other += b + (other[b] == '\n');
	}
	assert_string_equal(one, other);
}

/* What is taken over without reading is what reading shows, also where others take part. */
static void what_is_taken_over_unread_is_what_is_there(void **data)
{
	static const char *const others[] = {
		"ip route add 172.16.9.0/24 via 192.0.2.9; ip -6 route add 2001:db8:ffff::/48 dev "
		"eth0",
		"ip route append 10.1.9.0/24 via 192.0.2.9; ip route del 172.16.9.0/24",
		"ip route flush table 77; ip route add 172.16.9.0/24 via 192.0.2.9",
	};
	struct scene *scene = *data;

	host_set_interest(scene->host, &(struct host_interest){ .all_routes = true });
	for (unsigned turn = 0; turn < 3; turn++) {
		char *known, *read;
		bool resynced;

		desire_many(scene, turn);
		apply_with_others(scene, others[turn]);
		scene_settle(scene, &resynced);
		assert_false(resynced);
		known = routes_known(scene);
		host_resync(scene->host);
		scene_settle(scene, NULL);
		read = routes_known(scene);
		assert_same_lines(known, read);
		free(known);
		free(read);
	}
}

/* What did not go as it was asked is read again. */
static void where_something_was_refused_all_is_read(void **data)
{
	struct scene *scene = *data;
	bool resynced;

	desire_many(scene, 0);
	assert_true(scratch_run("ip route add 10.1.9.0/24 via 192.0.2.9 proto static"));
	scene_apply(scene);
	assert_int_equal(scene->failed, 1);
	scene_settle(scene, &resynced);
	assert_true(resynced);
	assert_int_equal(scene_apply(scene), 1);
}

static void ten_thousand_routes_fit(void **data)
{
	struct scene *scene = *data;
	int64_t start;

	for (unsigned i = 0; i < 10000; i++) {
		struct host_route route = {
			.object.ours = true, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL, .link = 1
		};

		route.to = (struct prefix){ .family = AF_INET6,
					    .length = 64,
					    .bytes = { 0x20, 1, 0x0d, 0xb8, 9, 0, (uint8_t)(i >> 8),
						       (uint8_t)i } };
		state_add(&scene->desired, OBJECT_ROUTE, &route);
	}
	start = clock_now_us();
	assert_int_equal(scene_apply(scene), 10000);
	print_message("10000 routes: %lld ms\n", (long long)(clock_now_us() - start) / 1000);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
	start = clock_now_us();
	assert_int_equal(scene_apply(scene), 0);
	print_message("again: %lld us\n", (long long)(clock_now_us() - start));
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 10000);
	assert_int_equal(scene_apply(scene), 0);
}

static void lost_events_lead_to_the_truth(void **data)
{
	struct scene *scene = *data;
	bool resynced;
	int room = 1;

	scene_want(scene, "10.0.0.0/8");
	scene_settle(scene, NULL);
	assert_int_equal(
		setsockopt(scene->host->events.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_true(scratch_run("for i in $(seq 0 255); do echo route add 10.1.$i.0/24 dev eth0; "
				"done | ip -batch -"));
	assert_true(scene_settle(scene, &resynced));
	assert_true(resynced);
	assert_non_null(state_find(host_observed(scene->host), OBJECT_ROUTE,
				   &(struct host_route){ .table = RT_TABLE_MAIN,
							 .to = { AF_INET, 24, { 10, 1, 255, 0 } } }));
}

static void routes_of_no_interest_are_not_kept(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip route add 203.0.113.0/24 via 192.0.2.2; ip route add "
				"203.0.114.0/24 via 192.0.2.3"));
	scene_want(scene, "203.0.113.128/25");
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 1);
	scene_want(scene, "192.0.2.3/32");
	assert_true(scene_settle(scene, NULL));
	/* The one by way of it, its network, the broadcast address is not, and none of ours. */
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 2);
}

static void what_a_large_plan_did_is_seen_and_what_others_do_meanwhile_too(void **data)
{
	struct scene *scene = *data;
	bool resynced = false;

	for (unsigned i = 0; i < 5000; i++) {
		char line[64];

		snprintf(line, sizeof(line), "route 10.%u.%u.0/24 table 1000 link eth0", i / 250,
			 i % 250);
		scene_desire_route(scene, line);
	}
	assert_int_equal(scene_apply(scene), 5000);
	assert_true(scratch_run("ip route del 10.3.7.0/24 table 1000"));
	assert_true(scene_settle(scene, &resynced));
	assert_false(resynced);
	assert_int_equal(scene_ours(scene), 4999);
	assert_true(scratch_run("ip route del 10.3.8.0/24 table 1000"));
	assert_true(scene_settle(scene, &resynced));
	assert_false(resynced);
	assert_int_equal(scene_ours(scene), 4998);
}

static void rules_that_confine_the_host_refuse_no_gateway_that_is_near(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip rule add iif lo unreachable priority 7 &&"
				"ip -6 rule add iif lo unreachable priority 7"));
	scene_desire_route(scene, "route 10.9.0.0/16 via 192.0.2.7 table 1000 link eth0");
	scene_desire_route(scene, "route 2001:db8:9::/48 via 2001:db8::7 table 1000 link eth0");
	assert_int_equal(scene_apply(scene), 2);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);

	scene_desire_route(scene, "route 10.8.0.0/16 via 203.0.113.7 table 1000 link eth0");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->failed, 1);
}

static void without_rights_it_says_which(void **data)
{
	struct host_options options = { .sockets_per_listener = 1 };
	struct text error = { 0 };
	struct host *host = NULL;
	pid_t child = fork();

	if (child == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(0);
		_exit(host_open(&options, &host, &error) == -EPERM &&
				      strstr(text_string(&error), "CAP_NET_ADMIN is missing") ?
			      0 :
			      1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(a_second_apply_does_nothing),
		SCENE(a_restart_finds_what_is_ours),
		SCENE(events_and_a_dump_tell_the_same),
		SCENE(what_a_large_plan_did_is_seen_and_what_others_do_meanwhile_too),
		SCENE(rules_that_confine_the_host_refuse_no_gateway_that_is_near),
		SCENE(routes_that_vanish_with_their_link_are_missed),
		SCENE(a_link_that_rose_and_fell_unseen_took_its_routes),
		SCENE(routes_that_lean_on_a_nexthop_go_with_it),
		SCENE(a_flush_is_seen_and_repaired),
		SCENE(what_was_put_back_and_taken_again_is_missed),
		SCENE(foreign_routes_stay_and_are_named),
		SCENE(a_foreign_route_that_does_the_same_is_enough),
		SCENE(a_foreign_twin_survives_the_delete),
		SCENE(a_change_leaves_no_gap),
		SCENE(a_change_of_what_vanished_adds_it),
		SCENE(a_refusal_says_why),
		SCENE(deleting_what_is_gone_is_fine),
		SCENE(addresses_come_and_go),
		SCENE(what_is_taken_over_unread_is_what_is_there),
		SCENE(where_something_was_refused_all_is_read),
		SCENE(ten_thousand_routes_fit),
		SCENE(lost_events_lead_to_the_truth),
		SCENE(routes_of_no_interest_are_not_kept),
		SCENE(without_rights_it_says_which),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
