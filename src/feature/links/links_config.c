/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of `links`. Words stand in the order in which the kernel numbers them. */
#include "feature/links/links.h"

#include "feature/own.h"

#include <string.h>

#define AT(type, member) offsetof(struct link_##type##_config, member)
#define OF(member) offsetof(struct link_config, member)

static const char *const bond_modes[] = { "balance-rr", "active-backup", "balance-xor", "broadcast",
					  "802.3ad",	"balance-tlb",	 "balance-alb", NULL };
static const char *const bond_rates[] = { "slow", "fast", NULL };
static const char *const bond_hashes[] = { "layer2",   "layer3+4",    "layer2+3", "encap2+3",
					   "encap3+4", "vlan+srcmac", NULL };
static const char *const bond_selects[] = { "stable", "bandwidth", "count", NULL };
static const char *const bond_reselects[] = { "always", "better", "failure", NULL };
static const char *const bond_macs[] = { "none", "active", "follow", NULL };
static const char *const vlan_protocols[] = { "802.1q", "802.1ad", NULL };
static const char *const macvlan_modes[] = { "private", "vepa", "bridge", "passthru", NULL };
static const char *const filters[] = { "off", "strict", "loose", NULL };
static const char *const advertisements[] = { "no", "unless-forwarding", "always", NULL };

static const struct config_field member_item = {
	.name = "member",
	.type = CONFIG_IFNAME,
	.help = "The name of a link.",
	.example = "eth4",
};

static const struct config_field target_item = {
	.name = "target",
	.type = CONFIG_ADDRESS,
	.help = "An address.",
	.example = "192.0.2.254",
};

static const struct config_field address_item = {
	.name = "address",
	.type = CONFIG_PLACED,
	.help = "An address and the length of its network.",
	.example = "192.0.2.1/24",
};

const struct config_field bond_fields[] = {
	{ "members", CONFIG_LIST, AT(bond, members), .item = &member_item, .max = 64,
	  .help = "The links that the bond is made of. One that is missing is waited for. A member "
		  "has no addresses of its own, and its MTU is that of the bond.",
	  .example = "[eth4, eth6]" },
	{ "mode", CONFIG_ENUM, AT(bond, mode), .words = bond_modes, .def = 1,
	  .help = "How traffic is spread. `active-backup` works with any switch; `802.3ad` is LACP "
		  "and needs a switch that speaks it, `balance-rr`, `balance-xor` and `broadcast` "
		  "need a "
		  "static group there. A change makes the bond anew.",
	  .example = "802.3ad" },
	{ "miimon", CONFIG_DURATION, AT(bond, miimon), .min = 10, .max = 60000, .def = 100,
	  .help = "How often the carrier of the members is looked at. Not with `arp-interval`.",
	  .example = "100ms" },
	{ "updelay", CONFIG_DURATION, AT(bond, updelay), .max = 600000,
	  .help = "How long a member must have a carrier before it is used; "
		  "a multiple of `miimon`.",
	  .example = "200ms" },
	{ "downdelay", CONFIG_DURATION, AT(bond, downdelay), .max = 600000,
	  .help = "How long a member must be without a carrier before it is given up; a multiple "
		  "of "
		  "`miimon`.",
	  .example = "200ms" },
	{ "lacp-rate", CONFIG_ENUM, AT(bond, lacp_rate), .words = bond_rates,
	  .help = "With `mode: 802.3ad`, how often the partner is asked to speak: each 30 seconds "
		  "(`slow`) or each second. A change makes the bond anew.",
	  .example = "fast" },
	{ "hash", CONFIG_ENUM, AT(bond, hash), .words = bond_hashes,
	  .help = "What of a packet decides which member it leaves by, in the modes that spread by "
		  "flows.",
	  .example = "layer2+3" },
	{ "primary", CONFIG_IFNAME, AT(bond, primary),
	  .help = "The member that carries the traffic while it can, with `mode: active-backup`, "
		  "`balance-tlb` or `balance-alb`. Without it the first one that is up.",
	  .example = "eth4" },
	{ "primary-reselect", CONFIG_ENUM, AT(bond, reselect), .words = bond_reselects,
	  .help = "When a primary that came back is used again: at once, when it is faster than "
		  "the "
		  "one in use, or when that one fails.",
	  .example = "failure" },
	{ "min-links", CONFIG_U32, AT(bond, min_links), .max = 64,
	  .help = "With fewer members up than this the bond has no carrier itself.", .example = "1" },
	{ "select", CONFIG_ENUM, AT(bond, select), .words = bond_selects,
	  .help = "With `mode: 802.3ad`, when another aggregator is chosen: when the one in use "
		  "has "
		  "no members left, whenever one has more bandwidth, or more ports. A change makes "
		  "the bond anew.",
	  .example = "bandwidth" },
	{ "fail-over-mac", CONFIG_ENUM, AT(bond, fail_over_mac), .words = bond_macs,
	  .help = "With `mode: active-backup`, whose MAC address the bond has: one for all, that "
		  "of "
		  "the active member, or one that follows it. A change makes the bond anew.",
	  .example = "active" },
	{ "arp-interval", CONFIG_DURATION, AT(bond, arp_interval), .max = 60000,
	  .help = "Instead of `miimon`: how often `arp-targets` are asked for, to see whether a "
		  "member works. Not with `802.3ad`, `balance-tlb` and `balance-alb`.",
	  .example = "500ms" },
	{ "arp-targets", CONFIG_LIST, AT(bond, arp_targets), .item = &target_item, .max = BOND_TARGETS,
	  .help = "Whom to ask with `arp-interval`: IPv4 by ARP, IPv6 by neighbour solicitation "
		  "(Linux 5.18).",
	  .example = "[192.0.2.254]" },
	{ 0 }
};

