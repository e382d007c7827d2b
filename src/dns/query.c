/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/query.h"
#include "dns/type.h"

#define POINTER 0xc0

/* Where the owner of a record ends. What it says is of no interest: only OPT and TSIG have one that is. */
static void skip_name(struct wire_reader *reader)
{
	for (;;) {
		uint8_t size = wire_get_u8(reader);

		if (!size)
			return;
		if ((size & POINTER) == POINTER) {
			wire_get_u8(reader);
			return;
		}
		if (size & POINTER)
			reader->broken = true;
		wire_get_view(reader, size);
	}
}

static void skip_record_rest(struct wire_reader *reader)
{
	wire_get_view(reader, 6);
	wire_get_view(reader, wire_get_u16(reader));
}

/* RFC 6891, 6.1.1: one OPT, of the root, in the additional section; else the query is malformed. */
static enum dns_rcode read_opt(struct wire_reader *reader, bool of_root, bool tcp,
			       struct dns_query *query)
{
	if (!query->edns.present && of_root)
		return edns_read(reader, tcp, &query->edns);
	skip_record_rest(reader);
	return DNS_FORMERR;
}

/* The first thing that is wrong is what the sender is told. */
static void complain(struct dns_query *query, enum dns_rcode rcode)
{
	if (!query->rcode)
		query->rcode = (uint16_t)rcode;
}

static void read_record(struct wire_reader *reader, bool additional, bool tcp, struct dns_query *query)
{
	const uint8_t *start = reader->at;
	uint16_t type;

	/* RFC 8945, 5.1: nothing comes behind a TSIG. */
	if (query->tsig)
		complain(query, DNS_FORMERR);
	skip_name(reader);
	type = wire_get_u16(reader);
	if (type == DNS_OPT) {
		complain(query, additional ? read_opt(reader, reader->at - start == 3, tcp, query) :
					     DNS_FORMERR);
		if (!additional)
			skip_record_rest(reader);
		return;
	}
	if (type == DNS_TSIG) {
		query->tsig = (uint16_t)(start - query->bytes);
		if (!additional)
			complain(query, DNS_FORMERR);
	}
	skip_record_rest(reader);
}

/* The name of a question has nothing before it that it could point to. */
static void read_question(struct wire_reader *reader, struct dns_query *query)
{
	size_t length = name_read(&query->name, reader->at, wire_left(reader));

	wire_get_view(reader, length);
	query->type = wire_get_u16(reader);
	query->class = wire_get_u16(reader);
	if (!length)
		reader->broken = true;
	if (reader->broken)
		return;
	query->question = true;
	query->question_end = (uint16_t)(reader->at - query->bytes);
}

static void read_sections(struct wire_reader *reader, const uint16_t counts[4], bool tcp,
			  struct dns_query *query)
{
	if (counts[0])
		read_question(reader, query);
	for (unsigned section = 1; section < 4; section++) {
		if (section == 2 && counts[2] && !reader->broken)
			query->authority = (uint16_t)(reader->at - query->bytes);
		for (unsigned i = 0; i < counts[section] && !reader->broken; i++)
			read_record(reader, section == 3, tcp, query);
	}
	if (!wire_done(reader))
		complain(query, DNS_FORMERR);
}

bool query_read(const void *bytes, size_t length, bool tcp, struct dns_query *ret_query)
{
	struct wire_reader reader = wire_reader(bytes, length);
	uint16_t flags, counts[4];

	ret_query->bytes = bytes;
	ret_query->length = (uint16_t)length;
	ret_query->id = wire_get_u16(&reader);
	flags = wire_get_u16(&reader);
	for (unsigned i = 0; i < 4; i++)
		counts[i] = wire_get_u16(&reader);
	if (reader.broken || flags & DNS_FLAG_QR || length > DNS_MESSAGE_MAX)
		return false;
	ret_query->opcode = flags >> 11 & 15;
	ret_query->recursion_desired = flags & DNS_FLAG_RD;
	ret_query->question = false;
	ret_query->question_end = DNS_HEADER;
	ret_query->type = ret_query->class = ret_query->tsig = ret_query->authority = 0;
	ret_query->rcode = DNS_NOERROR;
	ret_query->edns = (struct edns){ 0 };
	/* RFC 9619: a query has one question; how several were to be answered nobody ever said. */
	if (ret_query->opcode == DNS_OPCODE_QUERY && counts[0] > 1) {
		ret_query->rcode = DNS_FORMERR;
		return true;
	}
	read_sections(&reader, counts, tcp, ret_query);
	/* What the sections of other opcodes hold is for those who know them. */
	if (ret_query->opcode != DNS_OPCODE_QUERY)
		ret_query->rcode = DNS_NOTIMP;
	else if (!counts[0] && !ret_query->edns.cookie)
		complain(ret_query, DNS_FORMERR); /* but for RFC 7873, 5.4: a cookie alone */
	return true;
}

void query_put(struct wire_writer *writer, uint16_t id, const struct dns_name *name, uint16_t type,
	       uint16_t options)
{
	wire_put_u16(writer, id);
	wire_put_u16(writer, 0);
	wire_put_u16(writer, 1);
	wire_put_u32(writer, 0);
	wire_put_u16(writer, 1);
	wire_put_bytes(writer, name->wire, name->length);
	wire_put_u16(writer, type);
	wire_put_u16(writer, DNS_IN);
	wire_put_u8(writer, 0); /* the root owns the OPT record; its TTL is version and flags */
	wire_put_u16(writer, DNS_OPT);
	wire_put_u16(writer, DNS_UDP_DEFAULT);
	wire_put_u32(writer, 0);
	wire_put_u16(writer, options);
}
