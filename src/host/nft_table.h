/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_NFT_TABLE_H
#define MH_HOST_NFT_TABLE_H

#include "base/mem.h"
#include "host/nft_rule.h"

#include <linux/netlink.h>

/*
 * The content of our table: as the kernel tells it, as objects, and as the batch that writes it.
 * Pure: no socket.
 */

struct nft_found_set {
	char *name;
	VEC(struct nlmsghdr *) elements; /* messages with some of them each */
};

/* What the messages of a dump told. */
struct nft_dump {
	bool exists;	/* a table of our name */
	bool ours;	/* it bears our mark */
	uint32_t flags; /* NFT_TABLE_F_* */
	uint32_t generation;
	struct nft_found_chain {
		int chain;   /* FILTER_*, or -1: one that we never make */
		bool intact; /* its hook, priority and policy are ours */
	} chains[8];
	size_t chain_count;
	bool more_chains;
	VEC(struct nlmsghdr *) rules; /* in the order of their chains */
	VEC(struct nft_found_set) sets;
};

/* Takes any message of the kernel; one that is not of our table is passed over. */
void nft_dump_take(struct nft_dump *dump, const struct nlmsghdr *message);
void nft_dump_free(struct nft_dump *dump);
/* Whether an event tells of something in our table. */
bool nft_message_is_ours(const struct nlmsghdr *message);

/* Objects and their counters. */
struct nft_entry {
	struct host_filter filter;
	struct nft_count count;
	size_t operation; /* that asks for it; see filters.c */
};

struct nft_entries {
	struct nft_entry *items;
	size_t count, room;
};

/* The objects of a table of ours, sorted by key; what is not as we would write it is altered. */
void nft_read(const struct nft_dump *dump, struct nft_entries *ret_entries);

/* Whom a message of a batch is for: a refusal of it is theirs. */
struct nft_owner {
	size_t first, count; /* in the batch's order; count 0 = the whole */
};

struct nft_batch {
	struct text bytes;
	VEC(struct nft_owner) owners; /* by the number of the message */
	size_t *order;		      /* the entries as they are written: look-ups stand together */
};

/*
 * The transaction that makes @entries (sorted by key, none altered) the whole content of the table
 * in one step; with none the table goes. It is refused by the kernel (ERESTART) when anything of its
 * nftables has changed since @dump.
 */
void nft_batch_make(const struct nft_dump *dump, const struct nft_entries *entries,
		    struct nft_batch *ret_batch);
void nft_batch_free(struct nft_batch *batch);

#endif
