/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Neighbours of IPv4 and IPv6, as the kernel resolved them. Entries in the state "noarp" are left
 * out: the kernel makes them up for groups, broadcasts and links without resolution, shows them in
 * a dump, and does not tell when one comes.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <linux/neighbour.h>
#include <stddef.h>

#define AT(field) offsetof(struct host_neighbour, field)
#define HEADER(field) offsetof(struct ndmsg, field), sizeof(((struct ndmsg *)0)->field)

static const struct word neighbour_states[] = {
	{ "incomplete", NUD_INCOMPLETE }, { "reachable", NUD_REACHABLE },
	{ "stale", NUD_STALE },		  { "delay", NUD_DELAY },
	{ "probe", NUD_PROBE },		  { "failed", NUD_FAILED },
	{ "permanent", NUD_PERMANENT },	  { 0 },
};

static const struct word neighbour_flags[] = {
	{ "use", NTF_USE },
	{ "self", NTF_SELF },
	{ "master", NTF_MASTER },
	{ "proxy", NTF_PROXY },
	{ "extern_learn", NTF_EXT_LEARNED },
	{ "offload", NTF_OFFLOADED },
	{ "sticky", NTF_STICKY },
	{ "router", NTF_ROUTER },
	{ 0 },
};

enum { NEIGHBOUR_ADDRESS, NEIGHBOUR_LINK, NEIGHBOUR_STATE, NEIGHBOUR_FLAGS, NEIGHBOUR_MAC };

/*
 * A living neighbour goes round reachable, stale, delay, probe once or twice a minute: that is no
 * news.
 */
static const struct property neighbour_rows[] = {
	[NEIGHBOUR_ADDRESS] = { "address", PROPERTY_ADDRESS, ROW_PLAIN, AT(address),
				.attribute = NDA_DST },
	[NEIGHBOUR_LINK] = { "link", PROPERTY_LINK, 0, AT(link), .header = HEADER(ndm_ifindex) },
	[NEIGHBOUR_STATE] = { "state", PROPERTY_U16, ROW_BITS, AT(state), .words = neighbour_states,
			      .alike = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE,
			      .header = HEADER(ndm_state) },
	[NEIGHBOUR_FLAGS] = { "flags", PROPERTY_U8, ROW_BITS, AT(flags), .words = neighbour_flags,
			      .header = HEADER(ndm_flags) },
	[NEIGHBOUR_MAC] = { "mac", PROPERTY_MAC, 0, AT(mac), .attribute = NDA_LLADDR },
};

/* Bridges tell of their forwarding tables by neighbour messages of their own family. */
static bool neighbour_decoded(void *object, const struct nlmsghdr *message)
{
	const struct host_neighbour *neighbour = object;
	const struct ndmsg *header = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWNEIGH && neighbour->state & NUD_NOARP)
		return false;
	return address_size(header->ndm_family) && neighbour->address.family == header->ndm_family;
}

const struct kind neighbour_kind = {
	.name = "neighbour",
	.size = sizeof(struct host_neighbour),
	.rows = neighbour_rows,
	.row_count = ARRAY_SIZE(neighbour_rows),
	.keys = { &neighbour_rows[NEIGHBOUR_LINK], &neighbour_rows[NEIGHBOUR_ADDRESS] },
	.message_new = RTM_NEWNEIGH,
	.message_delete = RTM_DELNEIGH,
	.message_get = RTM_GETNEIGH,
	.header_size = sizeof(struct ndmsg),
	.decoded = neighbour_decoded,
};
