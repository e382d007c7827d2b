/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_LOG_H
#define MH_FEATURE_DNS_LOG_H

#include "base/text.h"
#include "dns/name.h"
#include "net/address.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The query log: lines of JSON. The threads drop records into rings that never grow, each into its
 * own; the main thread makes lines of them and writes. What finds no room, and what the file does not
 * take, is dropped and counted: nobody waits for a log.
 */
#define DNS_LOG_RECORDS 1024 /* of a thread */
#define DNS_LOG_LINE_SIZE (2 * NAME_TEXT_SIZE + 512)

struct dns_log_record {
	int64_t time_us; /* since 1970 */
	struct address asked, peer;
	uint16_t peer_port, type;
	uint8_t rcode;
	bool tcp;
	uint8_t name[NAME_SIZE]; /* as it was asked */
};

/* One writer, one reader. */
struct dns_log_ring {
	_Atomic uint32_t head, tail; /* written by the writer; read up to by the reader */
	_Atomic uint64_t dropped;
	struct dns_log_record records[DNS_LOG_RECORDS];
};

/* How much a thread tells: one query in so many, and at most so many a second (0: any). */
struct dns_log_limit {
	uint32_t sample, rate;
	uint32_t skipped;
	int64_t tokens, filled_us; /* tokens in millionths */
};

/* Whether this query is told; false also where the limits say no. */
bool dns_log_chosen(struct dns_log_limit *limit, int64_t now_us);
/* The record to fill in, or NULL, counted, when the ring is full; then dns_log_put(). */
struct dns_log_record *dns_log_room(struct dns_log_ring *ring);
/* Returns whether the ring was empty: the reader is to be woken. */
bool dns_log_put(struct dns_log_ring *ring);

/*
 * {"time":"2026-11-25T12:00:00.000000Z","asked":"2001:db8::1","name":"www.example.com.","type":"AAAA",
 * "transport":"udp","peer":"192.0.2.7","port":4711,"rcode":"NOERROR"}, and the end of the line; the
 * last three with @answers alone. Returns its length.
 */
size_t dns_log_line(const struct dns_log_record *record, bool answers, char line[DNS_LOG_LINE_SIZE]);

/* Appends lines for all that waits in the ring. Returns how many. */
unsigned dns_log_drain(struct dns_log_ring *ring, bool answers, struct text *lines);

/* "NOERROR", "BADVERS", "RCODE12". */
const char *dns_rcode_text(uint8_t rcode, char buffer[16]);

#endif
