/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_BOOT_H
#define MH_DAEMON_BOOT_H

#include "daemon/generation.h"

struct engine;

/*
 * What a start has to know of changes that were tried, in files that outlive a boot. From
 * boot_waits() on it goes back to the present generation, until the tried one stands, is turned down,
 * or was refused.
 */
void boot_open(struct engine *engine);
void boot_waits(struct engine *engine, const struct generation *tried);
void boot_stands(struct engine *engine);
void boot_turned_down(struct engine *engine); /* engine->before was, and engine->now stands again */
void boot_no_longer_waits(struct engine *engine);
/*
 * Which texts to begin with instead of @own, the daemon's own file (NULL = not to be read); NULL where
 * there is nothing to go back to.
 */
struct source *boot_recall(struct engine *engine, const struct source *own);

#endif
