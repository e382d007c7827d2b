/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_FILTERS_H
#define MH_HOST_FILTERS_H

#include "host/host.h"
#include "io/netlink.h"

/* What is refused where somebody else has our table. */
#define FILTERS_WHOLE "the filter"

/*
 * The door to nftables: our table, read, watched and written. Nothing is open while there is no table
 * of ours and nobody asks for one.
 */
struct filters {
	struct netlink events, requests;
	int error; /* why our table could not be read; 0 = it could, or there is no nftables */
};

void filters_close(struct host *host);	 /* leaves the table as it is */
void filters_receive(struct host *host); /* records that our table may have changed */
/* Reads our table anew, if it may exist. True when anything changed. */
bool filters_refresh(struct host *host);
/* Carries out @count operations in one transaction and tells each result. */
void filters_apply(struct host *host, const struct operation *operations, size_t count,
		   host_result_fn *told, void *data);

#endif
