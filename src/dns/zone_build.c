/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone_build.h"
#include "dns/type.h"
#include "net/wire.h"

#include <stdlib.h>
#include <string.h>

#define UNIT 4
#define FIRST_SLOTS 8
/*
 * A set must go into one message (RFC 1035, 4.2.2: 65535 bytes over TCP) with its head, its
 * question, and some room for OPT and TSIG.
 */
#define SET_SIZE_MOST (UINT16_MAX - 12 - (NAME_SIZE + 4) - 1024)
/* A set's head, what lies before it for the sake of evenness, and a record's head. */
#define RECORD_ROOM (sizeof(struct zone_rrset) + 1 + ZONE_RECORD_HEAD)

static void index_init(struct zone_index *index, uint32_t slots)
{
	index->slots = mem_alloc(slots * sizeof(*index->slots));
	index->mask = slots - 1;
}

void zone_builder_init(struct zone_builder *builder, const uint8_t *origin,
		       struct zone_problems *problems)
{
	*builder = (struct zone_builder){ .problems = problems, .used = UNIT, .room = 1024 };
	name_read(&builder->origin, origin, NAME_SIZE);
	builder->bytes = mem_alloc(builder->room);
	index_init(&builder->names, FIRST_SLOTS);
	index_init(&builder->hashes, FIRST_SLOTS);
}

void zone_builder_free(struct zone_builder *builder)
{
	free(builder->bytes);
	free(builder->names.slots);
	free(builder->hashes.slots);
	VEC_FREE(&builder->gathered);
	VEC_FREE(&builder->pieces);
	text_free(&builder->data);
}

/* What is left empty is three eighths at least, so that a look-up that fails ends soon. */
static void index_grow(struct zone_index *index)
{
	struct zone_index larger = { .count = index->count };

	if (index->count < (index->mask + 1) / 8 * 5)
		return;
	index_init(&larger, (index->mask + 1) * 2);
	for (uint32_t i = 0; i <= index->mask; i++) {
		struct zone_slot slot = index->slots[i];
		uint32_t at = slot.hash & larger.mask;

		if (!slot.offset)
			continue;
		while (larger.slots[at].offset)
			at = (at + 1) & larger.mask;
		larger.slots[at] = slot;
	}
	free(index->slots);
	*index = larger;
}

struct zone_slot *zone_index_find(struct zone_builder *builder, struct zone_index *index,
				  const struct dns_name *name, unsigned label)
{
	uint32_t hash = zone_hash(name->hashes[label]);
	const uint8_t *wire = name->wire + name->starts[label];
	size_t length = name->length - (size_t)name->starts[label];

	index_grow(index);
	for (uint32_t at = hash;; at++) {
		struct zone_slot *slot = &index->slots[at & index->mask];

		if (!slot->offset)
			return slot;
		if (slot->hash != hash)
			continue;
		const struct zone_node *node = zone_builder_node(builder, slot->offset);

		if (node->length == length && !memcmp(node->name, wire, length))
			return slot;
	}
}

static void reserve(struct zone_builder *builder, size_t size)
{
	if (builder->room - builder->used >= size)
		return;
	while (builder->room - builder->used < size)
		builder->room *= 2;
	builder->bytes = mem_resize(builder->bytes, builder->room);
}

static uint8_t *put_record(uint8_t *at, const struct zone_gathered *record, const char *data)
{
	struct wire_writer writer = wire_writer(at, ZONE_RECORD_HEAD + (size_t)record->length);

	wire_put_u16(&writer, ZONE_OWNER);
	wire_put_u16(&writer, record->type);
	wire_put_u16(&writer, DNS_IN);
	wire_put_u32(&writer, record->ttl);
	wire_put_u16(&writer, record->length);
	wire_put_bytes(&writer, data + record->offset, record->length);
	return at + wire_written(&writer);
}

