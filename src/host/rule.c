/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy routing rules. The kernel takes two rules for one only if they agree in all that they say,
 * the protocol included (seen on 6.18): ours are added without a look for twins, which would walk
 * the list once more for each, and a change is a second rule before the first one goes.
 *
 * A range of ports cannot hold 65535: the kernel refuses it (fib_rule_port_range_valid, 4.17-6.18).
 *
 * What is said by attributes that no row knows makes a rule opaque: it may match anything, as far as
 * we can tell.
 */
#include "host/kind.h"

#include "base/mem.h"
#include "host/protocols.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct host_rule, field)
#define HEADER(field)                                                                              \
	offsetof(struct fib_rule_hdr, field), sizeof(((struct fib_rule_hdr *)0)->field)

const struct word family_words[] = {
	{ "ipv4", AF_INET },
	{ "ipv6", AF_INET6 },
	{ 0 },
};

const struct word transport_words[] = {
	{ "icmp", IPPROTO_ICMP },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "ospf", 89 },
	{ "vrrp", 112 },
	{ "sctp", IPPROTO_SCTP },
	{ "udplite", IPPROTO_UDPLITE },
	{ 0 },
};

static const struct word rule_actions[] = {
	{ "lookup", FR_ACT_TO_TBL },
	{ "goto", FR_ACT_GOTO },
	{ "nop", FR_ACT_NOP },
	{ "blackhole", FR_ACT_BLACKHOLE },
	{ "unreachable", FR_ACT_UNREACHABLE },
	{ "prohibit", FR_ACT_PROHIBIT },
	{ 0 },
};

static const struct word yes_words[] = {
	{ "yes", 1 },
	{ 0 },
};

/* FRA_SPORT_MASK and FRA_DPORT_MASK of Linux 6.15, which older headers lack. */
#define RULE_SPORT_MASK 28
#define RULE_DPORT_MASK 29

enum {
	RULE_FAMILY,
	RULE_PREFERENCE,
	RULE_ACTION,
	RULE_INVERT,
	RULE_IN,
	RULE_OUT,
	RULE_FROM,
	RULE_TO,
	RULE_MARK,
	RULE_MASK,
	RULE_TRANSPORT,
	RULE_SPORT,
	RULE_DPORT,
	RULE_UID,
	RULE_TOS,
	RULE_L3MDEV,
	RULE_TABLE,
	RULE_TARGET,
	RULE_SUPPRESS,
	RULE_OPAQUE,
	RULE_PROTOCOL,
};

static const struct property rule_rows[] = {
	[RULE_FAMILY] = { "family", PROPERTY_U8, ROW_PLAIN, AT(family), .words = family_words },
	[RULE_PREFERENCE] = { "preference", PROPERTY_U32, ROW_PLAIN, AT(preference),
			      .attribute = FRA_PRIORITY },
	[RULE_ACTION] = { "action", PROPERTY_U8, ROW_PLAIN | ROW_OPTIONAL, AT(action),
			  .usual = FR_ACT_TO_TBL, .words = rule_actions, .header = HEADER(action) },
	[RULE_INVERT] = { "not", PROPERTY_U8, 0, AT(invert), .words = yes_words },
	[RULE_IN] = { "in", PROPERTY_NAME, 0, AT(in), .size = IFNAMSIZ, .attribute = FRA_IIFNAME },
	[RULE_OUT] = { "out", PROPERTY_NAME, 0, AT(out), .size = IFNAMSIZ, .attribute = FRA_OIFNAME },
	[RULE_FROM] = { "from", PROPERTY_PREFIX, ROW_CLEAN, AT(from), .header = HEADER(src_len),
			.attribute = FRA_SRC },
	[RULE_TO] = { "to", PROPERTY_PREFIX, ROW_CLEAN, AT(to), .header = HEADER(dst_len),
		      .attribute = FRA_DST },
	[RULE_MARK] = { "mark", PROPERTY_U32, 0, AT(mark), .attribute = FRA_FWMARK },
	[RULE_MASK] = { "mask", PROPERTY_U32, 0, AT(mask), .attribute = FRA_FWMASK },
	[RULE_TRANSPORT] = { "proto", PROPERTY_U8, 0, AT(ip_protocol), .words = transport_words,
			     .attribute = FRA_IP_PROTO },
	[RULE_SPORT] = { "sport", PROPERTY_SPAN, 0, AT(sport), .size = 2,
			 .attribute = FRA_SPORT_RANGE },
	[RULE_DPORT] = { "dport", PROPERTY_SPAN, 0, AT(dport), .size = 2,
			 .attribute = FRA_DPORT_RANGE },
	[RULE_UID] = { "uid", PROPERTY_SPAN, 0, AT(uid), .size = 4, .attribute = FRA_UID_RANGE },
	[RULE_TOS] = { "tos", PROPERTY_U8, 0, AT(tos), .header = HEADER(tos) },
	[RULE_L3MDEV] = { "l3mdev", PROPERTY_U8, 0, AT(l3mdev), .words = yes_words,
			  .attribute = FRA_L3MDEV },
	[RULE_TABLE] = { "table", PROPERTY_U32, 0, AT(table), .words = route_tables,
			 .header = HEADER(table), .attribute = FRA_TABLE },
	[RULE_TARGET] = { "target", PROPERTY_U32, 0, AT(target), .attribute = FRA_GOTO },
	[RULE_SUPPRESS] = { "suppress-below", PROPERTY_U32, 0, AT(suppress) },
	[RULE_OPAQUE] = { "opaque", PROPERTY_U8, 0, AT(opaque), .words = yes_words },
	[RULE_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_LONG | ROW_FREE, AT(protocol),
			    .words = route_protocols, .attribute = FRA_PROTOCOL },
};

