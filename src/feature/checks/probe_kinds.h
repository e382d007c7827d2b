/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_KINDS_H
#define MH_FEATURE_CHECKS_PROBE_KINDS_H

#include "feature/checks/probe.h"

extern const struct probe_kind probe_ping, probe_neighbour, probe_tcp, probe_http, probe_dns,
	probe_udp, probe_agent, probe_script;

/* What a kind has made for all its probes; these are closed already. */
void probe_tcp_leave(struct probe_stage *stage);
void probe_ping_leave(struct probe_stage *stage);
void probe_neighbour_leave(struct probe_stage *stage);
void probe_http_leave(struct probe_stage *stage);
void probe_script_leave(struct probe_stage *stage);

/*
 * HTTP keeps times of its own: when it wants to be asked again (INT64_MAX: never), and that. To be
 * called after each wait.
 */
int64_t probe_http_due(const struct probe_stage *stage);
void probe_http_turn(struct probe_stage *stage);
/* While the files are still there: the authorities that the system trusts. */
void probe_http_prepare(void);

/* What was put together during a round is sent. */
void probe_ping_send(struct probe_stage *stage);

/* While there still are rights to be given up: starts the process that runs scripts. */
int probe_script_prepare(void);

#endif
