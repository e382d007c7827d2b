/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_DISTURB_H
#define MH_HOST_DISTURB_H

#include "base/mem.h"
#include "host/plan.h"

/* IPv6 leaves a link that carries less (RFC 8200, 5). */
#define MTU_IPV6 1280

/* Links by index, sorted, each once. */
struct link_list {
	uint32_t *items;
	size_t count, room;
};

/*
 * The links that lose something of others when these operations are done, be it for a moment: they go
 * down, are made anew, get another master or too small an MTU, or lose an address of ours. With
 * them the VLANs on them, which go down and up with their link. Pure; @observed sorted.
 */
void links_disturbed(const struct state *observed, const struct operation *operations, size_t count,
		     struct link_list *ret_links);
bool link_list_has(const struct link_list *links, uint32_t index);
void link_list_free(struct link_list *links);

#endif
