/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loader in this kernel, in a network namespace of its own: "near" and "far" are the ends of a
 * veth, and a bridge is there. What the programs decide is in neighbours_cases.c.
 */
#include "bpf/neighbours_cases.h"
#include "bpf/neighbours_internal.h"

#include "base/fd.h"
#include "base/mem.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *bpffs, *pins;
static struct neighbours *neighbours;
static uint32_t near, bridge;

static int begin(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (system("ip link set lo up && ip link add near address 02:00:00:00:00:01 type veth peer "
		   "name far && "
		   "ip link set near up && ip link set far up && ip link add middle type bridge && "
		   "ip link set middle up"))
		return -1;
	bpffs = mem_strdup("/tmp/mh-bpf-XXXXXX");
	if (!mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL) < 0)
		return -1;
	pins = mem_printf("%s/neighbours", bpffs);
	near = if_nametoindex("near");
	bridge = if_nametoindex("middle");
	return 0;
}

static int end(void **state)
{
	umount(bpffs);
	rmdir(bpffs);
	mem_freep(&bpffs);
	mem_freep(&pins);
	return 0;
}

static void open_at(const char *folder)
{
	AUTO_TEXT error = { 0 };

	if (neighbours_open(folder, &neighbours, &error))
		fail_msg("%s", text_string(&error));
}

static void remove_all(void)
{
	AUTO_TEXT error = { 0 };

	if (neighbours_remove(neighbours, &error))
		fail_msg("%s", text_string(&error));
}

static void attach(uint32_t link, enum neighbours_way wish, enum neighbours_way expected)
{
	AUTO_TEXT error = { 0 };
	enum neighbours_way way = NEIGHBOURS_AUTO;

	if (neighbours_attach(neighbours, link, wish, &way, &error))
		fail_msg("%s", text_string(&error));
	assert_int_equal(way, expected);
}

static void attached_is(const char *expected)
{
	struct neighbours_links links = { 0 };
	AUTO_TEXT told = { 0 };
	char name[IF_NAMESIZE];

	assert_int_equal(neighbours_attached(neighbours, &links), 0);
	for (size_t i = 0; i < links.count; i++)
		text_printf(&told, "%s%s %s", i ? ", " : "",
			    if_indextoname(links.items[i].link, name),
			    links.items[i].way == NEIGHBOURS_XDP ? "xdp" : "tc");
	VEC_FREE(&links);
	assert_string_equal(text_string(&told), expected);
}

static struct neighbours_rule rule(uint32_t link, const char *prefix, uint8_t verdict, uint32_t owner)
{
	struct neighbours_rule made = { .link = link, .verdict = verdict, .owner = owner };

	assert_int_equal(prefix_parse(prefix, &made.prefix), 0);
	return made;
}

static void rules_are(const char *expected)
{
	struct neighbours_rules rules = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	AUTO_TEXT told = { 0 };

	assert_int_equal(neighbours_rules(neighbours, &rules), 0);
	for (size_t i = 0; i < rules.count; i++)
		text_printf(&told, "%s%u:%s=%u/%u", i ? " " : "", rules.items[i].link,
			    prefix_text(&rules.items[i].prefix, text), rules.items[i].verdict,
			    rules.items[i].owner);
	VEC_FREE(&rules);
	assert_string_equal(text_string(&told), expected);
}

static size_t rows(void)
{
	struct neighbours_counts counts = { 0 };
	size_t count;

	assert_int_equal(neighbours_counts(neighbours, &counts), 0);
	count = counts.count;
	VEC_FREE(&counts);
	return count;
}

/* The tables. */

static void rules_are_listed_as_they_were_set(void **state)
{
	struct neighbours_rule some[] = {
		rule(9, "10.1.2.0/24", NEIGHBOURS_ANSWER, 0),
		rule(9, "10.1.2.0/32", NEIGHBOURS_SILENT, 0),
		rule(9, "::/0", NEIGHBOURS_ANSWER, 0),
		rule(8, "2001:db8::/64", NEIGHBOURS_ANSWER, 0),
		rule(9, "0.0.0.0/0", NEIGHBOURS_SILENT, 0),
	};

	open_at(NULL);
	assert_int_equal(neighbours_set_rules(neighbours, some, ARRAY_SIZE(some)), 0);
	rules_are("8:2001:db8::/64=1/0 9:0.0.0.0/0=2/0 9:10.1.2.0/24=1/0 9:10.1.2.0/32=2/0 "
		  "9:::/0=1/0");
	some[0].verdict = NEIGHBOURS_SILENT;
	assert_int_equal(neighbours_set_rules(neighbours, some, 1), 0);
	assert_int_equal(neighbours_delete_rules(neighbours, some + 1, 3), 0);
	assert_int_equal(neighbours_delete_rules(neighbours, some + 1, 3), 0);
	rules_are("9:0.0.0.0/0=2/0 9:10.1.2.0/24=2/0");
	remove_all();
}

