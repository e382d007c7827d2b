/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_TOP_H
#define MH_FEATURE_DNS_TOP_H

#include "base/mem.h"
#include "net/address.h"

/*
 * Which addresses are asked most, in a room that does not grow, however many there are: the counter
 * of the least one is taken over by who is new ("space-saving"), with what it held as the error.
 * So .count - .error were surely counted. Of one thread.
 */
#define DNS_TOP_SETS 128
#define DNS_TOP_WAYS 4

struct dns_top_entry {
	struct address address; /* family 0: free */
	uint64_t count, error;
};

struct dns_top {
	struct dns_top_entry entries[DNS_TOP_SETS][DNS_TOP_WAYS];
};

void dns_top_count(struct dns_top *top, const struct address *address);

struct dns_top_list {
	VEC(struct dns_top_entry) items;
};

/* Joins @top to what others counted, and leaves the @most with the largest sure counts. */
void dns_top_join(struct dns_top_list *list, const struct dns_top *top);
void dns_top_cut(struct dns_top_list *list, size_t most);

#endif
