/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_VITALS_H
#define MH_DAEMON_VITALS_H

#include "daemon/hands.h"
#include "daemon/sights.h"
#include "fact/health.h"
#include "feature/check.h"

struct engine;

/* What the engine knows of the health of things: engine->health. */

void vitals_open(struct engine *engine);
/* Makes the table that of the checks of @config: new ones are unknown, others are forgotten. */
void vitals_follow(struct engine *engine, const struct config *config);
/* A worker tells: what changes is an event, and heeded in the same turn of the loop. */
void vitals_told(struct engine *engine, const struct healths *news);
/* How many changes the log was spared, if any. */
void vitals_tell_rest(struct engine *engine);
/* Who told it has died: all of it is old. */
void vitals_grow_old(struct engine *engine);

#endif
