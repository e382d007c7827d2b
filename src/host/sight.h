/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_SIGHT_H
#define MH_HOST_SIGHT_H

#include "host/host.h"

/*
 * What of an observed state is missing because it could not be seen: 0, or -errno why the rules of
 * our nftables table could not be read (-EPERM: CAP_NET_ADMIN is missing).
 */
int host_filters_error(const struct host *host);

/*
 * The nftables tables of others that see what is forwarded or sent, which no model knows: "ip nat
 * (postrouting), inet firewalld (forward, output)"; nothing where there are none, or they cannot be read.
 */
void host_other_filters(struct host *host, struct text *text);

#endif
