/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ZONE_LOAD_H
#define MH_DNS_ZONE_LOAD_H

#include "dns/zone.h"

/*
 * From the text of zone files (RFC 1035, 5) to a zone. Nothing is opened here: what $INCLUDE names is
 * asked for. Everything that is wrong is told with its place; a zone with an error is not built.
 */

/* The text of a file, and the name by which people know it. */
struct zone_text {
	const char *name;
	const char *text;
	size_t length;
};

struct zone_problem {
	const char *file; /* a struct zone_text's name */
	uint32_t line;	  /* from 1; where the record begins */
	bool warning;
	const char *text;
};

struct zone_source {
	const uint8_t *origin; /* the apex, in lower case */
	struct zone_text file;
	int64_t now; /* seconds since 1970, for signatures; 0: do not look at their times */
	/*
	 * The text of the file that @from includes by @name. Returns 0, or -errno. NULL: none may
	 * be.
	 */
	int (*include)(void *data, const struct zone_text *from, const char *name,
		       struct zone_text *ret_text);
	/*
	 * Sorted by place, the warnings too; as many as fit on a screen, and how many there are
	 * besides.
	 */
	void (*problem)(void *data, const struct zone_problem *problem);
	void *data;
};

/* The TTL of records before a $TTL, where they name none. */
#define ZONE_DEFAULT_TTL 3600

/* Returns 0, or -EINVAL when an error was told. */
int zone_load(const struct zone_source *source, struct zone **ret_zone);

#endif
