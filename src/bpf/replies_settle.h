/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_SETTLE_H
#define MH_BPF_REPLIES_SETTLE_H

#include "replies_slot.h"

/* A read, as its hook sees it: the packet is out of the receive queue already, unless it was a peek. */
struct line_read {
	struct line_peer peer;
	__u32 thread, time;
	__u32 first; /* the first packet in the receive queue now; 0 = it is empty */
	__u8 looks;  /* .first is known */
};

struct line_taken {
	union line_address asked;
	__u8 found;
	__u8 refill;   /* the line is empty and the queue is not: line_add() its first packet */
	__u8 resynced; /* the line was not what the queue is */
};

/* The number of the slot of the first packet in the queue; that of the next arrival if it has none. */
line_inline __u32 line_find_first(struct line *line, const struct line_read *read)
{
	for (int i = 0; i < LINE_SLOTS; i++) {
		__u32 number = line_any(line, line->reading + i);
		struct line_slot *slot = line_slot(line, number);

		if (number == line->arrived ||
		    (slot->state & LINE_WAITING && slot->packet == read->first))
			return number;
	}
	return line->arrived;
}

/*
 * Whether a packet that waits before @until in the line, but not in the queue, may still be there:
 * taken by one of several readers whose hook is yet to come; or shown to its hook, and not queued
 * yet, by another core, or because another core is at it to queue it for this one. It may have come
 * after the hook of the read looked at its clock. One sign for all, since each branch here would be
 * one more way through the loop of line_settle() for the kernel's verifier.
 */
line_inline int line_may_come(const struct line *line, const struct line_slot *slot,
			      const struct line_read *read, __u32 until)
{
	__s64 kept = LINE_THREADS * (line->shared & ~line->behind);
	__s64 left = until - line->reading;
	__s64 age = (__s32)(read->time - slot->time);

	return ((left - kept - 1) | (age - LINE_YOUNG - 1)) < 0;
}

/* Puts the line right by the first packet in the queue: what waits before it is gone. */
line_inline void line_settle(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	__u32 until = line_any(line, line_find_first(line, read));
	volatile struct line_choice *choice = &line->choice;

	choice->left = 0;
	if (!read->first)
		line->behind = 0;
	else if (until == line->arrived)
		line->behind = 1;
	for (int i = 0; i < LINE_SLOTS && line->reading != until; i++) {
		struct line_slot *slot = line_slot(line, line->reading);

		if (slot->state & LINE_WAITING) {
			if (line_may_come(line, slot, read, until))
				break;
			line_forget(line, slot);
			choice->left = 1;
		}
		line->reading++;
	}
	line->first = read->first;
	taken->resynced = choice->left;
	taken->refill = line->behind && line->reading == line->arrived;
}

/* Without looks: the queue is in order, so what waited before @until is gone, unless others read, too. */
line_inline void line_skip(struct line *line, const struct line_slot *until)
{
	for (int i = 0; i < LINE_SLOTS && line->reading != line->arrived; i++) {
		struct line_slot *slot = line_slot(line, line->reading);

		if (slot->state & LINE_WAITING) {
			if (line->shared)
				break;
			line_forget(line, slot);
		}
		line->reading++;
		if (slot == until)
			break;
	}
}

#endif
