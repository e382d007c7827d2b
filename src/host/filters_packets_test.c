/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What our table does to packets: real datagrams from one network to another through a router whose
 * filter is ours.
 *
 *	leaf 0 ---- w0 |        |
 *	leaf 1 ---- w1 | router |	leaf N: 10.0.N.2/24, 2001:db8:fN::2/64; the router has .1, ::1
 *	leaf 2 ---- w2 |        |
 *
 * All run on one processor, so that packets arrive in the order in which they were sent: one that
 * may pass, sent last, says that those before it have come or never will.
 */
#include "host/scene.h"

#include "host/dice.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#define LEAVES 3
#define PORTS 4
#define PATIENCE_MS 10000

static const uint16_t ports[PORTS] = { 53, 54, 1000, 7 };
#define PASSING 3 /* the port of what may always pass */
/* The router marks what comes from port 54, as somebody's own table would. */
#define MARKED 1

struct network {
	struct scene *scene;
	int sockets[LEAVES][2][PORTS]; /* by family: IPv4, IPv6 */
};

struct packet {
	unsigned from, to, v6, sport, dport;
};

static bool enter(int fd)
{
	return setns(fd, CLONE_NEWNET) == 0;
}

static int current(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static struct sockaddr_storage address_of(unsigned leaf, unsigned v6, uint16_t port)
{
	struct address address;
	struct sockaddr_storage storage = { 0 };
	char text[64];

	snprintf(text, sizeof(text), v6 ? "2001:db8:f%u::2" : "10.0.%u.2", leaf);
	assert_int_equal(address_parse(text, &address), 0);
	(void)address_to_sockaddr(&address, port, &storage);
	return storage;
}

/* No address of a new link waits until nobody else has claimed it. */
static void be_quick(void)
{
	assert_true(scratch_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0"));
	assert_true(scratch_write("/proc/sys/net/ipv6/conf/default/router_solicitations", "0"));
}

static int open_socket(unsigned leaf, unsigned v6, uint16_t port)
{
	struct sockaddr_storage here = address_of(leaf, v6, port);
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here,
			      v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
			 0);
	return fd;
}

static void make_leaf(struct network *network, unsigned leaf, int router)
{
	char command[1024];
	int here;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	be_quick();
	here = current();
	assert_true(enter(router));
	snprintf(command, sizeof(command),
		 "ip link add w%u type veth peer name leaf netns /proc/%d/fd/%d &&"
		 "ip addr add 10.0.%u.1/24 dev w%u && ip link set w%u up &&"
		 "ip addr add 2001:db8:f%u::1/64 dev w%u nodad",
		 leaf, getpid(), here, leaf, leaf, leaf, leaf, leaf);
	assert_true(scratch_run(command));
	assert_true(enter(here));
	snprintf(command, sizeof(command),
		 "ip link set lo up && ip link set leaf up && ip addr add 10.0.%u.2/24 dev leaf &&"
		 "ip addr add 2001:db8:f%u::2/64 dev leaf nodad && ip route add default via "
		 "10.0.%u.1 "
		 "&&"
		 "ip -6 route add default via 2001:db8:f%u::1",
		 leaf, leaf, leaf, leaf);
	assert_true(scratch_run(command));
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned port = 0; port < PORTS; port++)
			network->sockets[leaf][v6][port] = open_socket(leaf, v6, ports[port]);
	assert_true(enter(router));
	close(here);
}

static void send_one(const struct network *network, const struct packet *packet, unsigned number)
{
	int fd = network->sockets[packet->from][packet->v6][packet->sport];
	struct sockaddr_storage to = address_of(packet->to, packet->v6, ports[packet->dport]);

	assert_int_equal(sendto(fd, &number, sizeof(number), 0, (struct sockaddr *)&to,
				packet->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
			 sizeof(number));
}

/* What has come to a socket, in order; UINT_MAX: nothing. */
static unsigned receive_one(int fd, struct sockaddr_storage *ret_from, int timeout)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	socklen_t length = sizeof(*ret_from);
	unsigned number = UINT_MAX;

	if (poll(&poller, 1, timeout) == 1)
		assert_int_equal(recvfrom(fd, &number, sizeof(number), 0,
					  (struct sockaddr *)ret_from, &length),
				 sizeof(number));
	return number;
}

