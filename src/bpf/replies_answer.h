/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_REPLIES_ANSWER_H
#define MH_BPF_REPLIES_ANSWER_H

#include "replies_line.h"

struct line_send {
	struct line_peer peer;
	__u32 thread;
	__u32 born;	   /* when the thread was, in LINE_TIME */
	__u32 knows_birth; /* all bits, or none */
};

struct line_answered {
	union line_address asked;
	__u8 found;
	__u8 guessed; /* another address could have been meant */
};

/*
 * What a send may answer: indices of slots, from 1; 0 = none. "first" is the oldest, "last" the
 * newest.
 */
struct line_choice {
	__u32 mine_first, mine_last;	 /* open, read by this thread in its turn */
	__u32 others_first, others_last; /* open, read by others */
	__u32 before_birth;		 /* the last of these read before this thread was born */
	__u32 stale; /* the last open one read by this thread in an earlier turn */
	__u32 answered_mine, answered; /* the last that was answered: by this thread, by any */
};

line_inline void line_keep_newest(__u32 *index, __u32 candidate)
{
	if (!*index)
		*index = candidate;
}

line_inline void line_weigh(const struct line_send *send, const struct line_slot *slot, __u32 turn,
			    __u32 index, struct line_choice *choice)
{
	if (slot->state & LINE_ANSWERED) {
		line_keep_newest(&choice->answered, index);
		if (slot->thread == send->thread)
			line_keep_newest(&choice->answered_mine, index);
	} else if (slot->thread != send->thread) {
		line_keep_newest(&choice->others_last, index);
		choice->others_first = index;
		if (send->born && (__s32)(send->born - slot->time) >= 0)
			line_keep_newest(&choice->before_birth, index);
	} else if (slot->turn == turn) {
		line_keep_newest(&choice->mine_last, index);
		choice->mine_first = index;
	} else {
		line_keep_newest(&choice->stale, index);
	}
}

/* From the newest back, until no open one is left and an answered one is there to stay on. */
line_inline void line_look_back(struct line *line, const struct line_send *send, __u32 turn,
				struct line_choice *choice)
{
	__u32 open = line->open;

	for (int i = 1; i <= LINE_SLOTS; i++) {
		__u32 index = (line->arrived - i) & (LINE_SLOTS - 1);
		struct line_slot *slot = &line->slots[index];

		if (!(slot->state & LINE_SEEN))
			continue;
		open -= !(slot->state & LINE_ANSWERED);
		if (line_is_of(slot, &send->peer))
			line_weigh(send, slot, turn, index + 1, choice);
		if (!open && (choice->answered_mine || choice->mine_last))
			break;
	}
}

/*
 * Through memory, so that the kernel's verifier takes the number for any: else it tries every way
 * to come by it.
 */
line_inline __u32 line_any(struct line *line, __u32 number)
{
	volatile __u32 *scratch = &line->scratch;

	*scratch = number;
	return *scratch;
}

/* The rules, in the order in which they hold. */
line_inline __u32 line_choose(const struct line_choice *choice, int skips)
{
	if (choice->mine_last)
		return skips ? choice->mine_last : choice->mine_first;
	if (choice->before_birth && !choice->answered_mine)
		return choice->before_birth;
	if (choice->others_first)
		return choice->others_first;
	if (choice->stale)
		return choice->stale;
	return choice->answered_mine ? choice->answered_mine : choice->answered;
}

line_inline int line_could_be_another(struct line *line, __u32 first, __u32 last)
{
	return first != last &&
	       !line_address_equal(&line_slot(line, line_any(line, first) - 1)->asked,
				   &line_slot(line, line_any(line, last) - 1)->asked);
}

/*
 * A send to a peer: which of its questions is answered. One answered already is answered on when
 * none is open.
 */
line_inline void line_answer(struct line *line, const struct line_send *send,
			     struct line_answered *answered)
{
	__u32 none = line_any(line, 0);
	struct line_choice choice = { none, none, none, none, none, none, none, none };
	struct line_thread *thread = &line->threads[send->thread & (LINE_THREADS - 1)];
	int known = thread->id == send->thread;
	struct line_slot *slot;
	__u32 index;

	line_look_back(line, send, line_any(line, known ? thread->turn : 0), &choice);
	index = line_any(line, line_choose(&choice, known && thread->skips));
	if (!index)
		return;
	slot = line_slot(line, index - 1);
	answered->asked = slot->asked;
	answered->found = 1;
	answered->guessed = line_could_be_another(line, choice.mine_first, choice.mine_last) ||
			    (index == choice.others_first &&
			     line_could_be_another(line, choice.others_first, choice.others_last));
	if (known)
		thread->sent = 1;
	if (slot->state & LINE_ANSWERED)
		return;
	slot->state |= LINE_ANSWERED;
	line->open--;
	if (known && slot->thread == send->thread && thread->answers++)
		thread->skips = 0;
	slot->thread = send->thread;
}

#endif
