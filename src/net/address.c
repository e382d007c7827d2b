/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t address_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

uint8_t address_bits(uint8_t family)
{
	return (uint8_t)(address_size(family) * 8);
}

int address_parse(const char *text, struct address *ret_address)
{
	struct address address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(address.family, text, address.bytes) != 1)
		return -EINVAL;
	*ret_address = address;
	return 0;
}

/* A decimal length without sign, space or leading zero. */
static int length_parse(const char *text, uint8_t most, uint8_t *ret_length)
{
	unsigned length = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		length = length * 10 + (unsigned)(*text - '0');
		if (length > 1000)
			return -ERANGE;
	}
	if (length > most)
		return -ERANGE;
	*ret_length = (uint8_t)length;
	return 0;
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char buffer[ADDRESS_TEXT_SIZE];
	struct address address;
	struct prefix prefix;
	int r;

	if (length >= sizeof(buffer))
		return -EINVAL;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	r = address_parse(buffer, &address);
	if (r < 0)
		return r;
	prefix = prefix_of_address(&address);
	if (slash) {
		r = length_parse(slash + 1, prefix.length, &prefix.length);
		if (r < 0)
			return r;
	}
	*ret_prefix = prefix;
	return 0;
}

const char *address_text(const struct address *address, char buffer[ADDRESS_TEXT_SIZE])
{
	if (!inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT_SIZE))
		strcpy(buffer, "none");
	return buffer;
}

const char *prefix_text(const struct prefix *prefix, char buffer[ADDRESS_TEXT_SIZE])
{
	struct address address = prefix_address(prefix);
	size_t length;

	address_text(&address, buffer);
	length = strlen(buffer);
	if (prefix->family)
		snprintf(buffer + length, ADDRESS_TEXT_SIZE - length, "/%u", prefix->length);
	return buffer;
}

const char *endpoint_text(const struct address *address, uint16_t port,
			  char buffer[ENDPOINT_TEXT_SIZE])
{
	char text[ADDRESS_TEXT_SIZE];

	snprintf(buffer, ENDPOINT_TEXT_SIZE, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 address_text(address, text), port);
	return buffer;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_compare(a, b) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* Eight bytes as one number: what sorts, merges and compares routes does little else. */
static uint64_t half(const uint8_t bytes[8])
{
	uint64_t number;

	memcpy(&number, bytes, sizeof(number));
	return be64toh(number);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	uint64_t left = half(a->bytes), right = half(b->bytes);

	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	if (left == right) {
		left = half(a->bytes + 8);
		right = half(b->bytes + 8);
	}
	return left != right ? (left < right ? -1 : 1) : (int)a->length - (int)b->length;
}

struct prefix prefix_of_address(const struct address *address)
{
	struct prefix prefix = { .family = address->family, .length = address_bits(address->family) };

	memcpy(prefix.bytes, address->bytes, sizeof(prefix.bytes));
	return prefix;
}

struct address prefix_address(const struct prefix *prefix)
{
	struct address address = { .family = prefix->family };

	memcpy(address.bytes, prefix->bytes, sizeof(address.bytes));
	return address;
}

struct prefix prefix_clean(const struct prefix *prefix)
{
	struct prefix clean = *prefix;
	unsigned whole = prefix->length / 8, rest = prefix->length % 8;

	if (rest)
		clean.bytes[whole++] &= (uint8_t)(0xff << (8 - rest));
	if (whole < sizeof(clean.bytes))
		memset(clean.bytes + whole, 0, sizeof(clean.bytes) - whole);
	return clean;
}

bool prefix_is_clean(const struct prefix *prefix)
{
	struct prefix clean = prefix_clean(prefix);

	return memcmp(clean.bytes, prefix->bytes, sizeof(clean.bytes)) == 0;
}

static bool same_leading_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || ((a[whole] ^ b[whole]) & (uint8_t)(0xff << (8 - rest))) == 0;
}

bool prefix_holds(const struct prefix *prefix, const struct address *address)
{
	return prefix->family == address->family &&
	       same_leading_bits(prefix->bytes, address->bytes, prefix->length);
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->length <= inner->length &&
	       same_leading_bits(outer->bytes, inner->bytes, outer->length);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

bool address_is_multicast(const struct address *address)
{
	return address->family == AF_INET ? (address->bytes[0] & 0xf0) == 0xe0 :
					    address->family == AF_INET6 && address->bytes[0] == 0xff;
}

const char *mac_text(const uint8_t mac[6], char buffer[MAC_TEXT_SIZE])
{
	snprintf(buffer, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buffer;
}

bool address_is_link_local(const struct address *address)
{
	return address->family == AF_INET ?
		       address->bytes[0] == 169 && address->bytes[1] == 254 :
		       address->family == AF_INET6 && address->bytes[0] == 0xfe &&
			       (address->bytes[1] & 0xc0) == 0x80;
}

bool address_is_unspecified(const struct address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

int address_from_sockaddr(const void *sockaddr, struct address *ret_address, uint16_t *ret_port)
{
	const struct sockaddr_in *in4 = sockaddr;
	const struct sockaddr_in6 *in6 = sockaddr;
	struct address address = { 0 };

	if (in4->sin_family == AF_INET) {
		address.family = AF_INET;
		memcpy(address.bytes, &in4->sin_addr, 4);
		*ret_port = ntohs(in4->sin_port);
	} else if (in4->sin_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		address.family = AF_INET;
		memcpy(address.bytes, in6->sin6_addr.s6_addr + 12, 4);
		*ret_port = ntohs(in6->sin6_port);
	} else if (in4->sin_family == AF_INET6) {
		address.family = AF_INET6;
		memcpy(address.bytes, &in6->sin6_addr, 16);
		*ret_port = ntohs(in6->sin6_port);
	} else {
		return -EAFNOSUPPORT;
	}
	*ret_address = address;
	return 0;
}

socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
			      struct sockaddr_storage *ret_sockaddr)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ret_sockaddr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sockaddr;

	memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
	if (address->family == AF_INET) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		memcpy(&in4->sin_addr, address->bytes, 4);
		return sizeof(*in4);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->bytes, 16);
	return sizeof(*in6);
}
