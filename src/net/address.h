/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_NET_ADDRESS_H
#define MH_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 or IPv6 address in network order; family 0 (AF_UNSPEC) is "none". Unused bytes are zero. */
struct address {
	uint8_t family;
	uint8_t bytes[16];
};

/* An address and how many leading bits of it count. */
struct prefix {
	uint8_t family;
	uint8_t length;
	uint8_t bytes[16];
};

/* Room for "ffff:...:255.255.255.255/128" and the NUL. */
#define ADDRESS_TEXT_SIZE 56
#define ENDPOINT_TEXT_SIZE 72
#define MAC_TEXT_SIZE 18

size_t address_size(uint8_t family);  /* bytes: 4, 16, or 0 */
uint8_t address_bits(uint8_t family); /* bits: 32, 128, or 0 */

/* Text as inet_pton(3) takes it. Returns 0, or -EINVAL. */
int address_parse(const char *text, struct address *ret_address);

/*
 * "ADDRESS/LENGTH", or a bare address for the whole length. Bits beyond the length are kept:
 * see prefix_is_clean(). Returns 0, -EINVAL for no prefix at all, -ERANGE for a length too large.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix);

/* RFC 5952 text; returns @buffer. "none" for family 0. */
const char *address_text(const struct address *address, char buffer[ADDRESS_TEXT_SIZE]);
const char *prefix_text(const struct prefix *prefix, char buffer[ADDRESS_TEXT_SIZE]);
/* "192.0.2.1:53", "[2001:db8::1]:53". */
const char *endpoint_text(const struct address *address, uint16_t port,
			  char buffer[ENDPOINT_TEXT_SIZE]);
/* "02:00:00:00:00:01" */
const char *mac_text(const uint8_t mac[6], char buffer[MAC_TEXT_SIZE]);

bool address_equal(const struct address *a, const struct address *b);
int address_compare(const struct address *a, const struct address *b);
/* By family, then address, then length: a prefix sorts right before everything inside it. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

struct prefix prefix_of_address(const struct address *address);
struct address prefix_address(const struct prefix *prefix);
/* The same prefix with the bits beyond its length cleared. */
struct prefix prefix_clean(const struct prefix *prefix);
bool prefix_is_clean(const struct prefix *prefix);
bool prefix_holds(const struct prefix *prefix, const struct address *address);
/* @outer holds all of @inner; equal prefixes hold each other. */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

bool address_is_multicast(const struct address *address);
bool address_is_link_local(const struct address *address);
bool address_is_unspecified(const struct address *address);

/* From and to socket addresses. An IPv4-mapped IPv6 address becomes the IPv4 address (RFC 4291, 2.5.5.2). */
int address_from_sockaddr(const void *sockaddr, struct address *ret_address, uint16_t *ret_port);
socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
			      struct sockaddr_storage *ret_sockaddr);

#endif
