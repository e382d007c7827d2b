/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_MESSAGE_H
#define MH_DNS_MESSAGE_H

#include <stdint.h>

/* The head of a message (RFC 1035, 4.1.1), and the numbers that are said in it. */
#define DNS_HEADER 12	      /* bytes; the question's name stands right behind it */
#define DNS_QUESTION 0xc00c   /* the compression pointer to that name */
#define DNS_UDP_SIZE 512      /* what everybody takes without EDNS */
#define DNS_UDP_DEFAULT 1232  /* what fits the smallest MTU of IPv6 (RFC 9715) */
#define DNS_MESSAGE_MAX 65535 /* over TCP */

/* The second 16 bits. */
enum dns_header_flag {
	DNS_FLAG_QR = 0x8000,
	DNS_FLAG_AA = 0x0400,
	DNS_FLAG_TC = 0x0200,
	DNS_FLAG_RD = 0x0100,
};

enum dns_opcode { DNS_OPCODE_QUERY = 0, DNS_OPCODE_NOTIFY = 4, DNS_OPCODE_UPDATE = 5 };

/* Those above 15 need the OPT record for their upper bits (RFC 6891, 6.1.3). */
enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_YXDOMAIN = 6,
	DNS_NOTAUTH = 9,
	DNS_BADVERS = 16,
	DNS_BADCOOKIE = 23,
	DNS_RCODES = 24, /* for counters */
};

/* Extended errors (RFC 8914): what an rcode alone does not tell. */
enum dns_ede {
	DNS_EDE_NONE = -1,
	DNS_EDE_NOT_READY = 14,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_NOT_AUTHORITATIVE = 20,
	DNS_EDE_NOT_SUPPORTED = 21,
};

/* The head of a record behind its owner: type, class, TTL, length of data. */
#define DNS_RECORD_FIXED 10

#endif