static void the_count_of_an_owner_goes_with_his_last_rule(void **state)
{
	struct neighbours_rule two[] = { rule(9, "10.1.2.5", NEIGHBOURS_OWN, 17),
					 rule(9, "2001:db8:5::/64", NEIGHBOURS_OWN, 17) };
	struct neighbours_rule other = rule(9, "10.1.2.5", NEIGHBOURS_OWN, 18);
	struct neighbours_link set = { .guard = true };

	open_at(NULL);
	assert_int_equal(neighbours_set_link(neighbours, 9, &set), 0);
	assert_int_equal(neighbours_set_rules(neighbours, two, 2), 0);
	assert_int_equal(neighbours_set_rules(neighbours, two, 2), 0);
	assert_int_equal(rows(), 2);
	assert_int_equal(neighbours_set_rules(neighbours, &other, 1), 0);
	assert_int_equal(rows(), 3);
	assert_int_equal(neighbours_delete_rules(neighbours, two + 1, 1), 0);
	assert_int_equal(rows(), 2);
	set.owner = 18;
	assert_int_equal(neighbours_set_link(neighbours, 9, &set), 0);
	assert_int_equal(neighbours_delete_rules(neighbours, two, 1), 0);
	assert_int_equal(rows(), 2);
	set.owner = 0;
	assert_int_equal(neighbours_set_link(neighbours, 9, &set), 0);
	assert_int_equal(rows(), 1);
	assert_int_equal(neighbours_forget_link(neighbours, 9), 0);
	assert_int_equal(neighbours_forget_link(neighbours, 9), 0);
	assert_int_equal(rows(), 0);
	remove_all();
}

static void many_rules_are_listed_once_each(void **state)
{
	struct neighbours_rules listed = { 0 };
	enum { MANY = 10000 };

	open_at(NULL);
	for (uint32_t i = 0; i < MANY; i++) {
		struct neighbours_rule some = rule(9 + i % 7, "10.0.0.0/32", NEIGHBOURS_OWN, i);

		some.prefix.bytes[2] = (uint8_t)(i >> 8);
		some.prefix.bytes[3] = (uint8_t)i;
		assert_int_equal(neighbours_set_rules(neighbours, &some, 1), 0);
	}
	assert_int_equal(neighbours_rules(neighbours, &listed), 0);
	assert_int_equal(listed.count, MANY);
	for (size_t i = 1; i < listed.count; i++)
		assert_true(listed.items[i - 1].link < listed.items[i].link ||
			    prefix_compare(&listed.items[i - 1].prefix, &listed.items[i].prefix) < 0);
	VEC_FREE(&listed);
	assert_int_equal(rows(), MANY);
	remove_all();
}

/* The table of cases, by the kernel's own way to run a program once. */

struct hook {
	const char *name;
	int program;
	uint32_t link; /* that the program believes to be on */
	uint32_t passes, drops, answers;
	uint32_t refuses; /* no code of its own */
};

/* All counts that are not zero, as the table tells them; each is one. */
static char *told_counts(void)
{
	struct neighbours_counts counts = { 0 };
	AUTO_TEXT told = { 0 };

	assert_int_equal(neighbours_counts(neighbours, &counts), 0);
	for (size_t i = 0; i < counts.count; i++) {
		const struct neighbours_count *row = &counts.items[i];

		if (row->asked + row->spoofed + row->malformed == 0)
			continue;
		/* The link has what its owners have; only the last of equals is whom it was counted to. */
		text_free(&told);
		text_printf(&told, "%u:%s%s%s%s%s", row->owner, row->asked ? " asked" : "",
			    row->answered ? " answered" : "", row->silent ? " silent" : "",
			    row->spoofed ? " spoofed" : "", row->malformed ? " malformed" : "");
	}
	VEC_FREE(&counts);
	return mem_strdup(text_string(&told));
}

