/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker at work, in a thread, on one end of a pair of links: what it answers and announces on the
 * wire, where the test has the other end, and what it counts.
 */
#include "feature/neighbours/neighbours.h"
#include "feature/neighbours/neighbours_wire.h"
#include "host/scratch.h"
#include "io/channel.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#define A_MOMENT_MS 100
#define STAGE_PATIENCE_MS 5000

struct stage {
	int engine, worker, wire;
	uint32_t link; /* eth0 */
	uint8_t ours[6], theirs[6];
	pthread_t thread;
};

static void *stage_main(void *data)
{
	const struct stage *stage = data;

	if (neighbours_worker.prepare() == 0)
		neighbours_worker.main(stage->worker, 1);
	return NULL;
}

static int stage_index(int fd, const char *link)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link);
	assert_int_equal(ioctl(fd, SIOCGIFINDEX, &request), 0);
	return request.ifr_ifindex;
}

static void stage_mac(int fd, const char *link, uint8_t ret_mac[6])
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(ret_mac, request.ifr_hwaddr.sa_data, 6);
}

static void stage_open(struct stage *stage)
{
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int pair[2];

	assert_true(scratch_new());
	stage->wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	here.sll_ifindex = stage_index(stage->wire, "peer0");
	stage->link = (uint32_t)stage_index(stage->wire, "eth0");
	assert_int_equal(bind(stage->wire, (struct sockaddr *)&here, sizeof(here)), 0);
	stage_mac(stage->wire, "eth0", stage->ours);
	stage_mac(stage->wire, "peer0", stage->theirs);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	stage->engine = pair[0];
	stage->worker = pair[1];
	assert_int_equal(pthread_create(&stage->thread, NULL, stage_main, stage), 0);
}

static void stage_close(struct stage *stage)
{
	shutdown(stage->engine, SHUT_RDWR);
	pthread_join(stage->thread, NULL);
	close(stage->engine);
	close(stage->worker);
	close(stage->wire);
}

static void stage_tell(const struct stage *stage, uint16_t type, const struct text *bytes)
{
	struct channel_message message = { .type = type, .number = 7 };

	message.bytes = bytes ? bytes->data : NULL;
	message.length = bytes ? bytes->length : 0;
	assert_int_equal(channel_send(stage->engine, &message), 0);
}

/* What it counted; all that was told before is done then. */
static struct counter stage_count(const struct stage *stage, const char *key)
{
	struct channel_message message;
	struct counters counters = { 0 };
	struct counter found = { 0 };

	stage_tell(stage, WORKER_ASK, NULL);
	assert_int_equal(channel_receive(stage->engine, &message), 1);
	assert_int_equal(message.type, WORKER_REPORT);
	assert_int_equal(neighbours_worker.report(message.bytes, message.length, &counters), 0);
	channel_message_free(&message);
	if (counters_find(&counters, key))
		found = *counters_find(&counters, key);
	counters_free(&counters);
	return found;
}

/* eth0, with these rules. */
static void stage_configure(const struct stage *stage, bool guard,
			    const struct neighbours_rule *rules, uint32_t count)
{
	struct neighbours_port port = { stage->link, "eth0", { .guard = guard } };
	struct neighbours_orders orders = { .ports = &port,
					    .port_count = 1,
					    .rules = (struct neighbours_rule *)rules,
					    .rule_count = count };
	AUTO_TEXT bytes = { 0 };

	memcpy(port.link.mac, stage->ours, sizeof(port.link.mac));
	neighbours_orders_put(&orders, &bytes);
	stage_tell(stage, WORKER_CONFIGURE, &bytes);
	stage_count(stage, "");
}

static struct neighbours_rule stage_rule(const struct stage *stage, const char *prefix,
					 enum neighbours_verdict verdict, uint32_t owner)
{
	struct neighbours_rule rule = { .link = stage->link,
					.verdict = (uint8_t)verdict,
					.flags = NEIGHBOURS_OVERRIDE | NEIGHBOURS_TARGET_SOURCE,
					.owner = owner };

	assert_int_equal(prefix_parse(prefix, &rule.prefix), 0);
	return rule;
}

