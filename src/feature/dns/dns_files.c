/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of one zone, as somebody read them just now: its own, and what they include by now. */
#include "feature/dns/dns_value.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	const struct source *source;
	VEC(unsigned) numbers;
	size_t at; /* the one whose includes are being told */
};

static void add(struct walk *walk, int number)
{
	for (size_t i = 0; i < walk->numbers.count; i++)
		if ((int)walk->numbers.items[i] == number)
			return;
	if (number >= 0)
		*VEC_PUSH(&walk->numbers) = (unsigned)number;
}

static void add_included(void *data, const char *name)
{
	struct walk *walk = data;
	const char *of = walk->source->files[walk->numbers.items[walk->at]].name;

	add(walk, source_find(walk->source, of, name));
}

static const struct dns_zone *zone_named(const struct dns_config *config, const char *text)
{
	const struct dns_zone *zones = config->zones.items;
	struct dns_name wanted, name;

	if (name_parse(text, &wanted) < 0)
		return NULL;
	for (unsigned i = 0; i < config->zones.count; i++)
		if (dns_zone_name(&zones[i], &name) == 0 && name_equal(name.wire, wanted.wire))
			return &zones[i];
	return NULL;
}

bool dns_files(const void *config, const char *name, const struct source *source,
	       void (*told)(void *data, unsigned number), void *data)
{
	const struct dns_zone *zone = zone_named(config, name);
	struct walk walk = { .source = source };

	if (!zone)
		return false;
	add(&walk, source_named(source, zone->file.source->files[zone->file.number].name));
	for (; walk.at < walk.numbers.count; walk.at++) {
		const struct source_file *file = &source->files[walk.numbers.items[walk.at]];

		dns_zone_includes(file->text, file->length, add_included, &walk);
		told(data, walk.numbers.items[walk.at]);
	}
	VEC_FREE(&walk.numbers);
	return true;
}
