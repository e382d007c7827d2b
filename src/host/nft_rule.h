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
 * What an object selects by, as far as it may share a look-up with others: a run of objects of one
 * shape and one verdict is one rule and one set.
 */
enum nft_shape { NFT_SINGLE, NFT_IN, NFT_OUT, NFT_PAIR };
enum nft_shape nft_shape_of(const struct host_filter *filter);

/* A set and the rule that looks into it. */
struct nft_lookup {
	enum nft_shape shape;
	uint8_t chain, verdict;
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

/* The bytes of an element's key for @filter; returns their number. */
#define NFT_KEY_SIZE (2 * IFNAMSIZ)
size_t nft_key(const struct host_filter *filter, char ret_key[NFT_KEY_SIZE]);

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