static bool holds(const uint8_t *record, const uint8_t *end, const struct zone_gathered *other,
		  const char *data)
{
	for (; record < end; record = zone_record_next(record))
		if ((record[10] << 8 | record[11]) == other->length &&
		    !memcmp(record + ZONE_RECORD_HEAD, data + other->offset, other->length))
			return true;
	return false;
}

/* The gathered one as it is spoken of. */
static struct zone_record speak_of(const struct zone_builder *builder, const struct dns_name *owner,
				   const struct zone_gathered *gathered)
{
	return (struct zone_record){ .owner = owner->wire,
				     .type = gathered->type,
				     .length = gathered->length,
				     .data = (const uint8_t *)builder->data.data + gathered->offset };
}

/*
 * How many of the gathered from @from on are of one type of one set; *ret_size is what they will
 * take.
 */
static size_t run_length(const struct zone_builder *builder, size_t from, size_t *ret_size)
{
	const struct zone_gathered *first = &builder->gathered.items[from];
	size_t to = from;

	*ret_size = 0;
	for (; to < builder->gathered.count; to++) {
		const struct zone_gathered *next = &builder->gathered.items[to];

		if (next->set != first->set || next->type != first->type)
			break;
		*ret_size += ZONE_RECORD_HEAD + (size_t)next->length;
	}
	return to - from;
}

/*
 * Writes @count of the gathered from @from on, each one once. Returns how many it wrote, *at behind
 * them.
 */
static uint16_t put_run(struct zone_builder *builder, const struct dns_name *owner, size_t from,
			size_t count, uint8_t **at)
{
	const struct zone_gathered *first = &builder->gathered.items[from];
	const char *data = text_string(&builder->data);
	uint8_t *start = *at;
	uint16_t written = 0;

	for (size_t i = from; i < from + count; i++) {
		const struct zone_gathered *next = &builder->gathered.items[i];
		struct zone_record record = speak_of(builder, owner, next);

		if (holds(start, *at, next, data)) {
			zone_warn(builder->problems, &record, "this record stands here twice");
			continue;
		}
		/* RFC 2181, 5.2. */
		if (next->ttl != first->ttl)
			zone_error(builder->problems, &record,
				   "one name and type has one TTL; it is %u here and %u elsewhere",
				   next->ttl, first->ttl);
		*at = put_record(*at, next, data);
		written++;
	}
	return written;
}

/* Writes the set that begins with the gathered one @from. Returns where the next one begins. */
static size_t put_set(struct zone_builder *builder, const struct dns_name *owner, size_t from,
		      uint8_t **at)
{
	struct zone_gathered *first = &builder->gathered.items[from];
	struct zone_rrset *set = (struct zone_rrset *)(*at + ((uintptr_t)*at & 1));
	uint8_t *records = set->records;
	size_t count = 0, covering, size = 0, signatures_size;

	if (first->type == first->set)
		count = run_length(builder, from, &size);
	covering = from + count;
	if (covering < builder->gathered.count && builder->gathered.items[covering].set == first->set)
		covering += run_length(builder, covering, &signatures_size);
	else
		signatures_size = 0;
	if (size + signatures_size > SET_SIZE_MOST) {
		struct zone_record record = speak_of(builder, owner, first);

		zone_error(builder->problems, &record,
			   "these records take %zu bytes; more than %d fit into no message",
			   size + signatures_size, SET_SIZE_MOST);
		return covering;
	}
	if (*at != (uint8_t *)set)
		*(*at)++ = 0;
	*set = (struct zone_rrset){ .type = first->set };
	set->count = put_run(builder, owner, from, count, &records);
	set->size = (uint16_t)(records - set->records);
	if (covering > from + count)
		set->signatures = put_run(builder, owner, from + count, covering - from - count,
					  &records);
	set->signatures_size = (uint16_t)(records - set->records - set->size);
	builder->records += set->count + set->signatures;
	*at = records;
	return covering;
}

static uint16_t flags_of(uint16_t type)
{
	switch (type) {
	case DNS_CNAME:
		return ZONE_CNAME;
	case DNS_DNAME:
		return ZONE_DNAME;
	case DNS_NS:
		return BUILD_NS;
	case DNS_NSEC3:
		return ZONE_NSEC3;
	}
	return 0;
}

