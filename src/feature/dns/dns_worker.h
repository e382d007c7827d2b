/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_WORKER_H
#define MH_FEATURE_DNS_WORKER_H

#include "feature/worker.h"

/*
 * The life of the worker of `dns`: struct worker's main(). Its configuration is dns_orders_put(), its
 * update dns_selves_put().
 *
 * What it reports: "udp" and "tcp" (messages), "connections", "transfers", "rcode NOERROR" (.answered),
 * "zone example.com.", "prefix 2001:db8::/48", "address 2001:db8::1" (.asked; those asked most),
 * "log" (lines: .asked of them, .answered written, .dropped), "notify".
 */
int dns_worker_main(int channel, unsigned threads);

/* System calls that NOTIFY needs beyond those of every worker. */
extern const char *const dns_worker_calls[];

#endif
