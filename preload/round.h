/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_ROUND_H
#define PRELOAD_ROUND_H

#include "asked.h"

/*
 * What this thread has received and not answered yet: which of several questions of one peer is
 * being answered. Only where answers are mended (MULTIHOME_PRELOAD=send).
 */

/* A datagram was received, alone or as one of several at once. */
void round_note(in_port_t port, const union mh_endpoint *peer, const struct asked *asked);
/* Several were received at once, or all that were there: they will be answered in turn. */
void round_in_turn(void);
/* A receive that brings datagrams begins. */
void round_begin(void);
/* What @peer asked that is answered now; NULL: another thread received it. */
struct round_question;
struct round_question *round_answer(in_port_t port, const union mh_endpoint *peer,
				    struct asked *ret_asked);
/* It was not answered after all, and will be later. */
void round_again(struct round_question *question);

#endif
