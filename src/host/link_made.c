/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a link is made of: the attributes of its type, nested two deep in link messages, by a table
 * like the rows of a kind; and what of it the kernel changes in place.
 */
#include "host/link_made.h"

#include "base/mem.h"
#include "io/netlink.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct host_link, field), sizeof(((struct host_link *)0)->field)

/* Times of bridges are in hundredths of a second (USER_HZ), ours in ms. */
#define MS_PER_TICK 10

const struct word link_types[] = {
	{ "bond", LINK_BOND },	   { "vlan", LINK_VLAN },	{ "vrf", LINK_VRF },
	{ "bridge", LINK_BRIDGE }, { "macvlan", LINK_MACVLAN }, { "dummy", LINK_DUMMY },
	{ "veth", LINK_VETH },	   { "other", LINK_OTHER },	{ 0 },
};

/* How a detail is treated. */
#define DETAIL_SEEN 1	 /* observed only */
#define DETAIL_PORT 2	 /* of the link as a member: IFLA_INFO_SLAVE_DATA */
#define DETAIL_NETWORK 4 /* in network byte order */
#define DETAIL_TICKS 8
#define DETAIL_ALWAYS 16 /* told to the kernel even when it is zero */
#define DETAIL_FIXED 32	 /* a change makes the link anew */

struct detail {
	uint8_t type; /* enum link_type */
	uint16_t offset, size, attribute;
	unsigned flags;
	unsigned width; /* in the message, when it is another one */
	unsigned modes; /* of bonds that know it, as bits; 0 = all */
};

#define MODE(mode) (1u << BOND_MODE_##mode)
#define MODES_PRIMARY (MODE(ACTIVEBACKUP) | MODE(TLB) | MODE(ALB))
#define MODES_ARP (MODE(ROUNDROBIN) | MODE(ACTIVEBACKUP) | MODE(XOR) | MODE(BROADCAST))

/*
 * The mode of a bond can change while it is down and has no members, its LACP rate and selection
 * while it is down: all of that takes the routes away as a new bond does.
 */
static const struct detail details[] = {
	{ LINK_BOND, AT(bond.mode), IFLA_BOND_MODE, DETAIL_ALWAYS | DETAIL_FIXED },
	{ LINK_BOND, AT(bond.miimon), IFLA_BOND_MIIMON },
	{ LINK_BOND, AT(bond.updelay), IFLA_BOND_UPDELAY },
	{ LINK_BOND, AT(bond.downdelay), IFLA_BOND_DOWNDELAY },
	{ LINK_BOND, AT(bond.lacp_rate), IFLA_BOND_AD_LACP_RATE, DETAIL_FIXED, .modes = MODE(8023AD) },
	{ LINK_BOND, AT(bond.hash), IFLA_BOND_XMIT_HASH_POLICY },
	{ LINK_BOND, AT(bond.min_links), IFLA_BOND_MIN_LINKS },
	{ LINK_BOND, AT(bond.ad_select), IFLA_BOND_AD_SELECT, DETAIL_FIXED, .modes = MODE(8023AD) },
	{ LINK_BOND, AT(bond.primary), IFLA_BOND_PRIMARY, .modes = MODES_PRIMARY },
	{ LINK_BOND, AT(bond.reselect), IFLA_BOND_PRIMARY_RESELECT, .modes = MODES_PRIMARY },
	{ LINK_BOND, AT(bond.fail_over_mac), IFLA_BOND_FAIL_OVER_MAC, DETAIL_FIXED },
	{ LINK_BOND, AT(bond.arp_interval), IFLA_BOND_ARP_INTERVAL, .modes = MODES_ARP },
	{ LINK_BOND, AT(bond.active), IFLA_BOND_ACTIVE_SLAVE, DETAIL_SEEN },
	{ LINK_BOND, AT(port.backup), IFLA_BOND_SLAVE_STATE, DETAIL_PORT },
	{ LINK_BOND, AT(port.broken), IFLA_BOND_SLAVE_MII_STATUS, DETAIL_PORT },
	{ LINK_BOND, AT(port.aggregator), IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, DETAIL_PORT },
	{ LINK_BOND, AT(port.partner_state), IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, DETAIL_PORT },
	{ LINK_VLAN, AT(vlan.id), IFLA_VLAN_ID, DETAIL_FIXED },
	{ LINK_VLAN, AT(vlan.protocol), IFLA_VLAN_PROTOCOL, DETAIL_FIXED | DETAIL_NETWORK },
	{ LINK_VRF, AT(table), IFLA_VRF_TABLE, DETAIL_FIXED },
	{ LINK_BRIDGE, AT(bridge.stp), IFLA_BR_STP_STATE, .width = 4 },
	{ LINK_BRIDGE, AT(bridge.vlan_filtering), IFLA_BR_VLAN_FILTERING },
	{ LINK_BRIDGE, AT(bridge.ageing), IFLA_BR_AGEING_TIME, DETAIL_TICKS | DETAIL_ALWAYS },
	{ LINK_BRIDGE, AT(bridge.forward_delay), IFLA_BR_FORWARD_DELAY, DETAIL_TICKS | DETAIL_ALWAYS },
	{ LINK_MACVLAN, AT(macvlan_mode), IFLA_MACVLAN_MODE, DETAIL_ALWAYS },
};