/* Sends what may pass along every way that packets went, and waits for it. */
static void let_all_arrive(const struct network *network)
{
	struct packet packet = { .sport = PASSING, .dport = PASSING };
	struct sockaddr_storage from;

	for (packet.v6 = 0; packet.v6 < 2; packet.v6++) {
		for (packet.from = 0; packet.from < LEAVES; packet.from++) {
			packet.to = (packet.from + 1) % LEAVES;
			send_one(network, &packet, 1);
			assert_int_not_equal(
				receive_one(network->sockets[packet.to][packet.v6][PASSING], &from,
					    PATIENCE_MS),
				UINT_MAX);
			packet.to = (packet.from + 2) % LEAVES;
			send_one(network, &packet, 1);
			assert_int_not_equal(
				receive_one(network->sockets[packet.to][packet.v6][PASSING], &from,
					    PATIENCE_MS),
				UINT_MAX);
		}
	}
}

static int set_up(void **data)
{
	struct network *network = calloc(1, sizeof(*network));
	cpu_set_t one;
	void *scene;
	int router;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (!network || sched_setaffinity(0, sizeof(one), &one) < 0 || scene_setup(&scene) < 0)
		return -1;
	network->scene = scene;
	router = current();
	be_quick();
	for (unsigned leaf = 0; leaf < LEAVES; leaf++)
		make_leaf(network, leaf, router);
	close(router);
	if (!scratch_write("/proc/sys/net/ipv4/ip_forward", "1") ||
	    !scratch_write("/proc/sys/net/ipv6/conf/all/forwarding", "1") ||
	    !scratch_run(
		    "nft 'add table inet marker; add chain inet marker first { type filter hook "
		    "prerouting priority -150; }; add rule inet marker first udp sport 54 meta "
		    "mark set 0x108'"))
		return -1;
	let_all_arrive(network); /* neighbours are known from now on */
	*data = network;
	return 0;
}

static int tear_down(void **data)
{
	struct network *network = *data;
	void *scene = network->scene;

	for (unsigned leaf = 0; leaf < LEAVES; leaf++)
		for (unsigned port = 0; port < PORTS; port++) {
			close(network->sockets[leaf][0][port]);
			close(network->sockets[leaf][1][port]);
		}
	free(network);
	return scene_teardown(&scene);
}

static void apply_all(struct scene *scene)
{
	scene_apply(scene);
	assert_string_equal(scene->text, "");
	assert_int_equal(scene->failed, 0);
}

/* The twin: rule by rule. */

static bool in_span(const struct span *span, uint16_t port)
{
	return !span->end || (port >= span->first && port < span->end);
}

static bool in_prefix(const struct prefix *prefix, unsigned leaf, unsigned v6)
{
	const struct sockaddr_storage storage = address_of(leaf, v6, 0);
	struct address address;
	uint16_t port;

	assert_int_equal(address_from_sockaddr(&storage, &address, &port), 0);
	return !prefix->family ||
	       (prefix->family == address.family && prefix_holds(prefix, &address));
}

static bool rule_matches(const struct host_filter *rule, const struct packet *packet)
{
	uint32_t mark = packet->sport == MARKED ? 0x108 : 0;
	char in[IFNAMSIZ], out[IFNAMSIZ];

	snprintf(in, sizeof(in), "w%u", packet->from);
	snprintf(out, sizeof(out), "w%u", packet->to);
	return (!rule->in[0] || !strcmp(rule->in, in)) &&
	       (!rule->out[0] || !strcmp(rule->out, out)) &&
	       in_prefix(&rule->from, packet->from, packet->v6) &&
	       in_prefix(&rule->to, packet->to, packet->v6) &&
	       (!rule->ip_protocol || rule->ip_protocol == IPPROTO_UDP) &&
	       in_span(&rule->sport, ports[packet->sport]) &&
	       in_span(&rule->dport, ports[packet->dport]) &&
	       (mark & rule->mask) == (rule->mark & rule->mask);
}

/* NULL: none. */
static const struct host_filter *first_match(const struct state *rules, const struct packet *packet)
{
	STATE_EACH(rules, OBJECT_FILTER, const struct host_filter, rule) {
		if (rule_matches(rule, packet))
			return rule;
	}
	return NULL;
}

/* What was counted of either verdict, but for what may always pass. */
static void count_verdict(void *data, const struct host_filter *filter, uint64_t packets,
			  uint64_t bytes)
{
	if (filter->order)
		((uint64_t *)data)[filter->verdict] += packets;
}

