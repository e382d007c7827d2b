/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_TYPE_H
#define MH_DNS_TYPE_H

#include <stdint.h>

/*
 * The types of records that have a meaning to us; each other one is data that we hand out (RFC
 * 3597).
 */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_MD = 3,
	DNS_MF = 4,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_MB = 7,
	DNS_MG = 8,
	DNS_MR = 9,
	DNS_PTR = 12,
	DNS_MINFO = 14,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_RP = 17,
	DNS_AFSDB = 18,
	DNS_SIG = 24,
	DNS_KEY = 25,
	DNS_AAAA = 28,
	DNS_NXT = 30,
	DNS_SRV = 33,
	DNS_NAPTR = 35,
	DNS_KX = 36,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_RRSIG = 46,
	DNS_NSEC = 47,
	DNS_DNSKEY = 48,
	DNS_NSEC3 = 50,
	DNS_NSEC3PARAM = 51,
	DNS_CDS = 59,
	DNS_CDNSKEY = 60,
	DNS_ZONEMD = 63,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_TKEY = 249,
	DNS_TSIG = 250,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};

enum dns_class { DNS_IN = 1, DNS_CH = 3, DNS_NONE = 254, DNS_ANY_CLASS = 255 };

#define TYPE_TEXT_SIZE 16

/* "AAAA", "TYPE65280"; returns @buffer. */
const char *type_text(uint16_t type, char buffer[TYPE_TEXT_SIZE]);
/* The other way round, in any case. Returns 0, or -EINVAL. */
int type_parse(const char *text, uint16_t *ret_type);

#endif
