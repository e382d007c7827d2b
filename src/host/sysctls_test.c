/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sysctls against a real kernel: changed, remembered, given back, and left alone when they are
 * somebody else's.
 */
#include "host/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void desire_sysctl(struct scene *scene, const char *name, const char *value)
{
	struct host_sysctl sysctl = { .object.ours = true };

	snprintf(sysctl.name, sizeof(sysctl.name), "%s", name);
	snprintf(sysctl.value, sizeof(sysctl.value), "%s", value);
	state_add(&scene->desired, OBJECT_SYSCTL, &sysctl);
}

static void a_sysctl_is_given_back(void **data)
{
	struct scene *scene = *data;

	assert_true(scene_value_is("net/ipv6/ip_nonlocal_bind", "0"));
	desire_sysctl(scene, "net/ipv6/ip_nonlocal_bind", "1");
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scene_value_is("net/ipv6/ip_nonlocal_bind", "1"));
	assert_int_equal(scene_apply(scene), 0);
	/* As after kill -9: the file alone knows. */
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scene_value_is("net/ipv6/ip_nonlocal_bind", "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
	assert_int_equal(scene_apply(scene), 0);
}

static void a_sysctl_that_is_right_already_is_not_ours(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv6/ip_nonlocal_bind";

	assert_true(scratch_write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1"));
	host_set_interest(scene->host,
			  &(struct host_interest){ .sysctls = &name, .sysctl_count = 1 });
	desire_sysctl(scene, name, "1");
	assert_int_equal(scene_apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 0);
	assert_true(scene_value_is(name, "1"));
}

static void somebody_elses_value_stays(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv4/conf/eth0/arp_ignore";

	desire_sysctl(scene, name, "1");
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/eth0/arp_ignore", "2"));
	host_reread_untold(scene->host);
	assert_int_equal(scene_apply(scene), 1); /* drift is repaired while it is desired */
	assert_true(scene_value_is(name, "1"));
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/eth0/arp_ignore", "2"));
	host_reread_untold(scene->host);
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scene_value_is(name, "2"));
	assert_int_equal(scene_apply(scene), 0);
}

static void remember(struct scene *scene, const char *line)
{
	FILE *file = fopen(scene->memory, "w");

	assert_non_null(file);
	fputs(line, file);
	fclose(file);
	host_close(scene->host);
	scene_open(scene);
}

/* Killed between the note in the file and the write: the value is still the former one. */
static void a_death_before_the_write_leaves_nothing_behind(void **data)
{
	struct scene *scene = *data;

	remember(scene, "net/ipv6/ip_nonlocal_bind\t0\t1\t\n");
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scene_value_is("net/ipv6/ip_nonlocal_bind", "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
}

/* The same between two values of ours: it still has the earlier one, which is to go as well. */
static void a_death_between_two_values_leaves_nothing_behind(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_write("/proc/sys/net/ipv4/conf/eth0/arp_ignore", "1"));
	remember(scene, "net/ipv4/conf/eth0/arp_ignore\t0\t2\t1\n");
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scene_value_is("net/ipv4/conf/eth0/arp_ignore", "0"));
}

static void what_a_link_had_goes_with_it(void **data)
{
	struct scene *scene = *data;

	desire_sysctl(scene, "net/ipv4/conf/eth0/arp_ignore", "1");
	assert_int_equal(scene_apply(scene), 1);
	assert_true(scratch_run("ip link del eth0"));
	state_free(&scene->desired);
	assert_int_equal(scene_apply(scene), 0);
	assert_int_equal(access(scene->memory, F_OK), -1);
}

static void without_a_memory_nothing_is_changed(void **data)
{
	struct scene *scene = *data;
	struct text wanted = { 0 };

	snprintf(scene->memory, sizeof(scene->memory), "/nonexistent/memory");
	host_close(scene->host);
	scene_open(scene);
	desire_sysctl(scene, "net/ipv6/ip_nonlocal_bind", "1");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->error, -ENOENT);
	text_printf(&wanted, "left as it is, since its former value cannot be kept in %s: %s",
		    scene->memory, strerror(ENOENT));
	assert_string_equal(scene->text, text_string(&wanted));
	assert_true(scene_value_is("net/ipv6/ip_nonlocal_bind", "0"));
	text_free(&wanted);
}

static void a_value_that_the_kernel_does_not_take_is_told(void **data)
{
	struct scene *scene = *data;

	desire_sysctl(scene, "net/ipv6/ip_nonlocal_bind", "many");
	assert_int_equal(scene_apply(scene), 1);
	assert_string_equal(scene->text, "the kernel does not take many: Invalid argument");
	assert_int_equal(access(scene->memory, F_OK), -1);
}

static void a_star_stands_for_every_link(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv4/conf/*/rp_filter";

	host_set_interest(scene->host,
			  &(struct host_interest){ .sysctls = &name, .sysctl_count = 1 });
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_SYSCTL),
			 4); /* all, lo, eth0, peer0 */
	assert_true(scratch_run("ip link add name dot.ted type bridge"));
	scene_settle(scene, NULL);
	assert_non_null(
		state_find(host_observed(scene->host), OBJECT_SYSCTL,
			   &(struct host_sysctl){ .name = "net/ipv4/conf/dot.ted/rp_filter" }));
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/dot.ted/rp_filter", "1"));
	assert_true(scene_settle(scene, NULL)); /* of this one the kernel tells */
	assert_true(scratch_run("ip link del dot.ted"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_SYSCTL), 4);
}