static void stage_send(const struct stage *stage, const uint8_t *frame, size_t length)
{
	assert_int_equal(send(stage->wire, frame, length, 0), (ssize_t)length);
}

/*
 * The next frame of that kind which comes out of eth0: ETH_P_ARP, or an ICMPv6 type. Returns its
 * length; 0 when none comes within @patience_ms.
 */
static size_t stage_hear(const struct stage *stage, int kind, int patience_ms, uint8_t frame[1514])
{
	struct pollfd poller = { .fd = stage->wire, .events = POLLIN };

	while (poll(&poller, 1, patience_ms) > 0) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(stage->wire, frame, 1514, 0, (struct sockaddr *)&from, &size);
		int type = got > 14 ? frame[12] << 8 | frame[13] : 0;

		if (from.sll_pkttype == PACKET_OUTGOING || memcmp(frame + 6, stage->ours, 6) != 0)
			continue;
		if (type == kind ||
		    (type == ETH_P_IPV6 && got > 54 && frame[20] == 58 && frame[54] == kind))
			return (size_t)got;
	}
	return 0;
}

static const char *const arp_head = "\x00\x01\x08\x00\x06\x04\x00";

/* ARP of @operation by the peer: who is @sender asks for, or tells of, @target. */
static size_t arp_frame(const struct stage *stage, uint8_t operation, const char *sender,
			const char *target, uint8_t frame[42])
{
	memset(frame, 0xff, 6);
	memcpy(frame + 6, stage->theirs, 6);
	memcpy(frame + 12, "\x08\x06", 2);
	memcpy(frame + 14, arp_head, 7);
	frame[21] = operation;
	memcpy(frame + 22, stage->theirs, 6);
	assert_int_equal(inet_pton(AF_INET, sender, frame + 28), 1);
	memset(frame + 32, 0, 6);
	assert_int_equal(inet_pton(AF_INET, target, frame + 38), 1);
	return 42;
}

/* Whether the worker answers that @target is at our MAC address. */
static bool arp_is_answered(const struct stage *stage, const char *sender, const char *target)
{
	uint8_t question[42], answer[1514], expected[42];

	stage_send(stage, question, arp_frame(stage, 1, sender, target, question));
	if (!stage_hear(stage, ETH_P_ARP, A_MOMENT_MS, answer))
		return false;
	memcpy(expected, stage->theirs, 6);
	memcpy(expected + 6, stage->ours, 6);
	memcpy(expected + 12, question + 12, 10);
	expected[21] = 2;
	memcpy(expected + 22, stage->ours, 6);
	memcpy(expected + 28, question + 38, 4);
	memcpy(expected + 32, stage->theirs, 6);
	memcpy(expected + 38, question + 28, 4);
	assert_memory_equal(answer, expected, sizeof(expected));
	return true;
}

static void all_but_the_askers_own_is_answered(void **state)
{
	struct stage *stage = *state;
	const struct neighbours_rule rules[] = {
		stage_rule(stage, "198.51.100.0/24", NEIGHBOURS_ANSWER, 0),
		stage_rule(stage, "198.51.100.1/32", NEIGHBOURS_SILENT, 0),
		stage_rule(stage, "198.51.100.5/32", NEIGHBOURS_OWN, 17),
		stage_rule(stage, "198.51.100.6/32", NEIGHBOURS_OWN, 18),
	};

	stage_configure(stage, true, rules, ARRAY_SIZE(rules));
	assert_true(arp_is_answered(stage, "198.51.100.5", "198.51.100.77"));
	assert_true(arp_is_answered(stage, "198.51.100.5", "198.51.100.6"));
	assert_false(arp_is_answered(stage, "198.51.100.5", "198.51.100.5"));
	assert_false(arp_is_answered(stage, "198.51.100.5", "198.51.100.1"));
	assert_false(arp_is_answered(stage, "198.51.100.5", "203.0.113.1"));
	/* A probe for what nobody has is refused, by RFC 5227. */
	assert_true(arp_is_answered(stage, "0.0.0.0", "198.51.100.78"));
	/* And who lies about himself is not heard. */
	assert_false(arp_is_answered(stage, "198.51.100.9", "198.51.100.77"));
	assert_int_equal(stage_count(stage, "owner 17").answered, 2);
	assert_int_equal(stage_count(stage, "owner 17").dropped, 0);
	assert_int_equal(stage_count(stage, "responder eth0").answered, 3);
	assert_int_equal(stage_count(stage, "responder eth0").dropped, 1);
}