static struct prefix random_prefix(void)
{
	static const char *const all[] = {
		"10.0.0.0/24",	    "10.0.1.2/32",   "10.0.0.0/23",	   "10.0.2.0/31",
		"10.0.0.0/8",	    "0.0.0.0/0",     "2001:db8:f1::/48",   "2001:db8:f0::2/128",
		"2001:db8:f0::/47", "2001:db8::/32", "2001:db8:f2::2/127", "::/0",
	};
	struct prefix prefix = { 0 };

	if (dice(3) == 0)
		assert_int_equal(prefix_parse(all[dice(sizeof(all) / sizeof(*all))], &prefix), 0);
	return prefix;
}

static struct span random_span(void)
{
	uint32_t first = ports[dice(PORTS - 1)];

	return dice(4) ? (struct span){ 0 } : (struct span){ first, first + 1 + dice(2) * 100 };
}

/* Mostly rules by links alone, in runs, as intents make them. */
static void random_rule(uint32_t order, struct host_filter *ret_rule)
{
	*ret_rule = (struct host_filter){ .object.ours = true,
					  .order = order,
					  .verdict = order / 6 % 2 ? FILTER_DROP : FILTER_ACCEPT };
	if (dice(4))
		snprintf(ret_rule->in, sizeof(ret_rule->in), "w%u", dice(LEAVES + 2));
	if (order / 12 % 2 || !dice(4))
		snprintf(ret_rule->out, sizeof(ret_rule->out), "w%u", dice(LEAVES + 2));
	if (dice(3))
		return;
	ret_rule->from = random_prefix();
	ret_rule->to = random_prefix();
	if (ret_rule->to.family && ret_rule->from.family)
		ret_rule->to = (struct prefix){ 0 };
	ret_rule->sport = random_span();
	ret_rule->dport = random_span();
	if (ret_rule->sport.end || ret_rule->dport.end || !dice(5))
		ret_rule->ip_protocol = dice(5) ? IPPROTO_UDP : IPPROTO_TCP;
	if (!dice(4)) {
		ret_rule->mark = dice(2) ? 0x100 : 0x108;
		ret_rule->mask = ret_rule->mark == 0x100 ? 0xff00 : UINT32_MAX;
	}
}

/* One like @rule, so that both may share a look-up. */
static void vary_rule(struct host_filter *rule)
{
	static const char *const parts[] = { "10.0.0.0",      "10.0.1.0",	"10.0.2.0",
					     "10.0.0.2",      "10.0.1.2",	"10.0.2.2",
					     "10.1.0.0",      "2001:db8:f0::",	"2001:db8:f1::",
					     "2001:db8:f2::", "2001:db8:f0::2", "2001:db8:f1::2",
					     "2001:db8:f2::2" };
	struct prefix *const prefixes[] = { &rule->from, &rule->to };
	struct span *const spans[] = { &rule->sport, &rule->dport };
	struct address address;

	if (rule->in[0])
		snprintf(rule->in, sizeof(rule->in), "w%u", dice(LEAVES + 2));
	if (rule->out[0])
		snprintf(rule->out, sizeof(rule->out), "w%u", dice(LEAVES + 2));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			address_parse(parts[dice(sizeof(parts) / sizeof(*parts))], &address), 0);
		if (prefixes[i]->family == address.family)
			memcpy(prefixes[i]->bytes, address.bytes, sizeof(address.bytes));
		*prefixes[i] = prefix_clean(prefixes[i]);
		if (spans[i]->end && spans[i]->end - spans[i]->first == 1) {
			spans[i]->first = dice(2) ? ports[dice(PASSING)] : 1 + dice(9);
			spans[i]->end = spans[i]->first + 1;
		}
	}
}

static void add_alike(struct scene *scene, uint32_t order, uint32_t count)
{
	struct host_filter first, rule;

	random_rule(order, &first);
	if (!dice(3)) {
		memset(first.in, 0, sizeof(first.in));
		memset(first.out, 0, sizeof(first.out));
	}
	for (uint32_t i = 0; i < count; i++) {
		rule = first;
		rule.order = order + i;
		vary_rule(&rule);
		state_add(&scene->desired, OBJECT_FILTER, &rule);
	}
}

static void desire_random(struct scene *scene)
{
	struct host_filter rule;

	state_free(&scene->desired);
	apply_all(scene); /* counters begin anew */
	scene_desire_filter(scene, "filter forward 0 accept proto udp dport 7");
	for (uint32_t order = 1; order < 2 + dice(40); order++) {
		random_rule(order, &rule);
		state_add(&scene->desired, OBJECT_FILTER, &rule);
	}
	for (uint32_t i = 0; i < dice(6); i++)
		add_alike(scene, 1000 + i * 100 + dice(12), 4 + dice(20));
	state_sort(&scene->desired, NULL, NULL);
}

