/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our table of nftables against a real kernel, in a namespace of the test's own. nft(8) plays
 * everybody else, and shows what a person would see.
 */
#include "host/scene.h"

#include "host/dice.h"
#include "host/inside.h"
#include "host/sight.h"

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
		scene_desire_filter(scene, all_shapes[i]);
}

static void expect_applied(struct scene *scene, size_t operations)
{
	assert_int_equal(scene_apply(scene), operations);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene->failed, 0);
}

static void read_output(const char *command, struct text *ret_output)
{
	FILE *pipe = popen(command, "r");
	char part[4096];
	size_t length;

	while ((length = fread(part, 1, sizeof(part), pipe)) > 0)
		text_append(ret_output, part, length);
	pclose(pipe);
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
	assert_null(scene->host->filters.events.packets);
}

static bool event_waits(const struct scene *scene)
{
	struct pollfd poller = { .fd = host_fd(scene->host), .events = POLLIN };

	return poll(&poller, 1, 5000) == 1;
}

static const char *const tampering[] = {
	"nft flush ruleset",
	"nft delete table inet multihomed",
	"nft flush table inet multihomed",
	"nft flush chain inet multihomed nat",
	"nft insert rule inet multihomed forward accept",
	"nft add rule inet multihomed nat drop",
	"nft chain inet multihomed forward '{ policy drop; }'",
	"nft add table inet multihomed '{ flags dormant; }'",
	"nft add chain inet multihomed input '{ type filter hook input priority 0; }'",
	"nft add set inet multihomed mine '{ type ipv4_addr; }'",
	/* The last of the chain first, a copy of a rule, and one that says other than it does. */
	"nft insert rule inet multihomed forward counter drop comment '\"forward 4294967000 "
	"drop\"'",
	"nft add rule inet multihomed nat oifname eth2 counter masquerade comment "
	"'\"nat 5 masquerade out eth2\"'",
	"nft replace rule inet multihomed forward handle $(nft -a list table inet multihomed | "
	"sed -n 's/.*\"forward 6 .*handle //p') counter accept comment "
	"'\"forward 6 accept mark 8 mask 4294967295\"'",
	"nft replace rule inet multihomed nat handle $(nft -a list table inet multihomed | "
	"sed -n 's/.*\"nat 5 .*handle //p') oifname eth2 counter masquerade random comment "
	"'\"nat 5 masquerade out eth2\"'",
	"nft replace rule inet multihomed forward handle $(nft -a list table inet multihomed | "
	"sed -n 's/.*@rules2.*handle //p') iifname != @rules2 drop comment '\"@rules2\"'",
	"nft delete rule inet multihomed forward handle $(nft -a list table inet multihomed | "
	"sed -n 's/.*@rules1.*handle //p')",
};

static void what_others_do_to_it_is_mended(void **data)
{
	struct scene *scene = *data;
	AUTO_TEXT wanted = { 0 };

	desire_all(scene);
	expect_applied(scene, SHAPES);
	read_output(LIST, &wanted);
	for (size_t i = 0; i < sizeof(tampering) / sizeof(*tampering); i++) {
		AUTO_TEXT now = { 0 };

		expect_applied(scene, 0);
		assert_true(scratch_run(tampering[i]));
		assert_true(event_waits(scene));
		if (scene_apply(scene) == 0)
			fail_msg("unnoticed: %s", tampering[i]);
		assert_int_equal(scene->failed, 0);
		expect_applied(scene, 0);
		read_output(LIST, &now);
		assert_string_equal(text_string(&now), text_string(&wanted));
	}
}

/* How many rules and chains were touched; an address of the link may become ready meanwhile. */
static size_t filters_touched(const struct scene *scene)
{
	const struct host_touched *items;
	size_t count, filters = 0;

	assert_true(host_touched(scene->host, &items, &count));
	for (size_t i = 0; i < count; i++)
		filters += items[i].kind == OBJECT_FILTER;
	return filters;
}

static void what_others_touched_is_told(void **data)
{
	struct scene *scene = *data;

	desire_all(scene);
	expect_applied(scene, SHAPES);
	scene_settle(scene, NULL);
	host_touched_forget(scene->host);
	assert_true(scratch_run("nft flush chain inet multihomed nat"));
	scene_settle(scene, NULL);
	/* Five rules that went, and a chain that should have gone too. */
	assert_int_equal(filters_touched(scene), 6);
	host_touched_forget(scene->host);
	expect_applied(scene, 6);
	scene_settle(scene, NULL);
	assert_int_equal(filters_touched(scene), 6);
}

