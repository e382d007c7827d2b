/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain arrays: a walk over 4 KiB of hashes takes less time than the frame took to come here. */
#include "feature/neighbours/neighbours_seen.h"

#include "base/fnv.h"

#include <string.h>

static uint32_t hash_of(uint32_t link, const struct address *address, const uint8_t mac[6])
{
	return fnv_32(fnv_32(FNV_32 ^ link, address->bytes, sizeof(address->bytes)), mac, 6);
}

static bool is_one(const struct neighbours_claimant *claimant, uint32_t link,
		   const struct address *address, const uint8_t mac[6])
{
	return claimant->link == link && address_equal(&claimant->address, address) &&
	       memcmp(claimant->mac, mac, sizeof(claimant->mac)) == 0;
}

/* The place for one more: that of the one who was silent longest when all are taken. */
static uint32_t make_place(struct neighbours_seen *seen)
{
	uint32_t oldest = 0;

	if (seen->count < NEIGHBOURS_SEEN_MOST)
		return seen->count++;
	for (uint32_t i = 1; i < seen->count; i++)
		if (seen->items[i].last < seen->items[oldest].last)
			oldest = i;
	return oldest;
}

void neighbours_seen_note(struct neighbours_seen *seen, uint32_t link,
			  const struct address *address, const uint8_t mac[6], time_t now)
{
	uint32_t hash = hash_of(link, address, mac), place;
	struct neighbours_claimant *claimant;

	for (uint32_t i = 0; i < seen->count; i++) {
		claimant = &seen->items[i];
		if (seen->hashes[i] != hash || !is_one(claimant, link, address, mac))
			continue;
		claimant->last = now;
		claimant->count++;
		return;
	}
	place = make_place(seen);
	claimant = &seen->items[place];
	*claimant = (struct neighbours_claimant){
		.link = link, .address = *address, .first = now, .last = now, .count = 1
	};
	memcpy(claimant->mac, mac, sizeof(claimant->mac));
	seen->hashes[place] = hash;
}