#define SENT 200

static void packets_fare_as_rule_by_rule(void **data)
{
	struct network *network = *data;
	struct sockaddr_storage from;
	unsigned passed = 0, looked = 0, number;

	for (unsigned round = 0; round < 60; round++) {
		uint64_t expected[2] = { 0 }, counted[2] = { 0 };
		struct packet packets[SENT];
		bool came[SENT] = { 0 };

		desire_random(network->scene);
		apply_all(network->scene);
		looked += scene_shows("nft list chain inet multihomed forward | grep addr",
				      "@rules");
		for (unsigned i = 0; i < SENT; i++) {
			packets[i] = (struct packet){ .from = dice(LEAVES),
						      .v6 = dice(2),
						      .sport = dice(PASSING),
						      .dport = dice(PASSING) };
			packets[i].to = (packets[i].from + 1 + dice(LEAVES - 1)) % LEAVES;
			send_one(network, &packets[i], i);
		}
		let_all_arrive(network);
		for (unsigned i = 0; i < LEAVES * 2 * PASSING; i++)
			while ((number = receive_one(
					network->sockets[i / PASSING / 2][i / PASSING % 2][i % PASSING],
					&from, 0)) != UINT_MAX)
				came[number] = true;
		for (unsigned i = 0; i < SENT; i++) {
			const struct host_filter *rule = first_match(&network->scene->desired,
								     &packets[i]);

			assert_int_equal(came[i], !rule || rule->verdict == FILTER_ACCEPT);
			passed += came[i];
			if (rule)
				expected[rule->verdict]++;
		}
		assert_int_equal(host_filter_counters(network->scene->host, count_verdict, counted),
				 0);
		assert_memory_equal(expected, counted, sizeof(expected));
	}
	assert_in_range(passed, 60 * SENT / 10, 60 * SENT * 9 / 10);
	assert_in_range(looked, 10, 60);
}

