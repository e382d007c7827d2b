/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames as raw bytes, through the decision that both responders share. The first byte says of which
 * link: bit 0 a guarded one, bit 1 that the checksum is to be made right first, which nobody finds by
 * chance. What is answered is judged here once more, slowly and by other code: the question was valid
 * (RFC 826, RFC 4861, 7.1.1), was about an address to answer for, of somebody who may ask; the answer
 * is what he may get.
 */
#include "bpf/neighbours_frame.h"
#include "net/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* 10.1.2.0/24 and 2001:db8:1::/64 are answered for, what ends with 5 is owner 17's, with 6 the MAC 06's. */
static const struct neighbours_value answer = { .verdict = RULE_ANSWER, .flags = RULE_OVERRIDE };
static const struct neighbours_value own = { .verdict = RULE_OWN, .owner = 17, .flags = RULE_OVERRIDE };
static const struct neighbours_value bound = { .verdict = RULE_OWN,
					       .owner = 18,
					       .flags = RULE_BOUND | RULE_OVERRIDE,
					       .mac = { 2, 0, 0, 0, 0, 6 } };
static const struct neighbours_who_value known = { .owner = 18, .rules = 1 };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };

static const struct neighbours_value *rule_for(const uint8_t *address)
{
	static const uint8_t ipv4[15] = { [10] = 0xff, 0xff, 10, 1, 2 };
	static const uint8_t ipv6[8] = { 0x20, 1, 0x0d, 0xb8, 0, 1 };

	if (memcmp(address, ipv4, sizeof(ipv4)) != 0 && memcmp(address, ipv6, sizeof(ipv6)) != 0)
		return NULL;
	return address[15] == 5 ? &own : address[15] == 6 ? &bound : &answer;
}

static const struct neighbours_value *neighbours_find(void *world, const struct neighbours_key *key)
{
	(void)world;
	return rule_for((const uint8_t *)key->address.words);
}

static const struct neighbours_who_value *neighbours_who(void *world,
							 const struct neighbours_who_key *key)
{
	(void)world;
	return memcmp(key->mac, bound.mac, sizeof(bound.mac)) ? NULL : &known;
}

#include "bpf/neighbours_core.h"

static void require(bool truth)
{
	if (!truth)
		abort();
}

static uint32_t sum_of(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t sum6(const uint8_t *frame, size_t payload)
{
	return sum_of(frame + 54, payload, sum_of(frame + 22, 32, 58 + (uint32_t)payload));
}

static size_t payload_of(const uint8_t *frame, size_t length)
{
	size_t payload = length < 54 ? 0 : (size_t)frame[18] << 8 | frame[19];

	return length < 54 + payload ? 0 : payload;
}

static void make_checksum_right(uint8_t *frame, size_t length)
{
	size_t payload = payload_of(frame, length);
	uint16_t sum;

	if (payload < 4 || frame[12] != 0x86 || frame[13] != 0xdd)
		return;
	frame[56] = frame[57] = 0;
	sum = (uint16_t)~sum6(frame, payload);
	frame[56] = (uint8_t)(sum >> 8);
	frame[57] = (uint8_t)sum;
}

/* Who asks, and for what, as the other code reads it: in the form of IPv6. */
struct question {
	uint8_t sender[16], target[16];
	bool nobody;
};

static struct question judge_arp(const uint8_t *frame, size_t length)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	struct question question = { .sender = { [10] = 0xff, 0xff },
				     .target = { [10] = 0xff, 0xff } };
	struct wire_reader reader = wire_reader(frame + 14, length - 14);
	uint8_t mac[6];

	require(!memcmp(wire_get_view(&reader, sizeof(head)), head, sizeof(head)));
	wire_get_bytes(&reader, mac, sizeof(mac));
	wire_get_bytes(&reader, question.sender + 12, 4);
	wire_get_view(&reader, 6);
	wire_get_bytes(&reader, question.target + 12, 4);
	require(!reader.broken && !memcmp(mac, frame + 6, sizeof(mac)) && !(mac[0] & 1));
	require(question.sender[12] >> 4 != 14 &&
		memcmp(question.sender + 12, "\xff\xff\xff\xff", 4) != 0);
	question.nobody = !memcmp(question.sender + 12, "\0\0\0\0", 4);
	return question;
}

