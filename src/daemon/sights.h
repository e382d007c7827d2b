/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_SIGHTS_H
#define MH_DAEMON_SIGHTS_H

#include "feature/check.h"
#include "io/loop.h"

/*
 * What the engine sees of this host for checks that ask nobody: files, processes, ports. By events;
 * what has none is looked at every second.
 */
struct sights;

/* @seen: something is not as it was, told to healths_see() already. */
struct sights *sights_new(struct loop *loop, struct healths *healths, void (*seen)(void *data),
			  void *data);
void sights_free(struct sights *sights);
/* Looks at what the local checks of @list ask for, and at nothing else, from now on. */
void sights_follow(struct sights *sights, const struct check_list *list);

#endif
