/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_H
#define MH_FEATURE_NEIGHBOURS_H

#include "feature/worker.h"

/*
 * No key of the configuration: the worker that the features prefixes and subscribers share. It answers
 * ARP requests and neighbour solicitations where the kernel cannot (responders whose way is "worker"),
 * and announces addresses on the links of all responders.
 *
 * Counters: "responder LINK" and "owner NUMBER" (.asked, .answered, .dropped: sources that were not the
 * asker's, .failed: malformed), and "claimant LINK ADDRESS MAC" (counters.h).
 */
extern const struct worker neighbours_worker;

#endif