static char *told_claims(void)
{
	struct neighbours_claimants claimants = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	AUTO_TEXT told = { 0 };

	assert_int_equal(neighbours_claimants(neighbours, &claimants), 0);
	for (size_t i = 0; i < claimants.count; i++) {
		assert_in_range(time(NULL) - claimants.items[i].first, 0, 2);
		assert_int_equal(claimants.items[i].count, 1);
		text_printf(&told, "%s %02x", address_text(&claimants.items[i].address, text),
			    claimants.items[i].mac[5]);
	}
	VEC_FREE(&claimants);
	return mem_strdup(text_string(&told));
}

/* Sets the scene on one link alone, since the program is run on one. */
static void set_scene(const struct hook *hook, int on)
{
	const uint32_t links[CASES_LINKS] = { on == CASES_OPEN ? hook->link : 4711,
					      on == CASES_PORT ? hook->link : 4711 };
	struct neighbours_rules rules = neighbours_cases_rules(links);
	struct neighbours_link link = neighbours_cases_link(on);

	assert_int_equal(neighbours_forget_link(neighbours, hook->link), 0);
	assert_int_equal(neighbours_delete_rules(neighbours, rules.items, rules.count), 0);
	assert_int_equal(neighbours_set_link(neighbours, hook->link, &link), 0);
	for (size_t i = 0; i < rules.count; i++)
		if (rules.items[i].link == hook->link)
			assert_int_equal(neighbours_set_rules(neighbours, &rules.items[i], 1), 0);
	VEC_FREE(&rules);
}

static void clear_scene(const struct hook *hook)
{
	struct neighbours_rules rules = { 0 };

	assert_int_equal(neighbours_rules(neighbours, &rules), 0);
	assert_int_equal(neighbours_delete_rules(neighbours, rules.items, rules.count), 0);
	assert_int_equal(neighbours_forget_link(neighbours, hook->link), 0);
	VEC_FREE(&rules);
}

static uint32_t run(const struct hook *hook, uint8_t *frame, size_t *length)
{
	struct __sk_buff skb = { .ifindex = hook->link };
	uint8_t out[CASES_FRAME_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)*length,
		    .data_out = out, .data_size_out = sizeof(out));

	if (hook->program == neighbours->tc) {
		options.ctx_in = &skb;
		options.ctx_size_in = sizeof(skb);
	}
	/* The kernel makes no packet of what has no header of IP, and so does not run it. */
	if (bpf_prog_test_run_opts(hook->program, &options) == -EINVAL)
		return hook->refuses;
	*length = options.data_size_out;
	memcpy(frame, out, *length);
	return options.retval;
}

/* Returns whether the case came out as it should. */
static bool play(const struct hook *hook, const struct neighbours_case *a_case)
{
	uint8_t frame[CASES_FRAME_SIZE], wanted[CASES_FRAME_SIZE];
	size_t length = neighbours_words_frame(a_case->frame, frame);
	AUTO_MEM char *counts = NULL, *claims = NULL;
	uint32_t code;
	bool right;

	set_scene(hook, a_case->on);
	code = run(hook, frame, &length);
	counts = told_counts();
	claims = told_claims();
	clear_scene(hook);
	if (code == hook->refuses)
		return strstr(a_case->frame, "cut=");
	if (!strcmp(a_case->becomes, "passed"))
		right = code == hook->passes;
	else if (!strcmp(a_case->becomes, "dropped"))
		right = code == hook->drops;
	else
		right = code == hook->answers &&
			neighbours_words_frame(a_case->becomes, wanted) == length &&
			!memcmp(frame, wanted, length);
	right = right && !strcmp(counts, a_case->counted) &&
		!strcmp(claims, a_case->claimed ? a_case->claimed : "");
	if (!right)
		print_error("%s, %s (%s): %u, counted \"%s\", claimed \"%s\"\n", hook->name,
			    a_case->title, a_case->frame, code, counts, claims);
	return right;
}

static void play_all(const struct hook *hook)
{
	size_t wrong = 0;

	for (size_t i = 0; i < neighbours_case_count; i++)
		wrong += !play(hook, &neighbours_cases[i]);
	assert_int_equal(wrong, 0);
}

static void every_case_comes_out_in_tc_as_the_table_says(void **state)
{
	open_at(NULL);
	play_all(&(struct hook){ "tc", neighbours->tc, near, (uint32_t)TC_ACT_UNSPEC, TC_ACT_SHOT,
				 TC_ACT_REDIRECT, 4711 });
	remove_all();
}

