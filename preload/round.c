/* SPDX-License-Identifier: MIT */
/*
 * One client port may ask several of our addresses at once (NTP, STUN and DNS probers do). Whose
 * answer a datagram is cannot be known for sure, but programs answer in a few ways only:
 *
 * - one by one: what is sent to a peer answers what came last from it;
 * - in batches: several are received by one call, or until none is left, and are then answered in
 *   that order. So what
 *   is sent to a peer answers the first of its questions that was not answered yet.
 *
 * They are told apart by whether a receive found nothing more, or brought several. A batch ends
 * with the first receive after an answer. Each thread has a round of its own, since threads answer
 * what they received; those that hand questions on to others are served by the table of all
 * (asked.c), in which the last one counts.
 */
#include "round.h"

#include <string.h>

#define MOST 64

struct round_question {
	struct asked_key peer;
	in_port_t port;
	bool answered;
	struct asked asked;
};

/*
 * In the memory that every thread has from its start: allocating it later would not be safe in a
 * signal handler.
 */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	unsigned count, next;
	bool in_turn, ended;
	struct round_question questions[MOST];
} this;

void round_begin(void)
{
	if (!this.in_turn && !this.ended)
		return;
	this.count = this.next = 0;
	this.in_turn = this.ended = false;
}

void round_in_turn(void)
{
	this.in_turn = true;
}

void round_note(in_port_t port, const union mh_endpoint *peer, const struct asked *asked)
{
	this.questions[this.next] = (struct round_question){ asked_key_of(peer), port, false, *asked };
	this.next = (this.next + 1) % MOST;
	if (this.count < MOST)
		this.count++;
}

/* The one that came @age before the last. */
static struct round_question *question_at(unsigned age)
{
	return &this.questions[(this.next + MOST - 1 - age) % MOST];
}

struct round_question *round_answer(in_port_t port, const union mh_endpoint *peer,
				    struct asked *ret_asked)
{
	struct asked_key key = asked_key_of(peer);
	struct round_question *found = NULL;

	/* From the last to the first, so that the last of those found is the oldest. */
	for (unsigned age = 0; age < this.count; age++) {
		struct round_question *question = question_at(age);

		if (question->port != port || !asked_key_equal(&question->peer, &key))
			continue;
		if (!found || (this.in_turn && !question->answered))
			found = question;
		if (!this.in_turn)
			break;
	}
	this.ended = true;
	if (found) {
		found->answered = true;
		*ret_asked = found->asked;
	}
	return found;
}

void round_again(struct round_question *question)
{
	question->answered = false;
}
