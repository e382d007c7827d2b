/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routes. The kernel fills in what was not said, and differently for the two families (seen on
 * 6.1 and 6.18): IPv4 gives metric 0, and a scope only when the sender chose one; IPv6 gives metric
 * 1024, no scope at all, and the link lo to a route that leads nowhere. route_complete() fills in
 * the same, so that what was asked for compares equal to what is seen later.
 *
 * Left out, as nothing that we look at: clones (a cache of IPv6), routes of one type of service,
 * and IPv6 routes for one source only, which share their key with the route for all sources.
 */
#include "host/kind.h"

#include "base/mem.h"
#include "host/protocols.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <string.h>

/* What IPv6 takes when no metric is given: IP6_RT_PRIO_USER of the kernel. */
#define METRIC_IPV6 1024

#define AT(field) offsetof(struct host_route, field)
#define HEADER(field) offsetof(struct rtmsg, field), sizeof(((struct rtmsg *)0)->field)

static const struct word route_types[] = {
	{ "unicast", RTN_UNICAST },
	{ "local", RTN_LOCAL },
	{ "broadcast", RTN_BROADCAST },
	{ "anycast", RTN_ANYCAST },
	{ "multicast", RTN_MULTICAST },
	{ "blackhole", RTN_BLACKHOLE },
	{ "unreachable", RTN_UNREACHABLE },
	{ "prohibit", RTN_PROHIBIT },
	{ "throw", RTN_THROW },
	{ "nat", RTN_NAT },
	{ 0 },
};

static const struct word yes_words[] = {
	{ "yes", 1 },
	{ 0 },
};

const struct word route_tables[] = {
	{ "default", RT_TABLE_DEFAULT },
	{ "main", RT_TABLE_MAIN },
	{ "local", RT_TABLE_LOCAL },
	{ 0 },
};

static const struct word route_scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE },	  { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },	 { "nowhere", RT_SCOPE_NOWHERE }, { 0 },
};

const struct word route_protocols[] = {
	{ "redirect", RTPROT_REDIRECT },
	{ "kernel", RTPROT_KERNEL },
	{ "boot", RTPROT_BOOT },
	{ "static", RTPROT_STATIC },
	{ "ra", RTPROT_RA },
	{ "zebra", RTPROT_ZEBRA },
	{ "bird", RTPROT_BIRD },
	{ "dhcp", RTPROT_DHCP },
	{ "keepalived", RTPROT_KEEPALIVED },
	{ "babel", RTPROT_BABEL },
	{ "bgp", RTPROT_BGP },
	{ "isis", RTPROT_ISIS },
	{ "ospf", RTPROT_OSPF },
	{ "rip", RTPROT_RIP },
	{ "multihomed", HOST_PROTOCOL },
	{ 0 },
};

static uint32_t usual_metric(const void *object)
{
	return ((const struct host_route *)object)->to.family == AF_INET6 ? METRIC_IPV6 : 0;
}

/* IPv4's scope says how far away the next hop is; iproute2 chooses it in the same way. */
static uint32_t usual_scope(const void *object)
{
	const struct host_route *route = object;

	if (route->to.family != AF_INET)
		return RT_SCOPE_UNIVERSE;
	if (route->type == RTN_LOCAL || route->type == RTN_NAT)
		return RT_SCOPE_HOST;
	if (route->type == RTN_BROADCAST || route->type == RTN_MULTICAST || route->type == RTN_ANYCAST)
		return RT_SCOPE_LINK;
	return route->type == RTN_UNICAST && !route->via.family && !route->hops && !route->nexthop ?
		       RT_SCOPE_LINK :
		       RT_SCOPE_UNIVERSE;
}

enum {
	ROUTE_TYPE,
	ROUTE_TO,
	ROUTE_VIA,
	ROUTE_TABLE,
	ROUTE_LINK,
	ROUTE_METRIC,
	ROUTE_SOURCE,
	ROUTE_HOPS,
	ROUTE_NEXTHOP,
	ROUTE_MTU,
	ROUTE_WINDOW,
	ROUTE_INITCWND,
	ROUTE_ONLINK,
	ROUTE_SCOPE,
	ROUTE_PROTOCOL,
};

