/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_METRICS_H
#define MH_DAEMON_METRICS_H

#include "daemon/engine.h"

/* All that is counted and measured, in the text format of Prometheus, version 0.0.4. */
void metrics_put(const struct engine_status *status, struct text *text);

/*
 * The counters of one worker: "service who" becomes multihomed_FEATURE_service_asked_total{service="who"}
 * and so on, a family for each kind and sort.
 */
void metrics_put_counters(const char *feature, const struct counters *counters, struct text *text);

#endif
