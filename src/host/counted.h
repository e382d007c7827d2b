/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_COUNTED_H
#define MH_HOST_COUNTED_H

#include "host/host.h"

/*
 * What our programs in the kernel counted of who asked for neighbours, and who said that an address is
 * his for which we answer; empty where there are none. VEC_FREE() it.
 */
int host_neighbour_counts(struct host *host, struct neighbours_counts *ret_counts);
int host_neighbour_claimants(struct host *host, struct neighbours_claimants *ret_claimants);
/* Why a worker has to answer instead; NULL = the programs could be had, or nobody needed them. */
const char *host_responders_missing(const struct host *host);

#endif
