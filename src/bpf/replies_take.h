/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_TAKE_H
#define MH_BPF_REPLIES_TAKE_H

#include "replies_push.h"

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

line_inline void line_note_reader(struct line *line, const struct line_read *read)
{
	if (line->reader != read->thread) {
		line->shared = line->reader != 0;
		line->changed = read->time;
		line->reader = read->thread;
	} else if (line->shared && read->time - line->changed > LINE_SECOND) {
		line->shared = 0;
	}
}

/* The thread that reads; a new turn when it has sent since it read last. */
line_inline struct line_thread *line_begin_turn(struct line *line, __u32 id)
{
	struct line_thread *thread = &line->threads[id & (LINE_THREADS - 1)];

	if (thread->id == id && !thread->sent)
		return thread;
	thread->id = id;
	thread->turn = ++line->turn;
	thread->sent = 0;
	return thread;
}

/*
 * The slot of what is read: the packet that was first in the queue after the last read, if the peer
 * is its; else the first of the peer that waits. Those before it are of others: gone, or other
 * readers are at it.
 */
line_inline struct line_slot *line_find_waiting(struct line *line, const struct line_peer *peer,
						__u32 *ret_number)
{
	struct line_choice volatile *choice = &line->choice;

	choice->left = 0;
	for (int i = 0; i < LINE_SLOTS; i++) {
		__u32 number = line_any(line, line->reading + i);
		struct line_slot *slot = line_slot(line, number);

		if (number == line->arrived)
			break;
		if (!(slot->state & LINE_WAITING) || !line_is_of(slot, peer))
			continue;
		if (!choice->left) {
			choice->left = 1;
			choice->best = number;
		}
		if (!line->first || slot->packet == line->first) {
			choice->best = number;
			break;
		}
	}
	*ret_number = choice->best;
	return choice->left ? line_slot(line, *ret_number) : 0;
}

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
 * A packet that was shown to its hook, and may not be queued yet: by another core, or because
 * another core is at it to queue it for this one.
 */
line_inline int line_is_coming(const struct line_slot *slot, const struct line_read *read)
{
	/* It may have come after the hook of the read looked at its clock. */
	return (__s32)(read->time - slot->time) <= LINE_YOUNG;
}

/*
 * Puts the line right by the first packet in the queue: what waits before it is gone. Several
 * readers may have taken some whose hooks are yet to come; and when the queue is empty, another
 * core may be about to queue the last.
 */
line_inline void line_settle(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	__u32 until = line_any(line, line_find_first(line, read));
	__u32 kept = line->shared ? LINE_THREADS : 0;

	if (!read->first)
		line->behind = 0;
	else if (until == line->arrived)
		line->behind = 1;
	for (int i = 0; i < LINE_SLOTS && line->reading != until; i++) {
		struct line_slot *slot = line_slot(line, line->reading);

		if (slot->state & LINE_WAITING) {
			if ((!line->behind && until - line->reading <= kept) ||
			    line_is_coming(slot, read))
				break;
			line_forget(line, slot);
			taken->resynced = 1;
		}
		line->reading++;
	}
	line->first = read->first;
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

/* For the first time: what is seen again was peeked before. */
line_inline void line_see(struct line *line, struct line_slot *slot, __u32 number,
			  const struct line_read *read)
{
	if (slot->state & LINE_SEEN)
		return;
	slot->turn = line_begin_turn(line, read->thread)->turn;
	slot->thread = read->thread;
	slot->time = read->time;
	slot->state |= LINE_SEEN;
	line->open++;
	if ((__s32)(number - line->seen) >= 0)
		line->seen = number + 1;
}

/* A read, or a peek. */
line_inline void line_take(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	struct line_slot *slot;
	__u32 number;

	line_note_reader(line, read);
	slot = line_find_waiting(line, &read->peer, &number);
	if (slot)
		line_see(line, slot, number, read);
	if (slot) {
		taken->asked = slot->asked;
		taken->found = 1;
		if (!read->looks || !slot->packet || slot->packet != read->first)
			slot->state &= ~LINE_WAITING;
	}
	if (read->looks)
		line_settle(line, read, taken);
	else if (slot)
		line_skip(line, slot);
}

#endif
