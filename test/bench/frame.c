/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The generator writes whole frames, and reads whole frames, because it has to be much cheaper
 * than the server that it loads: with one core each, a client that goes through the UDP sockets of
 * its kernel costs as much as the server, and then any two servers look alike. It is also the
 * only way to see an answer that bears the wrong source address, which a socket would not show.
 *
 * Building and reading are pure, so that the test can compare bytes.
 */
#include "frame.h"
#include "sum.h"

#include "net/wire.h"

#include <errno.h>
#include <net/ethernet.h>
#include <string.h>

#define MAGIC 0x6d68626eu /* "mhbn" */
#define UDP_BYTES 8
#define HOP_LIMIT 64

/* Every question has bytes of its own, so that an answer with another's payload shows. */
static uint8_t filler(uint64_t number, size_t index)
{
	return (uint8_t)(number * 31 + index);
}

static void ipv4_put(const struct frame *frame, struct wire_writer *writer)
{
	uint8_t *start = writer->at;

	wire_put_u16(writer, 0x4500);
	wire_put_u16(writer, (uint16_t)(20 + UDP_BYTES + frame->payload));
	wire_put_u32(writer, 0x00004000); /* no fragments */
	wire_put_u16(writer, HOP_LIMIT << 8 | IPPROTO_UDP);
	wire_put_u16(writer, 0);
	wire_put_bytes(writer, frame->from.bytes, 4);
	wire_put_bytes(writer, frame->to.bytes, 4);
	if (!writer->broken)
		sum_store(sum_bytes(0, start, 20), start + 10);
}

static void ipv6_put(const struct frame *frame, struct wire_writer *writer)
{
	wire_put_u32(writer, 0x60000000);
	wire_put_u16(writer, (uint16_t)(UDP_BYTES + frame->payload));
	wire_put_u16(writer, IPPROTO_UDP << 8 | HOP_LIMIT);
	wire_put_bytes(writer, frame->from.bytes, 16);
	wire_put_bytes(writer, frame->to.bytes, 16);
}

static void udp_put(const struct frame *frame, struct wire_writer *writer)
{
	size_t size = address_size(frame->to.family);
	uint8_t *start = writer->at;
	uint32_t sum = IPPROTO_UDP + UDP_BYTES + frame->payload;

	wire_put_u16(writer, frame->from_port);
	wire_put_u16(writer, frame->to_port);
	wire_put_u16(writer, (uint16_t)(UDP_BYTES + frame->payload));
	wire_put_u16(writer, 0);
	wire_put_u32(writer, MAGIC);
	wire_put_u32(writer, frame->run);
	wire_put_u32(writer, frame->slot);
	wire_put_u64(writer, frame->number);
	for (size_t i = FRAME_MIN_PAYLOAD; i < frame->payload; i++)
		wire_put_u8(writer, filler(frame->number, i));
	if (writer->broken)
		return;
	sum = sum_bytes(sum, frame->from.bytes, size);
	sum = sum_bytes(sum, frame->to.bytes, size);
	sum_store(sum_bytes(sum, start, UDP_BYTES + frame->payload), start + 6);
	if (!start[6] && !start[7])
		start[6] = start[7] = 0xff; /* RFC 768: 0 would say "no checksum" */
}

size_t frame_put(const struct frame *frame, uint8_t *buffer, size_t room)
{
	struct wire_writer writer = wire_writer(buffer, room);

	wire_put_bytes(&writer, frame->to_mac, 6);
	wire_put_bytes(&writer, frame->from_mac, 6);
	wire_put_u16(&writer, frame->to.family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	if (frame->to.family == AF_INET)
		ipv4_put(frame, &writer);
	else
		ipv6_put(frame, &writer);
	udp_put(frame, &writer);
	return writer.broken ? 0 : wire_written(&writer);
}

/* Both give whether a UDP datagram without options or extension headers follows. */
static bool ipv4_get(struct wire_reader *reader, struct frame *frame)
{
	bool plain = wire_get_u8(reader) == 0x45;

	wire_get_view(reader, 8);
	plain = wire_get_u8(reader) == IPPROTO_UDP && plain;
	wire_get_view(reader, 2);
	frame->from.family = frame->to.family = AF_INET;
	wire_get_bytes(reader, frame->from.bytes, 4);
	wire_get_bytes(reader, frame->to.bytes, 4);
	return plain;
}

static bool ipv6_get(struct wire_reader *reader, struct frame *frame)
{
	bool plain = wire_get_u32(reader) >> 28 == 6;

	wire_get_view(reader, 2);
	plain = wire_get_u8(reader) == IPPROTO_UDP && plain;
	wire_get_view(reader, 1);
	frame->from.family = frame->to.family = AF_INET6;
	wire_get_bytes(reader, frame->from.bytes, 16);
	wire_get_bytes(reader, frame->to.bytes, 16);
	return plain;
}

static int payload_get(struct wire_reader *reader, struct frame *frame)
{
	const uint8_t *rest;

	if (wire_get_u32(reader) != MAGIC)
		return -ENOMSG;
	frame->run = wire_get_u32(reader);
	frame->slot = wire_get_u32(reader);
	frame->number = wire_get_u64(reader);
	if (frame->payload < FRAME_MIN_PAYLOAD || frame->payload > FRAME_MAX_PAYLOAD)
		return -EBADMSG;
	rest = wire_get_view(reader, frame->payload - FRAME_MIN_PAYLOAD);
	for (size_t i = FRAME_MIN_PAYLOAD; rest && i < frame->payload; i++)
		if (rest[i - FRAME_MIN_PAYLOAD] != filler(frame->number, i))
			return -EBADMSG;
	return reader->broken ? -EBADMSG : 0;
}

int frame_get(const uint8_t *bytes, size_t length, struct frame *ret_frame)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct frame frame = { 0 };
	uint16_t type;
	bool plain;
	int error;

	wire_get_bytes(&reader, frame.to_mac, 6);
	wire_get_bytes(&reader, frame.from_mac, 6);
	type = wire_get_u16(&reader);
	if (type == ETHERTYPE_IP)
		plain = ipv4_get(&reader, &frame);
	else
		plain = type == ETHERTYPE_IPV6 && ipv6_get(&reader, &frame);
	if (!plain)
		return -ENOMSG;
	frame.from_port = wire_get_u16(&reader);
	frame.to_port = wire_get_u16(&reader);
	frame.payload = (uint16_t)(wire_get_u16(&reader) - UDP_BYTES);
	wire_get_u16(&reader);
	error = payload_get(&reader, &frame);
	if (!error)
		*ret_frame = frame;
	return error;
}
