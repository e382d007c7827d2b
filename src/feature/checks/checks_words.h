/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_WORDS_H
#define MH_FEATURE_CHECKS_WORDS_H

#include "config/field.h"

/* The scalars that only checks have. */
extern const struct config_word checks_endpoint_word; /* struct checks_endpoint */
extern const struct config_word checks_status_word;   /* struct config_ports */
extern const struct config_word checks_mark_word;     /* uint32_t */

#endif
