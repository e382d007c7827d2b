/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_DOCTOR_LOOK_H
#define MH_CTL_DOCTOR_LOOK_H

#include "ctl/call.h"
#include "doctor/logs.h"

/* The host as doctor sees it, and what it could not see. */
struct look {
	struct host *host;
	struct host_servers servers;
	struct log_servers log_servers;
	VEC(struct service) services;
	VEC(struct claimant) claimants;
	VEC(struct stand_in) stand_ins;
	json_t *neighbours;	/* of the daemon: the words of both */
	struct patient patient; /* points into the others */
	VEC(char *) unseen;	/* a line each */
};

/*
 * Looks at everything, with the rights of the caller. Returns 0, or -errno with one line in @error
 * when not even links and routes can be read. look_free() it in both cases.
 */
int look_at_host(const struct call *call, struct look *look, struct text *error);
void look_free(struct look *look);

#endif
