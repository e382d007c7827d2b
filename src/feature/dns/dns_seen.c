/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_seen.h"

#include <string.h>

/* As many configurations are remembered: the present one, the one before, and a few that were tried. */
#define ROUNDS 4

static struct {
	VEC(struct dns_seen) items;
	uint32_t *slots;   /* a hash of the digests: index in .items + 1, 0 = empty */
	size_t slot_count; /* a power of two */
	unsigned round;
} memory;

/* A digest is a hash already. */
static uint32_t *slot_of(const uint8_t digest[DIGEST_SIZE])
{
	size_t at;

	memcpy(&at, digest, sizeof(at));
	for (;; at++) {
		uint32_t *slot = &memory.slots[at & (memory.slot_count - 1)];

		if (!*slot || !memcmp(memory.items.items[*slot - 1].digest, digest, DIGEST_SIZE))
			return slot;
	}
}

/* Twice as many slots as items, at least. */
static void index_items(void)
{
	mem_freep(&memory.slots);
	memory.slot_count = 64;
	while (memory.slot_count < memory.items.count * 4)
		memory.slot_count *= 2;
	memory.slots = mem_alloc(memory.slot_count * sizeof(*memory.slots));
	for (uint32_t i = 0; i < memory.items.count; i++)
		*slot_of(memory.items.items[i].digest) = i + 1;
}

static struct dns_seen *seen_find(const uint8_t digest[DIGEST_SIZE])
{
	uint32_t slot = memory.slots ? *slot_of(digest) : 0;

	return slot ? &memory.items.items[slot - 1] : NULL;
}

const struct dns_seen *dns_seen_find(const uint8_t digest[DIGEST_SIZE])
{
	struct dns_seen *seen = seen_find(digest);

	if (seen)
		seen->round = memory.round;
	return seen;
}

void dns_seen_remember(const struct dns_seen *seen)
{
	struct dns_seen *known = seen_find(seen->digest);

	if (known) {
		*known = *seen;
		known->round = memory.round;
		return;
	}
	known = VEC_PUSH(&memory.items);
	*known = *seen;
	known->round = memory.round;
	if (memory.items.count * 2 > memory.slot_count)
		index_items();
	else
		*slot_of(seen->digest) = (uint32_t)memory.items.count;
}

/* The files of a zone: its own, then what they include, each once. */
struct files {
	VEC(struct config_file) items;
	size_t at; /* the one whose includes are being told */
};

static void add_file(struct files *files, const struct config_file *file)
{
	for (size_t i = 0; i < files->items.count; i++)
		if (files->items.items[i].number == file->number)
			return;
	*VEC_PUSH(&files->items) = *file;
}

static void add_included(void *data, const char *name)
{
	struct files *files = data;
	struct config_file included;

	if (config_file_beside(&files->items.items[files->at], name, &included) == 0)
		add_file(files, &included);
}

static void note_included(void *data, const char *name)
{
	*(bool *)data = true;
}

/* Large files are looked through once; of what they are asked for later, their digest tells. */
static void find_included(struct files *files, const struct config_file *file)
{
	const struct dns_seen *seen = dns_seen_find(file->digest);
	struct dns_seen now = { .plain = true };
	bool any = false;

	if (seen && seen->plain)
		return;
	dns_zone_includes(file->text, file->length, note_included, &any);
	if (any) {
		dns_zone_includes(file->text, file->length, add_included, files);
		return;
	}
	memcpy(now.digest, file->digest, DIGEST_SIZE);
	dns_seen_remember(&now);
}

void dns_zone_files(const struct dns_zone *zone, dns_file_fn *told, void *data)
{
	struct files files = { 0 };

	add_file(&files, &zone->file);
	for (; files.at < files.items.count; files.at++) {
		const struct config_file file = files.items.items[files.at];

		find_included(&files, &file);
		told(data, &file);
	}
	VEC_FREE(&files.items);
}

static void put_file(void *data, const struct config_file *file)
{
	const char *name = file->source->files[file->number].name;

	text_append(data, name, strlen(name) + 1);
	text_append(data, file->digest, DIGEST_SIZE);
}

void dns_seen_digest(const struct dns_zone *zone, uint8_t ret_digest[DIGEST_SIZE])
{
	AUTO_TEXT all = { 0 };

	text_append(&all, zone->name, strlen(zone->name) + 1);
	dns_zone_files(zone, put_file, &all);
	digest_of(all.data, all.length, ret_digest);
}

void dns_seen_round(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory.items.count; i++)
		if (memory.round - memory.items.items[i].round < ROUNDS)
			memory.items.items[kept++] = memory.items.items[i];
	memory.items.count = kept;
	memory.round++;
	index_items();
}
