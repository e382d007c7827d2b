/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_SHARED_H
#define MH_BPF_NEIGHBOURS_SHARED_H

#include <linux/types.h>

/*
 * What the programs, the worker and the loader share. Whoever changes the meaning of anything in a
 * map counts NEIGHBOURS_LAYOUT up: then an upgrade starts with empty maps instead of misreading the
 * old ones.
 */
#define NEIGHBOURS_LAYOUT 1
#define NEIGHBOURS_LINK_BITS 32 /* of a key's length */

/* As enum neighbours_verdict and the flags of neighbours.h. */
enum { RULE_ANSWER = 1, RULE_SILENT, RULE_OWN };
enum { RULE_OVERRIDE = 1, RULE_TARGET_SOURCE = 2, RULE_BOUND = 4 };

/* Addresses are words in network order, IPv4 as mapped IPv6. */
struct neighbours_address {
	__u32 words[4];
};

/* Key of the map of rules, an LPM trie: the link counts as the first 32 bits. */
struct neighbours_key {
	__u32 length; /* in bits, the link's included */
	__u32 link;
	struct neighbours_address address;
};

struct neighbours_value {
	__u32 owner;
	__u8 verdict, flags;
	__u8 mac[6];
	/* Of its own key, by which the loader tells an exact find from a cover. */
	__u32 length;
};

/* Value of the map of links, by number. */
struct neighbours_settings {
	__u8 mac[6];
	__u8 guard, router;
	__u32 owner;
	struct neighbours_address link_local; /* zero: there is none */
};

enum neighbours_counter {
	COUNT_ASKED,
	COUNT_ANSWERED,
	COUNT_SILENT,
	COUNT_SPOOFED,
	COUNT_MALFORMED,
	COUNTERS
};

/* Key of the map of counts. The loader makes the rows; without one nothing is counted. */
struct neighbours_counts_key {
	__u32 link, owner;
};
struct neighbours_counts_value {
	__u64 counters[COUNTERS];
};

/*
 * Who is who on a link: by MAC, whose it is bound to; by owner, that he is there at all, which the
 * loader alone wants to know. How many rules say so, so that the last one takes it along.
 */
enum { WHO_MAC, WHO_OWNER };
struct neighbours_who_key {
	__u32 link;
	__u8 mac[6]; /* or the owner's number in its first bytes */
	__u8 kind, unused;
};
struct neighbours_who_value {
	__u32 owner, rules;
};

struct neighbours_claim_key {
	__u32 link;
	__u8 mac[6];
	__u8 unused[2];
	struct neighbours_address address;
};
struct neighbours_claim_value {
	__u64 first, last; /* nanoseconds since the boot */
	__u64 count;
};

/* The one value of the map "about": whose maps these are. */
struct neighbours_about {
	__u64 netns;
	__u32 layout, unused;
};

#endif