static struct zone_node *begin_node(struct zone_builder *builder, const struct dns_name *name,
				    unsigned label)
{
	struct zone_node *node = (struct zone_node *)(builder->bytes + builder->used);

	*node = (struct zone_node){ .length = (uint8_t)(name->length - name->starts[label]),
				    .labels = (uint8_t)(name->labels - label) };
	memcpy(node->name, name->wire + name->starts[label], node->length);
	return node;
}

static uint32_t end_node(struct zone_builder *builder, struct zone_node *node, uint8_t *at)
{
	uint32_t offset = (uint32_t)(builder->used / UNIT);

	while ((uintptr_t)at % UNIT)
		*at++ = 0;
	node->size = (uint32_t)(at - (uint8_t *)node);
	builder->used += node->size;
	return offset;
}

/* A node of those that are gathered and are, or are not, NSEC3. Returns its offset. */
static uint32_t write_node(struct zone_builder *builder, const struct dns_name *name, bool nsec3)
{
	size_t room = sizeof(struct zone_node) + NAME_SIZE + UNIT;

	for (size_t i = 0; i < builder->gathered.count; i++)
		room += RECORD_ROOM + builder->gathered.items[i].length;
	reserve(builder, room);
	struct zone_node *node = begin_node(builder, name, 0);
	uint8_t *at = node->name + node->length;

	for (size_t i = 0; i < builder->gathered.count;) {
		const struct zone_gathered *first = &builder->gathered.items[i];

		if ((first->set == DNS_NSEC3) != nsec3) {
			i++;
			continue;
		}
		node->flags |= flags_of(first->set);
		i = put_set(builder, name, i, &at);
	}
	return end_node(builder, node, at);
}

uint32_t zone_builder_empty(struct zone_builder *builder, const struct dns_name *name, unsigned label)
{
	struct zone_slot *slot = zone_index_find(builder, &builder->names, name, label);

	reserve(builder, sizeof(struct zone_node) + NAME_SIZE + UNIT);
	struct zone_node *node = begin_node(builder, name, label);

	node->flags = ZONE_EMPTY;
	*slot = (struct zone_slot){ .hash = zone_hash(name->hashes[label]),
				    .offset = end_node(builder, node, node->name + node->length) };
	builder->names.count++;
	return slot->offset;
}

/*
 * Sets by their types, in each one the records before what covers them, otherwise as the file has
 * them.
 */
