/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_NFT_RULE_H
#define MH_HOST_NFT_RULE_H

#include "base/text.h"
#include "host/object.h"

#include <libnftnl/rule.h>
#include <libnftnl/set.h>

/*
 * Filter objects as rules and as elements of sets of nftables. Pure: no socket.
 *
 * Every rule and every element carries its object's text as a comment, so that `nft list ruleset`
 * explains itself and a restart finds what is ours; and a counter.
 */
#define NFT_TABLE "multihomed"
#define NFT_MARK "made by multihomed" /* the table's own comment: it is ours */

struct nft_count {
	uint64_t packets, bytes;
};

/*
 * Objects that differ only in the values of some selectors, the keys, share one look-up in a set, which
 * costs the same for one and for ten thousand. A prefix is a key with its length in common, so that a
 * packet's address is masked before; what no key can hold (ranges of ports, marks) is in common too.
 * Sets of intervals were rejected: they refuse what overlaps, they are slower, and each addition to
 * them is a copy of the whole before Linux 6.10.
 */
struct nft_shape {
	unsigned keys;		   /* by bits; 0 = it shares with none */
	struct host_filter common; /* without key, order, and who asks for it */
};

void nft_shape_of(const struct host_filter *filter, struct nft_shape *ret_shape);
int nft_shape_compare(const struct nft_shape *a, const struct nft_shape *b);
/* The key of an object in the set of its shape; returns the number of its bytes. */
#define NFT_KEY_SIZE 64
size_t nft_key(const struct host_filter *filter, uint8_t ret_key[NFT_KEY_SIZE]);
/* Whether two objects, and all that stands between them with them, may change places. */
bool nft_commute(const struct host_filter *a, const struct host_filter *b);

/* A set and the rule that looks into it. */
struct nft_lookup {
	struct nft_shape shape;
	const char *set;
	uint32_t id; /* of the set, within its batch; 0 = it exists */
};

/* The chains: where they hang, when among others, and of what type. Policy: accept. */
struct nft_hook {
	const char *name, *type;
	uint32_t hook;
	int32_t priority;
};
const struct nft_hook *nft_hook_of(uint8_t chain);
/* All of these are to be freed by the caller. */
struct nftnl_rule *nft_rule_new(const struct host_filter *filter, const struct nft_count *count);
struct nftnl_rule *nft_rule_lookup(const struct nft_lookup *lookup);
struct nftnl_set *nft_set_new(const struct nft_lookup *lookup, size_t size);
struct nftnl_set_elem *nft_element_new(const struct host_filter *filter,
				       const struct nft_count *count);

/* A comment as user data (one type, one length, the text and a NUL), and back: NULL when it is none. */
size_t nft_comment_put(const char *comment, uint8_t *ret_data);
#define NFT_COMMENT_SIZE 256
const char *nft_comment(const void *data, size_t length);

/*
 * The object as the words of a comment, and back. Returns 0, or -E2BIG, -EINVAL: it has no comment
 * that says all of it.
 */
int nft_words(const struct host_filter *filter, struct text *ret_words);
int nft_words_read(const char *words, struct host_filter *ret_filter);

#endif
