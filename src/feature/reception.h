/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_RECEPTION_H
#define MH_FEATURE_RECEPTION_H

#include "feature/desired.h"

/* Up to so many solicited-node groups are joined on a link. */
#define RECEPTION_GROUPS 16

/*
 * Lets a link hear the neighbour solicitations for all of its prefixes (those of IPv4 need nothing): it
 * joins their groups where they are few, else it takes every multicast frame. To be called once for a
 * link, after those who make links have had their say.
 */
struct reception {
	struct place place; /* who asks */
	uint32_t link;
	const struct prefix *prefixes;
	size_t count;
};
void desire_reception(struct desired *desired, const struct facts *facts,
		      const struct reception *reception);

#endif
