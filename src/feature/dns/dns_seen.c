/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_seen.h"

#include <stdlib.h>
#include <string.h>

/* As many configurations are remembered: the present one, the one before, and a few that were tried. */
#define ROUNDS 4

static struct {
	VEC(struct dns_seen) items; /* sorted by .digest */
	unsigned round;
} memory;

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

void dns_zone_files(const struct dns_zone *zone, dns_file_fn *told, void *data)
{
	struct files files = { 0 };

	add_file(&files, &zone->file);
	for (; files.at < files.items.count; files.at++) {
		const struct config_file file = files.items.items[files.at];

		dns_zone_includes(file.text, file.length, add_included, &files);
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

/* Where it stands, or would. */
static size_t place_of(const uint8_t digest[DIGEST_SIZE])
{
	size_t low = 0, high = memory.items.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(memory.items.items[middle].digest, digest, DIGEST_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct dns_seen *seen_at(size_t place, const uint8_t digest[DIGEST_SIZE])
{
	struct dns_seen *seen = place < memory.items.count ? &memory.items.items[place] : NULL;

	return seen && !memcmp(seen->digest, digest, DIGEST_SIZE) ? seen : NULL;
}

const struct dns_seen *dns_seen_find(const uint8_t digest[DIGEST_SIZE])
{
	struct dns_seen *seen = seen_at(place_of(digest), digest);

	if (seen)
		seen->round = memory.round;
	return seen;
}

void dns_seen_remember(const struct dns_seen *seen)
{
	size_t place = place_of(seen->digest);
	struct dns_seen *known = seen_at(place, seen->digest);

	if (!known) {
		(void)VEC_PUSH(&memory.items);
		known = &memory.items.items[place];
		memmove(known + 1, known, (memory.items.count - 1 - place) * sizeof(*known));
	}
	*known = *seen;
	known->round = memory.round;
}

void dns_seen_round(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory.items.count; i++)
		if (memory.round - memory.items.items[i].round < ROUNDS)
			memory.items.items[kept++] = memory.items.items[i];
	memory.items.count = kept;
	memory.round++;
}
