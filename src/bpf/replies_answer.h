/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_ANSWER_H
#define MH_BPF_REPLIES_ANSWER_H

#include "replies_slot.h"

struct line_send {
	struct line_peer peer;
	__u32 thread;
	__u32 born; /* when the thread was, in LINE_TIME; 0 = it reads, or nobody knows */
};

struct line_answered {
	union line_address asked;
	__u8 found;
	__u8 guessed; /* another address could have been meant */
};

/*
 * The rules, the best last. Within a rule the oldest question wins where threads work in order, the
 * newest where nothing but the last is likely.
 */
enum {
	ANSWER_NONE,
	ANSWER_AGAIN,	   /* answered by any: the newest */
	ANSWER_MINE_AGAIN, /* answered by this thread: the newest */
	ANSWER_STALE,	   /* open, read by this thread in an earlier turn: the newest */
	ANSWER_OTHERS,	   /* open, read by another: the oldest */
	ANSWER_BORN_FOR,   /* open, read by another before this thread was born: the newest */
	ANSWER_MINE,	   /* open, read by this thread in its turn: the oldest */
};

line_inline __u32 line_rule(const struct line_send *send, const struct line_slot *slot, __u32 turn)
{
	int mine = slot->thread == send->thread;

	if (slot->state & LINE_ANSWERED)
		return mine ? ANSWER_MINE_AGAIN : ANSWER_AGAIN;
	if (mine)
		return slot->turn == turn ? ANSWER_MINE : ANSWER_STALE;
	return send->born && (__s32)(send->born - slot->time) >= 0 ? ANSWER_BORN_FOR : ANSWER_OTHERS;
}

line_inline void line_weigh(volatile struct line_choice *choice, const struct line_slot *slot,
			    __u32 rule, __u32 back, __u32 index)
{
	__u32 order = rule == ANSWER_MINE || rule == ANSWER_OTHERS ? back : LINE_SLOTS - back;
	__u32 weight = rule << 16 | order << 8 | index;
	__u64 fold = slot->asked.halves[0] ^ slot->asked.halves[1];

	if (rule >= ANSWER_STALE) {
		choice->any |= fold;
		choice->all &= fold;
	}
	if (weight > choice->best)
		choice->best = weight;
}

/*
 * From the newest seen back, until no open one is left and one is there to answer, or to stay on.
 * The choice is kept in the line, since what comes from there is any number to the verifier; in a
 * register, it would follow each way to come by it.
 */
line_inline void line_look_back(struct line *line, const struct line_send *send, __u32 turn)
{
	volatile struct line_choice *choice = &line->choice;

	choice->best = 0;
	choice->left = line->open;
	choice->any = 0;
	choice->all = ~0ULL;
	for (__u32 i = 0; i < LINE_SLOTS; i++) {
		__u32 index = (line->seen - 1 - i) & (LINE_SLOTS - 1);
		struct line_slot *slot = &line->slots[index];

		if (!(slot->state & LINE_SEEN))
			continue;
		if (!(slot->state & LINE_ANSWERED))
			choice->left--;
		if (line_is_of(slot, &send->peer))
			line_weigh(choice, slot, line_any(line, line_rule(send, slot, turn)), i,
				   index);
		if (!choice->left && choice->best)
			break;
	}
}

/*
 * A send to a peer: which of its questions is answered. One answered already is answered on when
 * none is open.
 */
line_inline void line_answer(struct line *line, const struct line_send *send,
			     struct line_answered *answered)
{
	struct line_thread *thread = &line->threads[send->thread & (LINE_THREADS - 1)];
	int known = thread->id == send->thread;
	struct line_slot *slot;

	line_look_back(line, send, known ? thread->turn : 0);
	if (!line->choice.best)
		return;
	slot = line_slot(line, line->choice.best);
	answered->asked = slot->asked;
	answered->found = 1;
	answered->guessed = line->choice.any && line->choice.any != line->choice.all;
	if (known)
		thread->sent = 1;
	if (slot->state & LINE_ANSWERED)
		return;
	slot->state |= LINE_ANSWERED;
	slot->thread = send->thread;
	line->open--;
}

#endif
