/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_AGENT_LINE_H
#define MH_FEATURE_CHECKS_PROBE_AGENT_LINE_H

#include "feature/checks/probe.h"

/*
 * What an agent of HAProxy's kind says: one line of words, apart by spaces, tabs or commas, in any
 * order: "up", "ready", "down", "failed", "stopped", "drain", "maint", "75%", "maxconn:30"; then
 * perhaps '#' and why. Of a state told twice the last one counts. Pure.
 *
 * "drain" and "maint" are down here: who depends on a check has no third state. "75%" alone is up,
 * as is "0%", whose weight tells the rest. A line of which no word is known is no answer.
 */
#define PROBE_AGENT_LINE_SIZE 512

/* Returns false when nothing in it is understood; @ret_result says so then. */
bool probe_agent_line(const char *line, size_t length, struct probe_result *ret_result);

#endif
