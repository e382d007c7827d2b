/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_ANNOUNCE_H
#define MH_FEATURE_NEIGHBOURS_ANNOUNCE_H

#include "feature/neighbours/neighbours_wire.h"

/*
 * Which addresses are to be announced when: gratuitous ARP (RFC 5227, 2.3: twice, 2 s apart) and
 * unsolicited neighbour advertisements (RFC 4861, 7.2.6: up to three, 1 s apart). Pure but for its own
 * state; time is microseconds of clock_now_us().
 */
struct neighbours_announced {
	struct neighbours_news news;
	unsigned left;	/* so many are still to be sent, */
	int64_t due_us; /* the next one then */
};

struct neighbours_announcer {
	struct neighbours_announced *items; /* by link and address */
	uint32_t count;
	uint32_t at;	 /* how far a walk over what is due has come */
	int64_t next_us; /* when the first one of all is due; INT64_MAX = none */
};

#define NEIGHBOURS_ANNOUNCEMENT_SIZE 86

/* Takes over what is to be announced from now on; what is new or has changed is due at once. */
void neighbours_announcer_take(struct neighbours_announcer *announcer,
			       const struct neighbours_notes *notes, int64_t now_us);
/* The next one that is due, counted as sent; NULL = none is. */
const struct neighbours_news *neighbours_announcer_due(struct neighbours_announcer *announcer,
						       int64_t now_us);
void neighbours_announcer_free(struct neighbours_announcer *announcer);

/* Writes the whole frame; returns its length. */
size_t neighbours_announcement(const struct neighbours_news *news,
			       uint8_t frame[NEIGHBOURS_ANNOUNCEMENT_SIZE]);

#endif