/* The kernel runs XDP on lo unless it is told. */
static void every_case_comes_out_in_xdp_as_the_table_says(void **state)
{
	open_at(NULL);
	play_all(&(struct hook){ "xdp", neighbours->xdp, 1, XDP_PASS, XDP_DROP, XDP_TX, 4711 });
	remove_all();
}

/* A tag of VLAN 0 is taken off, and what is behind a second one is not let in. */
static void a_tag_of_no_vlan_is_no_way_around(void **state)
{
	static const struct neighbours_case cases[] = {
		{ "tagged with a priority", CASES_PORT, "arp from=05 s=10.1.2.5 t=10.1.2.200 tag=0",
		  "arp-tell from=01 to=05 s=10.1.2.200 t=10.1.2.5 tha=05", "17: asked answered",
		  NULL },
		{ "a liar, tagged with a priority", CASES_PORT, "ip4 from=05 s=192.0.2.9 tag=0",
		  "dropped", "0: spoofed", NULL },
		{ "twice", CASES_PORT, "raw from=05 type=8100 first=00000800 tag=0", "dropped",
		  "0: malformed", NULL },
		{ "and then a VLAN", CASES_PORT, "raw from=05 type=8100 first=00050800 tag=0",
		  "passed", "", NULL },
	};
	size_t wrong = 0;

	open_at(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		wrong += !play(&(struct hook){ "xdp", neighbours->xdp, 1, XDP_PASS, XDP_DROP,
					       XDP_TX, 4711 },
			       &cases[i]);
	remove_all();
	assert_int_equal(wrong, 0);
}

/* On the wire. */

static int open_far(void)
{
	struct sockaddr_ll far = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = (int)if_nametoindex("far") };
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), yes = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(bind(fd, (struct sockaddr *)&far, sizeof(far)), 0);
	return fd;
}

static void send_words(int fd, const char *words)
{
	uint8_t frame[CASES_FRAME_SIZE];
	size_t length = neighbours_words_frame(words, frame);

	assert_int_equal(send(fd, frame, length, 0), length);
}

/* Whatever else the kernel says of itself is passed over. */
static void expect_words(int fd, const char *words)
{
	uint8_t wanted[CASES_FRAME_SIZE], frame[CASES_FRAME_SIZE];
	size_t length = neighbours_words_frame(words, wanted);
	ssize_t got;

	do
		got = recv(fd, frame, sizeof(frame), 0);
	while (got > 0 && (got != (ssize_t)length || memcmp(frame, wanted, length) != 0));
	if (got < 0)
		fail_msg("never came: %s", words);
}

static uint64_t answered_on(uint32_t link)
{
	struct neighbours_counts counts = { 0 };
	uint64_t answered = 0;

	assert_int_equal(neighbours_counts(neighbours, &counts), 0);
	for (size_t i = 0; i < counts.count; i++)
		if (counts.items[i].link == link && !counts.items[i].owner)
			answered = counts.items[i].answered;
	VEC_FREE(&counts);
	return answered;
}

static void wire(bool without_tcx)
{
	struct hook hook = { "tc", neighbours->tc, near, 0, 0, 0, 0 };
	AUTO_FD fd = open_far();

	neighbours->without_tcx = without_tcx;
	set_scene(&hook, CASES_PORT);
	attach(near, NEIGHBOURS_TC, NEIGHBOURS_TC);
	send_words(fd, "arp from=05 s=10.1.2.5 t=10.1.2.200");
	expect_words(fd, "arp-tell from=01 to=05 s=10.1.2.200 t=10.1.2.5 tha=05");
	send_words(fd, "arp from=05 s=10.1.2.5 t=10.1.2.201 tag=5");
	send_words(fd, "arp from=05 s=10.1.2.5 t=10.1.2.202 tag=0");
	expect_words(fd, "arp-tell from=01 to=05 s=10.1.2.202 t=10.1.2.5 tha=05");
	send_words(fd, "ns from=05 s=2001:db8:1::5 t=2001:db8:1::7 source=05");
	expect_words(fd, "na from=01 to=05 s=2001:db8:1::7 d=2001:db8:1::5 t=2001:db8:1::7 "
			 "flags=rso target=01");
	send_words(fd,
		   "ns from=05 s=2001:db8:1::5 t=2001:db8:1::8 source=05 nonce nonce nonce nonce");
	expect_words(fd, "na from=01 to=05 s=2001:db8:1::8 d=2001:db8:1::5 t=2001:db8:1::8 "
			 "flags=rso target=01");
	send_words(fd, "ns from=05 s=:: t=2001:db8:1::7");
	expect_words(fd,
		     "na from=01 to=33:33:00:00:00:01 s=2001:db8:1::7 d=ff02::1 t=2001:db8:1::7 "
		     "flags=ro target=01");
	/* Not what belongs to a VLAN. */
	assert_int_equal(answered_on(near), 5);
	clear_scene(&hook);
	remove_all();
}

