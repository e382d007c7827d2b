/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_REPORT_NEIGHBOURS_H
#define MH_DAEMON_REPORT_NEIGHBOURS_H

#include "daemon/engine.h"
#include "feature/counters.h"

#include <jansson.h>

/* Who answers ARP and neighbour discovery for us, by our programs in the kernel or by a worker. */

/* What `mhctl status` calls it; no feature is called so. */
#define REPORT_NEIGHBOURS "neighbours"

/*
 * Adds what our programs in the kernel counted, by the keys of the worker that stands in for them:
 * "responder LINK", "owner NUMBER", "claimant LINK ADDRESS MAC".
 */
void neighbours_count(const struct engine_status *status, struct counters *counters);
/* All responders, claimants, and how full the neighbour tables are. */
json_t *neighbours_json(const struct engine_status *status, const struct counters *counters);

#endif
