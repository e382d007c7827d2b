/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"
#include "dns/base32.h"
#include "dns/type.h"
#include "dns/zone_check.h"
#include "net/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * RFC 9276, 3.1 wants none. Beyond this many validators take a zone for insecure or bogus, and each
 * answer costs us.
 */
#define ITERATIONS_MOST 150

/* RFC 4034, appendix B. */
static uint16_t key_tag(const uint8_t *key, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? key[i] : (uint32_t)key[i] << 8;
	return (uint16_t)(sum + (sum >> 16));
}

static bool has_key(const struct zone *zone, uint8_t algorithm, uint16_t tag)
{
	const struct zone_rrset *set = zone_rrset(zone->apex, DNS_DNSKEY);
	const uint8_t *record = set ? set->records : NULL, *end = set ? record + set->size : NULL;

	for (; record < end; record = zone_record_next(record)) {
		size_t length = (size_t)(record[10] << 8 | record[11]);
		const uint8_t *key = record + ZONE_RECORD_HEAD;

		if (key[3] == algorithm && key_tag(key, length) == tag)
			return true;
	}
	return false;
}

static const char *time_text(uint32_t seconds, char buffer[32])
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (!gmtime_r(&time, &parts) || !strftime(buffer, 32, "%Y-%m-%d %H:%M UTC", &parts))
		snprintf(buffer, 32, "%u", seconds);
	return buffer;
}

/* Labels without the root, and without the star of a wildcard (RFC 4034, 3.1.3). */
static unsigned signed_labels(const struct zone_node *node)
{
	return node->labels - (node->name[0] == 1 && node->name[1] == '*');
}

static void check_signature(const struct zone_check *check, const struct zone_node *node,
			    const struct zone_rrset *set, const uint8_t *at)
{
	struct zone_record record = zone_check_record(node, DNS_RRSIG, at);
	struct wire_reader reader = wire_reader(record.data + 2, (size_t)record.length - 2);
	uint8_t algorithm = wire_get_u8(&reader), labels = wire_get_u8(&reader);
	uint32_t ttl = wire_get_u32(&reader), until = wire_get_u32(&reader),
		 from = wire_get_u32(&reader);
	uint16_t tag = wire_get_u16(&reader);
	char type[TYPE_TEXT_SIZE], date[32];

	type_text(set->type, type);
	if (!name_equal(record.data + 18, check->zone->apex->name))
		zone_error(check->problems, &record,
			   "this RRSIG of %s is not signed by the apex of the zone", type);
	else if (labels != signed_labels(node))
		zone_error(check->problems, &record,
			   "this RRSIG covers %s of a name of %u labels, but it has %u", type,
			   labels, signed_labels(node));
	else if (ttl < zone_rrset_ttl(set))
		zone_error(check->problems, &record,
			   "this RRSIG covers %s with a TTL of %u, but it is %u", type, ttl,
			   zone_rrset_ttl(set));
	else if (!has_key(check->zone, algorithm, tag))
		zone_error(check->problems, &record,
			   "the key %u of this RRSIG of %s is not among the DNSKEYs", tag, type);
	/* Times are serial numbers (RFC 4034, 3.1.5). */
	else if (check->now && (int32_t)(until - (uint32_t)check->now) < 0)
		zone_warn(check->problems, &record, "this RRSIG of %s has expired at %s", type,
			  time_text(until, date));
	else if (check->now && (int32_t)((uint32_t)check->now - from) < 0)
		zone_warn(check->problems, &record, "this RRSIG of %s is valid from %s only", type,
			  time_text(from, date));
}

/* RFC 4035, 2.2: all but glue, and the NS of a delegation. */
static bool is_to_be_signed(const struct zone_node *node, uint16_t type)
{
	if (node->flags & ZONE_BELOW)
		return false;
	return !(node->flags & ZONE_CUT) || type == DNS_DS || type == DNS_NSEC;
}