static void questions_on_the_wire_are_answered(void **state)
{
	open_at(NULL);
	wire(false);
	open_at(NULL);
	wire(true);
}

/* The links. */

static void without_a_folder_all_ends_with_the_process(void **state)
{
	open_at(NULL);
	neighbours->without_tcx = true;
	attach(near, NEIGHBOURS_AUTO, NEIGHBOURS_TC);
	attached_is("near tc");
	neighbours_close(neighbours);
	assert_int_equal(system("test -z \"$(tc qdisc show dev near clsact)\""), 0);
}

static void attach_and_detach(bool without_tcx)
{
	AUTO_TEXT error = { 0 };

	open_at(pins);
	neighbours->without_tcx = without_tcx;
	attach(near, NEIGHBOURS_AUTO, NEIGHBOURS_TC);
	attach(near, NEIGHBOURS_AUTO, NEIGHBOURS_TC);
	attach(bridge, NEIGHBOURS_AUTO, NEIGHBOURS_TC);
	attached_is("near tc, middle tc");
	attach(near, NEIGHBOURS_XDP, NEIGHBOURS_XDP);
	attached_is("near xdp, middle tc");
	attach(near, NEIGHBOURS_AUTO, NEIGHBOURS_XDP);
	attach(near, NEIGHBOURS_TC, NEIGHBOURS_TC);
	attached_is("near tc, middle tc");
	assert_int_equal(neighbours_detach(neighbours, near, &error), 0);
	assert_int_equal(neighbours_detach(neighbours, near, &error), 0);
	attached_is("middle tc");
	remove_all();
	assert_int_equal(access(pins, F_OK), -1);
	assert_int_equal(system("test -z \"$(tc qdisc show dev middle clsact)\""), 0);
}

static void links_are_attached_and_detached(void **state)
{
	attach_and_detach(false);
	attach_and_detach(true);
}

/* By a process that is killed, with a rule. */
static void leave_by_kill(bool without_tcx)
{
	struct neighbours_rule some = rule(near, "10.1.2.5", NEIGHBOURS_OWN, 17);
	pid_t owner = fork();
	int status;

	if (!owner) {
		AUTO_TEXT error = { 0 };
		enum neighbours_way way;

		if (neighbours_open(pins, &neighbours, &error))
			_exit(1);
		neighbours->without_tcx = without_tcx;
		if (neighbours_set_rules(neighbours, &some, 1) ||
		    neighbours_attach(neighbours, near, NEIGHBOURS_XDP, &way, &error) ||
		    neighbours_attach(neighbours, bridge, NEIGHBOURS_AUTO, &way, &error))
			_exit(1);
		raise(SIGKILL);
	}
	assert_true(waitpid(owner, &status, 0) == owner && WIFSIGNALED(status));
}

static void be_taken_over(bool without_tcx)
{
	struct neighbours_rule some = rule(near, "10.1.2.5", NEIGHBOURS_OWN, 17);
	AUTO_TEXT error = { 0 };

	leave_by_kill(without_tcx);
	assert_int_equal(neighbours_look(pins, &neighbours, &error), 0);
	attached_is("near xdp, middle tc");
	neighbours_close(neighbours);
	open_at(pins);
	attached_is("near xdp, middle tc");
	neighbours_close(neighbours);
	open_at(pins);
	attached_is("near xdp, middle tc");
	assert_int_equal(rows(), 1);
	assert_int_equal(neighbours_delete_rules(neighbours, &some, 1), 0);
	assert_int_equal(rows(), 0);
	neighbours_close(neighbours);
	assert_int_equal(neighbours_remove_folder(pins, &error), 0);
	assert_int_equal(neighbours_remove_folder(pins, &error), 0);
	assert_int_equal(system("test -z \"$(tc qdisc show dev middle clsact)\""), 0);
	assert_int_equal(system("! ip link show near | grep -q prog/xdp"), 0);
	assert_int_equal(neighbours_look(pins, &neighbours, &error), -ENOENT);
}

static void a_killed_owner_leaves_it_to_its_successor(void **state)
{
	be_taken_over(false);
	be_taken_over(true);
}

