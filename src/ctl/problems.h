/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_PROBLEMS_H
#define MH_CTL_PROBLEMS_H

#include "config/diag.h"
#include "ctl/call.h"

/* The diagnostics of what is read here and not by the engine, as its replies have them: a JSON list. */
json_t *problems_json(const struct diags *diags, const struct source *source);

/* Tells them on standard error, or with --json as a reply of the engine would, and returns @status. */
int problems_tell(const struct call *call, const struct diags *diags, const struct source *source, int status);

#endif
