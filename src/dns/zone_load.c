/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone_load.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "dns/zone_build.h"
#include "dns/zone_check.h"

#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is included by one that is included by... */
#define DEEPEST 8

/* A text that is being read, and who included it. */
struct reading {
	const struct reading *by;
	const struct zone_text *text;
	unsigned file;
	/* Where the last record ended: there the next one begins. */
	const char *end;
	uint64_t end_line;
};

struct loader {
	const struct zone_source *source;
	struct zone_problems problems;
	struct zone_builder builder;
	bool placing; /* the second reading, which only looks for places */
};

/*
 * The line on which the record begins that was read last. The scanner knows the line on which it
 * ended, which for a SOA is seldom the one that people look for. Between the two stand empty lines,
 * comments, and directives.
 */
static uint32_t first_line(const struct reading *reading)
{
	const char *at = reading->end, *end = reading->text->text + reading->text->length;
	uint64_t line = reading->end_line;
	bool fresh = at == reading->text->text;

	for (; at < end; at++) {
		if (*at == ';' || (*at == '$' && fresh)) {
			at = memchr(at, '\n', (size_t)(end - at));
			if (!at)
				break;
		}
		if (*at == '\n') {
			line++;
			fresh = true;
			continue;
		}
		fresh = false;
		if (*at != ' ' && *at != '\t')
			break;
	}
	return (uint32_t)line;
}

static void refuse(struct loader *loader, const struct reading *reading, const char *format,
		   const char *word)
{
	if (!loader->placing)
		zone_problem_at(&loader->problems, reading->file, first_line(reading), format, word);
}

/* What can be said of a record alone. */
static bool is_acceptable(struct loader *loader, const struct reading *reading,
			  const struct zone_record *record)
{
	char type[TYPE_TEXT_SIZE], owner[NAME_TEXT_SIZE];
	bool of_a_type = record->type == DNS_RRSIG && record->length >= 2;
	uint16_t covered = of_a_type ? (uint16_t)(record->data[0] << 8 | record->data[1]) : DNS_A;

	if (!name_within(record->owner, loader->source->origin))
		refuse(loader, reading, "%s lies outside of this zone",
		       name_text(record->owner, owner));
	else if (rdata_is_meta(record->type) || rdata_is_meta(covered) || covered == DNS_RRSIG)
		refuse(loader, reading, "records of type %s cannot stand in a zone",
		       type_text(rdata_is_meta(record->type) ? record->type : covered, type));
	else if (!rdata_is_valid(record->type, record->data, record->length))
		refuse(loader, reading, "these are no data of a %s", type_text(record->type, type));
	else if (record->ttl > INT32_MAX)
		refuse(loader, reading, "a TTL is at most %s seconds (RFC 2181, 8)", "2147483647");
	else if (record->type == DNS_SOA && !name_equal(record->owner, loader->source->origin))
		refuse(loader, reading,
		       "%s has an SOA, but only the apex of a zone may; is it a zone of its own?",
		       name_text(record->owner, owner));
	else
		return true;
	return false;
}

static void take_record(struct loader *loader, const struct reading *reading,
			const zs_scanner_t *scanner)
{
	struct zone_record record = { .owner = scanner->r_owner,
				      .type = scanner->r_type,
				      .length = (uint16_t)scanner->r_data_length,
				      .ttl = scanner->r_ttl,
				      .data = scanner->r_data };

	if (!is_acceptable(loader, reading, &record))
		return;
	if (loader->placing)
		zone_problems_place(&loader->problems, &record, reading->file, first_line(reading));
	else
		zone_builder_add(&loader->builder, &record, scanner->r_owner_length);
}

static void take_error(struct loader *loader, const struct reading *reading,
		       const zs_scanner_t *scanner)
{
	const char *hint = "";

	if (loader->placing)
		return;
	if (scanner->error.code == ZS_UNSUPPORTED_TYPE)
		hint = "; is that a type of records, and the class IN?";
	else if (scanner->error.code == ZS_BAD_DIRECTIVE)
		hint = "; there are $ORIGIN, $TTL and $INCLUDE";
	else if (scanner->error.code == ZS_BAD_ORIGIN || scanner->error.code == ZS_BAD_INCLUDE_ORIGIN)
		hint = "; does it end with a dot?";
	zone_problem_at(&loader->problems, reading->file, (uint32_t)scanner->line_counter, "%s%s",
			zs_strerror(scanner->error.code), hint);
}

static void refuse_include(struct loader *loader, const struct reading *reading,
			   const zs_scanner_t *scanner, const char *format, const char *name)
{
	if (!loader->placing)
		zone_problem_at(&loader->problems, reading->file, (uint32_t)scanner->line_counter,
				format, name);
}

