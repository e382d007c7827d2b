/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_CLOCK_H
#define MH_FEATURE_ROUTING_CLOCK_H

#include "feature/routing/routing.h"

#include <time.h>

/*
 * Whether the rule stands at @now, by the clock on the wall in the zone of the process.
 * *ret_change: when that changes next; 0 = never.
 */
bool clock_allows(const struct rule_config *rule, time_t now, time_t *ret_change);

#endif
