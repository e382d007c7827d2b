/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_packet.h"

#include "net/wire.h"

#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define IPV4_HEADER_LEAST 20
#define ETHERTYPE_OF_IPV4 0x0800
#define ND_OPTION_ROOM 8

/* RFC 1071. Over what bears its own checksum it gives 0. */
static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void probe_echo_request(const struct probe_echo *echo, uint8_t family, uint8_t bytes[PROBE_ECHO_SIZE])
{
	struct wire_writer writer = wire_writer(bytes, PROBE_ECHO_SIZE);
	uint16_t sum;

	wire_put_u8(&writer, family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
	wire_put_u8(&writer, 0);
	wire_put_u16(&writer, 0);
	wire_put_u16(&writer, echo->id);
	wire_put_u16(&writer, echo->sequence);
	wire_put_u64(&writer, echo->secret);
	wire_put_u32(&writer, echo->slot);
	wire_put_u32(&writer, echo->turn);
	if (family != AF_INET)
		return;
	sum = checksum(bytes, PROBE_ECHO_SIZE);
	bytes[2] = (uint8_t)(sum >> 8);
	bytes[3] = (uint8_t)sum;
}

/* Steps over the IPv4 header, whose own sums the kernel has looked at. */
static void skip_ipv4(struct wire_reader *reader)
{
	const uint8_t *header = reader->at;
	size_t length = wire_left(reader) ? (size_t)(header[0] & 15) * 4 : 0;

	if (length < IPV4_HEADER_LEAST || header[0] >> 4 != 4)
		reader->broken = true;
	else
		wire_get_view(reader, length);
}

bool probe_echo_reply(const void *bytes, size_t length, uint8_t family, struct probe_echo *ret_echo)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct probe_echo echo;
	uint8_t type;

	if (family == AF_INET)
		skip_ipv4(&reader);
	if (reader.broken || wire_left(&reader) != PROBE_ECHO_SIZE)
		return false;
	if (family == AF_INET && checksum(reader.at, PROBE_ECHO_SIZE) != 0)
		return false;
	type = wire_get_u8(&reader);
	if (type != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) ||
	    wire_get_u8(&reader) != 0)
		return false;
	wire_get_u16(&reader);
	echo.id = wire_get_u16(&reader);
	echo.sequence = wire_get_u16(&reader);
	echo.secret = wire_get_u64(&reader);
	echo.slot = wire_get_u32(&reader);
	echo.turn = wire_get_u32(&reader);
	if (!wire_done(&reader))
		return false;
	*ret_echo = echo;
	return true;
}

void probe_arp_request(const uint8_t hardware[6], const struct address *source,
		       const struct address *target, uint8_t bytes[PROBE_ARP_SIZE])
{
	static const uint8_t unknown[6];
	struct wire_writer writer = wire_writer(bytes, PROBE_ARP_SIZE);

	wire_put_u16(&writer, ARPHRD_ETHER);
	wire_put_u16(&writer, ETHERTYPE_OF_IPV4);
	wire_put_u8(&writer, 6);
	wire_put_u8(&writer, 4);
	wire_put_u16(&writer, ARPOP_REQUEST);
	wire_put_bytes(&writer, hardware, 6);
	wire_put_bytes(&writer, source->bytes, 4);
	wire_put_bytes(&writer, unknown, 6);
	wire_put_bytes(&writer, target->bytes, 4);
}

bool probe_arp_reply(const void *bytes, size_t length, struct address *ret_sender)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct address sender = { .family = AF_INET };
	bool sound = wire_get_u16(&reader) == ARPHRD_ETHER &&
		     wire_get_u16(&reader) == ETHERTYPE_OF_IPV4 && wire_get_u8(&reader) == 6 &&
		     wire_get_u8(&reader) == 4 && wire_get_u16(&reader) == ARPOP_REPLY;

	wire_get_view(&reader, 6);
	wire_get_bytes(&reader, sender.bytes, 4);
	/* Ethernet pads: what follows is nobody's. */
	wire_get_view(&reader, 6 + 4);
	if (!sound || reader.broken)
		return false;
	*ret_sender = sender;
	return true;
}

void probe_nd_request(const uint8_t hardware[6], const struct address *target,
		      uint8_t bytes[PROBE_NS_SIZE])
{
	struct wire_writer writer = wire_writer(bytes, PROBE_NS_SIZE);

	wire_put_u8(&writer, ND_NEIGHBOR_SOLICIT);
	wire_put_u8(&writer, 0);
	wire_put_u16(&writer, 0);
	wire_put_u32(&writer, 0);
	wire_put_bytes(&writer, target->bytes, 16);
	wire_put_u8(&writer, ND_OPT_SOURCE_LINKADDR);
	wire_put_u8(&writer, ND_OPTION_ROOM / 8);
	wire_put_bytes(&writer, hardware, 6);
}

struct address probe_nd_group(const struct address *target)
{
	struct address group = { AF_INET6, { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };

	memcpy(group.bytes + 13, target->bytes + 13, 3);
	return group;
}

/* RFC 4861, 7.1.2: what is refused there is refused here. */
bool probe_nd_reply(const void *bytes, size_t length, int hop_limit, struct address *ret_target)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct address target = { .family = AF_INET6 };
	bool sound = hop_limit == 255 && wire_get_u8(&reader) == ND_NEIGHBOR_ADVERT &&
		     wire_get_u8(&reader) == 0;

	wire_get_view(&reader, 2 + 4);
	wire_get_bytes(&reader, target.bytes, 16);
	while (sound && !reader.broken && wire_left(&reader)) {
		size_t room;

		wire_get_u8(&reader);
		room = (size_t)wire_get_u8(&reader) * 8;
		sound = room >= 2 && wire_get_view(&reader, room - 2) != NULL;
	}
	if (!sound || reader.broken || address_is_multicast(&target))
		return false;
	*ret_target = target;
	return true;
}
