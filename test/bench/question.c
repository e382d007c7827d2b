/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Both directions of address resolution, written by another hand than the responder: what the
 * two agree on, they do not agree on because they share code. Pure, so that the test can compare
 * bytes.
 */
#include "question.h"

#include "dice.h"
#include "sum.h"

#include "net/wire.h"

#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <string.h>

#define IPV6_AT 14
#define IPV6_BYTES 40
#define ICMP6_AT (IPV6_AT + IPV6_BYTES)
#define ARP_AT 14
#define ARP_BYTES 28
#define HOP_LIMIT 255
#define SOLICITATION_BYTES 24
#define LINK_OPTION_BYTES 8

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t nobody[6];

/* RFC 1071 over pseudo header (RFC 8200, 8.1) and message, which ends with the frame. */
static uint32_t icmp6_sum(const uint8_t *bytes, size_t length)
{
	uint32_t payload = (uint32_t)(length - ICMP6_AT);

	return sum_bytes(sum_bytes(IPPROTO_ICMPV6 + payload, bytes + IPV6_AT + 8, 32),
			 bytes + ICMP6_AT, payload);
}

static void icmp6_seal(uint8_t *bytes, size_t length)
{
	memset(bytes + ICMP6_AT + 2, 0, 2);
	sum_store(icmp6_sum(bytes, length), bytes + ICMP6_AT + 2);
}

static void arp_put(const struct question *question, struct wire_writer *writer)
{
	wire_put_bytes(writer, question->unicast ? question->to_mac : everybody, 6);
	wire_put_bytes(writer, question->mac, 6);
	wire_put_u16(writer, ETHERTYPE_ARP);
	wire_put_u16(writer, ARPHRD_ETHER);
	wire_put_u16(writer, ETHERTYPE_IP);
	wire_put_u16(writer, 6 << 8 | 4);
	wire_put_u16(writer, ARPOP_REQUEST);
	wire_put_bytes(writer, question->mac, 6);
	wire_put_bytes(writer, question->from.bytes, 4);
	wire_put_bytes(writer, nobody, 6);
	wire_put_bytes(writer, question->target.bytes, 4);
}

/* The group in which whoever has @target listens (RFC 4291, 2.7.1), and its MAC (RFC 2464, 7). */
static void solicited_node(const struct address *target, uint8_t group[16], uint8_t mac[6])
{
	static const uint8_t start[13] = { 0xff, 0x02, [11] = 1, [12] = 0xff };

	memcpy(group, start, 13);
	memcpy(group + 13, target->bytes + 13, 3);
	memset(mac, 0x33, 2);
	memcpy(mac + 2, group + 12, 4);
}

static void solicitation_put(const struct question *question, struct wire_writer *writer)
{
	bool option = !question->plain && !address_is_unspecified(&question->from);
	uint8_t group[16], mac[6];

	solicited_node(&question->target, group, mac);
	wire_put_bytes(writer, question->unicast ? question->to_mac : mac, 6);
	wire_put_bytes(writer, question->mac, 6);
	wire_put_u16(writer, ETHERTYPE_IPV6);
	wire_put_u32(writer, 0x60000000);
	wire_put_u16(writer, SOLICITATION_BYTES + (option ? LINK_OPTION_BYTES : 0));
	wire_put_u16(writer, IPPROTO_ICMPV6 << 8 | HOP_LIMIT);
	wire_put_bytes(writer, question->from.bytes, 16);
	wire_put_bytes(writer, question->unicast ? question->target.bytes : group, 16);
	wire_put_u32(writer, (uint32_t)ND_NEIGHBOR_SOLICIT << 24);
	wire_put_u32(writer, 0);
	wire_put_bytes(writer, question->target.bytes, 16);
	if (option) {
		wire_put_u16(writer, ND_OPT_SOURCE_LINKADDR << 8 | 1);
		wire_put_bytes(writer, question->mac, 6);
	}
}

size_t question_put(const struct question *question, uint8_t *buffer, size_t room)
{
	struct wire_writer writer = wire_writer(buffer, room);
	bool v4 = question->target.family == AF_INET;

	if (v4)
		arp_put(question, &writer);
	else
		solicitation_put(question, &writer);
	if (writer.broken)
		return 0;
	if (!v4)
		icmp6_seal(buffer, wire_written(&writer));
	return wire_written(&writer);
}

/* A random byte, but not @right. */
static uint8_t other_than(uint8_t right, uint64_t *random)
{
	uint8_t value = (uint8_t)(dice_next(random) >> 40);

	return value == right ? (uint8_t)(right ^ 0x55) : value;
}

static void random_fill(uint8_t *bytes, size_t length, uint64_t *random)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(dice_next(random) >> 40);
}

