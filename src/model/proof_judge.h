/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_JUDGE_H
#define MH_MODEL_PROOF_JUDGE_H

#include "model/proof_rules.h"
#include "model/proof_scope.h"

/* One family, cut into pieces once, and asked about one claim after the other. */
struct proof_judge;

struct proof_judge *proof_judge_new(const struct state *state, uint8_t family,
				    const struct proof_mark *marks, size_t mark_count);
void proof_judge_free(struct proof_judge *judge);
void proof_judge_claim(struct proof_judge *judge, const struct proof_claim *claim,
		       struct proof_finding *ret_finding);

#endif