static void counts_outlive_a_change_of_the_rules(void **state)
{
	struct stage *stage = *state;
	const struct neighbours_rule rules[] = {
		stage_rule(stage, "198.51.100.0/24", NEIGHBOURS_ANSWER, 0),
		stage_rule(stage, "198.51.100.5/32", NEIGHBOURS_OWN, 17),
	};

	stage_configure(stage, true, rules, 2);
	assert_true(arp_is_answered(stage, "198.51.100.5", "198.51.100.77"));
	stage_configure(stage, true, rules, 1);
	assert_false(arp_is_answered(stage, "198.51.100.5", "198.51.100.77"));
	assert_int_equal(stage_count(stage, "owner 17").answered, 0);
	assert_int_equal(stage_count(stage, "responder eth0").answered, 1);
	assert_int_equal(stage_count(stage, "responder eth0").dropped, 1);
}

static void what_the_kernel_answers_is_only_counted(void **state)
{
	struct stage *stage = *state;
	struct neighbours_rule rule = stage_rule(stage, "198.51.100.0/24", NEIGHBOURS_ANSWER, 0);

	rule.flags |= NEIGHBOURS_BY_KERNEL;
	stage_configure(stage, false, &rule, 1);
	assert_false(arp_is_answered(stage, "198.51.100.5", "198.51.100.77"));
	assert_int_equal(stage_count(stage, "responder eth0").answered, 1);
}

static void who_claims_what_we_answer_for_is_reported(void **state)
{
	struct stage *stage = *state;
	const struct neighbours_rule rule = stage_rule(stage, "198.51.100.0/24", NEIGHBOURS_ANSWER,
						       0);
	AUTO_MEM char *key = NULL;
	struct counter counter;
	uint8_t frame[42];

	stage_configure(stage, false, &rule, 1);
	for (unsigned i = 0; i < 2; i++)
		stage_send(stage, frame, arp_frame(stage, 2, "198.51.100.9", "198.51.100.9", frame));
	/* What came before a question has been heard when the question is answered. */
	assert_true(arp_is_answered(stage, "203.0.113.1", "198.51.100.77"));
	key = mem_printf("claimant eth0 198.51.100.9 %02x:%02x:%02x:%02x:%02x:%02x",
			 stage->theirs[0], stage->theirs[1], stage->theirs[2], stage->theirs[3],
			 stage->theirs[4], stage->theirs[5]);
	counter = stage_count(stage, key);
	assert_int_equal(counter.asked, 2);
	assert_true(counter.answered > 1000000000 && counter.dropped >= counter.answered);
}

