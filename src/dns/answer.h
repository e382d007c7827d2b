/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ANSWER_H
#define MH_DNS_ANSWER_H

#include "dns/cookie.h"
#include "dns/reply.h"
#include "dns/rrl.h"
#include "dns/selves.h"
#include "dns/tsig.h"
#include "dns/zones.h"

/*
 * The whole of answering: bytes of a query in, bytes of the reply out. No socket, no clock, no memory
 * taken; what it reads is immutable and shared by threads, what it writes is one thread's own.
 */

/* What is asked, by whom, where, and when. */
struct dns_asker {
	const uint8_t *query;
	size_t length;
	struct address peer, asked; /* an IPv4 address as such, not mapped into IPv6 */
	uint16_t peer_port;
	bool tcp;
	uint64_t now_us; /* since any moment; never goes back */
	uint64_t now;	 /* seconds since 1970 */
};

struct dns_server {
	const struct zones *zones;
	/*
	 * Names with addresses of this server's own; or NULL. Such an answer bears no signature, so none of
	 * them may lie in a signed zone: a validating resolver would drop it. Nor may one lie at or below a
	 * delegation, or beside a CNAME, and the name above it is one of the zone. Who reads the
	 * configuration refuses all else.
	 */
	const struct selves *selves;
	const uint8_t *nsid;  /* or NULL */
	uint16_t nsid_length; /* at most EDNS_NSID_MAX */
	uint16_t udp_size;    /* no answer over UDP is longer; 0: DNS_UDP_DEFAULT */
	uint16_t keepalive;   /* how long a TCP connection may be idle, in tenths of a second */
	const char *identity, *version; /* id.server, version.bind (RFC 4892); NULL: refused */
	struct cookie_secrets cookies;
	const struct tsig_key *const *keys;
	size_t key_count;
};

/* What became of a query, for counters and the log. */
struct dns_outcome {
	uint16_t rcode;		     /* enum dns_rcode */
	uint16_t type;		     /* of the question; 0: there was none */
	int32_t zone;		     /* its index; -1: none */
	const struct zone *transfer; /* AXFR, IXFR over TCP: nothing was written, see dns_answer() */
	bool edns, dnssec_ok, cookie, truncated, self, limited, silent;
};

/* What one thread needs while it answers. Zeroed once; nothing in it outlives a query but .rrl. */
struct dns_scratch {
	struct rrl *rrl; /* or NULL: no limit */
	struct dns_outcome outcome;
	struct dns_query query; /* the last one; its bytes are the caller's */
	/* Of a signed query: whose key it is, and what signs the answers. */
	struct tsig_session session;
	const struct dns_server *server;
	const struct dns_asker *asker;
	struct dns_reply reply;
	struct edns_reply edns;
	struct tsig tsig;
	struct dns_name name;		/* where a chain has come to */
	struct dns_name target;		/* whose addresses are looked for */
	uint8_t synthesised[NAME_SIZE]; /* what a DNAME makes */
	uint8_t cookie[COOKIE_CLIENT + COOKIE_SERVER];
	uint8_t zoneversion[6];
	_Alignas(struct zone_rrset) uint8_t asked[SELF_SET_SIZE];
};

/*
 * Answers a query. Returns the length of the reply, which may be written over the query; 0: say nothing.
 *
 * A transfer of a zone that we serve is not answered here: then .outcome.transfer is that zone and the
 * return value 0, and the caller looks who asks (.session.key is NULL without a good signature)
 * and sends it by dns/axfr.h, or says dns_refuse().
 */
size_t dns_answer(const struct dns_server *server, struct dns_scratch *scratch,
		  const struct dns_asker *asker, uint8_t *reply, size_t room);

/*
 * For batches: where the names of queries that are about to be answered lie in memory. Called for each of
 * them before the first is answered, in two rounds, so that the memory brings them all at once. It
 * is for speed alone, and does nothing where all zones are small.
 */
struct dns_ahead {
	const struct zone *zone; /* NULL: nothing to look for */
	uint64_t hash;
};

void dns_look_ahead(const struct dns_server *server, struct dns_scratch *scratch,
		    const uint8_t *query, size_t length, struct dns_ahead *ret_ahead);
void dns_look_again(const struct dns_ahead *ahead);

/* The reply that says @rcode to the query in @scratch, and why (enum dns_ede). */
size_t dns_refuse(struct dns_scratch *scratch, enum dns_rcode rcode, enum dns_ede ede,
		  uint8_t *reply, size_t room);

#endif