static int compare_gathered(const void *one, const void *other)
{
	const struct zone_gathered *a = one, *b = other;
	bool covers_a = a->type != a->set, covers_b = b->type != b->set;

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (covers_a != covers_b)
		return covers_a ? 1 : -1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void sort_gathered(struct zone_builder *builder)
{
	struct zone_gathered *items = builder->gathered.items;

	for (size_t i = 1; i < builder->gathered.count; i++)
		if (compare_gathered(&items[i - 1], &items[i]) > 0) {
			qsort(items, builder->gathered.count, sizeof(*items), compare_gathered);
			return;
		}
}

static void place_node(struct zone_builder *builder, const struct dns_name *name, bool nsec3)
{
	struct zone_index *index = nsec3 ? &builder->hashes : &builder->names;
	uint32_t offset = write_node(builder, name, nsec3);
	struct zone_slot *slot = zone_index_find(builder, index, name, 0);
	struct zone_node *node = zone_builder_node(builder, offset);

	if (slot->offset) {
		*VEC_PUSH(&builder->pieces) = (struct zone_piece){ .node = slot->offset,
								   .piece = offset };
		node->flags |= ZONE_DEAD;
		builder->dead += node->size;
		return;
	}
	*slot = (struct zone_slot){ .hash = zone_hash(name->hashes[0]), .offset = offset };
	index->count++;
}

static void gather(struct zone_builder *builder, uint16_t set, const struct zone_record *record)
{
	struct zone_gathered *gathered = VEC_PUSH(&builder->gathered);

	*gathered = (struct zone_gathered){ .set = set,
					    .type = record->type,
					    .length = record->length,
					    .ttl = record->ttl,
					    .offset = (uint32_t)builder->data.length,
					    .number = (uint32_t)builder->gathered.count };
	text_append(&builder->data, record->data, record->length);
}

static void forget_gathered(struct zone_builder *builder)
{
	builder->gathered.count = 0;
	builder->data.length = 0;
}

void zone_builder_flush(struct zone_builder *builder)
{
	bool plain = false, nsec3 = false;
	struct dns_name name;

	if (!builder->gathered.count)
		return;
	name_read(&name, builder->owner, builder->owner_length);
	sort_gathered(builder);
	for (size_t i = 0; i < builder->gathered.count; i++) {
		plain |= builder->gathered.items[i].set != DNS_NSEC3;
		nsec3 |= builder->gathered.items[i].set == DNS_NSEC3;
	}
	if (plain)
		place_node(builder, &name, false);
	if (nsec3)
		place_node(builder, &name, true);
	forget_gathered(builder);
}

void zone_builder_add(struct zone_builder *builder, const struct zone_record *record,
		      size_t owner_length)
{
	uint16_t set = record->type;

	if (owner_length != builder->owner_length ||
	    memcmp(record->owner, builder->owner, owner_length) != 0) {
		zone_builder_flush(builder);
		memcpy(builder->owner, record->owner, owner_length);
		builder->owner_length = owner_length;
	}
	if (record->type == DNS_RRSIG)
		set = (uint16_t)(record->data[0] << 8 | record->data[1]);
	gather(builder, set, record);
}

static void gather_again(struct zone_builder *builder, const struct zone_node *node)
{
	const struct zone_rrset *set = NULL;

	while ((set = zone_rrset_next(node, set))) {
		const uint8_t *record = set->records,
			      *end = record + set->size + set->signatures_size;

		for (; record < end; record = zone_record_next(record)) {
			struct wire_reader reader = wire_reader(record + 2, ZONE_RECORD_HEAD - 2);
			struct zone_record again = { .owner = node->name };

			again.type = wire_get_u16(&reader);
			wire_get_u16(&reader);
			again.ttl = wire_get_u32(&reader);
			again.length = wire_get_u16(&reader);
			again.data = record + ZONE_RECORD_HEAD;
			gather(builder, set->type, &again);
		}
		builder->records -= set->count + set->signatures;
	}
}

static int compare_pieces(const void *one, const void *other)
{
	const struct zone_piece *a = one, *b = other;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return a->piece < b->piece ? -1 : a->piece > b->piece;
}

/* One name out of its node and @count pieces. */
static void join(struct zone_builder *builder, const struct zone_piece *pieces, size_t count)
{
	struct zone_node *node = zone_builder_node(builder, pieces->node);
	bool nsec3 = node->flags & ZONE_NSEC3;
	struct dns_name name;

	name_read(&name, node->name, node->length);
	forget_gathered(builder);
	gather_again(builder, node);
	for (size_t i = 0; i < count; i++)
		gather_again(builder, zone_builder_node(builder, pieces[i].piece));
	node->flags |= ZONE_DEAD;
	builder->dead += node->size;
	sort_gathered(builder);
	uint32_t offset = write_node(builder, &name, nsec3);

	zone_index_find(builder, nsec3 ? &builder->hashes : &builder->names, &name, 0)->offset =
		offset;
}

void zone_builder_join(struct zone_builder *builder)
{
	const struct zone_piece *pieces = builder->pieces.items;
	size_t count = builder->pieces.count;

	if (count)
		qsort(builder->pieces.items, count, sizeof(*pieces), compare_pieces);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from; to < count && pieces[to].node == pieces[from].node; to++)
			;
		join(builder, pieces + from, to - from);
	}
	forget_gathered(builder);
	builder->pieces.count = 0;
}