static const struct property route_rows[] = {
	[ROUTE_TYPE] = { "type", PROPERTY_U8, ROW_PLAIN | ROW_OPTIONAL, AT(type),
			 .usual = RTN_UNICAST, .words = route_types, .header = HEADER(rtm_type) },
	[ROUTE_TO] = { "to", PROPERTY_PREFIX, ROW_PLAIN | ROW_CLEAN, AT(to),
		       .header = HEADER(rtm_dst_len), .attribute = RTA_DST },
	[ROUTE_VIA] = { "via", PROPERTY_ADDRESS, 0, AT(via), .attribute = RTA_GATEWAY },
	[ROUTE_TABLE] = { "table", PROPERTY_U32, 0, AT(table), .usual = RT_TABLE_MAIN,
			  .words = route_tables, .header = HEADER(rtm_table), .attribute = RTA_TABLE },
	[ROUTE_LINK] = { "link", PROPERTY_LINK, ROW_LAX, AT(link), .attribute = RTA_OIF },
	[ROUTE_METRIC] = { "metric", PROPERTY_U32, 0, AT(metric), .usually = usual_metric,
			   .attribute = RTA_PRIORITY },
	[ROUTE_SOURCE] = { "source", PROPERTY_ADDRESS, 0, AT(source), .attribute = RTA_PREFSRC },
	[ROUTE_HOPS] = { "hops", PROPERTY_U8, 0, AT(hops) },
	[ROUTE_NEXTHOP] = { "nexthop", PROPERTY_U32, 0, AT(nexthop), .attribute = RTA_NH_ID },
	[ROUTE_MTU] = { "mtu", PROPERTY_U32, 0, AT(mtu) },
	[ROUTE_WINDOW] = { "window", PROPERTY_U32, 0, AT(window) },
	[ROUTE_INITCWND] = { "initcwnd", PROPERTY_U16, 0, AT(initcwnd) },
	[ROUTE_ONLINK] = { "onlink", PROPERTY_U8, ROW_FREE, AT(onlink), .words = yes_words },
	[ROUTE_SCOPE] = { "scope", PROPERTY_U8, 0, AT(scope), .usually = usual_scope,
			  .words = route_scopes, .header = HEADER(rtm_scope) },
	[ROUTE_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_LONG | ROW_FREE, AT(protocol),
			     .words = route_protocols, .header = HEADER(rtm_protocol) },
};

static bool leads_nowhere(const struct host_route *route)
{
	return route->type == RTN_UNREACHABLE || route->type == RTN_BLACKHOLE ||
	       route->type == RTN_PROHIBIT || route->type == RTN_THROW;
}

static void route_complete(void *object)
{
	struct host_route *route = object;

	route->protocol = HOST_PROTOCOL;
	route->to = prefix_clean(&route->to);
	if (!route->type)
		route->type = RTN_UNICAST;
	if (!route->table)
		route->table = RT_TABLE_MAIN;
	if (!route->metric)
		route->metric = usual_metric(route);
	if (!route->scope || route->to.family == AF_INET6)
		route->scope = (uint8_t)usual_scope(route);
	if (leads_nowhere(route))
		route->link = 0;
}

/* The gateway of another family: IPv4 by way of an IPv6 router (RFC 8950). */
static void take_via(struct host_route *route, const struct nlattr *attribute)
{
	const struct rtvia *via = mnl_attr_get_payload(attribute);
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length < sizeof(*via) || !address_size((uint8_t)via->rtvia_family) ||
	    length - sizeof(*via) != address_size((uint8_t)via->rtvia_family))
		return;
	route->via = (struct address){ .family = (uint8_t)via->rtvia_family };
	memcpy(route->via.bytes, via->rtvia_addr, length - sizeof(*via));
}

static void take_hop(struct host_route *route, const struct rtnexthop *hop)
{
	const struct nlattr *attribute = (const struct nlattr *)RTNH_DATA(hop);
	int left = (int)hop->rtnh_len - (int)RTNH_LENGTH(0);

	route->link = (uint32_t)hop->rtnh_ifindex;
	for (; left > 0 && mnl_attr_ok(attribute, left); attribute = mnl_attr_next(attribute)) {
		if (mnl_attr_get_type(attribute) == RTA_VIA)
			take_via(route, attribute);
		if (mnl_attr_get_type(attribute) == RTA_GATEWAY &&
		    mnl_attr_get_payload_len(attribute) == address_size(route->to.family)) {
			route->via = (struct address){ .family = route->to.family };
			memcpy(route->via.bytes, mnl_attr_get_payload(attribute),
			       address_size(route->to.family));
		}
		left -= (int)MNL_ALIGN(attribute->nla_len);
	}
}

/* Of several next hops the first, and how many there are. */
static void take_hops(struct host_route *route, const struct nlattr *attribute)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attribute);
	int left = (int)mnl_attr_get_payload_len(attribute), hops = 0;

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		if (!hops++)
			take_hop(route, hop);
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	route->hops = (uint8_t)(hops > 255 ? 255 : hops > 1 ? hops : 0);
}

