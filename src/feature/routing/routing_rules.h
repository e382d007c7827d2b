/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_RULES_H
#define MH_FEATURE_ROUTING_RULES_H

#include "feature/routing/routing_work.h"

/* Preferences among those of policy.h: from PREFERENCE_INTENTS on those of confined links. */
#define PREFERENCE_SYMMETRIC 26000
#define PREFERENCE_ARRIVALS 29000
#define PREFERENCE_HOST 29990

/* More rules in a row than this that say where a packet is from (or goes to) become a tree. */
#define TREE_FROM 64

void rules_add(struct built_rules *rules, struct place place, const struct host_rule *rule);
void rules_free(struct built_rules *rules);

/*
 * Gives the rules their preferences, from @first on, in their order; long runs become trees: see
 * routing_tree.c. Returns the preference after the last.
 */
uint32_t rules_prefer(struct built_rules *rules, uint32_t first);

#endif