void zone_check_signatures(const struct zone_check *check, const struct zone_node *node)
{
	const struct zone_rrset *set = NULL;
	char type[TYPE_TEXT_SIZE];

	while ((set = zone_rrset_next(node, set))) {
		struct zone_record record = zone_check_set(node, set->type);
		const uint8_t *at = set->records + set->size, *end = at + set->signatures_size;

		if (!set->count)
			continue;
		type_text(set->type, type);
		if (!set->signatures && is_to_be_signed(node, set->type))
			zone_error(check->problems, &record,
				   "the zone is signed, but no RRSIG covers this %s", type);
		for (; at < end; at = zone_record_next(at))
			check_signature(check, node, set, at);
	}
}

/* NSEC and NSEC3 name the types at a name (RFC 4034, 4.1.2; RFC 5155, 3.2.1). */
static bool is_named(const uint8_t *bitmap, const uint8_t *end, uint16_t type)
{
	for (; bitmap + 2 <= end; bitmap += 2 + bitmap[1])
		if (bitmap[0] == type >> 8 && (type & 0xff) / 8 < bitmap[1])
			return bitmap[2 + (type & 0xff) / 8] & 0x80 >> type % 8;
	return false;
}

static unsigned named(const uint8_t *bitmap, const uint8_t *end)
{
	unsigned count = 0;

	for (; bitmap + 2 <= end; bitmap += 2 + bitmap[1])
		for (unsigned i = 0; i < bitmap[1]; i++)
			count += (unsigned)__builtin_popcount(bitmap[2 + i]);
	return count;
}

static void check_types(const struct zone_check *check, const struct zone_node *node,
			const struct zone_record *record, size_t before)
{
	const uint8_t *bitmap = record->data + before, *end = record->data + record->length;
	const struct zone_rrset *set = NULL;
	unsigned count = 0, signatures = 0;
	char name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE];

	while ((set = zone_rrset_next(node, set))) {
		if (node->flags & ZONE_CUT && set->type != DNS_NS && !is_to_be_signed(node, set->type))
			continue;
		count++;
		signatures += set->signatures;
		if (!is_named(bitmap, end, set->type))
			zone_error(check->problems, record, "%s has %s, but this record denies it",
				   name_text(node->name, name), type_text(set->type, type));
	}
	if (is_named(bitmap, end, DNS_RRSIG) != (signatures > 0) ||
	    named(bitmap, end) > count + (signatures > 0))
		zone_error(check->problems, record, "this record names other types than %s has",
			   name_text(node->name, name));
}

static const struct zone_node *ordered(const struct zone *zone, uint32_t number)
{
	return (const struct zone_node *)(zone->bytes +
					  (size_t)zone->ordered[number % zone->ordered_count] * 4);
}

static void check_nsec(const struct zone_check *check, uint32_t number)
{
	const struct zone_node *node = ordered(check->zone, number),
			       *next = ordered(check->zone, number + 1);
	const struct zone_rrset *set = zone_rrset(node, DNS_NSEC);
	struct zone_record record;
	char name[NAME_TEXT_SIZE], other[NAME_TEXT_SIZE];

	if (!set->count)
		return;
	record = zone_check_record(node, DNS_NSEC, set->records);
	if (set->count > 1)
		zone_error(check->problems, &record, "%s has %u NSEC; there can be one",
			   name_text(node->name, name), set->count);
	if (!name_equal(record.data, next->name))
		zone_error(check->problems, &record,
			   "the chain of NSEC is broken: %s is said to be next, but it is %s",
			   name_text(record.data, name), name_text(next->name, other));
	check_types(check, node, &record, name_length(record.data));
}

static void check_all_nsec(const struct zone_check *check)
{
	char name[NAME_TEXT_SIZE];

	for (uint32_t i = 0; i < check->zone->ordered_count; i++)
		check_nsec(check, i);
	for (const struct zone_node *node = NULL; (node = zone_node_next(check->zone, node));) {
		struct zone_record record = zone_check_set(node, 0);

		if (!(node->flags & (ZONE_BELOW | ZONE_EMPTY | ZONE_NSEC3)) &&
		    !zone_rrset(node, DNS_NSEC))
			zone_error(check->problems, &record, "%s has no NSEC",
				   name_text(node->name, name));
	}
}

