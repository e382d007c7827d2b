/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zone files. What loads is looked over as answers and transfers look at it: every name is found, and
 * what lies above each one is what its labels say. A form feed parts the file from one that it
 * includes by any name.
 */
#include "dns/axfr.h"
#include "dns/rdata.h"
#include "dns/zone_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void on_problem(void *data, const struct zone_problem *problem)
{
	unsigned *errors = data;

	require(problem->line && problem->text && problem->file);
	*errors += !problem->warning;
}

static int include(void *data, const struct zone_text *from, const char *name,
		   struct zone_text *ret_text)
{
	const char *other = memchr(from->text, '\f', from->length);

	/* Only the first file has one behind it. */
	if (!other || !strcmp(name, "gone"))
		return -ENOENT;
	*ret_text = (struct zone_text){ .name = "included", .text = other + 1 };
	ret_text->length = (size_t)(from->text + from->length - other) - 1;
	return 0;
}

static void check_node(const struct zone *zone, const struct zone_node *node)
{
	const struct zone_rrset *set = NULL;
	struct zone_match match;
	struct dns_name name;
	bool same;

	require(name_read(&name, node->name, node->length) == node->length);
	while ((set = zone_rrset_next(node, set))) {
		const uint8_t *record = set->records, *end = record + set->size;
		unsigned count = 0;

		for (; record < end; record = zone_record_next(record), count++)
			require(rdata_is_valid(set->type, record + ZONE_RECORD_HEAD,
					       (size_t)(record[10] << 8 | record[11])));
		require(record == end && count == set->count && count);
	}
	if (node->flags & ZONE_NSEC3)
		return;
	zone_find(zone, &name, &match);
	require(match.node == node && match.encloser == node && !match.label);
	if (zone->denial == ZONE_NSEC_SIGNED)
		zone_nsec(zone, node->name);
	if (zone->denial == ZONE_NSEC3_SIGNED) {
		uint8_t hash[ZONE_HASH_SIZE];

		zone_nsec3_hash(zone, node->name, hash);
		zone_nsec3(zone, hash, &same);
	}
	if (node != zone->apex)
		require(zone_node_at(zone, &name, 1) != NULL);
}

static void check_transfer(const struct zone *zone)
{
	static const uint8_t question[] = "\7example\3com\0\0\374\0\1";
	static uint8_t message[UINT16_MAX];
	struct axfr axfr;
	unsigned records = 0;

	axfr_begin(&axfr, zone, 1, question, NULL);
	while (axfr_next(&axfr, 0, message, sizeof(message)))
		records += (unsigned)(message[6] << 8 | message[7]);
	require(axfr_done(&axfr) && records == zone->records + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct dns_name origin;
	unsigned errors = 0;
	struct zone *zone;
	unsigned names = 0;

	name_parse("example.com.", &origin);
	struct zone_source source = { .origin = origin.wire,
				      .file = { "file", (const char *)bytes, size },
				      .now = 1767225600,
				      .include = include,
				      .problem = on_problem,
				      .data = &errors };
	int r = zone_load(&source, &zone);

	require((r < 0) == (errors > 0) && (r < 0) == !zone);
	if (!zone)
		return 0;
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));) {
		check_node(zone, node);
		names += !(node->flags & ZONE_NSEC3);
	}
	require(names == zone->names);
	check_transfer(zone);
	zone_unref(zone);
	return 0;
}
