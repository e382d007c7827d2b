/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/type.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* IANA's registry, "Resource Record (RR) TYPEs". */
static const struct {
	uint16_t type;
	const char *name;
} names[] = {
	{ 1, "A" },	  { 2, "NS" },		{ 3, "MD" },	    { 4, "MF" },
	{ 5, "CNAME" },	  { 6, "SOA" },		{ 7, "MB" },	    { 8, "MG" },
	{ 9, "MR" },	  { 10, "NULL" },	{ 11, "WKS" },	    { 12, "PTR" },
	{ 13, "HINFO" },  { 14, "MINFO" },	{ 15, "MX" },	    { 16, "TXT" },
	{ 17, "RP" },	  { 18, "AFSDB" },	{ 19, "X25" },	    { 20, "ISDN" },
	{ 21, "RT" },	  { 22, "NSAP" },	{ 23, "NSAP-PTR" }, { 24, "SIG" },
	{ 25, "KEY" },	  { 26, "PX" },		{ 27, "GPOS" },	    { 28, "AAAA" },
	{ 29, "LOC" },	  { 30, "NXT" },	{ 33, "SRV" },	    { 35, "NAPTR" },
	{ 36, "KX" },	  { 37, "CERT" },	{ 39, "DNAME" },    { 41, "OPT" },
	{ 42, "APL" },	  { 43, "DS" },		{ 44, "SSHFP" },    { 45, "IPSECKEY" },
	{ 46, "RRSIG" },  { 47, "NSEC" },	{ 48, "DNSKEY" },   { 49, "DHCID" },
	{ 50, "NSEC3" },  { 51, "NSEC3PARAM" }, { 52, "TLSA" },	    { 53, "SMIMEA" },
	{ 55, "HIP" },	  { 59, "CDS" },	{ 60, "CDNSKEY" },  { 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },  { 63, "ZONEMD" },	{ 64, "SVCB" },	    { 65, "HTTPS" },
	{ 99, "SPF" },	  { 104, "NID" },	{ 105, "L32" },	    { 106, "L64" },
	{ 107, "LP" },	  { 108, "EUI48" },	{ 109, "EUI64" },   { 249, "TKEY" },
	{ 250, "TSIG" },  { 251, "IXFR" },	{ 252, "AXFR" },    { 253, "MAILB" },
	{ 254, "MAILA" }, { 255, "ANY" },	{ 256, "URI" },	    { 257, "CAA" },
};

const char *type_text(uint16_t type, char buffer[TYPE_TEXT_SIZE])
{
	snprintf(buffer, TYPE_TEXT_SIZE, "TYPE%u", type);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].type == type)
			snprintf(buffer, TYPE_TEXT_SIZE, "%s", names[i].name);
	return buffer;
}

int type_parse(const char *text, uint16_t *ret_type)
{
	unsigned long number;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(text, names[i].name)) {
			*ret_type = names[i].type;
			return 0;
		}
	/* RFC 3597, 5. */
	if (strncasecmp(text, "TYPE", 4) || text[4] < '0' || text[4] > '9')
		return -EINVAL;
	number = strtoul(text + 4, &end, 10);
	if (*end || number > UINT16_MAX)
		return -EINVAL;
	*ret_type = (uint16_t)number;
	return 0;
}
