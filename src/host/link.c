/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links. Ours are those that we made, marked by their group; of another one only what we changed is
 * ours, and what it was before is known (links.c). What nobody asks for (queues, statistics,
 * promiscuity) is no property. What a link is made of stands nested in the message: link_made.c.
 */
#include "host/kind.h"

#include "base/mem.h"
#include "host/link_made.h"

#include <linux/if_bonding.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>

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

static const struct word link_states[] = {
	{ "down", LINK_DOWN },
	{ "up", LINK_UP },
	{ 0 },
};

static const struct word link_groups[] = {
	{ "multihomed", HOST_PROTOCOL },
	{ "multihomed-going", LINK_GROUP_GOING },
	{ 0 },
};

static const struct word link_formers[] = {
	{ "state", LINK_FORMER_STATE },
	{ "mtu", LINK_FORMER_MTU },
	{ "queue", LINK_FORMER_QUEUE },
	{ "master", LINK_FORMER_MASTER },
	{ "mac", LINK_FORMER_MAC },
	{ "allmulti", LINK_FORMER_ALLMULTI },
	{ 0 },
};

static const struct word yes_words[] = {
	{ "yes", 1 },
	{ 0 },
};

/* Where "no" is worth a word. */
static const struct word switch_words[] = {
	{ "no", 0 },
	{ "yes", 1 },
	{ 0 },
};

static const struct word bond_modes[] = {
	{ "balance-rr", BOND_MODE_ROUNDROBIN }, { "active-backup", BOND_MODE_ACTIVEBACKUP },
	{ "balance-xor", BOND_MODE_XOR },	{ "broadcast", BOND_MODE_BROADCAST },
	{ "802.3ad", BOND_MODE_8023AD },	{ "balance-tlb", BOND_MODE_TLB },
	{ "balance-alb", BOND_MODE_ALB },	{ 0 },
};

static const struct word bond_rates[] = {
	{ "slow", 0 },
	{ "fast", 1 },
	{ 0 },
};

static const struct word bond_hashes[] = {
	{ "layer2", BOND_XMIT_POLICY_LAYER2 },
	{ "layer2+3", BOND_XMIT_POLICY_LAYER23 },
	{ "layer3+4", BOND_XMIT_POLICY_LAYER34 },
	{ "encap2+3", BOND_XMIT_POLICY_ENCAP23 },
	{ "encap3+4", BOND_XMIT_POLICY_ENCAP34 },
	{ "vlan+srcmac", BOND_XMIT_POLICY_VLAN_SRCMAC },
	{ 0 },
};

static const struct word bond_selects[] = {
	{ "stable", 0 },
	{ "bandwidth", 1 },
	{ "count", 2 },
	{ 0 },
};

static const struct word bond_macs[] = {
	{ "none", 0 },
	{ "active", 1 },
	{ "follow", 2 },
	{ 0 },
};

static const struct word bond_reselects[] = {
	{ "always", 0 },
	{ "better", 1 },
	{ "failure", 2 },
	{ 0 },
};

static const struct word bond_links[] = {
	{ "failing", BOND_LINK_FAIL },
	{ "down", BOND_LINK_DOWN },
	{ "back", BOND_LINK_BACK },
	{ 0 },
};

static const struct word lacp_states[] = {
	{ "active", LACP_STATE_LACP_ACTIVITY },
	{ "short-timeout", LACP_STATE_LACP_TIMEOUT },
	{ "aggregation", LACP_STATE_AGGREGATION },
	{ "in-sync", LACP_STATE_SYNCHRONIZATION },
	{ "collecting", LACP_STATE_COLLECTING },
	{ "distributing", LACP_STATE_DISTRIBUTING },
	{ "defaulted", LACP_STATE_DEFAULTED },
	{ "expired", LACP_STATE_EXPIRED },
	{ 0 },
};

static const struct word vlan_protocols[] = {
	{ "802.1q", ETH_P_8021Q },
	{ "802.1ad", ETH_P_8021AD },
	{ 0 },
};

