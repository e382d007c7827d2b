/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_TAKE_H
#define MH_BPF_REPLIES_TAKE_H

#include "replies_turn.h"

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

/*
 * Whether what is read is the first of the line, by its peer and by what was first in the queue, and
 * what is first there now is the second.
 */
line_inline int line_is_in_step(struct line *line, const struct line_read *read)
{
	__u32 second = line->reading + 1;
	const struct line_slot *slot = line_slot(line, line->reading);
	const struct line_slot *next = line_slot(line, second);

	if (line->reading == line->arrived || !(slot->state & LINE_WAITING) ||
	    !line_is_of(slot, &read->peer) || (line->first && slot->packet != line->first))
		return 0;
	if (!read->looks)
		return 1;
	if (slot->packet == read->first)
		return 0;
	if (second == line->arrived)
		return !read->first;
	return read->first && next->state & LINE_WAITING && next->packet == read->first;
}

/* What line_search() comes to when all is in step. */
line_inline void line_step(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	struct line_slot *slot = line_slot(line, line->reading);

	line_see(line, slot, line->reading, read);
	slot->state &= ~LINE_WAITING;
	taken->asked = slot->asked;
	taken->found = 1;
	line->reading++;
	if (!read->looks)
		return;
	line->first = read->first;
	if (!read->first)
		line->behind = 0;
}

line_inline void line_search(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	struct line_slot *slot;
	__u32 number;

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

/* A read, or a peek. */
line_inline void line_take(struct line *line, const struct line_read *read, struct line_taken *taken)
{
	line_note_reader(line, read);
	if (line_is_in_step(line, read))
		line_step(line, read, taken);
	else
		line_search(line, read, taken);
}

#endif
