/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_ORDER_H
#define MH_FEATURE_NEIGHBOURS_ORDER_H

#include "feature/worker.h"

/* What the worker is told of what stands on the host: responders, answers, addresses, links. */
bool neighbours_needed(const struct config *all, const struct facts *facts);
void neighbours_configure(const struct config *all, const struct facts *facts, struct text *message);
void neighbours_update(const struct config *all, const struct facts *facts, struct text *message);

#endif
