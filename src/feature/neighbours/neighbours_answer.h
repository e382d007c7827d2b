/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_ANSWER_H
#define MH_FEATURE_NEIGHBOURS_ANSWER_H

#include "base/text.h"
#include "feature/neighbours/neighbours_seen.h"
#include "feature/neighbours/neighbours_socket.h"
#include "feature/neighbours/neighbours_table.h"

/* The worker's half of bpf/neighbours_core.h: where it looks rules up, and what it counts. */
struct neighbours_answerer {
	struct neighbours_table *table; /* NULL: nothing is answered */
	struct neighbours_seen seen;
};

/*
 * Decides about each frame of the batch, as the program in the kernel would; answers are written over
 * their questions and moved to the front. Returns how many there are.
 */
unsigned neighbours_answer_batch(struct neighbours_answerer *answerer,
				 struct neighbours_batch *batch);

/* Appends what was counted, and who was seen, for crew_report(). */
void neighbours_answerer_report(const struct neighbours_answerer *answerer, struct text *report);

#endif
