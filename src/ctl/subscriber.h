/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_SUBSCRIBER_H
#define MH_CTL_SUBSCRIBER_H

#include "ctl/call.h"
#include "ctl/view.h"

/*
 * The request of `mhctl subscriber add|move|remove|auto`; NULL with one line in @error when it makes no
 * sense as it was typed. Whether it fits what there is, the daemon says.
 */
json_t *subscriber_request(const struct call *call, struct text *error);
/* Its answer, for people. */
void subscriber_render(struct view *view, const json_t *reply);

#endif
