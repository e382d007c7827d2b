/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Responders and their answers in this kernel, or with the worker. What they say is no matter here: that
 * is tested beside the programs.
 */
#include "host/scene.h"

#include "base/mem.h"
#include "host/counted.h"
#include "host/inside.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <cmocka.h>

#define MANY 5000

static char bpffs[] = "/tmp/mh-bpf-XXXXXX";

static int begin(void **data)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL) < 0)
		exit(SCRATCH_SKIPPED);
	return 0;
}

static int end(void **data)
{
	umount(bpffs);
	rmdir(bpffs);
	return 0;
}

static int setup(void **data)
{
	int r = scene_setup(data);
	struct scene *scene = *data;

	if (r < 0)
		return r;
	host_close(scene->host);
	scene->bpffs = bpffs;
	scene_open(scene);
	return 0;
}

static int teardown(void **data)
{
	const struct scene *scene = *data;
	AUTO_TEXT error = { 0 };

	(void)neighbours_remove_folder(scene->host->responders.folder, &error);
	return scene_teardown(data);
}

static void nothing_is_pinned(const struct scene *scene)
{
	assert_int_equal(access(scene->host->responders.folder, F_OK), -1);
	assert_null(scene->host->responders.neighbours);
}

static void desire_one_of_each(struct scene *scene)
{
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link eth0 flags override");
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.7/32 link eth0 verdict silent");
	scene_desire(scene, OBJECT_ANSWER,
		     "answer 2001:db8:7::/64 link eth0 verdict own flags bound owner 17 mac "
		     "02:00:00:00:00:07");
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 guard yes router yes owner 17");
}

static void desire_nothing(struct scene *scene)
{
	state_free(&scene->desired);
}

/* What is observed of both kinds. */
static void observed_is(const struct scene *scene, const char *wanted)
{
	static const enum object_kind kinds[] = { OBJECT_ANSWER, OBJECT_RESPONDER };
	const struct state *observed = host_observed(scene->host);
	AUTO_TEXT lines = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < state_count(observed, kinds[k]); i++) {
			object_print(kinds[k], state_at(observed, kinds[k], i), observed, &lines);
			text_puts(&lines, "\n");
		}
	assert_string_equal(text_string(&lines), wanted);
}

#define ANSWERS                                                                                    \
	"answer 198.51.100.0/24 link eth0 flags override\n"                                        \
	"answer 198.51.100.7/32 link eth0 verdict silent\n"                                        \
	"answer 2001:db8:7::/64 link eth0 verdict own flags bound owner 17 mac "                   \
	"02:00:00:00:00:07\n"

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, ANSWERS "responder link eth0 way tc guard yes router yes owner 17\n");
	host_resync(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	assert_int_equal(scene_apply(scene), 4);
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, "");
	nothing_is_pinned(scene);
}

static void what_a_killed_process_left_is_found_again(void **data)
{
	struct scene *scene = *data;

	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, ANSWERS "responder link eth0 way tc guard yes router yes owner 17\n");
	/* And what is not desired any more goes. */
	host_close(scene->host);
	desire_nothing(scene);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 4);
	nothing_is_pinned(scene);
}

static void who_only_looks_sees_it_and_changes_nothing(void **data)
{
	const struct host_options options = { .only_look = true, .bpffs = bpffs };
	struct scene *scene = *data;
	struct neighbours_counts counts;
	AUTO_TEXT error = { 0 };
	struct host *looker;
	bool changed, resynced;

	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	assert_int_equal(host_open(&options, &looker, &error), 0);
	assert_int_equal(host_settle(looker, &changed, &resynced), 0);
	assert_int_equal(state_count(host_observed(looker), OBJECT_ANSWER), 3);
	assert_int_equal(state_count(host_observed(looker), OBJECT_RESPONDER), 1);
	assert_int_equal(host_neighbour_counts(looker, &counts), 0);
	assert_true(counts.count > 0);
	VEC_FREE(&counts);
	host_close(looker);
	host_reread_untold(scene->host);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	assert_int_equal(scene_apply(scene), 4);
	assert_int_equal(host_open(&options, &looker, &error), 0);
	assert_int_equal(host_settle(looker, &changed, &resynced), 0);
	assert_int_equal(state_count(host_observed(looker), OBJECT_RESPONDER), 0);
	host_close(looker);
}

