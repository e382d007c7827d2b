/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links, as they are observed. What nobody asks for (queues, statistics, promiscuity) is no
 * property.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

#define AT(field) offsetof(struct host_link, field)
#define HEADER(field) offsetof(struct ifinfomsg, field), sizeof(((struct ifinfomsg *)0)->field)

/*
 * The flags that somebody may ask for; all others come and go unseen (IFF_PROMISC with every
 * tcpdump).
 */
#define FLAGS_KEPT                                                                                 \
	(IFF_UP | IFF_BROADCAST | IFF_LOOPBACK | IFF_POINTOPOINT | IFF_RUNNING | IFF_NOARP |       \
	 IFF_MULTICAST | IFF_MASTER | IFF_SLAVE | IFF_LOWER_UP)

static const struct word link_flags[] = {
	{ "up", IFF_UP },
	{ "lower-up", IFF_LOWER_UP },
	{ "running", IFF_RUNNING },
	{ "loopback", IFF_LOOPBACK },
	{ "broadcast", IFF_BROADCAST },
	{ "multicast", IFF_MULTICAST },
	{ "point-to-point", IFF_POINTOPOINT },
	{ "no-arp", IFF_NOARP },
	{ "master", IFF_MASTER },
	{ "slave", IFF_SLAVE },
	{ 0 },
};

enum { LINK_NAME, LINK_INDEX, LINK_FLAGS, LINK_MTU, LINK_MASTER, LINK_MAC };

static const struct property link_rows[] = {
	[LINK_NAME] = { "name", PROPERTY_NAME, ROW_PLAIN, AT(name), .size = IFNAMSIZ,
			.attribute = IFLA_IFNAME },
	[LINK_INDEX] = { "index", PROPERTY_U32, 0, AT(index), .header = HEADER(ifi_index) },
	[LINK_FLAGS] = { "flags", PROPERTY_U32, ROW_BITS, AT(flags), .words = link_flags,
			 .header = HEADER(ifi_flags) },
	[LINK_MTU] = { "mtu", PROPERTY_U32, 0, AT(mtu), .attribute = IFLA_MTU },
	[LINK_MASTER] = { "master", PROPERTY_LINK, 0, AT(master), .attribute = IFLA_MASTER },
	[LINK_MAC] = { "mac", PROPERTY_MAC, 0, AT(mac), .attribute = IFLA_ADDRESS },
};

/*
 * Bridges tell of their ports by link messages of their own family, and wireless drivers by ones
 * without a name.
 */
static bool link_decoded(void *object, const struct nlmsghdr *message)
{
	struct host_link *link = object;
	const struct ifinfomsg *header = NLMSG_DATA(message);

	link->flags &= FLAGS_KEPT;
	return header->ifi_family == AF_UNSPEC &&
	       (link->name[0] || message->nlmsg_type == RTM_DELLINK);
}

const struct kind link_kind = {
	.name = "link",
	.size = sizeof(struct host_link),
	.rows = link_rows,
	.row_count = ARRAY_SIZE(link_rows),
	.keys = { &link_rows[LINK_INDEX] },
	.message_new = RTM_NEWLINK,
	.message_delete = RTM_DELLINK,
	.message_get = RTM_GETLINK,
	.header_size = sizeof(struct ifinfomsg),
	.decoded = link_decoded,
};
