/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_PROBLEMS_H
#define MH_DNS_ZONE_PROBLEMS_H

#include "base/mem.h"
#include "dns/zone_load.h"

/*
 * What is wrong with a zone that is being loaded. The records that are kept do not know their
 * lines, which would cost each good zone memory for the sake of the bad ones: what is found out
 * about records names them, and a second reading of the text finds their places.
 */

/* A record that is spoken of; without .data any one of the type. Type 0: any record of the name. */
struct zone_record {
	const uint8_t *owner;
	uint16_t type, length;
	uint32_t ttl;
	const uint8_t *data;
};

struct zone_finding {
	bool warning, placed;
	unsigned file; /* which of the files in the order of their opening */
	uint32_t line;
	char *text;
	/* What to look for. */
	uint8_t *owner, *data;
	uint16_t type, length;
};

struct zone_problems {
	VEC(struct zone_finding) findings;
	VEC(const char *) files;
	size_t errors, warnings, unplaced;
};

void zone_problems_free(struct zone_problems *problems);

/* At a place that is known. */
void zone_problem_at(struct zone_problems *problems, unsigned file, uint32_t line,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Of a record: refuses the zone, or is only told. */
void zone_error(struct zone_problems *problems, const struct zone_record *record,
		const char *format, ...) __attribute__((format(printf, 3, 4)));
void zone_warn(struct zone_problems *problems, const struct zone_record *record, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

/*
 * In the second reading: a record at its place. Of several that fit the last one counts, as for a
 * duplicate.
 */
void zone_problems_place(struct zone_problems *problems, const struct zone_record *record,
			 unsigned file, uint32_t line);

/* Tells all of them, sorted by place. */
void zone_problems_tell(struct zone_problems *problems, const struct zone_source *source);

#endif