static void a_change_is_one_in_place(void **data)
{
	struct scene *scene = *data;

	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	desire_nothing(scene);
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link eth0");
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 way tc");
	assert_int_equal(scene_apply(scene), 4);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, "answer 198.51.100.0/24 link eth0\nresponder link eth0 way tc\n");
}

static void what_goes_with_its_link_comes_with_it(void **data)
{
	struct scene *scene = *data;
	uint32_t index;
	char again[160];

	desire_one_of_each(scene);
	index = state_link_named(host_observed(scene->host), "eth0")->index;
	assert_int_equal(scene_apply(scene), 4);
	snprintf(again, sizeof(again),
		 "ip link del eth0 && ip link add eth0 index %u type veth peer name peer0 && "
		 "ip link set eth0 up && ip link set peer0 up",
		 index);
	assert_true(scratch_run(again));
	assert_int_equal(scene_apply(scene), 1); /* the answers stand in the table still */
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	/* For good: then nothing stays of what was for it. */
	assert_true(scratch_run("ip link del eth0"));
	desire_nothing(scene);
	scene_apply(scene);
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, "");
	nothing_is_pinned(scene);
}

static void a_link_of_the_same_plan_is_served(void **data)
{
	const struct host_link bridge = { .object.ours = true,
					  .index = LINK_INDEX_FIRST + 9,
					  .name = "br9",
					  .type = LINK_BRIDGE,
					  .state = LINK_UP,
					  .group = HOST_PROTOCOL };
	struct scene *scene = *data;

	state_add(&scene->desired, OBJECT_LINK, &bridge);
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link #65545");
	scene_desire(scene, OBJECT_RESPONDER, "responder link #65545");
	assert_int_equal(scene_apply(scene), 3);
	assert_string_equal(scene->text, "");
	scene_settle(scene, NULL);
	observed_is(scene, "answer 198.51.100.0/24 link br9\nresponder link br9 way tc\n");
	desire_nothing(scene);
	assert_int_equal(scene_apply(scene), 3);
	assert_int_equal(scene_apply(scene), 0);
	nothing_is_pinned(scene);
}

static void what_others_take_off_a_link_is_put_back(void **data)
{
	struct scene *scene = *data;
	AUTO_TEXT error = { 0 };
	uint32_t index;

	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	index = state_link_named(host_observed(scene->host), "eth0")->index;
	assert_int_equal(neighbours_detach(scene->host->responders.neighbours, index, &error), 0);
	host_reread_untold(scene->host);
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene_apply(scene), 0);
}

static void the_programs_know_what_a_link_is(void **data)
{
	struct scene *scene = *data;
	struct neighbours_link set;
	unsigned tries = 0;
	uint32_t index;

	desire_one_of_each(scene);
	scene_apply(scene);
	index = state_link_named(host_observed(scene->host), "eth0")->index;
	assert_true(scratch_run(
		"ip link set eth0 address 02:00:00:00:00:99 && "
		"ip addr add fe80::99/64 dev eth0 nodad && "
		"ip -6 addr flush dev eth0 scope link && ip addr add fe80::98/64 dev eth0 nodad"));
	/* The kernel tells of an IPv6 address when a worker of its has come to it. */
	do {
		usleep(10000);
		scene_settle(scene, NULL);
		assert_int_equal(
			neighbours_get_link(scene->host->responders.neighbours, index, &set), 0);
	} while (set.link_local.bytes[15] != 0x98 && tries++ < 300);
	assert_int_equal(set.mac[5], 0x99);
	assert_int_equal(set.link_local.bytes[15], 0x98);
	assert_true(set.guard);
	assert_true(set.router);
	assert_int_equal(set.owner, 17);
}

