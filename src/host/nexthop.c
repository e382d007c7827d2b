/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nexthop objects and groups of them (Linux 5.3; resilient groups 5.13). Routes point at them by
 * number, so that one write moves them all. The kernel deletes those of a link with its carrier,
 * untold, and untold the routes that lean on them.
 */
#include "host/kind.h"

#include "base/mem.h"
#include "host/protocols.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct host_nexthop, field)
#define HEADER(field) offsetof(struct nhmsg, field), sizeof(((struct nhmsg *)0)->field)

static const struct word yes_words[] = {
	{ "yes", 1 },
	{ 0 },
};

enum {
	NEXTHOP_ID,
	NEXTHOP_FAMILY,
	NEXTHOP_VIA,
	NEXTHOP_LINK,
	NEXTHOP_BLACKHOLE,
	NEXTHOP_ONLINK,
	NEXTHOP_GROUP,
	NEXTHOP_RESILIENT,
	NEXTHOP_BUCKETS,
	NEXTHOP_IDLE,
	NEXTHOP_UNBALANCED,
	NEXTHOP_PROTOCOL,
};

static const struct property nexthop_rows[] = {
	[NEXTHOP_ID] = { "id", PROPERTY_U32, ROW_PLAIN, AT(id), .attribute = NHA_ID },
	[NEXTHOP_FAMILY] = { "family", PROPERTY_U8, 0, AT(family), .words = family_words,
			     .header = HEADER(nh_family) },
	[NEXTHOP_VIA] = { "via", PROPERTY_ADDRESS, 0, AT(via), .attribute = NHA_GATEWAY },
	[NEXTHOP_LINK] = { "link", PROPERTY_LINK, 0, AT(link), .attribute = NHA_OIF },
	[NEXTHOP_BLACKHOLE] = { "blackhole", PROPERTY_U8, 0, AT(blackhole), .words = yes_words },
	[NEXTHOP_ONLINK] = { "onlink", PROPERTY_U8, ROW_FREE, AT(onlink), .words = yes_words },
	[NEXTHOP_GROUP] = { "group", PROPERTY_MEMBERS, 0, AT(members), .port = AT(member_count) },
	[NEXTHOP_RESILIENT] = { "resilient", PROPERTY_U8, 0, AT(resilient), .words = yes_words },
	[NEXTHOP_BUCKETS] = { "buckets", PROPERTY_U16, ROW_LAX, AT(buckets) },
	[NEXTHOP_IDLE] = { "idle", PROPERTY_U32, ROW_LAX, AT(idle) },
	[NEXTHOP_UNBALANCED] = { "unbalanced", PROPERTY_U32, 0, AT(unbalanced) },
	[NEXTHOP_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_LONG | ROW_FREE, AT(protocol),
			       .words = route_protocols, .header = HEADER(nh_protocol) },
};

static void nexthop_complete(void *object)
{
	struct host_nexthop *nexthop = object;

	nexthop->protocol = HOST_PROTOCOL;
	if (nexthop->member_count)
		nexthop->family = AF_UNSPEC;
	for (unsigned i = 0; i < nexthop->member_count; i++)
		if (!nexthop->members[i].weight)
			nexthop->members[i].weight = 1;
}

/* struct nexthop_grp; Linux 6.12 made the upper half of the weight out of what was reserved. */
struct group_entry {
	uint32_t id;
	uint8_t weight, weight_high;
	uint16_t reserved;
};

static void take_group(struct host_nexthop *nexthop, const struct nlattr *attribute)
{
	const struct group_entry *members = mnl_attr_get_payload(attribute);
	size_t count = mnl_attr_get_payload_len(attribute) / sizeof(*members);

	for (size_t i = 0; i < count && i < NEXTHOP_MEMBERS; i++) {
		nexthop->members[i].id = members[i].id;
		nexthop->members[i].weight =
			(uint16_t)(members[i].weight + 1 + (members[i].weight_high << 8));
	}
	nexthop->member_count = (uint8_t)(count < NEXTHOP_MEMBERS ? count : NEXTHOP_MEMBERS);
}

/* The kernel counts in hundredths of a second (clock_t). */
static uint32_t seconds_of(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == 4 ?
		       mnl_attr_get_u32(attribute) / (uint32_t)sysconf(_SC_CLK_TCK) :
		       0;
}

