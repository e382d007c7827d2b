/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Neighbours of IPv4 and IPv6, as the kernel resolved them or as they were written. Entries in the
 * state "noarp" are left out: the kernel makes them up for groups, broadcasts and links without
 * resolution, shows them in a dump, and does not tell when one comes.
 *
 * Ours bear our protocol (NDA_PROTOCOL, Linux 5.0). One with a MAC address is permanent; one without
 * is learned from outside (NTF_EXT_LEARNED) and has no state: the kernel resolves it with the first
 * packet and never forgets it. Whatever it makes of the state, and finds as its MAC, is no difference.
 */
#include "host/answering.h"
#include "host/kind.h"

#include "base/mem.h"

#include <libmnl/libmnl.h>

#include <linux/neighbour.h>
#include <stddef.h>
#include <string.h>

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

static const struct word neighbour_protocols[] = {
	{ "kernel", RTPROT_KERNEL },
	{ "boot", RTPROT_BOOT },
	{ "static", RTPROT_STATIC },
	{ "zebra", RTPROT_ZEBRA },
	{ "bgp", RTPROT_BGP },
	{ "multihomed", HOST_PROTOCOL },
	{ 0 },
};

enum {
	NEIGHBOUR_ADDRESS,
	NEIGHBOUR_LINK,
	NEIGHBOUR_STATE,
	NEIGHBOUR_FLAGS,
	NEIGHBOUR_MAC,
	NEIGHBOUR_PROTOCOL
};

/*
 * A living neighbour goes round reachable, stale, delay, probe once or twice a minute: that is no
 * news.
 */
static const struct property neighbour_rows[] = {
	[NEIGHBOUR_ADDRESS] = { "address", PROPERTY_ADDRESS, ROW_PLAIN, AT(address),
				.attribute = NDA_DST },
	[NEIGHBOUR_LINK] = { "link", PROPERTY_LINK, 0, AT(link), .header = HEADER(ndm_ifindex) },
	[NEIGHBOUR_STATE] = { "state", PROPERTY_U16, ROW_BITS | ROW_LAX, AT(state),
			      .words = neighbour_states,
			      .alike = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE,
			      .header = HEADER(ndm_state) },
	[NEIGHBOUR_FLAGS] = { "flags", PROPERTY_U8, ROW_BITS | ROW_LEAST, AT(flags),
			      .words = neighbour_flags, .header = HEADER(ndm_flags) },
	[NEIGHBOUR_MAC] = { "mac", PROPERTY_MAC, ROW_LAX, AT(mac), .attribute = NDA_LLADDR },
	[NEIGHBOUR_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_LONG | ROW_FREE, AT(protocol),
				 .words = neighbour_protocols, .attribute = NDA_PROTOCOL },
};

/* Bridges tell of their forwarding tables by neighbour messages of their own family. */
static bool neighbour_decoded(void *object, const struct nlmsghdr *message)
{
	struct host_neighbour *neighbour = object;
	const struct ndmsg *header = NLMSG_DATA(message);

	neighbour->object.ours = neighbour->protocol == HOST_PROTOCOL;

	if (message->nlmsg_type == RTM_NEWNEIGH && neighbour->state & NUD_NOARP)
		return false;
	return address_size(header->ndm_family) && neighbour->address.family == header->ndm_family;
}

static void neighbour_complete(void *object)
{
	((struct host_neighbour *)object)->protocol = HOST_PROTOCOL;
}

bool neighbour_is_exempt(const struct host_neighbour *neighbour)
{
	return neighbour->state & NUD_PERMANENT || neighbour->flags & NTF_EXT_LEARNED;
}

/*
 * What the kernel resolved by itself is nobody's, and goes on being known: it is looked at again when
 * a packet needs it.
 */
static bool neighbour_yields(const void *obstacle, void *after)
{
	const struct host_neighbour *found = obstacle;
	struct host_neighbour *wanted = after;

	if (neighbour_is_exempt(found) || found->protocol)
		return false;
	if (!wanted->state && found->state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)) {
		wanted->state = NUD_STALE;
		memcpy(wanted->mac, found->mac, sizeof(wanted->mac));
	}
	return true;
}

/* The family is the address's, and no row says it before the address is written. */
static void neighbour_encoded(const void *object, struct nlmsghdr *message)
{
	const struct host_neighbour *neighbour = object;
	struct ndmsg *header = mnl_nlmsg_get_payload(message);

	header->ndm_family = neighbour->address.family;
	mnl_attr_put(message, NDA_DST, address_size(neighbour->address.family),
		     neighbour->address.bytes);
}

const struct kind neighbour_kind = {
	.name = "neighbour",
	.size = sizeof(struct host_neighbour),
	.rows = neighbour_rows,
	.row_count = ARRAY_SIZE(neighbour_rows),
	.keys = { &neighbour_rows[NEIGHBOUR_LINK], &neighbour_rows[NEIGHBOUR_ADDRESS] },
	.yields = neighbour_yields,
	.complete = neighbour_complete,
	.replaced = true,
	.untold = true,
	.message_new = RTM_NEWNEIGH,
	.message_delete = RTM_DELNEIGH,
	.message_get = RTM_GETNEIGH,
	.header_size = sizeof(struct ndmsg),
	.decoded = neighbour_decoded,
	.encoded = neighbour_encoded,
};
