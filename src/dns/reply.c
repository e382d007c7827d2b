/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/reply.h"
#include "dns/rdata.h"
#include "dns/type.h"

#include <string.h>

#define POINTER 0xc0
#define POINTER_REACH 0x4000
#define UNKNOWN UINT16_MAX /* names of the question are not yet remembered */

/* Of the question's names so many of the uppermost, since 127 of them would leave no room for others. */
#define QUESTION_NAMES 16

static void put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void reply_start(struct dns_reply *reply, const struct dns_query *query, uint8_t *bytes, size_t limit)
{
	reply->bytes = bytes;
	reply->limit = limit;
	reply->query = query;
	/* The reply may be written over the query. */
	if (bytes != query->bytes)
		memcpy(bytes + DNS_HEADER, query->bytes + DNS_HEADER,
		       query->question_end - DNS_HEADER);
	reply_empty(reply);
}

void reply_empty(struct dns_reply *reply)
{
	reply->flags = 0;
	reply->last_name = 0;
	reply->mark = (struct reply_mark){ .at = reply->query->question_end, .names = UNKNOWN };
}

static void remember(struct dns_reply *reply, uint64_t hash, size_t offset)
{
	if (reply->mark.names >= REPLY_NAMES || offset >= POINTER_REACH)
		return;
	reply->hashes[reply->mark.names] = zone_hash(hash);
	reply->offsets[reply->mark.names++] = (uint16_t)offset;
}

