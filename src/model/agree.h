/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_AGREE_H
#define MH_MODEL_AGREE_H

#include "host/ask.h"
#include "model/model.h"

/*
 * In what the model's verdict on @flow, which was .asked, and the kernel's own answer differ:
 * "error", "route", "next hop", "type", "source"; NULL when in nothing. What the verdict doubts may
 * well differ, except by DOUBT_SOURCE, which is left out here.
 */
const char *model_difference(const struct flow *flow, const struct verdict *verdict,
			     const struct route_answer *answer);

#endif