static void take_resilience(struct host_nexthop *nexthop, const struct nlattr *nest)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		if (mnl_attr_get_type(attribute) == NHA_RES_GROUP_BUCKETS &&
		    mnl_attr_get_payload_len(attribute) == 2)
			nexthop->buckets = mnl_attr_get_u16(attribute);
		if (mnl_attr_get_type(attribute) == NHA_RES_GROUP_IDLE_TIMER)
			nexthop->idle = seconds_of(attribute);
		if (mnl_attr_get_type(attribute) == NHA_RES_GROUP_UNBALANCED_TIMER)
			nexthop->unbalanced = seconds_of(attribute);
	}
}

static bool nexthop_decoded(void *object, const struct nlmsghdr *message)
{
	struct host_nexthop *nexthop = object;
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(struct nhmsg), attribute))) {
		switch (mnl_attr_get_type(attribute)) {
		case NHA_BLACKHOLE:
			nexthop->blackhole = 1;
			break;
		case NHA_GROUP:
			take_group(nexthop, attribute);
			break;
		case NHA_GROUP_TYPE:
			nexthop->resilient = mnl_attr_get_payload_len(attribute) == 2 &&
					     mnl_attr_get_u16(attribute) == NEXTHOP_GRP_TYPE_RES;
			break;
		case NHA_RES_GROUP:
			take_resilience(nexthop, attribute);
			break;
		}
	}
	/* The kernel lets a blackhole end in lo. */
	if (nexthop->blackhole)
		nexthop->link = 0;
	nexthop->onlink = ((const struct nhmsg *)NLMSG_DATA(message))->nh_flags & RTNH_F_ONLINK ? 1 :
												  0;
	nexthop->object.ours = nexthop->protocol == HOST_PROTOCOL;
	return nexthop->id != 0;
}

static void put_group(const struct host_nexthop *nexthop, struct nlmsghdr *message)
{
	struct group_entry members[NEXTHOP_MEMBERS] = { 0 };

	for (unsigned i = 0; i < nexthop->member_count; i++) {
		members[i].id = nexthop->members[i].id;
		members[i].weight = (uint8_t)(nexthop->members[i].weight - 1);
		members[i].weight_high = (uint8_t)((nexthop->members[i].weight - 1) >> 8);
	}
	mnl_attr_put(message, NHA_GROUP, nexthop->member_count * sizeof(*members), members);
}

static void put_resilience(const struct host_nexthop *nexthop, struct nlmsghdr *message)
{
	uint32_t ticks = (uint32_t)sysconf(_SC_CLK_TCK);
	struct nlattr *nest;

	mnl_attr_put_u16(message, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
	nest = mnl_attr_nest_start(message, NHA_RES_GROUP);
	mnl_attr_put_u16(message, NHA_RES_GROUP_BUCKETS, nexthop->buckets ? nexthop->buckets : 128);
	if (nexthop->idle)
		mnl_attr_put_u32(message, NHA_RES_GROUP_IDLE_TIMER, nexthop->idle * ticks);
	if (nexthop->unbalanced)
		mnl_attr_put_u32(message, NHA_RES_GROUP_UNBALANCED_TIMER,
				 nexthop->unbalanced * ticks);
	mnl_attr_nest_end(message, nest);
}

static void nexthop_encoded(const void *object, struct nlmsghdr *message)
{
	const struct host_nexthop *nexthop = object;

	if (nexthop->onlink && nexthop->via.family)
		((struct nhmsg *)NLMSG_DATA(message))->nh_flags |= RTNH_F_ONLINK;
	if (nexthop->blackhole)
		mnl_attr_put(message, NHA_BLACKHOLE, 0, NULL);
	if (nexthop->member_count)
		put_group(nexthop, message);
	if (nexthop->resilient)
		put_resilience(nexthop, message);
}

/* Groups lean on their members. */
static unsigned nexthop_turn(const void *object)
{
	return ((const struct host_nexthop *)object)->member_count > 0;
}

const struct kind nexthop_kind = {
	.name = "nexthop",
	.size = sizeof(struct host_nexthop),
	.rows = nexthop_rows,
	.row_count = ARRAY_SIZE(nexthop_rows),
	.keys = { &nexthop_rows[NEXTHOP_ID] },
	.deleted_by_key = true,
	.replaced = true,
	.complete = nexthop_complete,
	.turn = nexthop_turn,
	.message_new = RTM_NEWNEXTHOP,
	.message_delete = RTM_DELNEXTHOP,
	.message_get = RTM_GETNEXTHOP,
	.header_size = sizeof(struct nhmsg),
	.decoded = nexthop_decoded,
	.encoded = nexthop_encoded,
};
