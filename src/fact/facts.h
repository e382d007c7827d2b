/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FACT_FACTS_H
#define MH_FACT_FACTS_H

#include "fact/health.h"
#include "fact/subscribers.h"
#include "host/servers.h"
#include "host/state.h"

#include <time.h>

/*
 * What is true now, as features may ask for it: the observed host, and what workers report.
 * Questions only; pure.
 */
struct facts {
	const struct state *observed;	    /* sorted */
	const struct host_servers *servers; /* for status() alone; NULL = not looked at */
	int servers_error;		    /* why they were looked at in vain; 0 or -errno */
	const struct healths *health;	    /* how the checks stand; NULL = there are none */
	const struct subscriber_hands *subscribers; /* what was decided by hand; NULL = nothing */
	time_t now; /* by the clock on the wall, in the zone of the process: localtime_r() */
};

const struct host_link *facts_link(const struct facts *facts, const char *name);
bool facts_link_up(const struct facts *facts, const char *name);
/* How the check of that name stands, or NULL: health_usable() takes both. */
const struct health *facts_health(const struct facts *facts, const char *name);

/*
 * Foreign routes that lead to a network on a link (no gateway, type unicast, table main) and
 * overlap @prefix.
 */
typedef void facts_route_fn(void *data, const struct host_route *route);
void facts_connected(const struct facts *facts, const struct prefix *prefix, facts_route_fn *told,
		     void *data);

/*
 * The foreign route of table main that traffic to all of @prefix takes: the longest that covers it,
 * of equal ones the lowest metric, whose link is up. NULL = none.
 */
const struct host_route *facts_route_to(const struct facts *facts, const struct prefix *prefix);

#endif