static size_t arp_spoil(uint8_t *bytes, size_t length, uint64_t random)
{
	static const uint8_t single[] = { 0, 1, 2, 3, 4, 5 }; /* each of which has to be what it is */
	uint8_t *arp = bytes + ARP_AT;
	unsigned kind = (unsigned)(dice_next(&random) >> 33) % 14;

	switch (kind) {
	case 0 ... 5:
		arp[single[kind]] = other_than(arp[single[kind]], &random);
		return length;
	case 6: /* neither a request nor a reply, which is no question */
		arp[6] = other_than(0, &random);
		return length;
	case 7:
		return ARP_AT + (dice_next(&random) >> 33) % ARP_BYTES;
	case 8:
		arp[8 + (dice_next(&random) >> 33) % 6] ^= 0x40; /* another MAC than the frame's */
		return length;
	case 9:
		arp[8] |= 1; /* a group has no address of its own */
		bytes[6] |= 1;
		return length;
	case 10:
		memset(arp + 8, 0, 6);
		memset(bytes + 6, 0, 6);
		return length;
	case 11:
		arp[24] = (uint8_t)(0xe0 | (arp[24] & 0xf)); /* 224.0.0.0/4 */
		return length;
	case 12:
		memset(arp + (dice_next(&random) >> 33 & 1 ? 14 : 24), 0xff, 4);
		return length;
	default:
		random_fill(arp, ARP_BYTES, &random);
		arp[0] |= 0x80;
		return length;
	}
}

/* Appends an option of @type and @units of 8 bytes whose bytes are really there: @size. */
static size_t option_append(uint8_t *bytes, size_t length, uint16_t head, size_t size)
{
	bytes[length] = (uint8_t)(head >> 8);
	bytes[length + 1] = (uint8_t)head;
	memset(bytes + length + 2, 0, size - 2);
	bytes[IPV6_AT + 5] = (uint8_t)(bytes[IPV6_AT + 5] + size);
	return length + size;
}

/* What is broken above ICMPv6's checksum, which then is right. */
static size_t solicitation_spoil_inside(uint8_t *bytes, size_t length, unsigned kind, uint64_t *random)
{
	uint8_t *ip = bytes + IPV6_AT, *icmp = bytes + ICMP6_AT;

	switch (kind) {
	case 0:
		ip[7] = other_than(HOP_LIMIT, random);
		break;
	case 1:
		icmp[1] = other_than(0, random);
		break;
	case 2:
		length = ICMP6_AT + 8 + (dice_next(random) >> 33) % (SOLICITATION_BYTES - 8);
		ip[5] = (uint8_t)(length - ICMP6_AT);
		break;
	case 3:
		icmp[8] = 0xff;
		break;
	case 4: /* RFC 4861, 4.6: a length of 0 */
		length = option_append(bytes, length, 14 << 8, 8);
		break;
	case 5: /* runs past the end */
		length = option_append(bytes, length,
				       14 << 8 | (2 + (dice_next(random) >> 33) % 254), 8);
		break;
	case 6: /* from nobody, but not to the group */
		memset(ip + 8, 0, 16);
		memcpy(ip + 24, icmp + 8, 16);
		length = ICMP6_AT + SOLICITATION_BYTES;
		ip[5] = SOLICITATION_BYTES;
		break;
	case 7: /* from nobody, and yet with a MAC */
		memset(ip + 8, 0, 16);
		if (length == ICMP6_AT + SOLICITATION_BYTES)
			length = option_append(bytes, length, ND_OPT_SOURCE_LINKADDR << 8 | 1, 8);
		break;
	default:
		ip[8] = 0xff; /* a group asks nothing */
		break;
	}
	icmp6_seal(bytes, length);
	return length;
}

static size_t solicitation_spoil(uint8_t *bytes, size_t length, uint64_t random)
{
	uint8_t *ip = bytes + IPV6_AT, *icmp = bytes + ICMP6_AT;
	unsigned kind = (unsigned)(dice_next(&random) >> 33) % 15;

	switch (kind) {
	case 0 ... 8:
		return solicitation_spoil_inside(bytes, length, kind, &random);
	case 9: /* one bit, so that it is no other way to write the same sum */
		icmp[2] ^= (uint8_t)(1 << (dice_next(&random) >> 33) % 8);
		return length;
	case 10: /* ends before its length says so */
		return ICMP6_AT + (dice_next(&random) >> 33) % (length - ICMP6_AT);
	case 11:
		ip[0] = (uint8_t)(other_than(6, &random) << 4 | (ip[0] & 0xf));
		if (ip[0] >> 4 == 6)
			ip[0] ^= 0x50;
		return length;
	case 12: /* no next header */
		ip[6] = IPPROTO_NONE;
		return length;
	case 13:
		ip[4] = other_than(0, &random);
		return length;
	default:
		random_fill(ip, length - IPV6_AT, &random);
		icmp[0] = ND_ROUTER_ADVERT; /* whatever it is, it is no question */
		ip[6] = IPPROTO_ICMPV6;
		return length;
	}
}

size_t question_spoil(uint8_t *bytes, size_t length, uint64_t random)
{
	random |= 1; /* of 0, dice_next() makes nothing but 0 */
	if (bytes[12] << 8 == (ETHERTYPE_ARP & 0xff00) && bytes[13] == (ETHERTYPE_ARP & 0xff))
		return arp_spoil(bytes, length, random);
	return solicitation_spoil(bytes, length, random);
}