static void expect_source(const struct network *network, const struct packet *packet,
			  const char *source)
{
	int fd = network->sockets[packet->to][packet->v6][packet->dport];
	int back = network->sockets[packet->from][packet->v6][packet->sport];
	struct sockaddr_storage from, asked;
	char text[ADDRESS_TEXT_SIZE], asked_text[ADDRESS_TEXT_SIZE];
	struct address address;
	uint16_t port;

	send_one(network, packet, 77);
	assert_int_equal(receive_one(fd, &from, PATIENCE_MS), 77);
	assert_int_equal(address_from_sockaddr(&from, &address, &port), 0);
	assert_string_equal(address_text(&address, text), source);
	assert_int_equal(sendto(fd, &(unsigned){ 78 }, 4, 0, (struct sockaddr *)&from,
				packet->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
			 4);
	assert_int_equal(receive_one(back, &asked, PATIENCE_MS), 78);
	assert_int_equal(address_from_sockaddr(&asked, &address, &port), 0);
	snprintf(asked_text, sizeof(asked_text), packet->v6 ? "2001:db8:f%u::2" : "10.0.%u.2",
		 packet->to);
	assert_string_equal(address_text(&address, text), asked_text);
	assert_int_equal(port, ports[packet->dport]);
}

static void peers_see_the_source_that_is_given(void **data)
{
	struct network *network = *data;
	struct scene *scene = network->scene;

	assert_true(scratch_run(
		"ip addr add 10.0.1.77/32 dev w1 && ip addr add 2001:db8:f1::77/128 dev "
		"w1 nodad"));
	scene_desire_filter(scene, "filter nat 1 accept out w1 to 10.0.1.2/32 proto udp dport 54");
	scene_desire_filter(scene, "filter nat 2 snat out w1 from 10.0.0.0/24 first 10.0.1.77 last "
				   "10.0.1.77");
	scene_desire_filter(scene,
			    "filter nat 3 snat out w1 from 2001:db8:f0::/48 first 2001:db8:f1::77 "
			    "last 2001:db8:f1::77");
	scene_desire_filter(scene, "filter nat 4 masquerade out w2");
	apply_all(scene);
	expect_source(network, &(struct packet){ 0, 1, 0, 0, 0 }, "10.0.1.77");
	expect_source(network, &(struct packet){ 0, 1, 1, 0, 0 }, "2001:db8:f1::77");
	expect_source(network, &(struct packet){ 0, 1, 0, 0, 1 }, "10.0.0.2");
	expect_source(network, &(struct packet){ 2, 1, 0, 0, 0 }, "10.0.2.2");
	expect_source(network, &(struct packet){ 2, 1, 1, 0, 0 }, "2001:db8:f2::2");
	expect_source(network, &(struct packet){ 0, 2, 0, 2, 0 }, "10.0.2.1");
	expect_source(network, &(struct packet){ 1, 2, 1, 2, 0 }, "2001:db8:f2::1");
}

struct tally {
	uint64_t packets, bytes;
	uint32_t order; /* of whom */
};

static void count(void *data, const struct host_filter *filter, uint64_t packets, uint64_t bytes)
{
	struct tally *tally = data;

	if (filter->order != tally->order)
		return;
	tally->packets += packets;
	tally->bytes += bytes;
}

static uint64_t counted(struct scene *scene, uint32_t order)
{
	struct tally tally = { .order = order };

	assert_int_equal(host_filter_counters(scene->host, count, &tally), 0);
	assert_int_equal(tally.bytes, tally.packets * 32);
	return tally.packets;
}

static void desire_pairs(struct scene *scene, uint32_t first)
{
	char line[128];

	state_free(&scene->desired);
	for (unsigned i = 0; i < LEAVES; i++)
		for (unsigned j = 0; j < LEAVES; j++, first++) {
			snprintf(line, sizeof(line), "filter forward %u accept in w%u out w%u",
				 first, i, j);
			scene_desire_filter(scene, line);
		}
	snprintf(line, sizeof(line), "filter forward %u drop in w0", first);
	scene_desire_filter(scene, line);
}

static void counters_stay_with_their_rules(void **data)
{
	struct network *network = *data;
	struct scene *scene = network->scene;
	struct sockaddr_storage from;

	desire_pairs(scene, 1);
	apply_all(scene);
	for (unsigned i = 0; i < 10; i++) {
		send_one(network, &(struct packet){ 0, 1, 0, 0, 0 }, i);
		assert_int_equal(receive_one(network->sockets[1][0][0], &from, PATIENCE_MS), i);
	}
	assert_int_equal(counted(scene, 2), 10);
	assert_int_equal(counted(scene, 3), 0);
	desire_pairs(scene, 5);
	scene_desire_filter(scene, "filter forward 1 accept from 192.0.2.0/24");
	apply_all(scene);
	assert_int_equal(counted(scene, 2), 0);
	assert_int_equal(counted(scene, 6), 10);
	host_close(scene->host);
	scene_open(scene);
	apply_all(scene);
	assert_int_equal(counted(scene, 6), 10);
}

/* Somebody changes the table all the time; every content of it drops these packets. */
static void a_change_leaves_no_gap(void **data)
{
	struct network *network = *data;
	struct scene *scene = network->scene;
	struct sockaddr_storage from;
	cpu_set_t all;
	char line[128];
	pid_t child;

	memset(&all, 0xff, sizeof(all));
	child = fork();
	if (child == 0) {
		scene_open(scene);
		(void)sched_setaffinity(0, sizeof(all), &all);
	}
	for (uint32_t i = 0; child == 0; i++) {
		state_free(&scene->desired);
		scene_desire_filter(scene, "filter forward 0 accept proto udp dport 7");
		snprintf(line, sizeof(line), "filter forward %u drop in w0 out w1", 2 + i % 5);
		scene_desire_filter(scene, line);
		snprintf(line, sizeof(line), "filter forward 1 accept in w%u out w2", i % 3);
		scene_desire_filter(scene, line);
		scene_apply(scene);
	}
	while (!scene_shows("nft list ruleset", "drop in w0 out w1"))
		;
	for (unsigned i = 0; i < 30000; i++)
		send_one(network, &(struct packet){ 0, 1, i % 2, 0, 0 }, i);
	let_all_arrive(network);
	assert_int_equal(receive_one(network->sockets[1][0][0], &from, 0), UINT_MAX);
	assert_int_equal(receive_one(network->sockets[1][1][0], &from, 0), UINT_MAX);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(scene_shows("nft list ruleset", "drop in w0 out w1"));
}

#define NETWORK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NETWORK(packets_fare_as_rule_by_rule),
		NETWORK(peers_see_the_source_that_is_given),
		NETWORK(counters_stay_with_their_rules),
		NETWORK(a_change_leaves_no_gap),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