static const struct word macvlan_modes[] = {
	{ "private", MACVLAN_MODE_PRIVATE }, { "vepa", MACVLAN_MODE_VEPA },
	{ "bridge", MACVLAN_MODE_BRIDGE },   { "passthru", MACVLAN_MODE_PASSTHRU },
	{ "source", MACVLAN_MODE_SOURCE },   { 0 },
};

static uint32_t state_of_flags(const void *object)
{
	return ((const struct host_link *)object)->flags & IFF_UP ? LINK_UP : LINK_DOWN;
}

enum { LINK_NAME, LINK_INDEX };

#define WORDS(list) .words = (list)
#define SEEN ROW_FREE /* observed, and nobody's wish */

static const struct property link_rows[] = {
	[LINK_NAME] = { "name", PROPERTY_NAME, ROW_PLAIN | ROW_TITLE, AT(name), .size = IFNAMSIZ,
			.attribute = IFLA_IFNAME },
	[LINK_INDEX] = { "index", PROPERTY_U32, 0, AT(index), .header = HEADER(ifi_index) },
	{ "flags", PROPERTY_U32, ROW_BITS | SEEN, AT(flags), .header = HEADER(ifi_flags),
	  WORDS(link_flags) },
	{ "state", PROPERTY_U8, 0, AT(state), .usually = state_of_flags, WORDS(link_states) },
	{ "type", PROPERTY_U8, 0, AT(type), WORDS(link_types) },
	{ "mtu", PROPERTY_U32, ROW_LAX, AT(mtu), .attribute = IFLA_MTU },
	{ "master", PROPERTY_LINK, 0, AT(master), .attribute = IFLA_MASTER },
	{ "parent", PROPERTY_LINK, ROW_LAX, AT(parent), .attribute = IFLA_LINK },
	{ "mac", PROPERTY_MAC, ROW_LAX, AT(mac), .attribute = IFLA_ADDRESS },
	{ "queue", PROPERTY_U32, ROW_LAX, AT(queue), .attribute = IFLA_TXQLEN },
	{ "group", PROPERTY_U32, ROW_LONG, AT(group), .attribute = IFLA_GROUP, WORDS(link_groups) },
	{ "allmulti", PROPERTY_U8, 0, AT(allmulti), WORDS(switch_words) },
	{ "peer", PROPERTY_NAME, SEEN, AT(peer), .size = IFNAMSIZ },
	{ "table", PROPERTY_U32, 0, AT(table) },
	{ "vlan-id", PROPERTY_U16, 0, AT(vlan.id) },
	{ "vlan-protocol", PROPERTY_U16, 0, AT(vlan.protocol), WORDS(vlan_protocols) },
	{ "macvlan-mode", PROPERTY_U32, 0, AT(macvlan_mode), WORDS(macvlan_modes) },
	{ "mode", PROPERTY_U8, 0, AT(bond.mode), WORDS(bond_modes) },
	{ "miimon", PROPERTY_U32, 0, AT(bond.miimon) },
	{ "updelay", PROPERTY_U32, 0, AT(bond.updelay) },
	{ "downdelay", PROPERTY_U32, 0, AT(bond.downdelay) },
	{ "lacp-rate", PROPERTY_U8, 0, AT(bond.lacp_rate), WORDS(bond_rates) },
	{ "hash", PROPERTY_U8, 0, AT(bond.hash), WORDS(bond_hashes) },
	{ "min-links", PROPERTY_U32, 0, AT(bond.min_links) },
	{ "select", PROPERTY_U8, 0, AT(bond.ad_select), WORDS(bond_selects) },
	{ "primary", PROPERTY_LINK, 0, AT(bond.primary) },
	{ "reselect", PROPERTY_U8, 0, AT(bond.reselect), WORDS(bond_reselects) },
	{ "fail-over-mac", PROPERTY_U8, 0, AT(bond.fail_over_mac), WORDS(bond_macs) },
	{ "arp-interval", PROPERTY_U32, 0, AT(bond.arp_interval) },
	{ "arp-target", PROPERTY_ADDRESS, 0, AT(bond.targets[0]) },
	{ "arp-target-2", PROPERTY_ADDRESS, 0, AT(bond.targets[1]) },
	{ "arp-target-3", PROPERTY_ADDRESS, 0, AT(bond.targets[2]) },
	{ "arp-target-4", PROPERTY_ADDRESS, 0, AT(bond.targets[3]) },
	{ "active", PROPERTY_LINK, SEEN, AT(bond.active) },
	{ "aggregator", PROPERTY_U16, SEEN, AT(bond.aggregator) },
	{ "ports", PROPERTY_U16, SEEN, AT(bond.ports) },
	{ "partner", PROPERTY_MAC, SEEN, AT(bond.partner) },
	{ "stp", PROPERTY_U8, 0, AT(bridge.stp), WORDS(yes_words) },
	{ "vlan-filtering", PROPERTY_U8, 0, AT(bridge.vlan_filtering), WORDS(yes_words) },
	{ "ageing", PROPERTY_U32, 0, AT(bridge.ageing) },
	{ "forward-delay", PROPERTY_U32, 0, AT(bridge.forward_delay) },
	{ "port-of", PROPERTY_U8, SEEN, AT(port.type), WORDS(link_types) },
	{ "port-backup", PROPERTY_U8, SEEN, AT(port.backup), WORDS(yes_words) },
	{ "port-state", PROPERTY_U8, SEEN, AT(port.broken), WORDS(bond_links) },
	{ "port-aggregator", PROPERTY_U16, SEEN, AT(port.aggregator) },
	{ "port-partner", PROPERTY_U16, ROW_BITS | SEEN, AT(port.partner_state), WORDS(lacp_states) },
	{ "changed", PROPERTY_U8, ROW_BITS | SEEN, AT(former.known), WORDS(link_formers) },
	{ "was-state", PROPERTY_U8, SEEN, AT(former.state), WORDS(link_states) },
	{ "was-mtu", PROPERTY_U32, SEEN, AT(former.mtu) },
	{ "was-queue", PROPERTY_U32, SEEN, AT(former.queue) },
	{ "was-master", PROPERTY_LINK, SEEN, AT(former.master) },
	{ "was-mac", PROPERTY_MAC, SEEN, AT(former.mac) },
	{ "was-allmulti", PROPERTY_U8, SEEN, AT(former.allmulti), WORDS(switch_words) },
};

