/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_INTENTS_H
#define MH_FEATURE_ROUTING_INTENTS_H

#include "feature/routing/routing_work.h"

/* The order of the filter rule behind all entries of `forwarding`. */
#define FORWARD_LAST 1000000

/* `forwarding`, `symmetric` and `host` as rules and tables. */
void intents_desire(struct work *work);
/* `forwarding` and `nat` as a filter. */
void filter_desire(struct work *work);
/* The settings that all of it needs: forwarding, and no reverse path filter in its way. */
void settings_desire(struct work *work);
void settings_interest(const struct routing *routing, struct interest *interest);

#endif
