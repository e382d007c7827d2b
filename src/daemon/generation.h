/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_GENERATION_H
#define MH_DAEMON_GENERATION_H

#include "feature/feature.h"

/* One configuration that was accepted, and its number; immutable, shared by count. */
struct generation {
	unsigned number; /* from 1; 0 = the empty one before the first and after the last */
	unsigned users;
	bool own;	       /* what the daemon's own file said */
	struct config *config; /* NULL in the empty one */
};

/* Takes @config over; one user. */
struct generation *generation_new(unsigned number, struct config *config);
struct generation *generation_share(struct generation *generation);
/* Gives one use back and forgets it. */
void generation_drop(struct generation **generation);

/* The texts of a generation; NULL in the empty one. */
const struct source *generation_source(const struct generation *generation);

#endif
