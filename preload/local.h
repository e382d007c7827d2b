/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_LOCAL_H
#define PRELOAD_LOCAL_H

#include "private.h"

/*
 * Whether an IPv6 address is one of this host, borne by a link or local by a route. As it was a
 * tenth of a second ago.
 */
bool local_is(const struct mh_address *address);
void local_forked(void);

#endif
