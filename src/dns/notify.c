/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/notify.h"
#include "dns/type.h"

#include <errno.h>

#define FLAGS 0x2400 /* opcode NOTIFY, with authority */
#define ANSWER 0xa000
#define ANSWER_MASK 0xf800 /* that it is an answer, and the opcode */

size_t notify_put(const struct zone *zone, uint16_t id, struct tsig_session *session, uint64_t now,
		  struct wire_writer *writer)
{
	uint8_t *message = writer->at;

	wire_put_u16(writer, id);
	wire_put_u16(writer, FLAGS);
	wire_put_u16(writer, 1);
	wire_put_u16(writer, 1);
	wire_put_u32(writer, 0);
	wire_put_bytes(writer, zone->apex->name, zone->apex->length);
	wire_put_u16(writer, DNS_SOA);
	wire_put_u16(writer, DNS_IN);
	/* The record's owner points to the question, as that of every record of a zone. */
	wire_put_bytes(writer, zone->soa->records, zone->soa->size);
	if (writer->broken)
		return 0;
	size_t length = (size_t)(writer->at - message), room = (size_t)(writer->end - message);

	if (session)
		length = tsig_sign(session, now, message, length, room);
	if (length)
		writer->at = message + length;
	return length;
}

int notify_answer(const struct zone *zone, uint16_t id, const uint8_t *message, size_t length)
{
	struct wire_reader reader = wire_reader(message, length);
	uint16_t answered = wire_get_u16(&reader), flags = wire_get_u16(&reader);
	struct dns_name name;

	if (answered != id || (flags & ANSWER_MASK) != ANSWER || wire_get_u16(&reader) != 1)
		return -EBADMSG;
	wire_get_u32(&reader);
	wire_get_u16(&reader);
	if (reader.broken || !name_read(&name, reader.at, wire_left(&reader)) ||
	    !name_equal(name.wire, zone->apex->name))
		return -EBADMSG;
	wire_get_view(&reader, name.length);
	if (wire_get_u16(&reader) != DNS_SOA || wire_get_u16(&reader) != DNS_IN || reader.broken)
		return -EBADMSG;
	return flags & 0xf;
}
