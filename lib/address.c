/* SPDX-License-Identifier: MIT */
/*
 * Addresses and prefixes, as few questions as a server needs to ask of them.
 */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
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

bool mh_address_is_unspecified(const struct mh_address *address)
{
	static const uint8_t zeros[16];

	return memcmp(address->bytes, zeros, sizeof(zeros)) == 0;
}

/* The bits of the byte at which @length ends that lie within it. */
static uint8_t last_mask(unsigned length)
{
	return (uint8_t)(0xff00 >> length % 8);
}

bool mh_prefix_holds(const struct mh_prefix *prefix, const struct mh_address *address)
{
	unsigned whole = prefix->length / 8;
	const uint8_t *a = prefix->address.bytes, *b = address->bytes;

	return prefix->address.family == address->family && memcmp(a, b, whole) == 0 &&
	       (prefix->length % 8 == 0 || !((a[whole] ^ b[whole]) & last_mask(prefix->length)));
}

static bool is_clean(const struct mh_prefix *prefix)
{
	struct mh_address rest = prefix->address;
	unsigned whole = prefix->length / 8;

	memset(rest.bytes, 0, whole);
	if (prefix->length % 8)
		rest.bytes[whole] &= (uint8_t)~last_mask(prefix->length);
	return mh_address_is_unspecified(&rest);
}

static int number_parse(const char *text, unsigned most, unsigned *ret_number)
{
	unsigned number = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (number > (most - (unsigned)(*text - '0')) / 10)
			return -EINVAL;
		number = number * 10 + (unsigned)(*text - '0');
	}
	*ret_number = number;
	return 0;
}

/* Its name or, as RFC 4007, 11.2 wants it possible as well, its index. */
static int link_parse(const char *text, unsigned *ret_link)
{
	unsigned link = if_nametoindex(text);

	if (!link && (number_parse(text, INT_MAX, &link) < 0 || !link))
		return *text ? -ENODEV : -EINVAL;
	*ret_link = link;
	return 0;
}

/* The link stands before the length (RFC 4007, 11.7). @text is cut into pieces. */
static int parts_parse(char *text, struct mh_prefix *ret_prefix)
{
	struct mh_prefix prefix = { .address.family = strchr(text, ':') ? AF_INET6 : AF_INET };
	unsigned length = mh_address_bits(prefix.address.family);
	char *slash = strchr(text, '/'), *percent;
	int r = 0;

	if (slash) {
		*slash = '\0';
		r = number_parse(slash + 1, length, &length);
	}
	percent = strchr(text, '%');
	if (percent)
		*percent = '\0';
	prefix.length = (uint8_t)length;
	if (r < 0 || inet_pton(prefix.address.family, text, prefix.address.bytes) != 1 ||
	    !is_clean(&prefix))
		return -EINVAL;
	r = percent ? link_parse(percent + 1, &prefix.link) : 0;
	if (r < 0)
		return r;
	*ret_prefix = prefix;
	return 0;
}

int mh_prefix_parse(const char *text, struct mh_prefix *ret_prefix)
{
	char copy[INET6_ADDRSTRLEN + sizeof("%") + IF_NAMESIZE + sizeof("/128")];
	size_t length = strlen(text);

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length + 1);
	return parts_parse(copy, ret_prefix);
}