static void take_metrics(struct host_route *route, const struct nlattr *nest)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		uint32_t value = mnl_attr_get_payload_len(attribute) == 4 ?
					 mnl_attr_get_u32(attribute) :
					 0;

		if (mnl_attr_get_type(attribute) == RTAX_MTU)
			route->mtu = value;
		if (mnl_attr_get_type(attribute) == RTAX_WINDOW)
			route->window = value;
		if (mnl_attr_get_type(attribute) == RTAX_INITCWND)
			route->initcwnd = (uint16_t)(value < UINT16_MAX ? value : UINT16_MAX);
	}
}

static bool route_decoded(void *object, const struct nlmsghdr *message)
{
	const struct rtmsg *header = NLMSG_DATA(message);
	struct host_route *route = object;
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		if (mnl_attr_get_type(attribute) == RTA_VIA)
			take_via(route, attribute);
		if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
			take_hops(route, attribute);
		if (mnl_attr_get_type(attribute) == RTA_METRICS)
			take_metrics(route, attribute);
	}
	if (leads_nowhere(route))
		route->link = 0;
	route->object.ours = route->protocol == HOST_PROTOCOL;
	/* What the nexthop object says is told with the route as well. */
	if (route->object.ours && route->nexthop) {
		route->type = route->type == RTN_BLACKHOLE ? RTN_UNICAST : route->type;
		route->link = 0;
		route->hops = 0;
		route->via = (struct address){ 0 };
	}
	/* It says something of a gateway on a link; elsewhere it says nothing. */
	route->onlink = header->rtm_flags & RTNH_F_ONLINK && route->via.family && route->link;
	return address_size(route->to.family) &&
	       route->to.length <= address_bits(route->to.family) && prefix_is_clean(&route->to) &&
	       !(header->rtm_flags & RTM_F_CLONED) && !header->rtm_tos && !header->rtm_src_len;
}

static void put_metrics(const struct host_route *route, struct nlmsghdr *message)
{
	struct nlattr *nest = mnl_attr_nest_start(message, RTA_METRICS);

	if (route->mtu)
		mnl_attr_put_u32(message, RTAX_MTU, route->mtu);
	if (route->window)
		mnl_attr_put_u32(message, RTAX_WINDOW, route->window);
	if (route->initcwnd)
		mnl_attr_put_u32(message, RTAX_INITCWND, route->initcwnd);
	mnl_attr_nest_end(message, nest);
}

static void route_encoded(const void *object, struct nlmsghdr *message)
{
	const struct host_route *route = object;
	char buffer[sizeof(struct rtvia) + 16];
	struct rtvia *via = (struct rtvia *)buffer;

	if (route->onlink && route->via.family && route->link)
		((struct rtmsg *)NLMSG_DATA(message))->rtm_flags |= RTNH_F_ONLINK;
	if (route->mtu || route->window || route->initcwnd)
		put_metrics(route, message);
	if (!route->via.family || route->via.family == route->to.family)
		return;
	via->rtvia_family = route->via.family;
	memcpy(via->rtvia_addr, route->via.bytes, address_size(route->via.family));
	mnl_attr_put(message, RTA_VIA, sizeof(*via) + address_size(route->via.family), buffer);
}

/*
 * The longest first: an exception stands before the claim that it is cut out of, and a network
 * before what leads through it.
 */
static unsigned route_turn(const void *object)
{
	return 128u - ((const struct host_route *)object)->to.length;
}

/*
 * IPv6 makes next hops of one route out of several that have a gateway, and tells of them in
 * another order than a dump.
 */
static bool route_melts(const void *object)
{
	return ((const struct host_route *)object)->to.family == AF_INET6;
}

/* Full tables are sorted and merged by this. */
static int route_compare(const void *left, const void *right)
{
	const struct host_route *a = left, *b = right;
	int r;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	r = prefix_compare(&a->to, &b->to);
	return r ? r : (a->metric > b->metric) - (a->metric < b->metric);
}

const struct kind route_kind = {
	.name = "route",
	.size = sizeof(struct host_route),
	.rows = route_rows,
	.row_count = ARRAY_SIZE(route_rows),
	.keys = { &route_rows[ROUTE_TABLE], &route_rows[ROUTE_TO], &route_rows[ROUTE_METRIC] },
	.compare = route_compare,
	.twins = true,
	.melts = route_melts,
	.complete = route_complete,
	.turn = route_turn,
	.message_new = RTM_NEWROUTE,
	.message_delete = RTM_DELROUTE,
	.message_get = RTM_GETROUTE,
	.header_size = sizeof(struct rtmsg),
	.decoded = route_decoded,
	.encoded = route_encoded,
};