/* RFC 1071, over pseudo-header and message: 0 where it is right. */
static uint16_t sum_of(const uint8_t *frame, size_t length)
{
	uint32_t sum = (uint32_t)(length - 54) + 58;

	for (size_t i = 22; i < length; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t solicitation(const struct stage *stage, const char *sender, const char *target,
			   uint8_t frame[86])
{
	uint16_t sum;

	memset(frame, 0, 86);
	memcpy(frame, stage->ours, 6);
	memcpy(frame + 6, stage->theirs, 6);
	memcpy(frame + 12, "\x86\xdd\x60\x00\x00\x00\x00\x20\x3a\xff", 10);
	assert_int_equal(inet_pton(AF_INET6, sender, frame + 22), 1);
	assert_int_equal(inet_pton(AF_INET6, target, frame + 38), 1);
	frame[54] = ND_NEIGHBOR_SOLICIT;
	assert_int_equal(inet_pton(AF_INET6, target, frame + 62), 1);
	frame[78] = ND_OPT_SOURCE_LINKADDR;
	frame[79] = 1;
	memcpy(frame + 80, stage->theirs, 6);
	sum = sum_of(frame, 86);
	frame[56] = (uint8_t)(sum >> 8);
	frame[57] = (uint8_t)sum;
	return 86;
}

static void a_unicast_solicitation_is_answered_if_it_is_valid(void **state)
{
	struct stage *stage = *state;
	const struct neighbours_rule rule = stage_rule(stage, "2001:db8:1::/64", NEIGHBOURS_ANSWER,
						       0);
	uint8_t question[86], answer[1514];

	stage_configure(stage, false, &rule, 1);
	stage_send(stage, question, solicitation(stage, "2001:db8:9::1", "2001:db8:1::42", question));
	assert_int_equal(stage_hear(stage, ND_NEIGHBOR_ADVERT, STAGE_PATIENCE_MS, answer), 86);
	assert_memory_equal(answer, stage->theirs, 6);
	assert_int_equal(answer[21], 255);
	assert_memory_equal(answer + 22, question + 62, 16);
	assert_memory_equal(answer + 38, question + 22, 16);
	assert_int_equal(sum_of(answer, 86), 0);
	assert_int_equal(answer[58], 0x60);
	assert_memory_equal(answer + 62, question + 62, 16);
	assert_memory_equal(answer + 80, stage->ours, 6);
	/* From beyond a router. */
	question[21] = 64;
	stage_send(stage, question, 86);
	assert_int_equal(stage_hear(stage, ND_NEIGHBOR_ADVERT, A_MOMENT_MS, answer), 0);
	question[21] = 255;
	question[57] ^= 1;
	stage_send(stage, question, 86);
	assert_int_equal(stage_hear(stage, ND_NEIGHBOR_ADVERT, A_MOMENT_MS, answer), 0);
	assert_int_equal(stage_count(stage, "responder eth0").answered, 1);
	assert_int_equal(stage_count(stage, "responder eth0").failed, 2);
}

static void an_address_is_announced_when_its_link_has_its_carrier(void **state)
{
	struct stage *stage = *state;
	struct neighbours_news news[] = { { .link = stage->link }, { .link = stage->link } };
	const struct neighbours_notes notes = { .items = news, .count = 2 };
	AUTO_TEXT down = { 0 };
	AUTO_TEXT up = { 0 };
	uint8_t heard[1514];

	address_parse("198.51.100.1", &news[0].address);
	address_parse("2001:db8:1::1", &news[1].address);
	news[1].source = news[1].address;
	for (unsigned i = 0; i < 2; i++)
		memcpy(news[i].mac, stage->ours, 6);
	neighbours_notes_put(&notes, &down);
	news[0].up = news[1].up = true;
	neighbours_notes_put(&notes, &up);
	stage_tell(stage, WORKER_UPDATE, &down);
	assert_int_equal(stage_hear(stage, ETH_P_ARP, A_MOMENT_MS, heard), 0);
	stage_tell(stage, WORKER_UPDATE, &up);
	assert_int_equal(stage_hear(stage, ETH_P_ARP, STAGE_PATIENCE_MS, heard), 42);
	assert_memory_equal(heard, "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(heard + 28, news[0].address.bytes, 4);
	assert_memory_equal(heard + 38, news[0].address.bytes, 4);
	assert_int_equal(stage_hear(stage, ND_NEIGHBOR_ADVERT, STAGE_PATIENCE_MS, heard), 86);
	assert_memory_equal(heard, "\x33\x33\0\0\0\1", 6);
	assert_memory_equal(heard + 62, news[1].address.bytes, 16);
	assert_int_equal(sum_of(heard, 86), 0);
}

static int set_up(void **state)
{
	static struct stage stage;

	stage = (struct stage){ 0 };
	stage_open(&stage);
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	stage_close(*state);
	return 0;
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(all_but_the_askers_own_is_answered),
		ON_STAGE(counts_outlive_a_change_of_the_rules),
		ON_STAGE(what_the_kernel_answers_is_only_counted),
		ON_STAGE(who_claims_what_we_answer_for_is_reported),
		ON_STAGE(a_unicast_solicitation_is_answered_if_it_is_valid),
		ON_STAGE(an_address_is_announced_when_its_link_has_its_carrier),
	};

	if (!scratch_allowed()) {
		printf("skipped: no network namespace of its own\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
