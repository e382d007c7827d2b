/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_SLOT_H
#define MH_BPF_REPLIES_SLOT_H

#include "replies_line.h"

#define line_inline static inline __attribute__((always_inline))

line_inline struct line_slot *line_slot(struct line *line, __u32 number)
{
	return &line->slots[number & (LINE_SLOTS - 1)];
}

/*
 * Through memory, so that the kernel's verifier takes the number for any: else it follows each way
 * to come by it.
 */
line_inline __u32 line_any(struct line *line, __u32 number)
{
	volatile __u64 *scratch = &line->scratch;

	*scratch = number;
	return (__u32)*scratch;
}

line_inline int line_address_equal(const union line_address *a, const union line_address *b)
{
	return a->halves[1] == b->halves[1] && a->halves[0] == b->halves[0];
}

/* All in one, since each branch here would be one more way through the loops that call it. */
line_inline int line_is_of(const struct line_slot *slot, const struct line_peer *peer)
{
	return !((slot->peer.halves[0] ^ peer->address.halves[0]) |
		 (slot->peer.halves[1] ^ peer->address.halves[1]) | (slot->device ^ peer->device) |
		 (__u64)(slot->port ^ peer->port));
}

line_inline void line_forget(struct line *line, struct line_slot *slot)
{
	if ((slot->state & (LINE_SEEN | LINE_ANSWERED)) == LINE_SEEN)
		line->open--;
	slot->state = 0;
}

#endif