/* Which text is to be read where $INCLUDE stands. Returns false when it was told that there is none. */
static bool find_include(struct loader *loader, const struct reading *reading,
			 const zs_scanner_t *scanner, struct zone_text *ret_text)
{
	const struct zone_source *source = loader->source;
	const char *name = scanner->include_filename;
	char reason[400];
	unsigned depth = 0;
	int r;

	/* The scanner puts the folder before it that it believes to be in. */
	if (!strncmp(name, "./", 2))
		name += 2;
	r = source->include ? source->include(source->data, reading->text, name, ret_text) : -EPERM;
	if (r < 0) {
		snprintf(reason, sizeof(reason), "%.300s: %s", name, strerror(-r));
		refuse_include(loader, reading, scanner, "cannot include %s", reason);
		return false;
	}
	for (const struct reading *above = reading; above; above = above->by, depth++)
		if (above->text->text == ret_text->text && above->text->length == ret_text->length) {
			refuse_include(loader, reading, scanner, "%s includes itself", name);
			return false;
		}
	if (depth >= DEEPEST)
		refuse_include(loader, reading, scanner,
			       "%s is included by too many files in a row", name);
	return depth < DEEPEST;
}

static struct zs_scanner *open_text(struct loader *loader, const struct zone_text *text,
				    const char *origin, uint32_t ttl, struct reading *ret_reading)
{
	struct zs_scanner *scanner = mem_alloc(sizeof(*scanner));

	ret_reading->text = text;
	ret_reading->end = text->text;
	ret_reading->end_line = 1;
	ret_reading->file = (unsigned)loader->problems.files.count;
	*VEC_PUSH(&loader->problems.files) = text->name;
	if (zs_init(scanner, origin, DNS_IN, ttl) < 0 ||
	    zs_set_input_string(scanner, text->text, text->length) < 0)
		refuse(loader, ret_reading, "%s", zs_strerror(scanner->error.code));
	return scanner;
}

/* Behind a record; at the very end the scanner reads a line end of its own. */
static void step(struct reading *reading, const zs_scanner_t *scanner)
{
	const char *at = scanner->input.current, *start = reading->text->text;

	if (at < start || at > start + reading->text->length)
		return;
	reading->end = at;
	reading->end_line = scanner->line_counter;
}

/* Reads one text to its end, and those that it includes. */
static void read_text(struct loader *loader, struct reading *reading, struct zs_scanner *scanner)
{
	while (!zs_parse_record(scanner)) {
		struct reading inner = { .by = reading };
		struct zone_text text;

		switch (scanner->state) {
		case ZS_STATE_DATA:
			take_record(loader, reading, scanner);
			break;
		case ZS_STATE_ERROR:
			take_error(loader, reading, scanner);
			if (scanner->error.fatal)
				return;
			break;
		case ZS_STATE_INCLUDE:
			if (!find_include(loader, reading, scanner, &text))
				break;
			struct zs_scanner *other = open_text(loader, &text,
							     (const char *)scanner->buffer,
							     scanner->default_ttl, &inner);

			read_text(loader, &inner, other);
			zs_deinit(other);
			free(other);
			break;
		default:
			return;
		}
		step(reading, scanner);
	}
}

static void read_all(struct loader *loader)
{
	char origin[NAME_TEXT_SIZE];
	struct reading reading = { 0 };
	struct zs_scanner *scanner;

	loader->problems.files.count = 0;
	scanner = open_text(loader, &loader->source->file,
			    name_text(loader->source->origin, origin), ZONE_DEFAULT_TTL, &reading);
	read_text(loader, &reading, scanner);
	zs_deinit(scanner);
	free(scanner);
}

int zone_load(const struct zone_source *source, struct zone **ret_zone)
{
	struct loader loader = { .source = source };
	struct zone *zone = NULL;

	zone_builder_init(&loader.builder, source->origin, &loader.problems);
	read_all(&loader);
	/* Of a zone that is read in part, much would be said to be missing that is there. */
	if (!loader.problems.errors)
		zone = zone_builder_finish(&loader.builder);
	if (zone)
		zone_check(zone, source->now, &loader.problems);
	zone_builder_free(&loader.builder);
	if (loader.problems.unplaced) {
		loader.placing = true;
		read_all(&loader);
	}
	zone_problems_tell(&loader.problems, source);
	if (loader.problems.errors) {
		zone_unref(zone);
		zone = NULL;
	}
	zone_problems_free(&loader.problems);
	*ret_zone = zone;
	return zone ? 0 : -EINVAL;
}
