/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/cookie.h"
#include "dns/siphash.h"

#include <endian.h>
#include <string.h>

/* Our part is a version, three zeros, when it was made, and the hash (RFC 9018, 4). */
#define VERSION 1
#define HASH_AT 8 /* and everything before it is hashed, behind the client's part */

/* RFC 9018, 4.3: an hour behind, and five minutes for the clocks of others of the group. */
#define OLDEST 3600
#define AHEAD 300

static uint64_t cookie_hash(const uint8_t secret[COOKIE_SECRET],
			    const uint8_t client_cookie[COOKIE_CLIENT], const uint8_t head[HASH_AT],
			    const struct address *peer)
{
	uint8_t bytes[COOKIE_CLIENT + HASH_AT + 16];
	size_t size = address_size(peer->family);

	memcpy(bytes, client_cookie, COOKIE_CLIENT);
	memcpy(bytes + COOKIE_CLIENT, head, HASH_AT);
	memcpy(bytes + COOKIE_CLIENT + HASH_AT, peer->bytes, size);
	return htole64(siphash(secret, bytes, COOKIE_CLIENT + HASH_AT + size));
}

void cookie_make(const struct cookie_secrets *secrets, const uint8_t client_cookie[COOKIE_CLIENT],
		 const struct address *peer, uint32_t now, uint8_t ret_server[COOKIE_SERVER])
{
	uint32_t time = htobe32(now);
	uint64_t hash;

	memset(ret_server, 0, 4);
	ret_server[0] = VERSION;
	memcpy(ret_server + 4, &time, sizeof(time));
	hash = cookie_hash(secrets->secret[0], client_cookie, ret_server, peer);
	memcpy(ret_server + HASH_AT, &hash, sizeof(hash));
}

/* In time that tells nobody how much of a guess was right. */
static bool hash_equal(uint64_t hash, const uint8_t *bytes)
{
	uint64_t other;

	memcpy(&other, bytes, sizeof(other));
	return !(hash ^ other);
}

bool cookie_valid(const struct cookie_secrets *secrets, const uint8_t *cookie, size_t length,
		  const struct address *peer, uint32_t now)
{
	const uint8_t *server = cookie + COOKIE_CLIENT;
	uint32_t made;
	int32_t age;

	if (length != COOKIE_CLIENT + COOKIE_SERVER || server[0] != VERSION)
		return false;
	memcpy(&made, server + 4, sizeof(made));
	/* As serial numbers are compared (RFC 1982): the seconds come round in 2106. */
	age = (int32_t)(now - be32toh(made));
	if (age > OLDEST || age < -AHEAD)
		return false;
	for (unsigned i = 0; i < secrets->count; i++)
		if (hash_equal(cookie_hash(secrets->secret[i], cookie, server, peer),
			       server + HASH_AT))
			return true;
	return false;
}
