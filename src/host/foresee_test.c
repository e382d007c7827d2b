/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel does by itself is foreseen: addresses come and go, on paper and in the kernel. */
#include "host/foresee.h"

#include "host/dice.h"
#include "host/paper.h"
#include "host/scene.h"

#include <linux/if_addr.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROUNDS 60

/* Of IPv6 what is not foreseen: see foresee.c. */
static bool is_aside(const struct host_route *route)
{
	return route->to.family == AF_INET6 &&
	       (route->to.bytes[0] >= 0xfe || route->type == RTN_ANYCAST ||
		route->type == RTN_MULTICAST);
}

static void print_routes(const struct state *state, struct text *text)
{
	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) {
		if (is_aside(route))
			continue;
		object_print(OBJECT_ROUTE, route, state, text);
		text_puts(text, "\n");
	}
}

/*
 * Each in a network of its own: which of two in one network is the first is not foreseen, nor that
 * the kernel takes the second along when the first goes (promote_secondaries).
 */
static void desire_addresses(struct scene *scene)
{
	static const uint8_t lengths[] = { 8, 24, 30, 31, 32 };
	uint32_t link = state_link_named(host_observed(scene->host), "eth0")->index;

	state_free(&scene->desired);
	for (unsigned i = dice(5); i > 0; i--) {
		struct host_address address = { .object.ours = true, .link = link };
		bool ipv4 = dice(2);

		address.prefix.family = ipv4 ? AF_INET : AF_INET6;
		address.prefix.length = ipv4 ? lengths[dice(5)] : (uint8_t)(48 + 16 * dice(6));
		if (address.prefix.length > 112 && !ipv4)
			address.prefix.length = 128;
		address.prefix.bytes[0] = ipv4 ? 10 : 0x20;
		address.prefix.bytes[0] = (uint8_t)(address.prefix.bytes[0] + i);
		address.prefix.bytes[1] = (uint8_t)dice(3);
		address.prefix.bytes[ipv4 ? 3 : 15] = (uint8_t)(4 * i + 1 + dice(2));
		/* IPv6 does not take one address with two lengths. */
		if (!ipv4)
			address.prefix.bytes[14] = address.prefix.length;
		address.flags = IFA_F_NODAD;
		state_add(&scene->desired, OBJECT_ADDRESS, &address);
	}
	state_sort(&scene->desired, NULL, NULL);
}

/* Until the kernel says nothing more: IPv6 makes its routes a little later. */
static void await_rest(struct scene *scene, const char *wanted)
{
	struct pollfd poller = { .fd = host_fd(scene->host), .events = POLLIN };
	AUTO_TEXT got = { 0 };

	for (;;) {
		text_free(&got);
		scene_settle(scene, NULL);
		print_routes(host_observed(scene->host), &got);
		if (!strcmp(text_string(&got), wanted) || poll(&poller, 1, 1000) != 1)
			break;
		assert_int_equal(host_receive(scene->host), 0);
	}
	if (strcmp(text_string(&got), wanted) != 0) {
		print_error("foreseen:\n%sseen:\n", wanted);
		print_error("%s", text_string(&got));
		fail();
	}
}

/* That the scene begins with. */
static void await_address(struct scene *scene)
{
	struct pollfd poller = { .fd = host_fd(scene->host), .events = POLLIN };
	struct host_route like = { .table = RT_TABLE_LOCAL };

	assert_int_equal(prefix_parse("2001:db8::1", &like.to), 0);
	scene_settle(scene, NULL);
	while (!state_find(host_observed(scene->host), OBJECT_ROUTE, &like)) {
		assert_int_equal(poll(&poller, 1, 10000), 1);
		assert_int_equal(host_receive(scene->host), 0);
		scene_settle(scene, NULL);
	}
}

static void routes_of_addresses_come_and_go_as_foreseen(void **data)
{
	struct scene *scene = *data;
	const struct host_interest interest = { .all_routes = true };

	srand(1);
	host_set_interest(scene->host, &interest);
	await_address(scene);
	for (int i = 0; i < ROUNDS; i++) {
		AUTO_TEXT wanted = { 0 };
		struct state after;

		scene_settle(scene, NULL);
		desire_addresses(scene);
		scene_plan(scene);
		state_after(&scene->desired, host_observed(scene->host), &scene->plan, &after);
		state_foresee(host_observed(scene->host), &after);
		print_routes(&after, &wanted);
		state_free(&after);
		scene_apply(scene);
		assert_string_equal(scene->text, "");
		await_rest(scene, text_string(&wanted));
	}
}

/* What a plan of this one link does to what others have on it. */
static void check_link(struct scene *scene, const char *change)
{
	const struct host_link *eth0 = state_link_named(host_observed(scene->host), "eth0");
	struct host_link wanted = *eth0;
	AUTO_TEXT foreseen = { 0 };
	struct state after;

	wanted.object.ours = true;
	if (!strcmp(change, "down")) {
		wanted.state = LINK_DOWN;
		wanted.flags &= ~(unsigned)IFF_UP;
	} else {
		wanted.mtu = 1000;
	}
	state_free(&scene->desired);
	state_add(&scene->desired, OBJECT_LINK, &wanted);
	state_sort(&scene->desired, NULL, NULL);
	scene_plan(scene);
	assert_int_equal(scene->plan.count, 1);
	state_after(&scene->desired, host_observed(scene->host), &scene->plan, &after);
	state_foresee(host_observed(scene->host), &after);
	print_routes(&after, &foreseen);
	state_free(&after);
	scene_apply(scene);
	assert_string_equal(scene->text, "");
	await_rest(scene, text_string(&foreseen));
}

static void what_goes_with_a_link_is_foreseen(void **data)
{
	struct scene *scene = *data;
	const struct host_interest interest = { .all_routes = true };
	static const char *const changes[] = { "down", "small" };

	host_set_interest(scene->host, &interest);
	await_address(scene);
	for (size_t i = 0; i < 2; i++) {
		assert_true(
			scratch_run("ip link set eth0 up mtu 1500; ip addr replace 2001:db8::1/64 "
				    "dev eth0 nodad;"
				    "ip route replace 198.51.100.0/24 via 192.0.2.9;"
				    "ip route replace 203.0.113.0/24 dev eth0 table 7;"
				    "ip route replace local 192.0.2.77 dev eth0 table local;"
				    "ip route replace 10.0.0.0/8 dev lo;"
				    "ip route replace 2001:db8:1::/48 via 2001:db8::9 table 7"));
		await_address(scene);
		check_link(scene, changes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(routes_of_addresses_come_and_go_as_foreseen,
						scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(what_goes_with_a_link_is_foreseen, scene_setup,
						scene_teardown),
	};

	if (!scratch_allowed())
		return SCRATCH_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
