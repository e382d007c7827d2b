/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_DNS_H
#define MH_CTL_DNS_H

#include "net/address.h"

#include <stddef.h>

/* What `mhctl dns query` asks, and where. */
struct dns_question {
	const char *name, *type;
	struct address server;
	uint16_t port;
};

#define DNS_QUERY_SIZE 300
#define DNS_REPLY_SIZE 65535

/* Writes a query with EDNS, NSID asked for. Returns its length, or -EINVAL: no name or no type. */
int dns_query_build(const struct dns_question *question, uint16_t id,
		    uint8_t ret_query[DNS_QUERY_SIZE]);
/*
 * Asks over UDP, three times a second apart, and over TCP when the answer is truncated. Returns the length
 * of the answer, or -ETIMEDOUT, -ECONNREFUSED, -errno.
 */
int dns_query_ask(const struct dns_question *question, const uint8_t *query, size_t length,
		  uint8_t *reply);

#endif
