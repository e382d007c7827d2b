/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_QUERY_H
#define MH_DNS_QUERY_H

#include "dns/edns.h"
#include "dns/name.h"
#include "net/wire.h"

/*
 * A query as it was read. What is wrong with it stands in .rcode; as much as could be understood
 * stands beside, so that the reply copies it (RFC 8906 wants every question answered).
 */
struct dns_query {
	const uint8_t *bytes;
	uint16_t length;
	uint16_t id;
	uint8_t opcode;
	bool recursion_desired;
	bool question;	       /* there is one, and .name, .type and .class are its */
	uint16_t question_end; /* where it ends; DNS_HEADER without one */
	uint16_t type, class;
	uint16_t rcode;	    /* DNS_NOERROR, or what to answer before looking at the question */
	uint16_t tsig;	    /* where the TSIG record begins, which is the last one; 0: none */
	uint16_t authority; /* where the authority section begins: the serial of an IXFR; 0: empty */
	struct edns edns;
	struct dns_name name;
};

/*
 * Reads a message. Returns whether it deserves an answer at all: what is shorter than a header has
 * nothing to copy, and a response that is answered makes two servers talk for ever.
 */
bool query_read(const void *bytes, size_t length, bool tcp, struct dns_query *ret_query);

/*
 * Writes a query of one question, of class IN, that desires no recursion, and says by EDNS (RFC 6891,
 * 6.1.2) that DNS_UDP_DEFAULT bytes are welcome; @options bytes of options are to follow.
 */
void query_put(struct wire_writer *writer, uint16_t id, const struct dns_name *name, uint16_t type,
	       uint16_t options);

#endif
