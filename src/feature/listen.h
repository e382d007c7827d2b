/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_LISTEN_H
#define MH_FEATURE_LISTEN_H

#include "net/address.h"

/* What features share that listen on addresses and prefixes. */

/* Why nobody can serve @on, and what to write instead; or NULL. */
const char *listen_wrong(const struct prefix *on);
/* As the user wrote it: a single address without its length. */
const char *listen_text(const struct prefix *on, char buffer[ADDRESS_TEXT_SIZE]);
/* "0.0.0.0" and "::" are the wildcard, as everywhere: a prefix of length 0. */
struct prefix listen_wildcard_or(const struct prefix *listen);
/*
 * bind(2) knows one address or all, and a link-local address cannot be bound without naming a link:
 * what is neither takes the wildcard.
 */
bool listen_needs_wildcard(const struct prefix *on);

#endif
