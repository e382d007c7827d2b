/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Neighbours, and what makes a link hear of them, against a real kernel; `ip` plays everybody else. */
#include "host/scene.h"

#include "base/mem.h"
#include "host/kind.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const shapes[] = {
	"neighbour 192.0.2.7 link eth0 flags extern_learn",
	"neighbour 192.0.2.8 link eth0 state permanent mac 02:00:00:00:00:08",
	"neighbour 2001:db8::7 link eth0 flags extern_learn",
	"neighbour fe80::8 link eth0 state permanent mac 02:00:00:00:00:08",
};

static void desire_all(struct scene *scene)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		scene_desire(scene, OBJECT_NEIGHBOUR, shapes[i]);
}

static bool shows(const char *wanted)
{
	return scene_shows("ip -d neigh show dev eth0", wanted);
}

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	assert_int_equal(scene_apply(scene), ARRAY_SIZE(shapes));
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	/* Whatever the kernel finds out. */
	assert_true(scratch_run(
		"ip addr add 192.0.2.7/32 dev peer0 && "
		"sysctl -qw net.ipv4.conf.all.arp_ignore=0 && "
		"ping -c1 -W1 192.0.2.9 >/dev/null; ping -c1 -W1 192.0.2.7 >/dev/null; "
		"ip neigh replace 192.0.2.7 dev eth0 lladdr 02:00:00:00:00:77 nud stale "
		"extern_learn"));
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), ARRAY_SIZE(shapes));
	assert_int_equal(scene_apply(scene), 0);
	assert_false(shows("192.0.2.7 "));
	assert_false(shows("192.0.2.8 "));
	assert_false(shows("fe80::8 "));
}

static void what_the_kernel_resolved_gives_way_and_stays_known(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run(
		"ip neigh add 192.0.2.7 dev eth0 lladdr 02:00:00:00:00:77 nud reachable && "
		"ip neigh add 192.0.2.8 dev eth0 lladdr 02:00:00:00:00:99 nud stale && "
		"ip neigh add 2001:db8::7 dev eth0 nud failed"));
	desire_all(scene);
	assert_int_equal(scene_apply(scene), ARRAY_SIZE(shapes));
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	assert_true(shows("192.0.2.7 lladdr 02:00:00:00:00:77 extern_learn STALE proto 109"));
	assert_true(shows("192.0.2.8 lladdr 02:00:00:00:00:08 PERMANENT proto 109"));
}

/* It may come between what we saw and what we do. */
static void what_the_kernel_resolved_meanwhile_gives_way_as_well(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;

	desire_all(scene);
	scene_settle(scene, NULL);
	scene_plan(scene);
	assert_true(
		scratch_run("ip neigh add 192.0.2.7 dev eth0 lladdr 02:00:00:00:00:77 nud stale"));
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(scene_apply(scene), 0);
}

static void what_somebody_wrote_is_refused(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip neigh add 192.0.2.8 dev eth0 lladdr 02:00:00:00:00:99"));
	desire_all(scene);
	assert_int_equal(scene_apply(scene), ARRAY_SIZE(shapes));
	assert_int_equal(scene->failed, 1);
	assert_int_equal(scene->error, -EEXIST);
	assert_string_equal(scene->text,
			    "exists on link eth0 and is not ours (protocol 0); remove it "
			    "or leave it out of the configuration");
	assert_true(shows("192.0.2.8 lladdr 02:00:00:00:00:99 PERMANENT"));
}

static void a_change_is_one_in_place(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	scene_apply(scene);
	state_free(&scene->desired);
	scene_desire(scene, OBJECT_NEIGHBOUR,
		     "neighbour 192.0.2.7 link eth0 state permanent mac 02:00:00:00:00:09");
	scene_desire(scene, OBJECT_NEIGHBOUR, "neighbour 192.0.2.8 link eth0 flags extern_learn");
	assert_int_equal(scene_apply(scene), 4);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	assert_true(shows("192.0.2.7 lladdr 02:00:00:00:00:09 PERMANENT proto 109"));
	assert_true(shows("192.0.2.8 extern_learn proto 109"));
}