static void what_others_have_on_the_link_stays(void **state)
{
	AUTO_MEM char *other = mem_printf("%s/other", bpffs);
	AUTO_MEM char *add =
		mem_printf("tc filter add dev middle egress prio 7 bpf da object-pinned %s", other);

	assert_int_equal(system("tc qdisc add dev middle clsact"), 0);
	open_at(pins);
	neighbours->without_tcx = true;
	attach(bridge, NEIGHBOURS_TC, NEIGHBOURS_TC);
	remove_all();
	assert_int_equal(system("tc qdisc show dev middle clsact | grep -q . && tc qdisc del dev "
				"middle clsact"),
			 0);
	open_at(pins);
	neighbours->without_tcx = true;
	attach(bridge, NEIGHBOURS_TC, NEIGHBOURS_TC);
	assert_int_equal(bpf_obj_pin(neighbours->tc, other), 0);
	assert_int_equal(system(add), 0);
	remove_all();
	assert_int_equal(system("tc filter show dev middle egress | grep -q bpf && "
				"! tc filter show dev middle ingress | grep -q bpf && "
				"tc qdisc del dev middle clsact"),
			 0);
	unlink(other);
}

static void what_is_taken_away_is_not_listed(void **state)
{
	open_at(pins);
	neighbours->without_tcx = true;
	attach(bridge, NEIGHBOURS_TC, NEIGHBOURS_TC);
	assert_int_equal(system("tc qdisc del dev middle clsact"), 0);
	attached_is("");
	attach(bridge, NEIGHBOURS_TC, NEIGHBOURS_TC);
	attached_is("middle tc");
	neighbours->without_tcx = false;
	attach(near, NEIGHBOURS_TC, NEIGHBOURS_TC);
	assert_int_equal(system("ip link del near && ip link add near type veth peer name far"), 0);
	attached_is("middle tc");
	near = if_nametoindex("near");
	remove_all();
}

static void errors_name_what_is_missing(void **state)
{
	AUTO_TEXT error = { 0 };
	enum neighbours_way way;

	assert_int_equal(neighbours_open("/tmp/nowhere", &neighbours, &error), -ENOENT);
	assert_string_equal(text_string(&error), "/tmp: no bpffs is mounted there (mount -t bpf)");
	text_free(&error);
	open_at(NULL);
	assert_int_equal(neighbours_attach(neighbours, bridge, NEIGHBOURS_XDP, &way, &error),
			 -EOPNOTSUPP);
	assert_string_equal(text_string(&error), "middle: its driver has no XDP; use tc");
	text_free(&error);
	assert_int_equal(neighbours_attach(neighbours, 4711, NEIGHBOURS_AUTO, &way, &error), -ENODEV);
	assert_string_equal(text_string(&error), "there is no link 4711");
	text_free(&error);
	assert_int_equal(neighbours_attach(neighbours, 1, NEIGHBOURS_AUTO, &way, &error),
			 -EOPNOTSUPP);
	assert_string_equal(text_string(&error),
			    "lo: not an Ethernet: nobody asks for neighbours there");
	remove_all();
}

static void without_rights_it_says_so(void **state)
{
	pid_t child = fork();
	int status;

	if (!child) {
		AUTO_TEXT error = { 0 };
		int code = setresuid(65534, 65534, 65534) ?
				   0 :
				   neighbours_open(NULL, &neighbours, &error);

		_exit(code != -EPERM || strncmp(text_string(&error),
						"loading BPF programs is not permitted", 37) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_listed_as_they_were_set),
		cmocka_unit_test(the_count_of_an_owner_goes_with_his_last_rule),
		cmocka_unit_test(many_rules_are_listed_once_each),
		cmocka_unit_test(every_case_comes_out_in_tc_as_the_table_says),
		cmocka_unit_test(every_case_comes_out_in_xdp_as_the_table_says),
		cmocka_unit_test(a_tag_of_no_vlan_is_no_way_around),
		cmocka_unit_test(questions_on_the_wire_are_answered),
		cmocka_unit_test(without_a_folder_all_ends_with_the_process),
		cmocka_unit_test(links_are_attached_and_detached),
		cmocka_unit_test(a_killed_owner_leaves_it_to_its_successor),
		cmocka_unit_test(what_others_have_on_the_link_stays),
		cmocka_unit_test(what_is_taken_away_is_not_listed),
		cmocka_unit_test(errors_name_what_is_missing),
		cmocka_unit_test(without_rights_it_says_so),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "skipped: it loads BPF programs, which needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin, end);
}
