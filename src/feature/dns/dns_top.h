/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_TOP_H
#define MH_FEATURE_DNS_TOP_H

#include "base/mem.h"

#include <stdint.h>

/*
 * Which keys (addresses, names) are asked most, in a room that does not grow, however many there are:
 * the counter of the least one is taken over by who is new ("space-saving"), with what it held as the
 * error. So .count - .error were surely counted. Of one thread.
 */
#define DNS_TOP_SETS 128
#define DNS_TOP_WAYS 4
#define DNS_TOP_KEY 256

struct dns_top_count {
	uint64_t hash, count, error; /* count 0: free */
};

struct dns_top {
	struct dns_top_count counts[DNS_TOP_SETS][DNS_TOP_WAYS];
	size_t key_size;
	uint8_t *keys; /* of each of them */
};

/* @key_size: of the largest key, at most DNS_TOP_KEY. */
void dns_top_init(struct dns_top *top, size_t key_size);
void dns_top_free(struct dns_top *top);
uint64_t dns_top_hash(const void *key, size_t length);
/* @hash: that one of @key, or any other that its caller has at hand. */
void dns_top_count(struct dns_top *top, uint64_t hash, const void *key, size_t length);

struct dns_top_entry {
	uint8_t key[DNS_TOP_KEY]; /* zeros behind it */
	uint64_t count, error;
};

struct dns_top_list {
	VEC(struct dns_top_entry) items;
};

/* Joins @top to what others counted, and leaves the @most with the largest sure counts. */
void dns_top_join(struct dns_top_list *list, const struct dns_top *top);
void dns_top_cut(struct dns_top_list *list, size_t most);

#endif