static void many_answers_go_in_and_out(void **data)
{
	struct scene *scene = *data;
	uint32_t index;

	scene_settle(scene, NULL);
	index = state_link_named(host_observed(scene->host), "eth0")->index;
	for (unsigned i = 0; i < MANY; i++) {
		struct host_answer answer = {
			.object.ours = true,
			.link = index,
			.prefix = { AF_INET, 32, { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } },
			.verdict = NEIGHBOURS_OWN,
			.owner = 1 + i,
		};

		state_add(&scene->desired, OBJECT_ANSWER, &answer);
	}
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0");
	assert_int_equal(scene_apply(scene), MANY + 1);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	assert_int_equal(scene_apply(scene), MANY + 1);
	nothing_is_pinned(scene);
}

/* With the worker. */

static void the_worker_is_given_what_is_wished_so(void **data)
{
	struct scene *scene = *data;

	desire_one_of_each(scene);
	desire_nothing(scene);
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link eth0");
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 way worker guard yes");
	assert_int_equal(scene_apply(scene), 2);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, "answer 198.51.100.0/24 link eth0\n"
			   "responder link eth0 way worker guard yes\n");
	nothing_is_pinned(scene); /* the table was loaded for the answer, and left again */
	/* One way and back. */
	desire_nothing(scene);
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link eth0");
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 way tc guard yes");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene_apply(scene), 0);
	assert_int_equal(scene->host->responders.rules, 1);
	host_close(scene->host);
	scene_open(scene);
	assert_int_equal(scene_apply(scene), 0);
	desire_nothing(scene);
	scene_desire(scene, OBJECT_ANSWER, "answer 198.51.100.0/24 link eth0");
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 way worker guard yes");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene_apply(scene), 0);
	nothing_is_pinned(scene);
}

static void forbid_programs(struct scene *scene)
{
	scene->host->responders.missing = -EPERM;
	scene->host->responders.why = mem_strdup("CAP_BPF is missing");
}

static void where_no_programs_can_be_the_worker_answers(void **data)
{
	struct scene *scene = *data;

	forbid_programs(scene);
	desire_one_of_each(scene);
	assert_int_equal(scene_apply(scene), 4);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene,
		    ANSWERS "responder link eth0 way worker guard yes router yes owner 17\n");
	assert_string_equal(host_responders_missing(scene->host), "CAP_BPF is missing");
	/* It goes with its link. */
	assert_true(scratch_run("ip link del eth0"));
	scene_settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_RESPONDER), 0);
	desire_nothing(scene);
	assert_int_equal(scene_apply(scene), 3);
	assert_int_equal(scene_apply(scene), 0);
	observed_is(scene, "");
}

static void who_insists_on_a_way_is_told_why_not(void **data)
{
	struct scene *scene = *data;

	forbid_programs(scene);
	scene_desire(scene, OBJECT_RESPONDER, "responder link eth0 way tc");
	assert_int_equal(scene_apply(scene), 1);
	assert_int_equal(scene->error, -EPERM);
	assert_string_equal(scene->text, "CAP_BPF is missing");
	desire_nothing(scene);
	scene->host->responders.missing = 0;
	mem_freep(&scene->host->responders.why);
	scene_desire(scene, OBJECT_RESPONDER, "responder link lo way tc");
	assert_int_equal(scene_apply(scene), 1);
	assert_string_equal(scene->text, "lo: not an Ethernet: nobody asks for neighbours there");
	nothing_is_pinned(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_apply_does_nothing),
		TEST(what_a_killed_process_left_is_found_again),
		TEST(who_only_looks_sees_it_and_changes_nothing),
		TEST(a_change_is_one_in_place),
		TEST(what_goes_with_its_link_comes_with_it),
		TEST(a_link_of_the_same_plan_is_served),
		TEST(what_others_take_off_a_link_is_put_back),
		TEST(the_programs_know_what_a_link_is),
		TEST(many_answers_go_in_and_out),
		TEST(the_worker_is_given_what_is_wished_so),
		TEST(where_no_programs_can_be_the_worker_answers),
		TEST(who_insists_on_a_way_is_told_why_not),
	};

	/* Without root there is no BPF. */
	if (geteuid() != 0 || !scratch_allowed())
		return SCRATCH_SKIPPED;
	return cmocka_run_group_tests(tests, begin, end);
}
