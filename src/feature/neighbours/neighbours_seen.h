/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_SEEN_H
#define MH_FEATURE_NEIGHBOURS_SEEN_H

#include "bpf/neighbours.h"

/*
 * Others who say on the wire that an address of ours is theirs. So many are remembered; who was silent
 * longest makes room, so that a flood of lies costs no memory.
 */
#define NEIGHBOURS_SEEN_MOST 1024

struct neighbours_seen {
	struct neighbours_claimant items[NEIGHBOURS_SEEN_MOST];
	uint32_t hashes[NEIGHBOURS_SEEN_MOST]; /* of link, address and mac: what is compared first */
	uint32_t count;
};

void neighbours_seen_note(struct neighbours_seen *seen, uint32_t link,
			  const struct address *address, const uint8_t mac[6], time_t now);

#endif
