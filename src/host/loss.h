/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_LOSS_H
#define MH_HOST_LOSS_H

#include "host/host.h"

/*
 * What was not ours, went because of what we did to its link, and is not back though it could be: as a
 * plan shows it, and why Linux refuses it.
 */
typedef void host_missing_fn(void *data, const char *object, const char *reason);
void host_missing(const struct host *host, host_missing_fn *told, void *data);

#endif
