/* SPDX-License-Identifier: MIT */
/*
 * Addresses and prefixes, as few questions as a server needs to ask of them.
 */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

unsigned mh_address_bits(uint8_t family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

bool mh_address_is_multicast(const struct mh_address *address)
{
	return address->family == AF_INET ? (address->bytes[0] & 0xf0) == 0xe0 :
					    address->family == AF_INET6 && address->bytes[0] == 0xff;
}

bool mh_address_is_link_local(const struct mh_address *address)
{
	if (address->family == AF_INET)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

struct mh_address mh_address_of_endpoint(const union mh_endpoint *endpoint)
{
	struct mh_address address = { 0 };

	if (endpoint->any.sa_family == AF_INET) {
		address.family = AF_INET;
		memcpy(address.bytes, &endpoint->v4.sin_addr, 4);
	} else if (endpoint->any.sa_family == AF_INET6) {
		address = mh_address_of_v6(&endpoint->v6.sin6_addr);
	}
	return address;
}

/* The bits from @from up to @to are the same in both. */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned from, unsigned to)
{
	for (unsigned bit = from; bit < to; bit++) {
		if (bit % 8 == 0 && bit + 8 <= to) {
			if (a[bit / 8] != b[bit / 8])
				return false;
			bit += 7;
		} else if ((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8)) {
			return false;
		}
	}
	return true;
}

bool mh_prefix_holds(const struct mh_prefix *prefix, const struct mh_address *address)
{
	return prefix->address.family == address->family &&
	       bits_equal(prefix->address.bytes, address->bytes, 0, prefix->length);
}

static int length_parse(const char *text, unsigned most, uint8_t *ret_length)
{
	unsigned length = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		length = length * 10 + (unsigned)(*text - '0');
		if (length > most)
			return -EINVAL;
	}
	*ret_length = (uint8_t)length;
	return 0;
}

int mh_prefix_parse(const char *text, struct mh_prefix *ret_prefix)
{
	static const uint8_t zeros[16];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct mh_prefix prefix = { .address.family = strchr(text, ':') ? AF_INET6 : AF_INET };
	unsigned bits = mh_address_bits(prefix.address.family);
	char buffer[INET6_ADDRSTRLEN];

	if (length >= sizeof(buffer))
		return -EINVAL;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	if (inet_pton(prefix.address.family, buffer, prefix.address.bytes) != 1)
		return -EINVAL;
	prefix.length = (uint8_t)bits;
	if (slash && length_parse(slash + 1, bits, &prefix.length) < 0)
		return -EINVAL;
	if (!bits_equal(prefix.address.bytes, zeros, prefix.length, bits))
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}