/* Where the types begin; 0 when the record is not of the chain that NSEC3PARAM tells of. */
static size_t nsec3_types(const struct zone *zone, const struct zone_record *record)
{
	struct wire_reader reader = wire_reader(record->data, record->length);
	uint8_t algorithm = wire_get_u8(&reader);
	const uint8_t *salt;

	wire_get_u8(&reader);
	uint16_t iterations = wire_get_u16(&reader);
	uint8_t length = wire_get_u8(&reader);

	salt = wire_get_view(&reader, length);
	if (algorithm != 1 || iterations != zone->iterations || length != zone->salt_length ||
	    memcmp(salt, zone->salt, length) != 0)
		return 0;
	return wire_get_u8(&reader) == ZONE_HASH_SIZE ? 6u + length + ZONE_HASH_SIZE : 0;
}

static void check_nsec3(const struct zone_check *check, uint32_t number)
{
	const struct zone_node *node = ordered(check->zone, number),
			       *next = ordered(check->zone, number + 1);
	const struct zone_rrset *set = zone_rrset(node, DNS_NSEC3);
	struct zone_record record;
	char label[BASE32_HASH_SIZE];
	size_t types;

	if (!set->count)
		return;
	record = zone_check_record(node, DNS_NSEC3, set->records);
	types = nsec3_types(check->zone, &record);
	if (set->count > 1)
		zone_error(check->problems, &record, "an NSEC3 is alone at its name");
	if (!types) {
		zone_error(check->problems, &record,
			   "this NSEC3 has other parameters than NSEC3PARAM at the apex");
		return;
	}
	base32_put(record.data + types - ZONE_HASH_SIZE, label);
	if (memcmp(label, next->name + 1, sizeof(label)) != 0)
		zone_error(
			check->problems, &record,
			"the chain of NSEC3 is broken: %.32s is said to be next, but it is %.32s",
			label, (const char *)next->name + 1);
}

static bool is_opt_out(const struct zone_node *nsec3)
{
	const struct zone_rrset *set = zone_rrset(nsec3, DNS_NSEC3);

	return set->count && set->records[ZONE_RECORD_HEAD + 1] & 1;
}

/*
 * RFC 5155, 7.1: of each name that is ours to tell about; where there is opt-out, not of unsigned
 * delegations.
 */
static void check_hashed(const struct zone_check *check, const struct zone_node *node)
{
	struct zone_record record = zone_check_set(node, 0);
	uint8_t hash[ZONE_HASH_SIZE];
	const struct zone_node *nsec3;
	char name[NAME_TEXT_SIZE];
	size_t types;
	bool same;

	zone_nsec3_hash(check->zone, node->name, hash);
	nsec3 = zone_nsec3(check->zone, hash, &same);
	if (!same) {
		bool unsigned_cut = node->flags & ZONE_EMPTY ||
				    (node->flags & ZONE_CUT && !zone_rrset(node, DNS_DS));

		if (!unsigned_cut || !is_opt_out(nsec3))
			zone_error(check->problems, &record, "%s has no NSEC3",
				   name_text(node->name, name));
		return;
	}
	const struct zone_rrset *set = zone_rrset(nsec3, DNS_NSEC3);

	if (!set->count)
		return;
	record = zone_check_record(nsec3, DNS_NSEC3, set->records);
	types = nsec3_types(check->zone, &record);
	if (types)
		check_types(check, node, &record, types);
}

static void check_all_nsec3(const struct zone_check *check)
{
	const struct zone *zone = check->zone;
	struct zone_record record = zone_check_set(zone->apex, DNS_NSEC3PARAM);

	if (zone->iterations > ITERATIONS_MOST) {
		zone_error(check->problems, &record,
			   "NSEC3 with %u iterations; use 0 (RFC 9276, 3.1)", zone->iterations);
		return;
	}
	if (zone->iterations)
		zone_warn(check->problems, &record,
			  "NSEC3 with %u iterations; 0 is better (RFC 9276, 3.1)", zone->iterations);
	for (uint32_t i = 0; i < zone->ordered_count; i++)
		check_nsec3(check, i);
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));)
		if (!(node->flags & (ZONE_BELOW | ZONE_NSEC3)))
			check_hashed(check, node);
}

void zone_check_denial(const struct zone_check *check)
{
	if (check->zone->denial == ZONE_NSEC_SIGNED)
		check_all_nsec(check);
	else
		check_all_nsec3(check);
}
