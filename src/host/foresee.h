/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_FORESEE_H
#define MH_HOST_FORESEE_H

#include "host/state.h"

/*
 * What the kernel will do by itself once a plan made @after out of @observed: the routes of addresses
 * that come (local, broadcast, connected), the end of those that go, and of all that goes with a
 * link. For proofs and explanations of what is not yet; both sorted, and so is @after then.
 */
void state_foresee(const struct state *observed, struct state *after);

#endif
