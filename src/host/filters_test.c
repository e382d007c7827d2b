/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our table of nftables against a real kernel, in a namespace of the test's own. nft(8) plays
 * everybody else, and shows what a person would see.
 */
#include "host/scene.h"

#include "host/inside.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#define LIST "nft list table inet multihomed"

static void desire(struct scene *scene, const char *line)
{
	struct text error = { 0 };
	struct state parsed = { 0 };
	struct host_filter filter;

	if (state_parse(line, &parsed, &error) < 0)
		fail_msg("%s", text_string(&error));
	filter = *(const struct host_filter *)state_at(&parsed, OBJECT_FILTER, 0);
	state_add(&scene->desired, OBJECT_FILTER, &filter);
	state_free(&parsed);
	text_free(&error);
}

static const char *const all_shapes[] = {
	"filter forward 1 accept in eth0 out eth1",
	"filter forward 2 accept in eth0 out eth2 from 192.0.2.0/24 to 198.51.100.7/32",
	"filter forward 3 accept from 10.16.0.0/12 to 10.0.0.0/9",
	"filter forward 4 accept from 2001:db8::/33 to 2001:db8:1::7/128 proto tcp dport 443",
	"filter forward 5 drop in eth3 proto udp sport 53 dport 1024-65535",
	"filter forward 6 accept mark 8 mask 4294967295",
	"filter forward 7 drop mark 256 mask 65280",
	"filter forward 8 drop from ::/0 proto icmpv6",
	"filter forward 9 drop to 0.0.0.0/0",
	"filter forward 10 accept in eth1 out eth0",
	"filter forward 11 accept in eth2 out eth0",
	"filter forward 12 accept in eth3 out eth0",
	"filter forward 13 accept in eth4 out eth0",
	"filter forward 14 drop in eth1",
	"filter forward 15 drop in eth2",
	"filter forward 16 drop in eth3",
	"filter forward 17 drop in eth4",
	"filter forward 18 drop out eth1",
	"filter forward 19 drop out eth2",
	"filter forward 20 drop out eth3",
	"filter forward 21 drop out eth4",
	"filter forward 4294967000 drop",
	"filter nat 1 accept out eth1 to 10.0.0.0/8",
	"filter nat 2 snat out eth1 from 10.16.0.0/12 first 192.0.2.5 last 192.0.2.5",
	"filter nat 3 snat out eth1 first 192.0.2.6 last 192.0.2.9",
	"filter nat 4 snat out eth1 from 2001:db8::/32 first 2001:db8::5 last 2001:db8::6",
	"filter nat 5 masquerade out eth2",
};
#define SHAPES (sizeof(all_shapes) / sizeof(*all_shapes))

static void desire_all(struct scene *scene)
{
	for (size_t i = 0; i < SHAPES; i++)
		desire(scene, all_shapes[i]);
}

static void expect_applied(struct scene *scene, size_t operations)
{
	assert_int_equal(scene_apply(scene), operations);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene->failed, 0);
}

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	expect_applied(scene, SHAPES);
	expect_applied(scene, 0);
	host_resync(scene->host);
	expect_applied(scene, 0);
	assert_true(scene_shows(LIST, "comment \"made by multihomed\""));
	assert_true(scene_shows(LIST, "comment \"forward 1 accept in eth0 out eth1\""));
}

static void a_restart_finds_what_is_ours(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	expect_applied(scene, SHAPES);
	host_close(scene->host);
	scene_open(scene);
	expect_applied(scene, 0);
	state_free(&scene->desired);
	expect_applied(scene, SHAPES);
	assert_false(scene_shows("nft list ruleset", "multihomed"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_FILTER), 0);
	assert_false(scene->host->filters.events.packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_second_apply_does_nothing, scene_setup,
						scene_teardown),
		cmocka_unit_test_setup_teardown(a_restart_finds_what_is_ours, scene_setup,
						scene_teardown),
	};

	if (!scratch_allowed())
		return SCRATCH_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
