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

/* What becomes of a link, as far as others feel it who have something on it. */
enum link_end { LINK_GOES_ON, LINK_GOES, LINK_GOES_DOWN, LINK_JOINS_BOND, LINK_SHRINKS };
enum link_end link_ends(const struct state *before, const struct state *after, uint32_t index);

#endif
