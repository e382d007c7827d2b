/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PINS_H
#define MH_HOST_PINS_H

#include "host/host.h"

/* Where bpffs is mounted: as the environment says (MULTIHOMED_BPFFS), or where it usually is. */
const char *host_bpffs(void);
/* Where what is called @what is pinned there, of this network namespace; NULL = nowhere. */
char *pin_folder(const struct host *host, const char *bpffs, const char *what);

#endif