static const char *type_name(unsigned type)
{
	for (const struct word *word = link_types; word->text; word++)
		if (word->value == type)
			return word->text;
	return "";
}

static uint8_t type_named(const char *name, size_t length)
{
	for (const struct word *word = link_types; word->text; word++)
		if (strlen(word->text) == length && !memcmp(word->text, name, length))
			return (uint8_t)word->value;
	return LINK_OTHER;
}

static uint8_t type_of(const struct nlattr *kind)
{
	const char *name = mnl_attr_get_payload(kind);

	return type_named(name, strnlen(name, mnl_attr_get_payload_len(kind)));
}

static uint32_t detail_get(const struct detail *detail, const struct host_link *link)
{
	const char *place = (const char *)link + detail->offset;
	uint16_t half;
	uint32_t whole;

	if (detail->size == 1)
		return *(const uint8_t *)place;
	if (detail->size == 2) {
		memcpy(&half, place, sizeof(half));
		return half;
	}
	memcpy(&whole, place, sizeof(whole));
	return whole;
}

static void detail_set(const struct detail *detail, struct host_link *link, uint32_t value)
{
	char *place = (char *)link + detail->offset;
	uint8_t byte = (uint8_t)value;
	uint16_t half = (uint16_t)value;

	if (detail->size == 1)
		memcpy(place, &byte, sizeof(byte));
	else if (detail->size == 2)
		memcpy(place, &half, sizeof(half));
	else
		memcpy(place, &value, sizeof(value));
}

static unsigned detail_width(const struct detail *detail)
{
	return detail->width ? detail->width : detail->size;
}

static void take_detail(const struct detail *detail, const struct nlattr *attribute,
			struct host_link *link)
{
	uint32_t value;

	if (mnl_attr_get_payload_len(attribute) != detail_width(detail))
		return;
	if (detail_width(detail) == 1)
		value = mnl_attr_get_u8(attribute);
	else if (detail_width(detail) == 2)
		value = mnl_attr_get_u16(attribute);
	else
		value = mnl_attr_get_u32(attribute);
	if (detail->flags & DETAIL_NETWORK)
		value = ntohs((uint16_t)value);
	if (detail->flags & DETAIL_TICKS)
		value = value > UINT32_MAX / MS_PER_TICK ? UINT32_MAX : value * MS_PER_TICK;
	detail_set(detail, link, value);
}

/* @nest: IFLA_INFO_DATA of a link of @type, or its data as a port of one. */
static void take_details(const struct nlattr *nest, unsigned type, unsigned port,
			 struct host_link *link)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		for (size_t i = 0; i < ARRAY_SIZE(details); i++)
			if (details[i].type == type && (details[i].flags & DETAIL_PORT) == port &&
			    details[i].attribute == mnl_attr_get_type(attribute))
				take_detail(&details[i], attribute, link);
	}
}