static void rule_complete(void *object)
{
	struct host_rule *rule = object;

	rule->protocol = HOST_PROTOCOL;
	if (!rule->action)
		rule->action = FR_ACT_TO_TBL;
	if (rule->mark && !rule->mask)
		rule->mask = UINT32_MAX;
	if (!rule->from.length)
		rule->from = (struct prefix){ 0 };
	if (!rule->to.length)
		rule->to = (struct prefix){ 0 };
}

/* What an attribute says beyond the rows. */
static void take_special(struct host_rule *rule, const struct nlattr *attribute)
{
	uint32_t value = mnl_attr_get_payload_len(attribute) >= 4 ? mnl_attr_get_u32(attribute) : 1;

	switch (mnl_attr_get_type(attribute)) {
	case FRA_SUPPRESS_PREFIXLEN:
		rule->suppress = value + 1;
		break;
	case FRA_SUPPRESS_IFGROUP:
		rule->opaque |= value != UINT32_MAX;
		break;
	case FRA_FLOW:
	case FRA_TUN_ID:
		rule->opaque = 1;
		break;
	case RULE_SPORT_MASK:
	case RULE_DPORT_MASK:
		/* Told of every single port. */
		rule->opaque |= mnl_attr_get_payload_len(attribute) != 2 ||
				mnl_attr_get_u16(attribute) != UINT16_MAX;
		break;
	default:
		/* Linux 6.12 and later: dscp, flow label. */
		if (mnl_attr_get_type(attribute) > FRA_DPORT_RANGE)
			rule->opaque = 1;
	}
}

static bool rule_decoded(void *object, const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = NLMSG_DATA(message);
	struct host_rule *rule = object;
	const struct nlattr *attribute = NULL;

	if (!address_size(header->family))
		return false; /* of multicast routing, and of DECnet */
	rule->family = header->family;
	rule->invert = header->flags & FIB_RULE_INVERT ? 1 : 0;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute)))
		take_special(rule, attribute);
	if (rule->action != FR_ACT_TO_TBL || rule->l3mdev)
		rule->table = 0;
	if (!rule->from.length)
		rule->from = (struct prefix){ 0 };
	if (!rule->to.length)
		rule->to = (struct prefix){ 0 };
	rule->object.ours = rule->protocol == HOST_PROTOCOL;
	return rule->from.length <= address_bits(header->family) &&
	       rule->to.length <= address_bits(header->family);
}

static void rule_encoded(const void *object, struct nlmsghdr *message)
{
	const struct host_rule *rule = object;
	struct fib_rule_hdr *header = NLMSG_DATA(message);

	header->family = rule->family;
	if (rule->invert)
		header->flags |= FIB_RULE_INVERT;
	if (rule->suppress)
		mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, rule->suppress - 1);
	/* A preference of 0 is one, not the lack of it; and so is a mark. */
	if (!rule->preference)
		mnl_attr_put_u32(message, FRA_PRIORITY, 0);
	if (!rule->mark && rule->mask)
		mnl_attr_put_u32(message, FRA_FWMARK, 0);
}

/*
 * What ends the way stands behind what leads on, when it comes and when it goes: so there is no
 * moment at which a packet finds the end and not the way before it. The whole is turned round
 * (.backwards), and so is this.
 */
static unsigned rule_turn(const void *object)
{
	uint8_t action = ((const struct host_rule *)object)->action;

	return action != FR_ACT_UNREACHABLE && action != FR_ACT_PROHIBIT &&
	       action != FR_ACT_BLACKHOLE;
}

const struct kind rule_kind = {
	.name = "rule",
	.size = sizeof(struct host_rule),
	.rows = rule_rows,
	.row_count = ARRAY_SIZE(rule_rows),
	.keys = { &rule_rows[RULE_FAMILY], &rule_rows[RULE_PREFERENCE] },
	.twins = true,
	.shares_key = true,
	.backwards = true,
	.complete = rule_complete,
	.turn = rule_turn,
	.message_new = RTM_NEWRULE,
	.message_delete = RTM_DELRULE,
	.message_get = RTM_GETRULE,
	.header_size = sizeof(struct fib_rule_hdr),
	.decoded = rule_decoded,
	.encoded = rule_encoded,
};