static void tables_of_others_stay_untouched(void **data)
{
	struct scene *scene = *data;
	AUTO_TEXT before = { 0 };
	AUTO_TEXT after = { 0 };

	assert_true(
		scratch_run("nft add table inet firewall && nft add chain inet firewall forward "
			    "'{ type filter hook forward priority -1; policy accept; }' &&"
			    "nft add rule inet firewall forward counter drop &&"
			    "nft add table ip multihomed && nft add chain ip multihomed forward"));
	read_output("nft list ruleset", &before);
	desire_all(scene);
	expect_applied(scene, SHAPES);
	assert_true(scratch_run("nft add rule inet firewall forward accept"));
	expect_applied(scene, 0);
	assert_true(
		scratch_run("nft delete rule inet firewall forward handle $(nft -a list table inet "
			    "firewall | sed -n 's/.*accept # handle //p' | tail -n 1)"));
	state_free(&scene->desired);
	expect_applied(scene, SHAPES);
	read_output("nft list ruleset", &after);
	assert_string_equal(text_string(&before), text_string(&after));
}

static void a_table_of_our_name_that_is_not_ours_is_refused(void **data)
{
	struct scene *scene = *data;

	assert_true(
		scratch_run("nft add table inet multihomed && nft add chain inet multihomed mine"));
	scene_desire_filter(scene, "filter forward 1 drop in eth0");
	scene_desire_filter(scene, "filter forward 2 drop in eth1");
	assert_int_equal(scene_apply(scene), 2);
	assert_int_equal(scene->failed, 2);
	assert_int_equal(scene->error, -EEXIST);
	assert_string_equal(
		scene->text,
		"the nftables table 'inet multihomed' is not ours; give it another name or "
		"remove it (nft delete table inet multihomed)");
	assert_true(scene_shows(LIST, "chain mine"));
	assert_false(scene_shows(LIST, "drop"));
	assert_true(scratch_run("nft delete table inet multihomed"));
	expect_applied(scene, 2);
}

static void one_rule_that_cannot_be_is_refused_alone(void **data)
{
	struct scene *scene = *data;

	scene_desire_filter(scene, "filter forward 1 drop in eth0");
	scene_desire_filter(scene, "filter forward 2 drop dport 53");
	scene_desire_filter(scene, "filter forward 3 drop in eth1");
	assert_int_equal(scene_apply(scene), 3);
	assert_int_equal(scene->failed, 1);
	assert_string_equal(scene->text, "ports need a protocol that has some: tcp, udp, sctp");
	assert_true(scene_shows(LIST, "forward 3 drop in eth1"));
	assert_int_equal(scene_apply(scene), 1);
}

static void one_rule_that_the_kernel_refuses_is_refused_alone(void **data)
{
	struct scene *scene = *data;

	scene_desire_filter(scene, "filter forward 1 drop in eth0");
	/* A source is given where packets leave, not where they pass. */
	scene_desire_filter(scene, "filter forward 2 masquerade out eth1");
	scene_desire_filter(scene, "filter nat 1 masquerade out eth1");
	assert_int_equal(scene_apply(scene), 3);
	assert_int_equal(scene->failed, 1);
	assert_int_equal(scene->error, -EOPNOTSUPP);
	assert_true(scene_shows(LIST, "nat 1 masquerade out eth1"));
	assert_true(scene_shows(LIST, "forward 1 drop in eth0"));
	assert_int_equal(scene_apply(scene), 1);
}

static void a_rule_that_no_comment_can_hold_is_refused(void **data)
{
	struct scene *scene = *data;

	scene_desire_filter(
		scene,
		"filter nat 4000000000 snat out a-name-of-15byt from "
		"2001:db8:1111:2222:3333:4444:5555:6666/128 to "
		"2001:db8:1111:2222:3333:4444:5555:7777/128 proto udp sport 10000-20000 dport "
		"10000-20000 mark 4000000000 mask 4000000000 first "
		"2001:db8:1111:2222:3333:4444:5555:8888 last "
		"2001:db8:1111:2222:3333:4444:5555:9999");
	assert_int_equal(scene_apply(scene), 1);
	assert_string_equal(scene->text,
			    "it selects by more than the comment of a rule can say; make "
			    "two of it");
	assert_false(scene_shows("nft list ruleset", "multihomed"));
}