static void take_partner(const struct nlattr *nest, struct link_bond *bond)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		size_t length = mnl_attr_get_payload_len(attribute);

		if (mnl_attr_get_type(attribute) == IFLA_BOND_AD_INFO_AGGREGATOR && length == 2)
			bond->aggregator = mnl_attr_get_u16(attribute);
		if (mnl_attr_get_type(attribute) == IFLA_BOND_AD_INFO_NUM_PORTS && length == 2)
			bond->ports = mnl_attr_get_u16(attribute);
		if (mnl_attr_get_type(attribute) == IFLA_BOND_AD_INFO_PARTNER_MAC && length == 6)
			memcpy(bond->partner, mnl_attr_get_payload(attribute), length);
	}
}

static void take_targets(const struct nlattr *nest, uint8_t family, struct link_bond *bond)
{
	const struct nlattr *attribute;
	size_t at = 0;

	while (at < BOND_TARGETS && bond->targets[at].family)
		at++;
	mnl_attr_for_each_nested(attribute, nest)
	{
		if (at == BOND_TARGETS || mnl_attr_get_payload_len(attribute) != address_size(family))
			continue;
		bond->targets[at].family = family;
		memcpy(bond->targets[at++].bytes, mnl_attr_get_payload(attribute),
		       address_size(family));
	}
}

static void take_bond(const struct nlattr *nest, struct link_bond *bond)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		if (mnl_attr_get_type(attribute) == IFLA_BOND_AD_INFO)
			take_partner(attribute, bond);
		if (mnl_attr_get_type(attribute) == IFLA_BOND_ARP_IP_TARGET)
			take_targets(attribute, AF_INET, bond);
		if (mnl_attr_get_type(attribute) == IFLA_BOND_NS_IP6_TARGET)
			take_targets(attribute, AF_INET6, bond);
	}
}

/* What is made of what stands first, its details after it: the kernel writes them so. */
static void take_info(const struct nlattr *nest, struct host_link *link)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_INFO_KIND:
			link->type = type_of(attribute);
			break;
		case IFLA_INFO_DATA:
			take_details(attribute, link->type, 0, link);
			if (link->type == LINK_BOND)
				take_bond(attribute, &link->bond);
			break;
		case IFLA_INFO_SLAVE_KIND:
			link->port.type = type_of(attribute);
			break;
		case IFLA_INFO_SLAVE_DATA:
			take_details(attribute, link->port.type, DETAIL_PORT, link);
			break;
		}
	}
}

void link_made_decode(struct host_link *link, const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(struct ifinfomsg), attribute)))
		if ((mnl_attr_get_type(attribute) & NLA_TYPE_MASK) == IFLA_LINKINFO)
			take_info(attribute, link);
}

static void put_detail(const struct detail *detail, uint32_t value, struct nlmsghdr *message)
{
	if (detail->flags & DETAIL_NETWORK)
		value = htons((uint16_t)value);
	if (detail->flags & DETAIL_TICKS)
		value /= MS_PER_TICK;
	if (detail_width(detail) == 1)
		mnl_attr_put_u8(message, detail->attribute, (uint8_t)value);
	else if (detail_width(detail) == 2)
		mnl_attr_put_u16(message, detail->attribute, (uint16_t)value);
	else
		mnl_attr_put_u32(message, detail->attribute, value);
}

/* A bond that does not know it refuses to be told. */
static bool is_known(const struct detail *detail, const struct host_link *link)
{
	return detail->type == link->type && !(detail->flags & (DETAIL_SEEN | DETAIL_PORT)) &&
	       (!detail->modes || (link->bond.mode < 32 && detail->modes & 1u << link->bond.mode));
}

static bool targets_differ(const struct host_link *before, const struct host_link *after)
{
	return memcmp(before->bond.targets, after->bond.targets, sizeof(after->bond.targets)) != 0;
}

static bool has_targets(const struct host_link *link, uint8_t family)
{
	for (size_t i = 0; i < BOND_TARGETS; i++)
		if (link->bond.targets[i].family == family)
			return true;
	return false;
}