/*
 * Bridges tell of their ports by link messages of their own family, and wireless drivers by ones
 * without a name.
 */
static bool link_decoded(void *object, const struct nlmsghdr *message)
{
	struct host_link *link = object;
	const struct ifinfomsg *header = NLMSG_DATA(message);

	/* The kernel shows here what was asked for by hand, not what it needs itself. */
	link->allmulti = link->flags & IFF_ALLMULTI ? 1 : 0;
	link->flags &= FLAGS_KEPT;
	link->state = (uint8_t)state_of_flags(link);
	link_made_decode(link, message);
	/* The group alone may be anybody's; the index of one that we make is drawn by us. */
	link->object.ours = link_is_made(link) && link->index >= LINK_INDEX_FIRST;
	return header->ifi_family == AF_UNSPEC &&
	       (link->name[0] || message->nlmsg_type == RTM_DELLINK);
}

const struct kind link_kind = {
	.name = "link",
	.size = sizeof(struct host_link),
	.rows = link_rows,
	.row_count = ARRAY_SIZE(link_rows),
	.keys = { &link_rows[LINK_INDEX] },
	.anyones = true,
	.deleted_by_key = true,
	.turn = link_turn,
	.recreated = link_is_recreated,
	.released = link_released,
	.message_new = RTM_NEWLINK,
	.message_delete = RTM_DELLINK,
	.message_get = RTM_GETLINK,
	.header_size = sizeof(struct ifinfomsg),
	.decoded = link_decoded,
	.encoded = link_made_encode,
};
