/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_PUSH_H
#define MH_BPF_REPLIES_PUSH_H

#include "replies_slot.h"

struct line_arrival {
	struct line_peer peer;
	union line_address asked;
	__u32 packet, time;
};

line_inline void line_fill(struct line_slot *slot, const struct line_arrival *arrival)
{
	slot->peer = arrival->peer.address;
	slot->asked = arrival->asked;
	slot->device = arrival->peer.device;
	slot->port = arrival->peer.port;
	slot->time = arrival->time;
	slot->packet = arrival->packet;
	slot->thread = 0;
	slot->state = LINE_WAITING;
}

/* A new last slot, over the oldest one. */
line_inline void line_add(struct line *line, const struct line_arrival *arrival)
{
	struct line_slot *slot = line_slot(line, line->arrived);

	line_forget(line, slot);
	line->arrived++;
	line_fill(slot, arrival);
}

/*
 * A datagram arrives. A packet that is the last one waiting already is either a second look at the
 * same one (programs on two cgroups, one below the other) or has the memory of one that the kernel
 * dropped: in both cases the slot is its own. Returns 0, or 1 when the line is full. Then the line
 * of one reader stops here, until the reader's looks have followed the queue to its end; any other
 * forgets its oldest.
 */
line_inline int line_push(struct line *line, const struct line_arrival *arrival)
{
	struct line_slot *last = line_slot(line, line->arrived - 1);

	if (line->arrived != line->reading && arrival->packet && last->packet == arrival->packet &&
	    last->state & LINE_WAITING) {
		line_forget(line, last);
		line_fill(last, arrival);
		return 0;
	}
	if (line->behind)
		return 1;
	if (line->arrived - line->reading < LINE_SLOTS) {
		line_add(line, arrival);
		return 0;
	}
	if (arrival->packet && !line->shared) {
		line->behind = 1;
		return 1;
	}
	line->reading++;
	line_add(line, arrival);
	return 1;
}

#endif
