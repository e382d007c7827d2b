/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_SAMPLE_H
#define MH_MODEL_PROOF_SAMPLE_H

#include "model/proof.h"
#include "model/proof_space.h"

/* A packet of @cube, as an operator may have seen one. */
void proof_sample(const struct proof_space *space, const struct proof_cube *cube,
		  struct flow *ret_packet);

#endif
