/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FACT_HEALTH_H
#define MH_FACT_HEALTH_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How the checks stand: what their worker says, and what was decided by hand. Sorted by name.
 */
enum health_state { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };
#define HEALTH_STATES (HEALTH_DOWN + 1)

/* By hand: `mhctl checks drain|force-up|force-down|auto NAME`. */
enum health_hand { HEALTH_AUTO, HEALTH_DRAINED, HEALTH_FORCED_UP, HEALTH_FORCED_DOWN };
#define HEALTH_HANDS (HEALTH_FORCED_DOWN + 1)

/* What an old word means: one of a worker that died since, or has fallen silent. */
enum health_old { HEALTH_OLD_KEEP, HEALTH_OLD_UP, HEALTH_OLD_DOWN };

/* What the engine itself sees of this host, for a check that asks nobody. */
enum health_sight { HEALTH_UNSEEN, HEALTH_WELL, HEALTH_ILL };

struct health {
	char *name;	  /* "web-up"; with a space in it, it is a check of a feature's own */
	const char *kind; /* "http"; static, as configured */
	enum health_state state; /* as the worker says, whatever was decided by hand */
	enum health_hand hand;
	enum health_state start; /* what unknown means, as configured */
	enum health_old when_old;
	bool old;	/* who said so died or is silent */
	uint8_t weight; /* percent; by an agent */
	/* Since when it is so, and the last and the next look; clock_now_us(), 0 = never. */
	int64_t since_us, last_us, next_us;
	uint32_t took_us, flips;
	char *reason; /* of the last result: "connection refused"; never NULL */
	enum health_sight sight;
	char *sight_reason; /* never NULL */
};

struct healths {
	VEC(struct health) items;
	char *ports_by; /* how a port that opens is seen: "events"; NULL = none is waited for */
	uint64_t ports_looks; /* how often the ports of this host were looked at for that */
};

/* The one of that name, or NULL; the table is sorted. */
struct health *healths_find(const struct healths *healths, const char *name);
/*
 * The same, added at its place when it is new: unknown, by itself, weight 100. Valid until the next
 * one is added.
 */
struct health *healths_get(struct healths *healths, const char *name);
/* Adds @health or puts it in the place of one with its name, of which what was configured,
 * decided and seen stays. */
void healths_tell(struct healths *healths, const struct health *health);
/* What is seen of @name, which is in the table or not. Returns whether that is news. */
bool healths_see(struct healths *healths, const char *name, enum health_sight sight,
		 const char *reason);
void healths_free(struct healths *healths);

/* All considered, may who depends on it count on it? NULL = there is no such check: false. */
bool health_usable(const struct health *health);
const char *health_state_word(enum health_state state); /* "up" */
const char *health_hand_word(enum health_hand hand);	/* "drained" */

#endif
