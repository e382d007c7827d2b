/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_STAGE_TEST_H
#define MH_DNS_ZONE_STAGE_TEST_H

#include "base/mem.h"
#include "base/text.h"
#include "dns/zone_load.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What tests of zones share: files in memory, and problems as lines. */
struct stage {
	const struct zone_text *files; /* the first is the zone's own; ends with a .name NULL */
	struct text problems;
};

static inline void stage_problem(void *data, const struct zone_problem *problem)
{
	struct stage *stage = data;

	text_printf(&stage->problems, "%s:%u: %s: %s\n", problem->file, problem->line,
		    problem->warning ? "warning" : "error", problem->text);
}

static inline int stage_include(void *data, const struct zone_text *from, const char *name,
				struct zone_text *ret_text)
{
	const struct stage *stage = data;

	for (const struct zone_text *file = stage->files; file->name; file++)
		if (!strcmp(file->name, name)) {
			*ret_text = *file;
			ret_text->length = strlen(file->text);
			return 0;
		}
	return -ENOENT;
}

static inline struct dns_name stage_name(const char *text)
{
	struct dns_name name;

	assert_int_equal(name_parse(text, &name), 0);
	return name;
}

/* Loads the zone example.com. as of 2026-01-01 out of @files. NULL when it was refused. */
static inline struct zone *stage_load_files(struct stage *stage, const struct zone_text *files)
{
	struct dns_name origin = stage_name("example.com.");
	struct zone_source source = { .origin = origin.wire,
				      .file = files[0],
				      .now = 1767225600,
				      .include = stage_include,
				      .problem = stage_problem,
				      .data = stage };
	struct zone *zone;

	stage->files = files;
	source.file.length = strlen(files[0].text);
	text_free(&stage->problems);
	return zone_load(&source, &zone) < 0 ? NULL : zone;
}

static inline struct zone *stage_load(struct stage *stage, const char *text)
{
	const struct zone_text files[] = { { .name = "zone", .text = text }, { 0 } };

	return stage_load_files(stage, files);
}

/* The head that makes a zone of a few records; it has three lines. */
#define STAGE_HEAD                                                                                 \
	"$TTL 3600\n"                                                                              \
	"@ SOA ns hostmaster 7 3600 900 604800 300\n"                                              \
	"@ NS ns.elsewhere.net.\n"

#endif
