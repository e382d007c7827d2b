/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_COMBINED_H
#define MH_FEATURE_CHECKS_COMBINED_H

#include "feature/checks/checks.h"

/* The names that a combination is made of, or NULL: it is none. */
const struct config_list *checks_members(const struct checks_item *item);

#endif
