/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which links an operation disturbs. What the kernel does then, untold: a link that goes down loses its
 * IPv4 routes, and all of IPv6; one that joins or leaves a VRF or a bond is taken down for that; the
 * last IPv4 address takes the routes of its link, any other those that bear it as source, and those
 * beside it in its network (promote_secondaries).
 */
#include "host/disturb.h"

#include "host/kind.h"
#include "host/link_made.h"

#include <stdlib.h>

static void add(struct link_list *links, uint32_t index)
{
	*VEC_PUSH(links) = index;
}

static bool change_disturbs(const struct host_link *before, const struct host_link *after)
{
	if (link_is_recreated(before, after))
		return true;
	if (before->state != LINK_UP)
		return false;
	return after->state == LINK_DOWN || link_must_be_down(before, after) ||
	       before->master != after->master ||
	       (before->mtu >= MTU_IPV6 && after->mtu && after->mtu < MTU_IPV6);
}

static void add_link(const struct operation *operation, struct link_list *links)
{
	const struct host_link *before = operation->before;

	if (operation->type == OPERATION_DELETE ||
	    (operation->type == OPERATION_CHANGE && change_disturbs(before, operation->after)))
		add(links, before->index);
}

static void add_address(const struct operation *operation, struct link_list *links)
{
	const struct host_address *before = operation->before;

	if (before && before->prefix.family == AF_INET)
		add(links, before->link);
}

static int index_order(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

static void sort(struct link_list *links)
{
	size_t kept = 0;

	if (links->count)
		qsort(links->items, links->count, sizeof(*links->items), index_order);
	for (size_t i = 0; i < links->count; i++)
		if (!kept || links->items[kept - 1] != links->items[i])
			links->items[kept++] = links->items[i];
	links->count = kept;
}

/* One more layer of VLANs. Returns whether there was any. */
static bool add_upper(const struct state *observed, struct link_list *links)
{
	size_t before = links->count;
	struct link_list upper = { 0 };

	STATE_EACH(observed, OBJECT_LINK, const struct host_link, link)
		if (link->type == LINK_VLAN && link_list_has(links, link->parent) &&
		    !link_list_has(links, link->index))
			add(&upper, link->index);
	for (size_t i = 0; i < upper.count; i++)
		add(links, upper.items[i]);
	link_list_free(&upper);
	sort(links);
	return links->count > before;
}

void links_disturbed(const struct state *observed, const struct operation *operations, size_t count,
		     struct link_list *ret_links)
{
	*ret_links = (struct link_list){ 0 };
	for (size_t i = 0; i < count; i++) {
		if (operations[i].kind == OBJECT_LINK)
			add_link(&operations[i], ret_links);
		if (operations[i].kind == OBJECT_ADDRESS)
			add_address(&operations[i], ret_links);
	}
	sort(ret_links);
	while (ret_links->count && add_upper(observed, ret_links))
		;
}

bool link_list_has(const struct link_list *links, uint32_t index)
{
	return links->count &&
	       bsearch(&index, links->items, links->count, sizeof(*links->items), index_order);
}

void link_list_free(struct link_list *links)
{
	VEC_FREE(links);
}
