/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_AXFR_H
#define MH_DNS_AXFR_H

#include "dns/tsig.h"
#include "dns/zone.h"

/*
 * A zone as a row of messages (RFC 5936): its SOA, all else, its SOA again; as many records in a
 * message as fit. Also the answer to IXFR, which may be the whole zone (RFC 1995, 4).
 */
struct axfr {
	const struct zone *zone; /* the caller keeps it alive */
	struct tsig_session *session;
	uint16_t id;
	uint8_t question[NAME_SIZE + 4];
	size_t question_length;
	enum axfr_phase { AXFR_FIRST, AXFR_RECORDS, AXFR_LAST, AXFR_DONE } phase;
	/* The record that comes next, in the middle. */
	const struct zone_node *node;
	const struct zone_rrset *set;
	const uint8_t *record;
};

/*
 * Begins the answer to the question @id, whose name, type and class stand at @question. @session is
 * that of a question with a TSIG, or NULL; it must live as long.
 */
void axfr_begin(struct axfr *axfr, const struct zone *zone, uint16_t id, const uint8_t *question,
		struct tsig_session *session);

/*
 * Writes the next message, of at most @room bytes; with 65535 every record fits. Returns its
 * length; 0 when all was written, or when a record does not fit.
 */
size_t axfr_next(struct axfr *axfr, uint64_t now, uint8_t *message, size_t room);

static inline bool axfr_done(const struct axfr *axfr)
{
	return axfr->phase == AXFR_DONE;
}

#endif
