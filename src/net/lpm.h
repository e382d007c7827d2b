/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_NET_LPM_H
#define MH_NET_LPM_H

#include "net/address.h"

/*
 * A longest-prefix table: which of many prefixes, most specific first, holds an address. Built
 * once, then only read, from any thread, without a lock. A lookup costs one hash probe for each
 * distinct prefix length of the family, so that ten thousand prefixes cost no more than one.
 */
struct lpm;

struct lpm_entry {
	struct prefix prefix; /* clean */
	uint32_t value;
};

/* Builds the table of @count entries; of two equal prefixes the first wins. */
struct lpm *lpm_new(const struct lpm_entry *entries, size_t count);
void lpm_free(struct lpm *lpm);

/* The longest prefix of at most @longest bits that holds @address, or NULL. */
const struct lpm_entry *lpm_find_within(const struct lpm *lpm, const struct address *address,
					uint8_t longest);
const struct lpm_entry *lpm_find(const struct lpm *lpm, const struct address *address);

/* The longest prefix that covers all of @prefix (itself included), or NULL. */
const struct lpm_entry *lpm_find_cover(const struct lpm *lpm, const struct prefix *prefix);

#endif
