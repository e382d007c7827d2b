/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_PROVER_H
#define MH_DAEMON_PROVER_H

#include "config/diag.h"
#include "io/loop.h"

/*
 * A long computation beside the loop, in a child that has all as it was when it began, and that
 * touches nothing: its only outcome is diagnostics.
 */
struct prover;

/* Within the child. */
typedef void prover_fn(void *data, struct diags *diags);
/* Takes @diags over. NULL: the child ended before it knew. */
typedef void prover_done_fn(void *data, struct diags *diags);

struct prover *prover_new(struct loop *loop, prover_fn *prove, prover_done_fn *done, void *data);
void prover_free(struct prover *prover);

/* Returns 0, or -errno when there is no child to be had: then nothing follows. Not while it runs. */
int prover_start(struct prover *prover);
bool prover_runs(const struct prover *prover);

#endif