const struct config_field vlan_fields[] = {
	{ "link", CONFIG_IFNAME, AT(vlan, link), .required = true,
	  .help = "The link that carries the tagged frames. While it is missing the VLAN waits.",
	  .example = "eth0" },
	{ "id", CONFIG_U32, AT(vlan, id), .required = true, .min = 1, .max = 4094,
	  .help = "The number of the VLAN. A change makes the link anew.", .example = "5" },
	{ "protocol", CONFIG_ENUM, AT(vlan, protocol), .words = vlan_protocols,
	  .help = "The tag: of customers, or of service providers. A change makes the link anew.",
	  .example = "802.1ad" },
	{ 0 }
};

const struct config_field vrf_fields[] = {
	{ "table", CONFIG_U32, AT(vrf, table), .required = true, .min = 1, .max = UINT32_MAX,
	  .help = "The routing table of the VRF; not 253 to 255, which are Linux's own. A change "
		  "makes the link anew.",
	  .example = "10" },
	{ "members", CONFIG_LIST, AT(vrf, members), .item = &member_item, .max = 4096,
	  .help = "The links that route by this table. One that is missing is waited for.",
	  .example = "[eth3, eth4]" },
	{ 0 }
};

const struct config_field bridge_fields[] = {
	{ "members", CONFIG_LIST, AT(bridge, members), .item = &member_item, .max = 1024,
	  .help = "The ports of the bridge. One that is missing is waited for.",
	  .example = "[eth3, eth4]" },
	{ "stp", CONFIG_BOOL, AT(bridge, stp), .help = "Speaks the spanning tree protocol.",
	  .example = "true" },
	{ "vlan-filtering", CONFIG_BOOL, AT(bridge, vlan_filtering),
	  .help = "Keeps VLANs apart. The kernel must have it.", .example = "true" },
	{ "ageing", CONFIG_DURATION, AT(bridge, ageing), .max = 86400000, .def = 300000,
	  .help = "How long a MAC address is remembered that is not seen any more.", .example = "1m" },
	{ "forward-delay", CONFIG_DURATION, AT(bridge, forward_delay), .min = 0, .max = 30000,
	  .def = 15000,
	  .help = "With `stp`, how long a port listens and learns before it forwards; at least 2 "
		  "seconds then.",
	  .example = "4s" },
	{ 0 }
};