/* A nest without any clears those that were there. */
static void put_targets(const struct host_link *before, const struct host_link *after,
			uint8_t family, struct nlmsghdr *message)
{
	struct nlattr *nest;
	uint16_t count = 0;

	if (!has_targets(after, family) && (!before || !has_targets(before, family)))
		return;
	nest = mnl_attr_nest_start(message, family == AF_INET ? IFLA_BOND_ARP_IP_TARGET :
								IFLA_BOND_NS_IP6_TARGET);
	for (size_t i = 0; i < BOND_TARGETS; i++)
		if (after->bond.targets[i].family == family)
			mnl_attr_put(message, count++, address_size(family),
				     after->bond.targets[i].bytes);
	mnl_attr_nest_end(message, nest);
}

static void put_peer(const struct host_link *link, struct nlmsghdr *message)
{
	struct nlattr *nest = mnl_attr_nest_start(message, VETH_INFO_PEER);
	struct ifinfomsg *header = mnl_nlmsg_get_payload_tail(message);

	memset(header, 0, sizeof(*header));
	message->nlmsg_len += MNL_ALIGN(sizeof(*header));
	mnl_attr_put_strz(message, IFLA_IFNAME, link->peer);
	mnl_attr_nest_end(message, nest);
}

/* All of @after that is not as in @before; with no @before all that the kernel must be told. */
static void put_details(const struct host_link *before, const struct host_link *after,
			struct nlmsghdr *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
		const struct detail *detail = &details[i];
		uint32_t value = detail_get(detail, after);

		if (!is_known(detail, after))
			continue;
		if (before ? value != detail_get(detail, before) :
			     value || detail->flags & DETAIL_ALWAYS)
			put_detail(detail, value, message);
	}
	if (after->type == LINK_BOND && (!before || targets_differ(before, after))) {
		put_targets(before, after, AF_INET, message);
		put_targets(before, after, AF_INET6, message);
	}
	if (after->type == LINK_VETH && !before && after->peer[0])
		put_peer(after, message);
}

static void put_info(const struct host_link *before, const struct host_link *after,
		     struct nlmsghdr *message)
{
	struct nlattr *info, *data;

	if (after->type == LINK_PLAIN || after->type == LINK_OTHER)
		return;
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, type_name(after->type));
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	put_details(before, after, message);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
}

static struct ifinfomsg *header_of(struct nlmsghdr *message)
{
	return mnl_nlmsg_get_payload(message);
}

/* A bond takes no member that is up, and brings it up itself. */
void link_made_encode(const void *object, struct nlmsghdr *message)
{
	const struct host_link *link = object;
	bool waits = link->master && link->port.type == LINK_BOND;

	header_of(message)->ifi_flags = link->state == LINK_UP && !waits ? IFF_UP : 0;
	header_of(message)->ifi_change = IFF_UP;
	if (link->allmulti) {
		header_of(message)->ifi_flags |= IFF_ALLMULTI;
		header_of(message)->ifi_change |= IFF_ALLMULTI;
	}
	put_info(NULL, link, message);
}

static bool details_differ(const struct host_link *before, const struct host_link *after)
{
	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		if (is_known(&details[i], after) &&
		    detail_get(&details[i], before) != detail_get(&details[i], after))
			return true;
	return after->type == LINK_BOND && targets_differ(before, after);
}

void link_change_encode(const struct host_link *before, const struct host_link *after,
			struct nlmsghdr *message)
{
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifi_index = (int)after->index;
	/* With another master the state comes afterwards: link_state_encode(). */
	if (before->master == after->master &&
	    (before->state != after->state || strcmp(before->name, after->name) != 0)) {
		header->ifi_flags = after->state == LINK_UP ? IFF_UP : 0;
		header->ifi_change = IFF_UP;
	}
	if (before->allmulti != after->allmulti) {
		header->ifi_flags |= after->allmulti ? IFF_ALLMULTI : 0;
		header->ifi_change |= IFF_ALLMULTI;
	}
	if (strcmp(before->name, after->name) != 0)
		mnl_attr_put_strz(message, IFLA_IFNAME, after->name);
	if (after->mtu && before->mtu != after->mtu)
		mnl_attr_put_u32(message, IFLA_MTU, after->mtu);
	if (after->queue && before->queue != after->queue)
		mnl_attr_put_u32(message, IFLA_TXQLEN, after->queue);
	if (before->master != after->master)
		mnl_attr_put_u32(message, IFLA_MASTER, after->master);
	if (before->group != after->group)
		mnl_attr_put_u32(message, IFLA_GROUP, after->group);
	if (memcmp(after->mac, (uint8_t[6]){ 0 }, 6) != 0 && memcmp(before->mac, after->mac, 6) != 0)
		mnl_attr_put(message, IFLA_ADDRESS, 6, after->mac);
	if (details_differ(before, after))
		put_info(before, after, message);
}

