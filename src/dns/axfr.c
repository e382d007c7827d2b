/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/axfr.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "net/wire.h"

#include <string.h>

#define HEAD 12
#define FLAGS 0x8400	    /* an answer, with authority */
#define POINTER 0xc000	    /* RFC 1035, 4.1.4 */
#define POINTER_MOST 0x3fff /* how far a pointer leads */

void axfr_begin(struct axfr *axfr, const struct zone *zone, uint16_t id, const uint8_t *question,
		struct tsig_session *session)
{
	*axfr = (struct axfr){ .zone = zone, .session = session, .id = id };
	axfr->question_length = name_length(question) + 4;
	memcpy(axfr->question, question, axfr->question_length);
	/*
	 * All names lead there, and how the asker writes the apex is not what the zone holds (RFC
	 * 5936, 3.4).
	 */
	name_lower(axfr->question, axfr->question);
}

/* Goes to the next record in the middle: all but the SOA, whose signatures belong there. */
static void advance(struct axfr *axfr)
{
	if (axfr->record)
		axfr->record = zone_record_next(axfr->record);
	while (!axfr->set ||
	       axfr->record >= axfr->set->records + axfr->set->size + axfr->set->signatures_size) {
		axfr->set = axfr->node ? zone_rrset_next(axfr->node, axfr->set) : NULL;
		if (!axfr->set)
			axfr->node = zone_node_next(axfr->zone, axfr->node);
		if (!axfr->node)
			return;
		if (axfr->set)
			axfr->record = axfr->set->records +
				       (axfr->set->type == DNS_SOA ? axfr->set->size : 0);
	}
}

/*
 * The one suffix that nearly all names share is the apex, which the question of every message has;
 * so names are its pointer behind what they have of their own.
 */
static void put_name(struct wire_writer *writer, const uint8_t *name, const struct zone_node *apex)
{
	const uint8_t *end = name;
	unsigned labels = name_labels(name);

	if (!apex->labels || !name_within(name, apex->name)) {
		wire_put_bytes(writer, name, name_length(name));
		return;
	}
	for (; labels > apex->labels; labels--)
		end += *end + 1;
	wire_put_bytes(writer, name, (size_t)(end - name));
	wire_put_u16(writer, ZONE_OWNER);
}

/* The data, with the names pressed together that may be (RFC 3597, 4). */
static void put_data(struct wire_writer *writer, const uint8_t *record, const struct zone_node *apex)
{
	uint16_t type = (uint16_t)(record[2] << 8 | record[3]);
	const uint8_t *data = record + ZONE_RECORD_HEAD, *end = zone_record_next(record);
	unsigned before, names = rdata_compressible(type, &before);
	uint8_t *length = writer->at;

	wire_put_u16(writer, 0);
	if (names)
		wire_put_bytes(writer, data, before);
	else
		before = 0;
	for (data += before; names; names--) {
		put_name(writer, data, apex);
		data += name_length(data);
	}
	wire_put_bytes(writer, data, (size_t)(end - data));
	if (writer->broken)
		return;
	size_t written = (size_t)(writer->at - length) - 2;

	length[0] = (uint8_t)(written >> 8);
	length[1] = (uint8_t)written;
}

/* Where the owner that was written last stands; records of one name follow one another. */
struct owner {
	const struct zone_node *node;
	size_t at;
};

/* Writes one record, or nothing of it when there is no room. */
static bool put_record(struct wire_writer *writer, const struct zone_node *node,
		       const uint8_t *record, const struct zone_node *apex, struct owner *owner)
{
	struct wire_writer start = *writer;

	if (owner->node == node && owner->at <= POINTER_MOST) {
		wire_put_u16(writer, (uint16_t)(POINTER | owner->at));
	} else {
		*owner = (struct owner){ .node = node, .at = wire_written(writer) };
		put_name(writer, node->name, apex);
	}
	wire_put_bytes(writer, record + 2, 8);
	put_data(writer, record, apex);
	if (!writer->broken)
		return true;
	*writer = start;
	return false;
}

/* One record further. Returns false when it did not fit. */
static bool step(struct axfr *axfr, struct wire_writer *writer, struct owner *owner)
{
	const struct zone_node *apex = axfr->zone->apex;

	switch (axfr->phase) {
	case AXFR_FIRST:
		if (!put_record(writer, apex, axfr->zone->soa->records, apex, owner))
			return false;
		advance(axfr);
		axfr->phase = axfr->node ? AXFR_RECORDS : AXFR_LAST;
		return true;
	case AXFR_RECORDS:
		if (!put_record(writer, axfr->node, axfr->record, apex, owner))
			return false;
		advance(axfr);
		if (!axfr->node)
			axfr->phase = AXFR_LAST;
		return true;
	case AXFR_LAST:
		if (!put_record(writer, apex, axfr->zone->soa->records, apex, owner))
			return false;
		axfr->phase = AXFR_DONE;
		return true;
	case AXFR_DONE:
		break;
	}
	return false;
}

size_t axfr_next(struct axfr *axfr, uint64_t now, uint8_t *message, size_t room)
{
	size_t kept = axfr->session ? tsig_size(axfr->session) : 0, length;
	struct wire_writer writer = wire_writer(message, room > kept ? room - kept : 0);
	struct owner owner = { 0 };
	uint16_t count = 0;

	wire_put_u16(&writer, axfr->id);
	wire_put_u16(&writer, FLAGS);
	wire_put_u16(&writer, 1);
	wire_put_u16(&writer, 0);
	wire_put_u32(&writer, 0);
	wire_put_bytes(&writer, axfr->question, axfr->question_length);
	if (writer.broken)
		return 0;
	while (count < UINT16_MAX && step(axfr, &writer, &owner))
		count++;
	if (!count)
		return 0;
	message[6] = (uint8_t)(count >> 8);
	message[7] = (uint8_t)count;
	length = wire_written(&writer);
	return axfr->session ? tsig_sign(axfr->session, now, message, length, room) : length;
}
