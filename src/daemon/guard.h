/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_GUARD_H
#define MH_DAEMON_GUARD_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Against flapping: what others remove or alter again and again is mended a few times a minute, and
 * then let be for a while, ever longer, for two that mend against each other do harm to both. Knows
 * objects by their text; pure, the time is told.
 */
struct fight {
	uint64_t key;	    /* of the text */
	int64_t since_us;   /* when the minute that is counted began */
	int64_t bout_us;    /* the present bout began */
	int64_t last_us;    /* the last repair */
	int64_t until_us;   /* let be until then; 0 = not */
	int64_t pause_us;   /* how long it is let be the next time; 0 = as at first */
	unsigned bouts;	    /* of this minute */
	char *object, *who; /* once it is let be: what, and who stands there instead */
};

struct guard {
	VEC(struct fight) fights;
	uint32_t *slots; /* a hash: number of a fight + 1 */
	size_t slot_count;
};

enum guard_verdict { GUARD_MEND, GUARD_STOP, GUARD_LEAVE };

void guard_free(struct guard *guard);
/* Forgets everything: somebody has decided anew. */
void guard_forgive(struct guard *guard);

/*
 * Whether @object, which is not as it should be, is mended. STOP: from now on it is let be, which is
 * to be told (*ret_fight, until the next call); LEAVE: it is already.
 */
enum guard_verdict guard_ask(struct guard *guard, const char *object, int64_t now_us,
			     struct fight **ret_fight);
/* It was mended. */
void guard_note(struct guard *guard, const char *object, int64_t now_us);
/* When the first of those that are let be is due again; INT64_MAX = there is none. */
int64_t guard_due(const struct guard *guard, int64_t now_us);

#endif
