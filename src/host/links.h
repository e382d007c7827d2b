/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_LINKS_H
#define MH_HOST_LINKS_H

#include "host/plan.h"

struct host;

/* What links that are not ours were, before we changed them. */
void links_recall(const struct host *host, struct host_link *link);
void links_forget_gone(struct host *host);
/*
 * Before these are done, by one write of the file. 0 or -errno: then do none of those that
 * link_is_remembered() names. ret_fresh[] tells of each what was not remembered yet (LINK_FORMER_*).
 */
int links_remember(struct host *host, const struct operation *operations, size_t count,
		   uint8_t *ret_fresh);
bool link_is_remembered(const struct operation *operation);
/* Afterwards: forgets what is not ours any more; of what was refused, what is .fresh. */
struct link_result {
	int error;
	uint8_t fresh;
};
void links_done(struct host *host, const struct operation *operations, size_t count,
		const struct link_result *results);
/*
 * Whether no link of others is in the group of those that go, as the kernel has it now: it tells of no
 * group of a link that is down.
 */
bool links_may_go_together(struct host *host);
/* Before these are done: nothing that the bond driver makes by itself stands in the way of a bond. */
void links_load_driver(struct host *host, const struct operation *operations, size_t count);

#endif
