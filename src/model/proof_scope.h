/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_SCOPE_H
#define MH_MODEL_PROOF_SCOPE_H

#include "model/proof.h"
#include "model/proof_space.h"

/* Which packets a claim may speak of at all. */
struct proof_scope {
	const struct proof_set *own;	 /* sources of the host; and "none yet" */
	const struct proof_set *sources; /* that something forwarded may have */
	const struct proof_set *destinations;
	const struct proof_set *forwarding; /* slots of links that forward what comes in */
	const struct proof_set *links;	    /* slots of all links but lo */
};

void proof_scope_of(struct proof_space *space, struct proof_scope *ret_scope);

/*
 * The packets of @claim, forwarded or not. Returns false when there are none, and says why. What comes
 * in by a link that does not forward is not among them: nothing happens to it.
 */
bool proof_scope_claim(struct proof_space *space, const struct proof_scope *scope,
		       const struct proof_claim *claim, struct proof_cube *ret_cube,
		       struct proof_finding *finding);

#endif