static void looking_opens_nothing_where_there_is_nothing(void **data)
{
	struct scene *scene = *data;

	assert_int_equal(scene_apply(scene), 0);
	assert_null(scene->host->filters.events.packets);
	assert_null(scene->host->filters.requests.packets);
}

static void rules_beyond_a_slice_are_one_transaction(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;
	char line[128];

	for (unsigned i = 0; i < 3 * HOST_SLICE; i++) {
		snprintf(line, sizeof(line), "filter forward %u accept in eth%u from 10.0.%u.%u/32",
			 i, i % 7, i >> 8, i & 255);
		scene_desire_filter(scene, line);
	}
	scene_settle(scene, NULL);
	scene_plan(scene);
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	assert_int_equal(at, 3 * HOST_SLICE);
	assert_int_equal(scene->failed, 0);
	expect_applied(scene, 0);
}

static void a_thousand_pairs_are_one_look_up(void **data)
{
	struct scene *scene = *data;
	AUTO_TEXT list = { 0 };
	char line[128];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "filter forward %u accept in a%u out b%u", i, i % 40,
			 i / 40);
		scene_desire_filter(scene, line);
	}
	scene_desire_filter(scene, "filter forward 1000 drop");
	expect_applied(scene, 1001);
	read_output("nft list chain inet multihomed forward | grep -c comment", &list);
	assert_string_equal(text_string(&list), "2\n");
	expect_applied(scene, 0);
}

/* Ways to select, in the words of a rule with the number i. */
static const char *const many_kinds[] = {
	"in eth0 out eth1 from 10.%u.%u.0/24",
	"in eth0 out eth1 from 172.16.%u.%u/32",
	"from 2001:db8:%x:%x::/64",
	"in eth0 to 2001:db8::%x:%x/128 proto tcp dport 443",
	"in eth%u to 192.0.2.0/24 proto udp sport 53 dport %u",
	"proto tcp dport %u%03u",
	"in eth0 out eth1 from 2001:db8:%x::%x/128 to 2001:db8::1/128 proto tcp dport 443",
	"from 10.%u.%u.0/25 proto udp dport 1000-2000 mark 5 mask 255",
};

static void desire_many(struct scene *scene, unsigned first, unsigned count)
{
	char line[256], words[192];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(words, sizeof(words), many_kinds[i % 8], 1 + (i >> 8), i & 255);
		snprintf(line, sizeof(line), "filter forward %u accept %s", i, words);
		scene_desire_filter(scene, line);
	}
	scene_desire_filter(scene, "filter forward 1000000 drop");
}

static void expect_many(struct scene *scene, unsigned count)
{
	size_t at = 0;

	state_free(&scene->desired);
	desire_many(scene, 0, count);
	scene_settle(scene, NULL);
	scene_plan(scene);
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene->failed, 0);
	expect_applied(scene, 0);
	host_close(scene->host);
	scene_open(scene);
	expect_applied(scene, 0);
}

static void thousands_of_any_kind_are_few_look_ups(void **data)
{
	struct scene *scene = *data;
	AUTO_TEXT list = { 0 };

	expect_many(scene, 1000);
	read_output("nft list chain inet multihomed forward | grep -c comment", &list);
	assert_string_equal(text_string(&list), "9\n");
	assert_true(scene_shows(LIST, "10.1.0.0"));
	assert_true(scene_shows("nft list chain inet multihomed forward",
				"iifname . oifname . ip saddr & 255.255.255.0 @rules1"));
	expect_many(scene, 10000);
}

/* Between rules of another verdict, in one set with what stands on the other side, and back. */
static void what_moves_past_another_verdict_is_altered(void **data)
{
	struct scene *scene = *data;
	char line[128];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(line, sizeof(line), "filter forward %u accept from 10.0.%u.0/24",
			 i < 6 ? i : 100 + i, i);
		scene_desire_filter(scene, line);
	}
	scene_desire_filter(scene, "filter forward 50 drop to 10.9.0.0/16");
	expect_applied(scene, 13);
	assert_true(scratch_run(
		"nft delete rule inet multihomed forward handle $(nft -a list table inet "
		"multihomed | "
		"sed -n 's/.*\"forward 50 .*handle //p') && nft insert rule inet multihomed "
		"forward ip "
		"daddr 10.9.0.0/16 counter drop comment '\"forward 50 drop to 10.9.0.0/16\"'"));
	assert_int_equal(scene_apply(scene), 6);
	expect_applied(scene, 0);
}

