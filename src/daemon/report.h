/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_REPORT_H
#define MH_DAEMON_REPORT_H

#include "daemon/engine.h"

#include <jansson.h>

/* What the engine knows, as the JSON of daemon/control.h. New references. */
json_t *report_plan(const struct outcome *outcome);
json_t *report_apply(const struct outcome *outcome);
json_t *report_status(const struct engine_status *status, const char *only_feature);
json_t *report_error(int exit, const char *error);
json_t *report_text(const char *text);

#endif