void link_state_encode(const struct host_link *link, enum link_state state, struct nlmsghdr *message)
{
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifi_index = (int)link->index;
	header->ifi_flags = state == LINK_UP ? IFF_UP : 0;
	header->ifi_change = IFF_UP;
}

bool link_is_made(const struct host_link *link)
{
	return link->group == HOST_PROTOCOL || link->group == LINK_GROUP_GOING;
}

void link_going_encode(const struct host_link *link, struct nlmsghdr *message)
{
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifi_index = (int)link->index;
	mnl_attr_put_u32(message, IFLA_GROUP, LINK_GROUP_GOING);
}

void link_gone_encode(struct nlmsghdr *message)
{
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(message, IFLA_GROUP, LINK_GROUP_GOING);
}

bool link_must_be_down(const struct host_link *before, const struct host_link *after)
{
	bool joins = after->master && after->master != before->master &&
		     after->port.type == LINK_BOND;

	return before->state == LINK_UP && (joins || strcmp(before->name, after->name) != 0);
}

bool link_is_drivers_own(const struct host_link *link)
{
	return !strcmp(link->name, "bond0") && link->type == LINK_BOND && !link->group &&
	       link->state == LINK_DOWN && link->bond.mode == BOND_MODE_ROUNDROBIN &&
	       !link->bond.miimon;
}

unsigned link_turn(const void *object)
{
	return ((const struct host_link *)object)->depth;
}

bool link_is_recreated(const void *before, const void *after)
{
	const struct host_link *old = before, *new = after;
	bool passes = old->macvlan_mode == MACVLAN_MODE_PASSTHRU;

	if (new->group != HOST_PROTOCOL)
		return false;
	/* One that never was ours; but one that only lost our mark gets it back. */
	if (old->group != new->group && old->index < LINK_INDEX_FIRST)
		return true;
	if (old->type != new->type)
		return true;
	if ((new->type == LINK_VLAN || new->type == LINK_MACVLAN) && old->parent != new->parent)
		return true;
	if (new->type == LINK_MACVLAN && passes != (new->macvlan_mode == MACVLAN_MODE_PASSTHRU))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		if (details[i].flags & DETAIL_FIXED && is_known(&details[i], new) &&
		    detail_get(&details[i], old) != detail_get(&details[i], new))
			return true;
	return false;
}

static bool has_index(const struct object_set *links, uint32_t index)
{
	const struct host_link like = { .index = index };
	size_t at = set_lower_bound(links, &link_kind, &like);

	return at < links->count &&
	       ((const struct host_link *)set_at(links, &link_kind, at))->index == index;
}

/*
 * A link that is not of our making goes back to what it was; to no master, where the former one is
 * gone: its index may be anybody's by then, and the kernel refuses one that is nobody's.
 */
bool link_released(const void *before, const struct object_set *observed, void *ret_after)
{
	const struct host_link *link = before;
	struct host_link *after = ret_after;
	unsigned known = link->former.known;

	if (link_is_made(link))
		return false;
	*after = *link;
	after->object = (struct object){ 0 };
	after->former = (struct link_former){ 0 };
	if (known & LINK_FORMER_STATE)
		after->state = link->former.state;
	if (known & LINK_FORMER_MTU)
		after->mtu = link->former.mtu;
	if (known & LINK_FORMER_QUEUE)
		after->queue = link->former.queue;
	if (known & LINK_FORMER_MASTER)
		after->master = has_index(observed, link->former.master) ? link->former.master : 0;
	if (known & LINK_FORMER_ALLMULTI)
		after->allmulti = link->former.allmulti;
	if (known & LINK_FORMER_MAC)
		memcpy(after->mac, link->former.mac, sizeof(after->mac));
	return true;
}
