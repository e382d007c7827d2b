/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/rdata.h"
#include "base/mem.h"
#include "dns/name.h"
#include "dns/type.h"

#include <string.h>

/*
 * What the data of a type are made of, a letter for each part:
 *   b h w    a number of one, two, four bytes;    e o s    six, eight, sixteen bytes
 *   n N      a name; N where the canonical form has it in lower case
 *   c C      a text with its length before it; one or more texts, to the end
 *   x X      all that is left, perhaps nothing; at least one byte
 *   m        the types of a name as NSEC has them (RFC 4034, 4.1.2), to the end
 *   p        the parameters of SVCB (RFC 9460, 2.2), to the end
 */
static const struct rdata_form {
	uint16_t type;
	const char *parts;
} forms[] = {
	{ DNS_A, "w" },
	{ DNS_NS, "N" },
	{ DNS_MD, "N" },
	{ DNS_MF, "N" },
	{ DNS_CNAME, "N" },
	{ DNS_SOA, "NNwwwww" },
	{ DNS_MB, "N" },
	{ DNS_MG, "N" },
	{ DNS_MR, "N" },
	{ DNS_PTR, "N" },
	{ 13 /* HINFO */, "cc" },
	{ DNS_MINFO, "NN" },
	{ DNS_MX, "hN" },
	{ DNS_TXT, "C" },
	{ DNS_RP, "NN" },
	{ DNS_AFSDB, "hN" },
	{ 19 /* X25 */, "c" },
	{ 20 /* ISDN */, "C" },
	{ 21 /* RT */, "hN" },
	{ DNS_SIG, "hbbwwwhNX" },
	{ DNS_KEY, "hbbx" },
	{ 26 /* PX */, "hNN" },
	{ DNS_AAAA, "s" },
	{ 29 /* LOC */, "s" },
	{ DNS_NXT, "Nx" },
	{ DNS_SRV, "hhhN" },
	{ DNS_NAPTR, "hhcccN" },
	{ DNS_KX, "hN" },
	{ 37 /* CERT */, "hhbX" },
	{ DNS_DNAME, "N" },
	{ DNS_DS, "hbbX" },
	{ 44 /* SSHFP */, "bbX" },
	{ DNS_RRSIG, "hbbwwwhNX" },
	{ DNS_NSEC, "nm" },
	{ DNS_DNSKEY, "hbbx" },
	{ DNS_NSEC3, "bbhccm" },
	{ DNS_NSEC3PARAM, "bbhc" },
	{ 52 /* TLSA */, "bbbX" },
	{ 53 /* SMIMEA */, "bbbX" },
	{ DNS_CDS, "hbbX" },
	{ DNS_CDNSKEY, "hbbX" },
	{ 61 /* OPENPGPKEY */, "X" },
	{ 62 /* CSYNC */, "whm" },
	{ DNS_ZONEMD, "wbbX" },
	{ DNS_SVCB, "hnp" },
	{ DNS_HTTPS, "hnp" },
	{ 99 /* SPF */, "C" },
	{ 104 /* NID */, "ho" },
	{ 105 /* L32 */, "hw" },
	{ 106 /* L64 */, "ho" },
	{ 107 /* LP */, "hn" },
	{ 108 /* EUI48 */, "e" },
	{ 109 /* EUI64 */, "o" },
	{ 256 /* URI */, "hhX" },
	{ 257 /* CAA */, "bcx" },
};

static const char *parts_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].type == type)
			return forms[i].parts;
	return "x";
}

/* Windows in rising order, none of them empty or longer than 32 bytes, and no zeros at their end. */
static bool is_bitmap(const uint8_t *at, size_t left)
{
	int before = -1;

	while (left) {
		if (left < 3 || at[0] <= before || at[1] < 1 || at[1] > 32 || left < at[1] + 2u)
			return false;
		if (!at[1 + at[1]])
			return false;
		before = at[0];
		left -= at[1] + 2u;
		at += at[1] + 2;
	}
	return true;
}

/* Keys in rising order, each with its length. */
static bool is_parameters(const uint8_t *at, size_t left)
{
	int before = -1;

	while (left) {
		if (left < 4)
			return false;
		int key = at[0] << 8 | at[1];
		size_t size = (size_t)(at[2] << 8 | at[3]) + 4;

		if (key <= before || size > left)
			return false;
		before = key;
		left -= size;
		at += size;
	}
	return true;
}

static bool is_texts(const uint8_t *at, size_t left)
{
	if (!left)
		return false;
	while (left) {
		if (left < *at + 1u)
			return false;
		left -= *at + 1u;
		at += *at + 1;
	}
	return true;
}

static size_t name_size(const uint8_t *at, size_t left)
{
	size_t size = 0;

	for (;;) {
		if (size >= left || size >= NAME_SIZE || at[size] > NAME_LABEL_SIZE)
			return 0;
		if (!at[size])
			return size + 1;
		size += at[size] + 1u;
	}
}

/* The bytes of a part at the front of @left; 0 when they are not there or not such a part. */
static size_t part_size(char part, const uint8_t *at, size_t left)
{
	static const char fixed[] = "b1h2w4e6o8sg";
	const char *entry = strchr(fixed, part);

	if (entry) {
		size_t size = entry[1] == 'g' ? 16 : (size_t)(entry[1] - '0');

		return left < size ? 0 : size;
	}
	switch (part) {
	case 'n':
	case 'N':
		return name_size(at, left);
	case 'c':
		return left && left > *at ? *at + 1u : 0;
	case 'C':
		return is_texts(at, left) ? left : 0;
	case 'm':
		return is_bitmap(at, left) ? left : 0;
	case 'p':
		return is_parameters(at, left) ? left : 0;
	default:
		return left;
	}
}

bool rdata_is_valid(uint16_t type, const uint8_t *data, size_t length)
{
	for (const char *part = parts_of(type); *part; part++) {
		size_t size = part_size(*part, data, length);

		if (!size && (length || !strchr("xmp", *part)))
			return false;
		data += size;
		length -= size;
	}
	return !length;
}

bool rdata_is_meta(uint16_t type)
{
	return type == 0 || type == DNS_OPT || (type >= 128 && type <= 255) || type == UINT16_MAX;
}

int rdata_target(uint16_t type)
{
	switch (type) {
	case DNS_NS:
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_PTR:
		return 0;
	case DNS_MX:
	case DNS_AFSDB:
	case DNS_KX:
	case DNS_SVCB:
	case DNS_HTTPS:
		return 2;
	case DNS_SRV:
		return 6;
	}
	return -1;
}

unsigned rdata_compressible(uint16_t type, unsigned *ret_before)
{
	*ret_before = type == DNS_MX ? 2 : 0;
	switch (type) {
	case DNS_NS:
	case DNS_MD:
	case DNS_MF:
	case DNS_CNAME:
	case DNS_MB:
	case DNS_MG:
	case DNS_MR:
	case DNS_PTR:
	case DNS_MX:
		return 1;
	case DNS_SOA:
	case DNS_MINFO:
		return 2;
	}
	return 0;
}

void rdata_canonical(uint16_t type, const uint8_t *data, size_t length, uint8_t *ret_data)
{
	memmove(ret_data, data, length);
	for (const char *part = parts_of(type); *part && length; part++) {
		size_t size = part_size(*part, ret_data, length);

		if (*part == 'N' && size)
			name_lower(ret_data, ret_data);
		ret_data += size;
		length -= size;
	}
}