static void a_sysctl_outside_of_the_network_is_refused(void **data)
{
	struct scene *scene = *data;

	desire_sysctl(scene, "net/../kernel/hostname", "x");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->error, -EINVAL);
}

#define CONF4 "net/ipv4/conf/"
#define FORWARDING(family, link) "net/" family "/conf/" link "/forwarding"

static void set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	assert_true(scratch_write(path, value));
}

/* Forwarding of all links, of both families. */
static void desire_forwarding(struct scene *scene)
{
	state_free(&scene->desired);
	desire_sysctl(scene, FORWARDING("ipv4", "all"), "1");
	desire_sysctl(scene, FORWARDING("ipv6", "all"), "1");
}

static void desire_nothing(struct scene *scene)
{
	state_free(&scene->desired);
}

static void what_the_kernel_wrote_over_goes_back_too(void **data)
{
	struct scene *scene = *data;

	set(FORWARDING("ipv4", "eth0"), "1");
	set(FORWARDING("ipv6", "peer0"), "1");
	set(CONF4 "all/accept_redirects", "0");
	desire_forwarding(scene);
	assert_int_equal(scene_apply(scene), 2);
	assert_true(scene_value_is(FORWARDING("ipv4", "peer0"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv6", "default"), "1"));
	assert_int_equal(scene_apply(scene), 0);
	/* As after kill -9: the file alone knows. */
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	scene_apply(scene);
	assert_int_equal(scene->failed, 0);
	assert_true(scene_value_is(FORWARDING("ipv4", "all"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv4", "eth0"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv4", "peer0"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv4", "default"), "0"));
	assert_true(scene_value_is(CONF4 "all/accept_redirects", "0"));
	assert_true(scene_value_is(FORWARDING("ipv6", "all"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv6", "eth0"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv6", "peer0"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv6", "default"), "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
	assert_int_equal(scene_apply(scene), 0);
}

static void what_somebody_set_meanwhile_stays(void **data)
{
	struct scene *scene = *data;

	set(FORWARDING("ipv6", "eth0"), "1");
	desire_forwarding(scene);
	scene_apply(scene);
	set(FORWARDING("ipv6", "eth0"), "0");
	set(FORWARDING("ipv4", "peer0"), "0");
	host_reread_untold(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	scene_apply(scene);
	assert_true(scene_value_is(FORWARDING("ipv6", "eth0"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv4", "peer0"), "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
}

/* One link goes on forwarding, for another reason, and is not without for longer than the writes take. */
static void what_is_still_desired_is_not_written_over(void **data)
{
	struct scene *scene = *data;

	desire_forwarding(scene);
	desire_sysctl(scene, FORWARDING("ipv4", "eth0"), "1");
	desire_sysctl(scene, FORWARDING("ipv6", "eth0"), "1");
	scene_apply(scene);
	desire_nothing(scene);
	desire_sysctl(scene, FORWARDING("ipv4", "eth0"), "1");
	desire_sysctl(scene, FORWARDING("ipv6", "eth0"), "1");
	scene_apply(scene);
	assert_true(scene_value_is(FORWARDING("ipv4", "all"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv4", "eth0"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv6", "eth0"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv4", "peer0"), "0"));
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	scene_apply(scene);
	assert_true(scene_value_is(FORWARDING("ipv4", "eth0"), "0"));
	assert_true(scene_value_is(FORWARDING("ipv6", "eth0"), "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
}

static void links_that_came_meanwhile_get_what_default_was(void **data)
{
	struct scene *scene = *data;

	set(FORWARDING("ipv4", "default"), "1");
	desire_forwarding(scene);
	scene_apply(scene);
	assert_true(scratch_run("ip link add late type bridge && ip link del peer0"));
	desire_nothing(scene);
	scene_apply(scene);
	assert_int_equal(scene->failed, 0);
	assert_true(scene_value_is(FORWARDING("ipv4", "late"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv4", "default"), "1"));
	assert_true(scene_value_is(FORWARDING("ipv6", "late"), "0"));
	assert_int_equal(access(scene->memory, F_OK), -1);
	assert_int_equal(scene_apply(scene), 0);
}

/* The kernel had written over eth0, which was not put back yet. */
static void a_death_while_the_others_go_back_leaves_nothing_behind(void **data)
{
	struct scene *scene = *data;

	remember(scene,
		 FORWARDING("ipv4", "all") "\t0\t1\t\n" FORWARDING("ipv4", "eth0") "\t1\t0\t1\n");
	assert_int_equal(scene_apply(scene), 2);
	assert_true(scene_value_is(FORWARDING("ipv4", "eth0"), "1"));
	assert_int_equal(access(scene->memory, F_OK), -1);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(a_sysctl_is_given_back),
		SCENE(a_sysctl_that_is_right_already_is_not_ours),
		SCENE(somebody_elses_value_stays),
		SCENE(a_death_before_the_write_leaves_nothing_behind),
		SCENE(a_death_between_two_values_leaves_nothing_behind),
		SCENE(what_a_link_had_goes_with_it),
		SCENE(without_a_memory_nothing_is_changed),
		SCENE(a_value_that_the_kernel_does_not_take_is_told),
		SCENE(a_star_stands_for_every_link),
		SCENE(a_sysctl_outside_of_the_network_is_refused),
		SCENE(what_the_kernel_wrote_over_goes_back_too),
		SCENE(what_somebody_set_meanwhile_stays),
		SCENE(what_is_still_desired_is_not_written_over),
		SCENE(links_that_came_meanwhile_get_what_default_was),
		SCENE(a_death_while_the_others_go_back_leaves_nothing_behind),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
