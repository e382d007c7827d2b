/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_COUNTERS_H
#define MH_FEATURE_COUNTERS_H

#include "base/mem.h"

#include <stdint.h>

/*
 * What workers counted, summed over their threads and kept over their restarts. Of a key that begins
 * with "claimant " .answered and .dropped are times (by the clock on the wall, seconds): when it was seen
 * first and last; they are joined where others are added.
 */
struct counter {
	uint64_t asked;	   /* datagrams and connections that came in */
	uint64_t answered; /* datagrams sent, connections served */
	uint64_t dropped;  /* not answered on purpose or for want of room */
	uint64_t failed;   /* answers that the kernel refused to send */
};

struct counters_entry {
	char *key; /* "service who", "prefix 2001:db8:1:1::/64" */
	struct counter counter;
};

struct counters {
	VEC(struct counters_entry) entries;
	uint32_t *slots; /* a hash of the keys: index in .entries + 1, 0 = empty */
	size_t slot_count;
};

/* The counter of @key, made when it is new. Valid until the next call. */
struct counter *counters_get(struct counters *counters, const char *key);
/* The same, or NULL when there is none. */
const struct counter *counters_find(const struct counters *counters, const char *key);
void counters_add(struct counters *sum, const struct counters *more);
void counters_free(struct counters *counters);

#endif
