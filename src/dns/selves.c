/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/selves.h"
#include "base/mem.h"
#include "dns/type.h"
#include "net/wire.h"

#include <stdlib.h>
#include <string.h>

struct selves_entry {
	uint64_t hash;
	uint8_t length; /* of .name; 0: free */
	uint8_t name[NAME_SIZE];
	struct self self;
};

struct selves {
	size_t mask;
	struct selves_entry **slots;
	size_t count;
	struct selves_entry *entries;
};

/* As many records of one set as 16 bits of size can tell. */
#define RECORDS_MAX (UINT16_MAX / (ZONE_RECORD_HEAD + 16))

static void put_record(struct wire_writer *writer, const struct address *address, uint32_t ttl)
{
	size_t size = address_size(address->family);

	wire_put_u16(writer, ZONE_OWNER);
	wire_put_u16(writer, address->family == AF_INET ? DNS_A : DNS_AAAA);
	wire_put_u16(writer, DNS_IN);
	wire_put_u32(writer, ttl);
	wire_put_u16(writer, (uint16_t)size);
	wire_put_bytes(writer, address->bytes, size);
}

const struct zone_rrset *self_set_put(const struct address *address, uint32_t ttl,
				      uint8_t ret_set[SELF_SET_SIZE])
{
	struct zone_rrset *set = (struct zone_rrset *)ret_set;
	struct wire_writer writer = wire_writer(ret_set + sizeof(*set), SELF_SET_SIZE - sizeof(*set));

	put_record(&writer, address, ttl);
	*set = (struct zone_rrset){
		.type = address->family == AF_INET ? DNS_A : DNS_AAAA,
		.count = 1,
		.size = (uint16_t)wire_written(&writer),
	};
	return set;
}

static struct zone_rrset *make_set(const struct self_source *source, uint8_t family)
{
	size_t count = 0, record = ZONE_RECORD_HEAD + address_size(family);
	struct zone_rrset *set;
	struct wire_writer writer;

	for (size_t i = 0; i < source->address_count; i++)
		count += source->addresses[i].family == family;
	if (!count)
		return NULL;
	if (count > RECORDS_MAX)
		count = RECORDS_MAX;
	set = mem_alloc(sizeof(*set) + count * record);
	set->type = family == AF_INET ? DNS_A : DNS_AAAA;
	set->count = (uint16_t)count;
	set->size = (uint16_t)(count * record);
	writer = wire_writer(set->records, count * record);
	for (size_t i = 0; i < source->address_count && !writer.broken; i++)
		if (source->addresses[i].family == family)
			put_record(&writer, &source->addresses[i], source->ttl);
	return set;
}

static void fill(struct selves *selves, struct selves_entry *entry, const struct self_source *source)
{
	struct dns_name name;
	size_t slot;

	if (!name_read(&name, source->name, NAME_SIZE) || selves_find(selves, &name))
		return;
	entry->hash = name.hashes[0];
	entry->length = name.length;
	memcpy(entry->name, name.wire, name.length);
	entry->self = (struct self){ .mode = source->mode,
				     .not_ready = source->not_ready,
				     .ttl = source->ttl,
				     .a = make_set(source, AF_INET),
				     .aaaa = make_set(source, AF_INET6) };
	for (slot = zone_hash(entry->hash); selves->slots[slot & selves->mask]; slot++)
		;
	selves->slots[slot & selves->mask] = entry;
}

struct selves *selves_new(const struct self_source *sources, size_t count)
{
	struct selves *selves = mem_alloc(sizeof(*selves));
	size_t slots = 4;

	while (slots < 2 * count)
		slots *= 2;
	selves->mask = slots - 1;
	selves->slots = mem_alloc(slots * sizeof(*selves->slots));
	selves->entries = mem_alloc((count + 1) * sizeof(*selves->entries));
	selves->count = count;
	for (size_t i = 0; i < count; i++)
		fill(selves, &selves->entries[i], &sources[i]);
	return selves;
}

void selves_free(struct selves *selves)
{
	if (!selves)
		return;
	for (size_t i = 0; i < selves->count; i++) {
		free((void *)selves->entries[i].self.a);
		free((void *)selves->entries[i].self.aaaa);
	}
	free(selves->entries);
	free(selves->slots);
	free(selves);
}

const struct self *selves_find(const struct selves *selves, const struct dns_name *name)
{
	size_t slot = zone_hash(name->hashes[0]);
	const struct selves_entry *entry;

	for (; selves && (entry = selves->slots[slot & selves->mask]); slot++)
		if (entry->hash == name->hashes[0] && entry->length == name->length &&
		    !memcmp(entry->name, name->wire, name->length))
			return &entry->self;
	return NULL;
}
