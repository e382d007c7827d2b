/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_COOKIE_H
#define MH_DNS_COOKIE_H

#include "net/address.h"

/*
 * Cookies (RFC 7873) as servers of different makers can share them (RFC 9018): who sends one
 * back that we made has shown that he gets our answers at the address that he writes.
 */
#define COOKIE_CLIENT 8	 /* bytes of the client's part */
#define COOKIE_SERVER 16 /* bytes of ours */
#define COOKIE_MAX 40	 /* bytes of both, at most, whoever made the server's part */
#define COOKIE_SECRET 16

/*
 * The first secret makes cookies, both are believed: a new secret comes second to every server of a
 * group, becomes first everywhere, and the old one goes an hour later.
 */
struct cookie_secrets {
	unsigned count; /* 0: cookies are off */
	uint8_t secret[2][COOKIE_SECRET];
};

/* Makes our part for @client_cookie and who sent it; @now is in seconds since 1970. */
void cookie_make(const struct cookie_secrets *secrets, const uint8_t client_cookie[COOKIE_CLIENT],
		 const struct address *peer, uint32_t now, uint8_t ret_server[COOKIE_SERVER]);

/*
 * @cookie, of @length bytes, is a client's part and one of ours that we made for this client at most an
 * hour ago.
 */
bool cookie_valid(const struct cookie_secrets *secrets, const uint8_t *cookie, size_t length,
		  const struct address *peer, uint32_t now);

#endif
