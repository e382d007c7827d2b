/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_SHARED_H
#define MH_BPF_REPLIES_SHARED_H

#include "replies_line.h"

/*
 * What the programs and their loader share. Whoever changes the meaning of anything in a map
 * (struct line included) counts REPLIES_LAYOUT up: then an upgrade starts with empty maps instead
 * of misreading the old ones.
 */
#define REPLIES_LAYOUT 2

/*
 * Key of the map of sources: an LPM trie over IPv6 with IPv4 mapped into it. The address follows the
 * length at once, hence words: a union line_address would be aligned, and the gap be compared, too.
 */
struct replies_source_key {
	__u32 length; /* in bits */
	__u32 address[4];
};

/* Value of the map of ports: by family, 0 = IPv4, 1 = IPv6. */
struct replies_port {
	__u32 rewritten[2], chosen[2], connects[2];
};

enum replies_count {
	COUNT_RECORDED,
	COUNT_REWRITTEN,
	COUNT_REFUSED,
	COUNT_CHOSEN,
	COUNT_UNKNOWN,
	COUNT_PEERS, /* new ones */
	COUNT_OVERFLOWED,
	COUNT_RESYNCED,
	COUNT_GUESSED,
	COUNTS
};

struct replies_counts {
	__u64 count[COUNTS];
};

/* The one value of the map "about": whose maps these are. */
struct replies_about {
	__u64 netns;
	__u32 layout, peers;
};

#endif
