/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_EDNS_H
#define MH_DNS_EDNS_H

#include "dns/message.h"
#include "net/wire.h"

/* Options, by their IANA numbers. */
enum edns_option {
	DNS_OPTION_NSID = 3,
	DNS_OPTION_EXPIRE = 9,
	DNS_OPTION_COOKIE = 10,
	DNS_OPTION_KEEPALIVE = 11,
	DNS_OPTION_EDE = 15,
	DNS_OPTION_ZONEVERSION = 19,
};

/* EDNS (RFC 6891): what one OPT record says, and our own. */
#define EDNS_VERSION 0
#define EDNS_OPT_SIZE 11 /* of an OPT without options */
#define EDNS_NSID_MAX 128

/* What a query says of itself. Options that we do not know are skipped. */
struct edns {
	bool present, dnssec_ok;
	bool nsid, keepalive, expire, zoneversion; /* asked for */
	uint8_t version;
	uint8_t cookie_length; /* both parts: 8, or 16 to 40; 0: none */
	uint16_t udp_size;     /* as it is said: less than 512 means 512 */
	const uint8_t *cookie; /* in the query */
};

/*
 * Reads an OPT behind its type: class, TTL and data. Returns 0, or the rcode that it earns:
 * DNS_FORMERR or DNS_BADVERS. @tcp: over TCP, where keepalive means something (RFC 7828, 3.2.1).
 */
enum dns_rcode edns_read(struct wire_reader *reader, bool tcp, struct edns *ret_edns);

/* What we say. Those that are NULL or negative are left out. */
struct edns_reply {
	uint16_t udp_size;
	uint16_t rcode; /* all 12 bits */
	bool dnssec_ok;
	const uint8_t *cookie; /* of COOKIE_CLIENT + COOKIE_SERVER bytes */
	const uint8_t *nsid;
	uint16_t nsid_length;
	int32_t keepalive; /* in tenths of a second */
	int32_t ede;
	int64_t expire;		    /* seconds; RFC 7314 */
	const uint8_t *zoneversion; /* six bytes: labels, type, serial; RFC 9660 */
};

/* Bytes of all but ede, expire and zoneversion, which are left out where they do not fit. */
size_t edns_size(const struct edns_reply *reply);
/* Writes the OPT into what is left of @writer. */
void edns_put(struct wire_writer *writer, const struct edns_reply *reply);

#endif
