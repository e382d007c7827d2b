/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_DRIFT_H
#define MH_DAEMON_DRIFT_H

#include "daemon/engine_internal.h"

/* What others do to the host: to what is ours (drift.c), and to what is promised (proof.c). */

/* drift.c */
void drift_look(struct engine *engine); /* at what events told of; mends what is simple, at once */
/* Whether an operation of a repair mends what somebody did, rather than following the facts. */
bool drift_is(const struct engine *engine, const struct operation *operation);
/* Leaves out what others fight for, and is let be. */
void drift_hold_back(struct engine *engine, struct plan *plan);
void drift_mended(struct engine *engine, const struct operation *operation);
void drift_print(const struct engine *engine, const struct operation *operation, struct text *text);

/* proof.c */
/* What features prove of @config, on the host with @plan carried out on paper: errors in @diags. */
void proof_on_paper(struct engine *engine, const struct config *config,
		    const struct desired *desired, const struct plan *plan, struct diags *diags);
void proof_open(struct engine *engine);
void proof_soon(struct engine *engine); /* the host may have changed */
void proof_run(struct engine *engine); /* on the host as it is; tells what holds no more, or again */

#endif
