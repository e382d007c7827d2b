/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_NFT_WIRE_H
#define MH_HOST_NFT_WIRE_H

#include "host/nft_rule.h"

#include <linux/netlink.h>

/* The messages of nftables, read by their attributes and never past their end. Pure. */

/* The attribute of @type; NULL: there is none. */
const struct nlattr *nft_find(const struct nlmsghdr *message, unsigned type);
const struct nlattr *nft_find_in(const struct nlattr *nest, unsigned type);
/* The value of an attribute that may be NULL; @otherwise when it has none of that kind. */
const char *nft_string(const struct nlattr *attribute); /* NULL: none that ends */
uint32_t nft_number(const struct nlattr *attribute, uint32_t otherwise);
/* The comment in user data. */
const char *nft_comment_of(const struct nlattr *attribute);

/*
 * Whether the expressions of a rule as the kernel tells it are those of @expected, counters aside.
 * What it tells beyond them does not matter: a newer kernel may say more.
 */
bool nft_rule_agrees(const struct nlmsghdr *message, const struct nftnl_rule *expected);
struct nft_count nft_rule_count(const struct nlmsghdr *message);
/* Of one expression, and 0 when it is no counter; NULL: 0. */
struct nft_count nft_expression_count(const struct nlattr *expression);

#endif
