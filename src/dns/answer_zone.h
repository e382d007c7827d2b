/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ANSWER_ZONE_H
#define MH_DNS_ANSWER_ZONE_H

#include "dns/answer.h"

/* What an answer has come to; of answer*.c alone. */
#define ANSWERING_PROOFS 8
/* No answer follows more CNAMEs and DNAMEs than that; the resolver asks on from there. */
#define ANSWERING_STEPS 16

struct answering {
	const struct dns_server *server;
	const struct dns_asker *asker;
	struct dns_scratch *scratch;
	struct dns_reply *reply;
	bool signatures; /* DO, so that what signs comes along */
	enum dns_rcode rcode;

	/* The name that is answered now: the question's, or where a CNAME or DNAME led. */
	const struct dns_name *name;
	const uint8_t *wire; /* the same in the case in which it was written */
	uint16_t owner;	     /* a pointer to it in the reply; 0: out of reach */
	const struct zone *zone;
	struct zone_match match;

	/* NSEC and NSEC3 that were given already. */
	const struct zone_node *proofs[ANSWERING_PROOFS];
	unsigned proof_count;
	/* Those of wildcards along a chain: they wait, since the answer section comes first. */
	const struct zone_node *waiting[ANSWERING_STEPS];
	unsigned waiting_count;
	/* CNAMEs and DNAMEs of the chain. */
	const struct zone_rrset *passed[ANSWERING_STEPS];
	unsigned passed_count;
};

enum answer_end {
	ANSWER_DONE,
	ANSWER_FOLLOW, /* the chain goes on with another name */
	ANSWER_FULL,   /* something did not fit that must be there */
	ANSWER_SILENT,
};

/* Answers the question of class IN: RFC 1034, 4.3.2. */
enum answer_end answer_zone(struct answering *a);

/*
 * Proofs for those who asked with DO (RFC 4035, 3.1.3; RFC 5155, 7.2). Each returns false when one
 * does not fit, and does nothing for a zone without signatures.
 */
bool denial_put_no_name(struct answering *a);
bool denial_put_no_data(struct answering *a);
bool denial_put_no_wildcard_data(struct answering *a);
bool denial_put_unsigned(struct answering *a); /* that the zone below match.cut is unsigned */

/*
 * That a wildcard stood in for a name that is not there: noted along the way, given when the answer
 * section is complete.
 */
void denial_note_expanded(struct answering *a);
bool denial_put_expanded(struct answering *a);

#endif
