/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_TURN_H
#define MH_BPF_REPLIES_TURN_H

#include "replies_settle.h"

/* Who reads a line, and in which turn. */

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

#endif
