/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_QUESTION_H
#define MH_BENCH_QUESTION_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "Who has this address?" as an Ethernet frame, an ARP request (RFC 826) or a neighbour
 * solicitation (RFC 4861, 4.3) by the target's family, and what may come back.
 */
#define QUESTION_MAX_BYTES 128

struct question {
	uint8_t mac[6];	   /* of who asks */
	uint8_t to_mac[6]; /* asked there when unicast */
	struct address from; /* unspecified: a probe (RFC 5227), duplicate address detection (RFC 4862) */
	struct address target;
	bool unicast;
	bool plain; /* without the link-layer address option, which unicast questions need not have */
};

struct answer {
	uint8_t to_mac[6], from_mac[6];	 /* of the Ethernet header */
	uint8_t mac[6];			 /* that it tells; zero when it tells none */
	struct address from, to, target; /* ARP has no other sender than the target */
	bool router, solicited, override;
};

/* Writes @question. Returns its bytes, or 0 when it does not fit into @room. */
size_t question_put(const struct question *question, uint8_t *buffer, size_t room);

/*
 * Makes one of them, as question_put() wrote it, into one that nobody may answer: what @random
 * says is broken about it, and only that. Returns its new length.
 */
size_t question_spoil(uint8_t *bytes, size_t length, uint64_t random);

/*
 * Reads an ARP reply or a neighbour advertisement. Returns 0; -ENOMSG when it is neither; -EBADMSG
 * when it is one that a receiver has to discard (RFC 4861, 7.1.2).
 */
int answer_get(const uint8_t *bytes, size_t length, struct answer *ret_answer);

/* What is wrong with @answer to @question, when it should lead to @mac; NULL when nothing is. */
const char *answer_fault(const struct answer *answer, const struct question *question,
			 const uint8_t mac[6]);

/* Said to everybody, of nobody's asking: a gratuitous ARP, an unsolicited advertisement. */
bool answer_is_announcement(const struct answer *answer);

#endif
