/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_HANDS_H
#define MH_DAEMON_HANDS_H

#include "fact/health.h"

/*
 * What was decided by hand about checks. Kept in a file, since what is drained for maintenance must not
 * come back because the host was started anew; and for checks that a configuration leaves out for a
 * while.
 */
struct hands {
	char *path;
	VEC(struct hand {
		char *name;
		enum health_hand hand;
	})
	items;
};

/* Reads what was decided before; a file that makes no sense is told and left alone. */
void hands_open(struct hands *hands, char *path);
enum health_hand hands_get(const struct hands *hands, const char *name);
/* Decides, in the file first: 0, or -errno and nothing is changed. */
int hands_set(struct hands *hands, const char *name, enum health_hand hand);
void hands_free(struct hands *hands);

#endif
