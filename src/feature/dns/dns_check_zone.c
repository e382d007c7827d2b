/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The zones of the configuration are read as the worker will read them, so that a mistake in a zone
 * file is a mistake in the configuration, at the file's own line; and names with own addresses are
 * held against the records beside them.
 */
#include "feature/dns/dns_check.h"
#include "feature/dns/dns_seen.h"

#include "dns/type.h"
#include "dns/zone_load.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* The files of one zone, by the names that the reader of zones was given. */
struct reading {
	VEC(struct config_file) files;
	struct diags *diags;
};

static struct zone_text text_of(struct reading *reading, const struct config_file *file)
{
	*VEC_PUSH(&reading->files) = *file;
	return (struct zone_text){
		.name = file->source->files[file->number].name,
		.text = file->text,
		.length = file->length,
	};
}

static const struct config_file *file_named(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->files.count; i++) {
		const struct config_file *file = &reading->files.items[i];

		if (!strcmp(file->source->files[file->number].name, name))
			return file;
	}
	return NULL;
}

static int on_include(void *data, const struct zone_text *from, const char *name,
		      struct zone_text *ret_text)
{
	struct reading *reading = data;
	const struct config_file *file = file_named(reading, from->name);
	struct config_file included;
	int r = file ? config_file_beside(file, name, &included) : -ENOENT;

	if (r == 0)
		*ret_text = text_of(reading, &included);
	return r;
}

static void on_problem(void *data, const struct zone_problem *problem)
{
	struct reading *reading = data;
	const struct config_file *file = file_named(reading, problem->file);
	const struct place at = {
		.file = file ? (uint16_t)file->number : 0,
		.line = file ? problem->line : 0,
		.column = 1,
	};

	const char *text = file && file->source->files[file->number].quiet ?
				   "a mistake; what stands in a file that a zone includes from "
				   "outside the configuration's folder is not shown" :
				   problem->text;

	if (problem->warning)
		diag_warn(reading->diags, at, "%s", text);
	else
		diag_at(reading->diags, at, -EINVAL, "%s", text);
}

/* What stands beside @name in the zone and rules own addresses out; or NULL. */
static const char *in_the_way(const struct zone *zone, const struct dns_name *name)
{
	struct zone_match match;

	zone_find(zone, name, &match);
	if (match.cut)
		return "it is delegated to other name servers there";
	if (match.dname)
		return "a DNAME above it leads elsewhere";
	if (match.node && zone_rrset(match.node, DNS_CNAME))
		return "a CNAME stands at the name, which then can have no addresses (RFC 1034, "
		       "3.6.2); "
		       "delete it from the zone file";
	return NULL;
}

struct holding {
	const struct zone *loaded;
	struct diags *diags;
};

static void hold_against(const struct holding *holding, const struct dns_name *name,
			 struct place at, const char *text)
{
	const char *reason = in_the_way(holding->loaded, name);

	if (holding->loaded->denial != ZONE_UNSIGNED)
		diag_at(holding->diags, at, -EINVAL,
			"%s cannot have own addresses: the zone is signed, and resolvers that "
			"validate would "
			"refuse an answer without a signature; put the name into an unsigned zone "
			"of its own",
			text);
	else if (reason)
		diag_at(holding->diags, at, -EINVAL, "%s cannot have own addresses: %s", text,
			reason);
}

static void check_beside(const struct dns_zone *zone, const struct zone *loaded, struct diags *diags)
{
	const struct holding holding = { loaded, diags };
	const struct dns_self_name *names = zone->names.items;
	struct dns_name apex, name;

	if (dns_zone_name(zone, &apex) < 0)
		return;
	if (dns_given(&zone->self.record))
		hold_against(&holding, &apex, zone->self.record.place, zone->name);
	for (unsigned i = 0; i < zone->names.count; i++)
		if (dns_self_name_of(zone, names[i].name, &name) == 0 &&
		    name_within(name.wire, apex.wire))
			hold_against(&holding, &name, names[i].record.place, names[i].name);
}

/* Its file was read before, and is as good as it was. */
static bool is_known(const struct dns_zone *zone, const uint8_t digest[DIGEST_SIZE])
{
	const struct dns_seen *seen = dns_seen_find(digest);

	/* Signatures expire, and own addresses are held against records. */
	return seen && seen->clean && !seen->is_signed && !zone->names.count &&
	       !dns_given(&zone->self.record);
}

static void remember(const struct zone *loaded, const uint8_t digest[DIGEST_SIZE], bool clean)
{
	struct dns_seen seen = {
		.serial = loaded->serial,
		.names = loaded->names,
		.records = loaded->records,
		.is_signed = loaded->denial != ZONE_UNSIGNED,
		.clean = clean,
	};

	memcpy(seen.digest, digest, DIGEST_SIZE);
	dns_seen_remember(&seen);
}

void dns_check_zone(const struct dns_zone *zone, struct diags *diags)
{
	struct reading reading = { .diags = diags };
	struct zone_source source = {
		.now = time(NULL), .include = on_include, .problem = on_problem, .data = &reading
	};
	unsigned before = diags->count + diags->dropped;
	uint8_t digest[DIGEST_SIZE];
	struct zone *loaded;
	struct dns_name name;

	if (!zone->file.name || dns_zone_name(zone, &name) < 0)
		return;
	dns_seen_digest(zone, digest);
	if (is_known(zone, digest))
		return;
	source.origin = name.wire;
	source.file = text_of(&reading, &zone->file);
	if (zone_load(&source, &loaded) == 0) {
		remember(loaded, digest, diags->count + diags->dropped == before);
		check_beside(zone, loaded, diags);
		zone_unref(loaded);
	}
	VEC_FREE(&reading.files);
}