static int reply_get(struct wire_reader *reader, struct answer *answer)
{
	bool ethernet = wire_get_u16(reader) == ARPHRD_ETHER;
	bool ipv4 = wire_get_u16(reader) == ETHERTYPE_IP;
	bool sizes = wire_get_u16(reader) == (6 << 8 | 4);

	if (wire_get_u16(reader) != ARPOP_REPLY)
		return -ENOMSG;
	answer->target.family = answer->from.family = answer->to.family = AF_INET;
	wire_get_bytes(reader, answer->mac, 6);
	wire_get_bytes(reader, answer->target.bytes, 4);
	wire_get_view(reader, 6);
	wire_get_bytes(reader, answer->to.bytes, 4);
	answer->from = answer->target;
	return ethernet && ipv4 && sizes && !reader->broken ? 0 : -EBADMSG;
}

/* The options of an advertisement: each has a length, and ends inside (RFC 4861, 7.1.2). */
static bool options_get(struct wire_reader *reader, struct answer *answer)
{
	while (wire_left(reader)) {
		uint8_t type = wire_get_u8(reader), units = wire_get_u8(reader);

		if (!units)
			return false;
		if (type == ND_OPT_TARGET_LINKADDR && units == 1)
			wire_get_bytes(reader, answer->mac, 6);
		else
			wire_get_view(reader, units * 8u - 2);
	}
	return !reader->broken;
}

static int advertisement_get(const uint8_t *bytes, size_t length, struct answer *answer)
{
	struct wire_reader reader = wire_reader(bytes + IPV6_AT, length - IPV6_AT);
	uint32_t first = wire_get_u32(&reader), flags;
	uint16_t payload = wire_get_u16(&reader), next = wire_get_u16(&reader);
	uint8_t code;

	answer->from.family = answer->to.family = answer->target.family = AF_INET6;
	wire_get_bytes(&reader, answer->from.bytes, 16);
	wire_get_bytes(&reader, answer->to.bytes, 16);
	if (first >> 28 != 6 || next >> 8 != IPPROTO_ICMPV6 ||
	    wire_get_u8(&reader) != ND_NEIGHBOR_ADVERT)
		return -ENOMSG;
	code = wire_get_u8(&reader);
	wire_get_u16(&reader);
	flags = wire_get_u32(&reader);
	wire_get_bytes(&reader, answer->target.bytes, 16);
	if (reader.broken || code || (next & 0xff) != HOP_LIMIT || payload != length - ICMP6_AT ||
	    sum_fold(icmp6_sum(bytes, length)) != 0xffff || address_is_multicast(&answer->target))
		return -EBADMSG;
	answer->router = flags >> 31;
	answer->solicited = flags >> 30 & 1;
	answer->override = flags >> 29 & 1;
	return options_get(&reader, answer) ? 0 : -EBADMSG;
}

int answer_get(const uint8_t *bytes, size_t length, struct answer *ret_answer)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct answer answer = { 0 };
	uint16_t type;
	int error = -ENOMSG;

	wire_get_bytes(&reader, answer.to_mac, 6);
	wire_get_bytes(&reader, answer.from_mac, 6);
	type = wire_get_u16(&reader);
	if (type == ETHERTYPE_ARP)
		error = reply_get(&reader, &answer);
	else if (type == ETHERTYPE_IPV6 && length >= ICMP6_AT)
		error = advertisement_get(bytes, length, &answer);
	if (!error)
		*ret_answer = answer;
	return error;
}

const char *answer_fault(const struct answer *answer, const struct question *question,
			 const uint8_t mac[6])
{
	bool probe = address_is_unspecified(&question->from);
	bool v6 = question->target.family == AF_INET6;
	bool to_all = v6 && probe;

	if (!address_equal(&answer->target, &question->target))
		return "is about another target";
	if (memcmp(answer->from_mac, mac, 6))
		return "comes from another MAC";
	if (memcmp(answer->mac, mac, 6) && (!question->unicast || memcmp(answer->mac, nobody, 6)))
		return "tells another MAC, or none";
	if (memcmp(answer->to_mac, to_all ? all_nodes_mac : question->mac, 6))
		return "goes to another MAC";
	if (to_all ? memcmp(answer->to.bytes, all_nodes, 16) != 0 :
		     !address_equal(&answer->to, &question->from))
		return "goes to another address";
	if (v6 && answer->solicited == probe)
		return "has the solicited flag wrong"; /* RFC 4861, 7.2.4 */
	if (address_is_multicast(&answer->from) || address_is_unspecified(&answer->from))
		return "comes from no address of a host";
	return NULL;
}

bool answer_is_announcement(const struct answer *answer)
{
	if (answer->target.family == AF_INET)
		return !memcmp(answer->to_mac, everybody, 6);
	return !answer->solicited && !memcmp(answer->to.bytes, all_nodes, 16);
}