static void a_pair_named_twice_is_found_again(void **data)
{
	struct scene *scene = *data;
	char line[128];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(line, sizeof(line), "filter forward %u accept in a%u out b", i, i % 5);
		scene_desire_filter(scene, line);
	}
	expect_applied(scene, 12);
	expect_applied(scene, 0);
}

static void any_objects_are_found_again(void **data)
{
	struct scene *scene = *data;
	union host_object object;

	for (unsigned round = 0; round < 60; round++) {
		state_free(&scene->desired);
		for (unsigned i = 0; i < dice(40); i++) {
			dice_object(OBJECT_FILTER, &object);
			object.filter.order = dice(30);
			if (object.filter.chain == FILTER_FORWARD)
				object.filter.verdict %= 2;
			if (object.filter.dport.end || object.filter.sport.end)
				object.filter.ip_protocol = IPPROTO_UDP;
			state_add(&scene->desired, OBJECT_FILTER, &object);
		}
		scene_apply(scene);
		assert_string_equal(scene->text, "");
		expect_applied(scene, 0);
	}
}

/* Two contents that share no rule, so that a mixture shows. */
static void desire_one_of_two(struct scene *scene, unsigned which)
{
	char line[128];

	state_free(&scene->desired);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "filter forward %u drop in w%u from 10.0.0.%u/32", i,
			 which, i);
		scene_desire_filter(scene, line);
	}
}

static void a_death_in_between_leaves_the_old_or_the_new(void **data)
{
	struct scene *scene = *data;
	pid_t child;

	desire_one_of_two(scene, 0);
	expect_applied(scene, 50);
	for (unsigned i = 0; i < 30; i++) {
		AUTO_TEXT list = { 0 };
		bool old, new;

		child = fork();
		for (unsigned which = 1; child == 0; which ^= 1) {
			host_close(scene->host);
			scene_open(scene);
			desire_one_of_two(scene, which);
			scene_apply(scene);
		}
		usleep(2000 + dice(20000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		read_output(LIST, &list);
		old = strstr(text_string(&list), "in w0");
		new = strstr(text_string(&list), "in w1");
		assert_true(old != new);
		assert_non_null(strstr(text_string(&list), "from 10.0.0.49/32"));
		assert_non_null(strstr(text_string(&list), "from 10.0.0.0/32"));
	}
}

/* A process without rights in the network namespace: it sees nothing, and says why. */
static void without_rights_the_rules_are_unknown(void **data)
{
	struct host_options options = { .sockets_per_listener = 1, .only_look = true };
	struct scene *scene = *data;
	struct text error = { 0 };
	struct host *host = NULL;
	bool changed, resynced;
	int status;
	pid_t child;

	scene_desire_filter(scene, "filter forward 1 drop");
	expect_applied(scene, 1);
	assert_int_equal(host_filters_error(scene->host), 0);
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(0);
		if (host_open(&options, &host, &error) < 0 ||
		    host_settle(host, &changed, &resynced) < 0)
			_exit(1);
		_exit(host_filters_error(host) == -EPERM &&
				      !state_count(host_observed(host), OBJECT_FILTER) ?
			      0 :
			      2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_second_apply_does_nothing),
		SCENE(a_restart_finds_what_is_ours),
		SCENE(what_others_do_to_it_is_mended),
		SCENE(what_others_touched_is_told),
		SCENE(tables_of_others_stay_untouched),
		SCENE(a_table_of_our_name_that_is_not_ours_is_refused),
		SCENE(one_rule_that_cannot_be_is_refused_alone),
		SCENE(one_rule_that_the_kernel_refuses_is_refused_alone),
		SCENE(a_rule_that_no_comment_can_hold_is_refused),
		SCENE(looking_opens_nothing_where_there_is_nothing),
		SCENE(rules_beyond_a_slice_are_one_transaction),
		SCENE(a_thousand_pairs_are_one_look_up),
		SCENE(thousands_of_any_kind_are_few_look_ups),
		SCENE(what_moves_past_another_verdict_is_altered),
		SCENE(a_pair_named_twice_is_found_again),
		SCENE(any_objects_are_found_again),
		SCENE(without_rights_the_rules_are_unknown),
		SCENE(a_death_in_between_leaves_the_old_or_the_new),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
