/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_TSIG_H
#define MH_DNS_TSIG_H

#include "dns/name.h"

/*
 * Signatures of messages by a shared secret (RFC 8945). Pure: the time comes as a parameter.
 */
enum tsig_algorithm { TSIG_SHA1, TSIG_SHA224, TSIG_SHA256, TSIG_SHA384, TSIG_SHA512 };

#define TSIG_MAC_SIZE 64     /* the largest, of SHA-512 */
#define TSIG_FUDGE 300	     /* seconds by which two clocks may differ (RFC 8945, 10) */
#define TSIG_SECRET_SIZE 256 /* the largest that we take */

/*
 * The values of TSIG's own error; 0 is none. The message's RCODE is then NOTAUTH, and a TSIG tells the
 * error; but for TSIG_FORMERR, where the RCODE is FORMERR and there is none.
 */
enum tsig_error {
	TSIG_FORMERR = 1,
	TSIG_BADSIG = 16,
	TSIG_BADKEY = 17,
	TSIG_BADTIME = 18,
	TSIG_BADTRUNC = 22
};

struct tsig_key {
	uint8_t name[NAME_SIZE]; /* on the wire, in lower case */
	enum tsig_algorithm algorithm;
	uint8_t secret[TSIG_SECRET_SIZE];
	size_t secret_length;
};

/* "hmac-sha256" and its like, with a dot at the end or without. Returns 0, or -EINVAL. */
int tsig_algorithm_parse(const char *text, enum tsig_algorithm *ret_algorithm);
const char *tsig_algorithm_text(enum tsig_algorithm algorithm);

/* The TSIG of a message, which begins at .offset, where the message ends for those who sign. */
struct tsig {
	const uint8_t *message;
	size_t offset;
	uint8_t name[NAME_SIZE], algorithm[NAME_SIZE]; /* in lower case */
	uint64_t time;
	uint16_t fudge, original_id, error;
	const uint8_t *mac, *other;
	uint16_t mac_size, other_size;
};

/*
 * Reads the TSIG at @offset, which must be the last record of the message. Returns 0, or -EBADMSG:
 * the answer is FORMERR.
 */
int tsig_read(const uint8_t *message, size_t length, size_t offset, struct tsig *ret_tsig);

/*
 * A conversation under one key: what was signed last goes into the next signature, so that an
 * answer is bound to its question, and messages of a transfer to those before them.
 */
struct tsig_session {
	const struct tsig_key *key; /* NULL: the error is told without a signature (RFC 8945, 5.3.2) */
	uint8_t name[NAME_SIZE], algorithm[NAME_SIZE];
	uint16_t error;
	uint64_t time; /* that of the asker, for TSIG_BADTIME */
	uint8_t mac[TSIG_MAC_SIZE];
	size_t mac_size;
	bool asked;   /* it is us who answer */
	bool further; /* a first answer was signed */
};

/*
 * Looks whether a question is signed by one of @keys, at the time @now in seconds since 1970.
 * Returns 0 or an enum tsig_error; *ret_session answers in either case. @key of the session tells
 * whose question it was.
 */
unsigned tsig_verify(const struct tsig *tsig, const struct tsig_key *const *keys, size_t count,
		     uint64_t now, struct tsig_session *ret_session);

/* For a question of our own. */
void tsig_ask(const struct tsig_key *key, struct tsig_session *ret_session);
/* Looks whether an answer, or one of several, is signed as it must be; each of them has to be. */
unsigned tsig_verify_answer(const struct tsig *tsig, struct tsig_session *session, uint64_t now);

/* How many bytes tsig_sign() will add. */
size_t tsig_size(const struct tsig_session *session);
/*
 * Adds a TSIG to the message and counts it in its head. Returns the new length, or 0 when there is
 * no room.
 */
size_t tsig_sign(struct tsig_session *session, uint64_t now, uint8_t *message, size_t length,
		 size_t room);

#endif