static void judge_options(struct wire_reader *options, bool nobody)
{
	while (wire_left(options)) {
		uint8_t type = wire_get_u8(options), units = wire_get_u8(options);

		require(units && wire_get_view(options, units * 8u - 2));
		require(!nobody || type != 1);
	}
}

static struct question judge_solicitation(const uint8_t *frame, size_t length)
{
	static const uint8_t zero[16], group[13] = { 0xff, 2, [11] = 1, [12] = 0xff };
	size_t payload = payload_of(frame, length);
	struct wire_reader options = wire_reader(frame + 78, payload - 24);
	struct question question = { 0 };

	require(payload >= 24 && frame[14] >> 4 == 6 && frame[20] == 58 && frame[21] == 255);
	require(frame[54] == 135 && frame[55] == 0 && sum6(frame, payload) == 0xffff);
	memcpy(question.sender, frame + 22, 16);
	memcpy(question.target, frame + 62, 16);
	question.nobody = !memcmp(question.sender, zero, 16);
	require(question.target[0] != 0xff && question.sender[0] != 0xff);
	require(!question.nobody || !memcmp(frame + 38, group, sizeof(group)));
	judge_options(&options, question.nobody);
	return question;
}

static bool is_link_local6(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

/* Whether he may be answered at all. */
static void judge_rules(const struct question *question, const uint8_t *mac, bool guard)
{
	const struct neighbours_value *sender = rule_for(question->sender),
				      *target = rule_for(question->target);
	bool anonymous = question->nobody || is_link_local6(question->sender);

	require(target);
	if (guard && !anonymous) {
		require(sender && sender->verdict == RULE_OWN);
		require(sender != &bound || !memcmp(mac, bound.mac, 6));
	}
	/* Never the owner himself. */
	require(target->verdict == RULE_ANSWER ||
		(target == &bound && memcmp(mac, bound.mac, 6) != 0) ||
		(sender && sender->verdict == RULE_OWN && sender != target) ||
		(target == &own && is_link_local6(question->sender) && !memcmp(mac, bound.mac, 6)));
}

static void judge_answer(const struct question *question, const uint8_t *asked, const uint8_t *frame)
{
	static const uint8_t all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

	require(!memcmp(frame + 6, our_mac, 6));
	if (frame[12] == 8) {
		require(!memcmp(frame, asked + 6, 6) && frame[21] == 2 &&
			!memcmp(frame + 22, our_mac, 6));
		require(!memcmp(frame + 28, question->target + 12, 4) &&
			!memcmp(frame + 38, question->sender + 12, 4));
		return;
	}
	require(!memcmp(frame, question->nobody ? all_nodes : asked + 6, 6));
	require(frame[21] == 255 && frame[54] == 136 && payload_of(frame, 86) == 32 &&
		sum6(frame, 32) == 0xffff);
	require(!memcmp(frame + 62, question->target, 16) && !memcmp(frame + 80, our_mac, 6));
	require(frame[58] == (question->nobody ? 0x20 : 0x60));
}

static void answer_and_judge(const struct neighbours_view *view, struct neighbours_frame *frame,
			     const uint8_t *asked, size_t length)
{
	bool arp = asked[12] == 8 && asked[13] == 6;
	struct question question = arp ? judge_arp(asked, length) : judge_solicitation(asked, length);

	judge_rules(&question, asked + 6, view->settings->guard);
	require(neighbours_reply(view, frame) == (arp ? 42 : 86));
	judge_answer(&question, asked, frame_bytes(frame));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct neighbours_settings settings = { .guard = size && bytes[0] & 1 };
	struct neighbours_frame frame = { 0 };
	struct neighbours_view view = { .settings = &settings, .frame = &frame, .link = 4 };
	uint8_t *asked;
	int act;

	if (size < 1)
		return 0;
	asked = malloc(size);
	memcpy(asked, bytes + 1, size - 1);
	if (bytes[0] & 2)
		make_checksum_right(asked, size - 1);
	memcpy(settings.mac, our_mac, sizeof(our_mac));
	memcpy(frame_bytes(&frame), asked, size - 1 < NEIGHBOURS_FRAME ? size - 1 : NEIGHBOURS_FRAME);
	act = neighbours_decide(&view, (uint32_t)(size - 1));
	require(act == ACT_PASS || act == ACT_ANSWER || settings.guard);
	if (act == ACT_ANSWER)
		answer_and_judge(&view, &frame, asked, size - 1);
	free(asked);
	return 0;
}
