/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_COPIES_H
#define MH_HOST_COPIES_H

#include "base/mem.h"
#include "host/plan.h"

/*
 * Settings that the kernel writes over others whenever they are written: forwarding of all links
 * over that of each link, of those to come ("default"), and over what follows from it.
 */

/* What @name becomes when its source is made @value. */
const char *copies_value(const char *name, const char *value);

/* What a setting is written over on a host with the links of @links. */
struct copies {
	VEC(struct host_sysctl) items; /* .name alone */
};
/* Nothing where @source is no such setting. */
void copies_of(const char *source, const struct state *links, struct copies *ret_copies);
void copies_free(struct copies *copies);
/* The name of what links to come will have of @source; "" = none. */
void copies_default(const char *source, char ret_name[sizeof(((struct host_sysctl *)0)->name)]);

/* Whether one of @desired settings makes @sysctl what it is, so that nobody has to ask for it. */
bool copies_explain(const struct host_sysctl *sysctl, const struct object_set *desired);
/*
 * On paper: what the operations of @plan write over those of @after that nobody desires. They are
 * remembered as what they were, and so is what the plan changes.
 */
void copies_foresee(const struct plan *plan, const struct object_set *desired,
		    struct object_set *after);

#endif
