/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_PROBLEMS_H
#define MH_CTL_PROBLEMS_H

#include "config/diag.h"
#include "ctl/call.h"

/* The diagnostics of what was read here, in the form of the engine's replies: a JSON list. */
json_t *problems_json(const struct diags *diags, const struct source *source);

/* Tells them on standard error, or with --json as the engine would; returns @status. */
int problems_tell(const struct call *call, const struct diags *diags, const struct source *source,
		  int status);

#endif
