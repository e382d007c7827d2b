/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_MENDER_H
#define MH_HOST_MENDER_H

#include "bpf/replies.h"
#include "host/host.h"

/* What makes replies leave from the address asked. */
struct mender {
	struct replies *replies;	/* NULL: nothing is loaded */
	char *folder;			/* where it is pinned; NULL = nowhere */
	struct replies_sources sources; /* as the programs have them; by prefix */
	bool stale;			/* the sources may be behind the observed routes */
	bool told;			/* that the sources cannot be written */
	bool broken;			/* what a former process left cannot be taken over */
	struct replies_cgroups found;	/* attached when they were taken over; by number */
};

/* attachments.c */
void attachments_open(struct host *host, const char *bpffs);
void attachments_close(struct host *host); /* what is pinned goes on */
bool attachments_refresh(struct host *host);
void attachment_apply(struct host *host, const struct operation *operation,
		      struct host_result *result);

/* sources.c */
int sources_adopt(struct host *host);  /* what the programs have already */
int sources_mirror(struct host *host); /* makes them those of the observed table local */
/* A route has come or gone, right now: what is no address of ours any more is none at once. */
void sources_told(struct host *host, const struct host_route *route, bool removed);

#endif
