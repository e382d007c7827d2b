/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_LOSS_H
#define MH_HOST_LOSS_H

#include "host/host.h"

/*
 * What a plan takes that is not ours, and that is not put back at once: the addresses, routes, next
 * hops and links of others that go with a link.
 */
struct loss {
	uint32_t link;
	char name[IFNAMSIZ];
	char *text;	     /* "eth3 goes down: 2 foreign routes (kernel, static) go with it" */
	struct text objects; /* a line each, as a plan shows them; the first LOSS_SHOWN */
};
#define LOSS_SHOWN 100u

struct losses {
	VEC(struct loss) items;
};
void losses_free(struct losses *losses);

/* Pure; both states sorted. Of routes only what @observed has of them is known. */
void losses_find(const struct state *observed, const struct state *desired, const struct plan *plan,
		 struct losses *ret_losses);
/*
 * The same on the running host, whose foreign routes are read for that, if @plan disturbs any link
 * at all.
 */
void host_losses(struct host *host, const struct state *desired, const struct plan *plan,
		 struct losses *ret_losses);

/*
 * What was not ours, went because of what we did to its link, and is not back though it could be: as a
 * plan shows it, and why Linux refuses it.
 */
typedef void host_missing_fn(void *data, const char *object, const char *reason);
void host_missing(const struct host *host, host_missing_fn *told, void *data);

#endif