const struct config_field macvlan_fields[] = {
	{ "link", CONFIG_IFNAME, AT(macvlan, link), .required = true,
	  .help = "The link below, on which this one has a MAC address of its own. While it is "
		  "missing the link waits.",
	  .example = "eth0" },
	{ "mode", CONFIG_ENUM, AT(macvlan, mode), .words = macvlan_modes, .def = 2,
	  .help = "Whether links on the same one hear each other: never, by way of the switch, "
		  "directly, or there is but one and it has the link for itself.",
	  .example = "private" },
	{ 0 }
};

static const struct config_field dummy_fields[] = { { 0 } };

const struct config_field veth_fields[] = {
	{ "peer", CONFIG_IFNAME, AT(veth, peer), .required = true,
	  .help = "How the other end is called when the pair is made. It may have a key of its own "
		  "for its addresses, and may be moved to another network namespace.",
	  .example = "veth1" },
	{ 0 }
};

#define MADE(type)                                                                                 \
#type, CONFIG_RECORD, OF(type), .fields = type##_fields,                                   \
					.size = sizeof(struct link_##type##_config)

const struct config_field link_fields[] = {
	{ "name", CONFIG_IFNAME, OF(name), .help = "The name of the link.", .example = "eth0" },
	{ MADE(bond), .help = "Makes a bond: several links that act as one.",
	  .example = "{ members: [eth4, eth6], mode: 802.3ad }" },
	{ MADE(vlan), .help = "Makes a VLAN on another link.", .example = "{ link: eth0, id: 5 }" },
	{ MADE(vrf), .help = "Makes a VRF: links with a routing table for themselves.",
	  .example = "{ table: 10, members: [eth3] }" },
	{ MADE(bridge), .help = "Makes a bridge.", .example = "{ members: [eth3, eth4] }" },
	{ MADE(macvlan), .help = "Makes a link with a MAC address of its own on another link.",
	  .example = "{ link: eth0 }" },
	{ MADE(dummy), .help = "Makes a link that leads nowhere and is always up.", .example = "{}" },
	{ MADE(veth), .help = "Makes a pair of links, each the far end of the other.",
	  .example = "{ peer: veth1 }" },
	{ "addresses", CONFIG_LIST, OF(addresses), .item = &address_item, .max = 4096,
	  .help = "Addresses of this host on the link, IPv4 and IPv6. Those that others set stay.",
	  .example = "[192.168.34.97/30, \"2001:db8:5::1/64\"]" },
	{ "mtu", CONFIG_U32, OF(mtu), .min = 68, .max = 65575,
	  .help = "The largest packet, in bytes; at least 1280 for IPv6. Not given: 1500 for a "
		  "link that is made, that of the link below for a VLAN or a macvlan, the smallest "
		  "of "
		  "its members for a bridge, as it was for any other.",
	  .example = "9000" },
	{ "mac", CONFIG_MAC, OF(mac),
	  .help = "The MAC address. Not given: as the kernel or the hardware chose.",
	  .example = "\"02:00:00:00:00:01\"" },
	{ "queue", CONFIG_U32, OF(queue), .min = 1, .max = 1000000,
	  .help = "The length of the transmit queue, in packets (txqueuelen). Not given: 1000 for "
		  "a "
		  "link that is made, as it was for any other.",
	  .example = "10000" },
	{ "up", CONFIG_BOOL, OF(up), .def = true, .help = "Whether the link is up.",
	  .example = "false" },
	{ "master", CONFIG_IFNAME, OF(master),
	  .help = "The bridge, bond or VRF that the link is a member of; the same as naming it in "
		  "`members` there, and the way to join one that is not made here.",
	  .example = "br0" },
	{ "forwarding", CONFIG_BOOL, OF(forwarding),
	  .help = "Whether packets that come in here are forwarded, IPv4 and IPv6 "
		  "(`net.ipv4.conf.LINK.forwarding` and the same of IPv6). Not given: as it was.",
	  .example = "true" },
	{ "rp-filter", CONFIG_ENUM, OF(rp_filter), .words = filters,
	  .help = "Whether IPv4 packets are dropped whose sender is not reached back by this link "
		  "(`strict`) or by no link (`loose`). The larger of this and "
		  "`net.ipv4.conf.all.rp_filter` counts. Not given: as it was.",
	  .example = "loose" },
	{ "arp-ignore", CONFIG_U32, OF(arp_ignore), .max = 8,
	  .help = "Which ARP requests are answered, as Linux counts them: 0 for any address of "
		  "this "
		  "host, 1 for those of this link, 2 for those of this link and the network of who "
		  "asks. Not given: as it was.",
	  .example = "1" },
	{ "arp-announce", CONFIG_U32, OF(arp_announce), .max = 2,
	  .help = "Which address own ARP requests bear: 0 any, 1 one of the network asked for, if "
		  "possible, 2 the best of this link. Not given: as it was.",
	  .example = "2" },
	{ "accept-ra", CONFIG_ENUM, OF(accept_ra), .words = advertisements,
	  .help = "Whether IPv6 router advertisements are listened to: no, unless this host "
		  "forwards, "
		  "always. Not given: as it was.",
	  .example = "always" },
	{ 0 }
};

static const struct config_field link_item = {
	.name = "link",
	.type = CONFIG_RECORD,
	.fields = link_fields,
	.size = sizeof(struct link_config),
	.help = "One link.",
};

static const struct config_field links_root = {
	.name = "links",
	.type = CONFIG_MAP,
	.item = &link_item,
	.max = 4096,
	.help = "The links of this host by name. One with a key of a type (`bond`, `vlan` ...) is "
		"made, "
		"kept and taken away when it is not asked for any more. Any other is taken as it "
		"is: what "
		"is said here is set, and goes back to what it was when it is not said any more; "
		"while "
		"it is missing it is waited for.",
	.example = "{ eth0: { addresses: [10.2.2.2/24] } }",
};

static bool is_given(const struct config_list *links, size_t offset)
{
	const struct link_config *link = links->items;

	for (unsigned i = 0; i < links->count; i++)
		if (place_known(link[i].record.places[offset]))
			return true;
	return false;
}

static size_t index_of(const char *key)
{
	size_t i = 0;

	while (strcmp(link_fields[i].name, key) != 0)
		i++;
	return i;
}

static void links_interest(const void *config, struct interest *interest)
{
	static const struct {
		const char *key, *name;
	} settings[] = {
		{ "forwarding", "net/ipv4/conf/*/forwarding" },
		{ "forwarding", "net/ipv6/conf/*/forwarding" },
		{ "rp-filter", "net/ipv4/conf/*/rp_filter" },
		{ "arp-ignore", "net/ipv4/conf/*/arp_ignore" },
		{ "arp-announce", "net/ipv4/conf/*/arp_announce" },
		{ "accept-ra", "net/ipv6/conf/*/accept_ra" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (is_given(config, index_of(settings[i].key)))
			*VEC_PUSH(&interest->sysctls) = settings[i].name;
}

static void links_own(const void *config, struct own_list *list)
{
	const struct config_list *links = config;
	const struct link_config *link = links->items;

	for (unsigned i = 0; i < links->count; i++) {
		const struct prefix *placed = link[i].addresses.items;

		for (unsigned j = 0; j < link[i].addresses.count; j++) {
			struct address address = prefix_address(&placed[j]);
			uint8_t bits = address_bits(address.family);

			*VEC_PUSH(&list->items) = (struct own){
				.prefix = prefix_of_address(&address),
				.network = placed[j].length < bits ? placed[j].length : 0,
				.link = link[i].name,
				.place = link[i].addresses.places[j],
			};
		}
	}
}

const struct feature links_feature = {
	.name = "links",
	.root = &links_root,
	.check = links_check,
	.own = links_own,
	.desire = links_desire,
	.interest = links_interest,
	.status = links_status,
};