/* Put off until a name is to be compressed, since most answers have none. */
static void remember_question(struct dns_reply *reply)
{
	const struct dns_name *name = &reply->query->name;
	unsigned first = name->labels > QUESTION_NAMES ? name->labels - QUESTION_NAMES : 0;

	reply->mark.names = 0;
	if (!reply->query->question)
		return;
	if (first)
		remember(reply, name->hashes[0], DNS_HEADER);
	for (unsigned i = first; i < name->labels; i++)
		remember(reply, name->hashes[i], DNS_HEADER + (size_t)name->starts[i]);
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* What we wrote at @offset is the name @wire, in lower case. A hash alone could be made to lie. */
static bool stands_at(const struct dns_reply *reply, size_t offset, const uint8_t *wire)
{
	const uint8_t *at = reply->bytes + offset;

	for (;;) {
		while ((*at & POINTER) == POINTER)
			at = reply->bytes + ((size_t)(at[0] & ~POINTER) << 8 | at[1]);
		if (*at != *wire)
			return false;
		if (!*at)
			return true;
		for (unsigned i = 1; i <= *wire; i++)
			if (lower(at[i]) != wire[i])
				return false;
		at += *wire + 1;
		wire += *wire + 1;
	}
}

/* Where the name from label @label of the one being written stands already; 0: nowhere. */
static size_t find_name(const struct dns_reply *reply, unsigned label)
{
	const struct dns_name *name = &reply->name;
	uint32_t hash = zone_hash(name->hashes[label]);

	for (unsigned i = 0; i < reply->mark.names; i++)
		if (reply->hashes[i] == hash &&
		    stands_at(reply, reply->offsets[i], name->wire + name->starts[label]))
			return reply->offsets[i];
	return 0;
}

/* Writes a name as short as it can be. */
static bool put_name(struct dns_reply *reply, const uint8_t *wire)
{
	struct dns_name *name = &reply->name;
	size_t at = reply->mark.at, found = 0, size;
	unsigned label;

	if (reply->mark.names == UNKNOWN)
		remember_question(reply);
	name_read(name, wire, NAME_SIZE);
	for (label = 0; label < name->labels && !found; label++)
		found = find_name(reply, label);
	label -= found ? 1 : 0;
	size = name->starts[label];
	if (reply->limit < at + size + (found ? 2 : 1))
		return false;
	memcpy(reply->bytes + at, wire, size);
	for (unsigned i = 0; i < label; i++)
		remember(reply, name->hashes[i], at + name->starts[i]);
	if (found)
		put_u16(reply->bytes + at + size, (unsigned)(POINTER << 8 | found));
	else
		reply->bytes[at + size] = 0;
	reply->mark.at = at + size + (found ? 2 : 1);
	if (size)
		found = at;
	reply->last_name = found && found < POINTER_REACH ? (uint16_t)(POINTER << 8 | found) : 0;
	return true;
}

static bool put_bytes(struct dns_reply *reply, const void *bytes, size_t length)
{
	if (reply->limit < reply->mark.at + length)
		return false;
	memcpy(reply->bytes + reply->mark.at, bytes, length);
	reply->mark.at += length;
	return true;
}

static bool put_owner(struct dns_reply *reply, const struct reply_owner *owner)
{
	uint8_t pointer[2];

	if (!owner->pointer)
		return put_name(reply, owner->name);
	put_u16(pointer, owner->pointer);
	return put_bytes(reply, pointer, sizeof(pointer));
}

/* The data of a record: first @before bytes, then @names that may be compressed, then the rest. */
static bool put_data(struct dns_reply *reply, const uint8_t *data, size_t length, unsigned before,
		     unsigned names)
{
	const uint8_t *end = data + length;

	if (!put_bytes(reply, data, before))
		return false;
	data += before;
	for (unsigned i = 0; i < names; i++) {
		if (!put_name(reply, data))
			return false;
		data += name_length(data);
	}
	return put_bytes(reply, data, (size_t)(end - data));
}

/* One record after the other, where owners or data have names to be compressed. */
static bool put_each(struct dns_reply *reply, const struct reply_set *what, const uint8_t *record,
		     const uint8_t *end)
{
	unsigned before = 0, names = 0;
	bool signatures = record != what->set->records;

	if (!signatures)
		names = rdata_compressible(what->set->type, &before);
	for (; record < end; record = zone_record_next(record)) {
		size_t length = (size_t)record[10] << 8 | record[11], fixed;

		if (!put_owner(reply, &what->owner))
			return false;
		fixed = reply->mark.at;
		if (!put_bytes(reply, record + 2, DNS_RECORD_FIXED) ||
		    !put_data(reply, record + ZONE_RECORD_HEAD, length, before, names))
			return false;
		put_u16(reply->bytes + fixed + 8,
			(unsigned)(reply->mark.at - fixed - DNS_RECORD_FIXED));
		if (get_u32(record + 6) > what->ttl_limit)
			put_u32(reply->bytes + fixed + 4, what->ttl_limit);
		reply->mark.counts[what->section]++;
	}
	return true;
}

/* The records as they stand in the zone. */
static bool put_all(struct dns_reply *reply, const struct reply_set *what, const uint8_t *record,
		    const uint8_t *end)
{
	uint8_t *at = reply->bytes + reply->mark.at, *stop;

	if (!put_bytes(reply, record, (size_t)(end - record)))
		return false;
	stop = reply->bytes + reply->mark.at;
	for (; at < stop; at += ZONE_RECORD_HEAD + ((size_t)at[10] << 8 | at[11])) {
		put_u16(at, what->owner.pointer);
		if (get_u32(at + 6) > what->ttl_limit)
			put_u32(at + 6, what->ttl_limit);
		reply->mark.counts[what->section]++;
	}
	return true;
}

static bool put_records(struct dns_reply *reply, const struct reply_set *what,
			const uint8_t *record, size_t size)
{
	unsigned before;

	if (!what->owner.pointer ||
	    (record == what->set->records && rdata_compressible(what->set->type, &before)))
		return put_each(reply, what, record, record + size);
	return put_all(reply, what, record, record + size);
}

bool reply_put_set(struct dns_reply *reply, const struct reply_set *what)
{
	const struct zone_rrset *set = what->set;
	struct reply_mark mark = reply->mark;

	if (put_records(reply, what, set->records, set->size) &&
	    (!what->signatures || !set->signatures || reply_put_signatures(reply, what)))
		return true;
	reply->mark = mark;
	return false;
}

bool reply_put_signatures(struct dns_reply *reply, const struct reply_set *what)
{
	const struct zone_rrset *set = what->set;
	struct reply_mark mark = reply->mark;
	uint16_t last_name = reply->last_name;
	bool fits = put_records(reply, what, set->records + set->size, set->signatures_size);

	/* The name that the set's own data ended with is the one that a chain goes on with. */
	reply->last_name = last_name;
	if (!fits)
		reply->mark = mark;
	return fits;
}

bool reply_put_cname(struct dns_reply *reply, const struct reply_owner *owner, uint32_t ttl,
		     const uint8_t *target)
{
	struct reply_mark mark = reply->mark;
	uint8_t head[DNS_RECORD_FIXED];
	size_t fixed;

	put_u16(head, DNS_CNAME);
	put_u16(head + 2, DNS_IN);
	put_u32(head + 4, ttl);
	put_u16(head + 8, 0);
	if (put_owner(reply, owner) && put_bytes(reply, head, sizeof(head))) {
		fixed = reply->mark.at;
		if (put_name(reply, target)) {
			put_u16(reply->bytes + fixed - 2, (unsigned)(reply->mark.at - fixed));
			reply->mark.counts[REPLY_ANSWER]++;
			return true;
		}
	}
	reply->mark = mark;
	return false;
}

size_t reply_finish(struct dns_reply *reply, struct edns_reply *edns, size_t room)
{
	const struct dns_query *query = reply->query;
	uint8_t *bytes = reply->bytes;
	unsigned flags = DNS_FLAG_QR | (unsigned)query->opcode << 11 | reply->flags;
	struct wire_writer writer;

	if (query->edns.present) {
		writer = wire_writer(bytes + reply->mark.at, room - reply->mark.at);
		edns_put(&writer, edns);
		reply->mark.at += wire_written(&writer);
		reply->mark.counts[REPLY_ADDITIONAL]++;
	}
	if (query->recursion_desired)
		flags |= DNS_FLAG_RD;
	put_u16(bytes, query->id);
	put_u16(bytes + 2, flags | (edns->rcode & 15));
	put_u16(bytes + 4, query->question);
	for (unsigned i = 0; i < 3; i++)
		put_u16(bytes + 6 + 2 * i, reply->mark.counts[i]);
	return reply->mark.at;
}
