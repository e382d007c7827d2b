/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_ASK_H
#define MH_CTL_ASK_H

#include "ctl/call.h"
#include "ctl/render.h"

struct source;

/*
 * Asks @request, of which it takes over the reference. Returns EXIT_FINE and the answer, or another
 * status after saying why there is none.
 */
int ask_reply(const struct call *call, json_t *request, const struct source *source,
	      json_t **ret_reply);
/* The same, and shows the answer; returns the exit status that it asks for. */
int ask_show(const struct call *call, json_t *request, render_fn *render);

#endif