/*
 * The kernel acts on a carrier up to a second after it changed, and tells of an IPv6 address when a
 * worker of its has come to it.
 */
static void await(const char *condition)
{
	char command[160];

	snprintf(command, sizeof(command),
		 "for i in $(seq 100); do %s && exit; sleep 0.05; done; exit 1", condition);
	assert_true(scratch_run(command));
}

static void what_goes_with_the_link_comes_again(void **data)
{
	struct scene *scene = *data;

	await("ip link show eth0 | grep -q 'state UP'");
	desire_all(scene);
	scene_desire(scene, OBJECT_ADDRESS,
		     "address 100::1:ff00:7/128 link eth0 flags nodad,deprecated,noprefixroute");
	scene_apply(scene);
	await("ip -6 addr show dev eth0 | grep 100::1:ff00:7/128 | grep -qv tentative");
	assert_int_equal(scene_apply(scene), 0);
	/* The kernel joins in its own time. */
	await("ip maddr show dev eth0 | grep -q ff02::1:ff00:7");
	/* Of a link without carrier the permanent ones stay. */
	assert_true(scratch_run("ip link set peer0 down"));
	await("! ip neigh show | grep -q extern_learn");
	assert_int_equal(scene_apply(scene), 2);
	assert_string_equal(scene->text, "");
	assert_true(scratch_run("ip link set peer0 up && ip link set eth0 down"));
	scene_apply(scene);
	assert_string_equal(scene->text, "");
	assert_true(scratch_run("ip link set eth0 up"));
	scene_apply(scene);
	assert_string_equal(scene->text, "");
	await("ip -6 addr show dev eth0 | grep 100::1:ff00:7/128 | grep -qv tentative");
	assert_int_equal(scene_apply(scene), 0);
	/* The kernel joins in its own time. */
	await("ip maddr show dev eth0 | grep -q ff02::1:ff00:7");
	assert_true(scene_shows("ip -6 addr show dev eth0", "100::1:ff00:7/128 scope global nodad "
							    "deprecated noprefixroute"));
	state_free(&scene->desired);
	scene_apply(scene);
	assert_int_equal(scene_apply(scene), 0);
	assert_false(scene_shows("ip maddr show dev eth0", "ff02::1:ff00:7"));
}

/* As desire_reception() asks for it. */
static void desire_allmulti(struct scene *scene)
{
	struct host_link link;

	scene_settle(scene, NULL);
	link = *state_link_named(host_observed(scene->host), "eth0");
	link.object.ours = true;
	link.allmulti = 1;
	link.former.known |= LINK_FORMER_ALLMULTI;
	state_add(&scene->desired, OBJECT_LINK, &link);
}

static void a_link_that_took_all_goes_back(void **data)
{
	struct scene *scene = *data;

	desire_allmulti(scene);
	assert_int_equal(scene_apply(scene), 1);
	assert_string_equal(scene->text, "");
	assert_true(scene_shows("ip link show eth0", "ALLMULTI"));
	assert_int_equal(scene_apply(scene), 0);
	/* Who was killed knows it still. */
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 1);
	assert_false(scene_shows("ip link show eth0", "ALLMULTI"));
	assert_int_equal(scene_apply(scene), 0);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_second_apply_does_nothing),
		SCENE(what_the_kernel_resolved_gives_way_and_stays_known),
		SCENE(what_the_kernel_resolved_meanwhile_gives_way_as_well),
		SCENE(what_somebody_wrote_is_refused),
		SCENE(a_change_is_one_in_place),
		SCENE(what_goes_with_the_link_comes_again),
		SCENE(a_link_that_took_all_goes_back),
	};

	if (!scratch_allowed())
		return SCRATCH_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
