/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel told of somebody's address, next hop or route, as the request that brings it back
 * with all that it had: label, lifetimes, flags, several next hops, metrics, encapsulation. Only what the
 * kernel reports and does not take is left out. Our structs know less, and would lose the rest.
 */
#include "host/taken.h"

#include "host/head.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <string.h>

#define TICKS_PER_SECOND 100 /* USER_HZ */
#define PROTOCOL_KERNEL_LO 1 /* IFAPROT_*: the kernel makes these by itself */
#define PROTOCOL_KERNEL_LL 3

static unsigned type_of(const struct nlattr *attribute)
{
	return mnl_attr_get_type(attribute) & NLA_TYPE_MASK;
}

static void copy(const struct nlattr *attribute, struct nlmsghdr *request)
{
	mnl_attr_put(request, attribute->nla_type, mnl_attr_get_payload_len(attribute),
		     mnl_attr_get_payload(attribute));
}

static void begin(const struct nlmsghdr *message, size_t header, struct nlmsghdr *request)
{
	memset(request, 0, sizeof(*request));
	request->nlmsg_len = MNL_NLMSG_HDRLEN;
	request->nlmsg_type = message->nlmsg_type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
	memcpy(mnl_nlmsg_put_extra_header(request, header), NLMSG_DATA(message), header);
}

static bool address_request(const struct nlmsghdr *message, struct nlmsghdr *request)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	const struct nlattr *attribute = NULL;
	uint32_t flags = header->ifa_flags;
	unsigned protocol = 0;

	begin(message, sizeof(*header), request);
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		if (type_of(attribute) == IFA_FLAGS && mnl_attr_get_payload_len(attribute) == 4)
			flags = mnl_attr_get_u32(attribute);
		if (type_of(attribute) == IFA_PROTO && mnl_attr_get_payload_len(attribute) == 1)
			protocol = mnl_attr_get_u8(attribute);
		copy(attribute, request);
	}
	/* A temporary one is made anew by the kernel beside the one that it belongs to. */
	if (header->ifa_family == AF_INET6 && flags & (IFA_F_TEMPORARY | IFA_F_DADFAILED))
		return false;
	return protocol != HOST_PROTOCOL && protocol != PROTOCOL_KERNEL_LO &&
	       protocol != PROTOCOL_KERNEL_LL;
}

static void copy_hops(const struct nlattr *attribute, struct nlmsghdr *request)
{
	struct rtnexthop *hop;
	size_t start = request->nlmsg_len + sizeof(struct nlattr);
	int left = (int)mnl_attr_get_payload_len(attribute);

	copy(attribute, request);
	hop = (struct rtnexthop *)((char *)request + start);
	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		hop->rtnh_flags &= RTNH_F_ONLINK;
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

/* What is left of its life. */
static void copy_expiry(const struct nlattr *attribute, struct nlmsghdr *request)
{
	const struct rta_cacheinfo *info = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) >= sizeof(*info) &&
	    info->rta_expires >= TICKS_PER_SECOND)
		mnl_attr_put_u32(request, RTA_EXPIRES,
				 (uint32_t)info->rta_expires / TICKS_PER_SECOND);
}

static bool has_attribute(const struct nlmsghdr *message, size_t header, unsigned type)
{
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, header, attribute)))
		if (type_of(attribute) == type)
			return true;
	return false;
}

/* What a nexthop object says is told with the route, and refused beside its number. */
static bool is_of_nexthop(unsigned type)
{
	return type == RTA_OIF || type == RTA_GATEWAY || type == RTA_VIA || type == RTA_MULTIPATH ||
	       type == RTA_ENCAP || type == RTA_ENCAP_TYPE;
}

static void copy_of_route(const struct nlattr *attribute, bool by_object, struct nlmsghdr *request)
{
	unsigned type = type_of(attribute);

	if (type == RTA_CACHEINFO)
		copy_expiry(attribute, request);
	else if (by_object && is_of_nexthop(type))
		return;
	else if (type == RTA_MULTIPATH)
		copy_hops(attribute, request);
	else
		copy(attribute, request);
}

/* What the kernel, or a router by its advertisement, makes by itself comes again by itself. */
static bool route_is_kept(const struct rtmsg *header)
{
	return header->rtm_protocol != HOST_PROTOCOL && header->rtm_protocol != RTPROT_KERNEL &&
	       header->rtm_protocol != RTPROT_REDIRECT && header->rtm_protocol != RTPROT_RA &&
	       !(header->rtm_flags & RTM_F_CLONED);
}

static bool route_request(const struct nlmsghdr *message, struct nlmsghdr *request)
{
	const struct rtmsg *header = NLMSG_DATA(message);
	const struct nlattr *attribute = NULL;
	bool by_object = has_attribute(message, sizeof(*header), RTA_NH_ID);

	begin(message, sizeof(*header), request);
	((struct rtmsg *)NLMSG_DATA(request))->rtm_flags &= RTNH_F_ONLINK;
	/* Behind its twins: IPv4 keeps them in order. IPv6 would make next hops of one route of them. */
	if (header->rtm_family == AF_INET)
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute)))
		copy_of_route(attribute, by_object, request);
	return route_is_kept(header);
}

static void copy_resilient(const struct nlattr *nest, struct nlmsghdr *request)
{
	struct nlattr *copied = mnl_attr_nest_start(request, NHA_RES_GROUP);
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest)
	{
		if (type_of(attribute) == NHA_RES_GROUP_BUCKETS ||
		    type_of(attribute) == NHA_RES_GROUP_IDLE_TIMER ||
		    type_of(attribute) == NHA_RES_GROUP_UNBALANCED_TIMER)
			copy(attribute, request);
	}
	mnl_attr_nest_end(request, copied);
}

static void copy_of_nexthop(const struct nlattr *attribute, struct nlmsghdr *request)
{
	switch (type_of(attribute)) {
	case NHA_RES_GROUP:
		copy_resilient(attribute, request);
		break;
	case NHA_ID:
	case NHA_GROUP:
	case NHA_GROUP_TYPE:
	case NHA_OIF:
	case NHA_GATEWAY:
	case NHA_ENCAP_TYPE:
	case NHA_ENCAP:
	case NHA_FDB:
		copy(attribute, request);
		break;
	}
}

static bool nexthop_request(const struct nlmsghdr *message, struct nlmsghdr *request)
{
	const struct nhmsg *header = NLMSG_DATA(message);
	const struct nlattr *attribute = NULL;
	struct nhmsg *ours;

	begin(message, sizeof(*header), request);
	ours = NLMSG_DATA(request);
	ours->nh_flags &= RTNH_F_ONLINK;
	ours->nh_scope = 0;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute)))
		copy_of_nexthop(attribute, request);
	return header->nh_protocol != HOST_PROTOCOL;
}

bool taken_request(const struct nlmsghdr *message, struct nlmsghdr *request)
{
	size_t length = message->nlmsg_len;

	/* Some room for what is written otherwise than it was told. */
	if (length > TAKEN_MESSAGE_MAX - 64)
		return false;
	if (message->nlmsg_type == RTM_NEWADDR)
		return length >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)) &&
		       address_request(message, request);
	if (message->nlmsg_type == RTM_NEWROUTE)
		return length >= NLMSG_LENGTH(sizeof(struct rtmsg)) &&
		       route_request(message, request);
	if (message->nlmsg_type == RTM_NEWNEXTHOP)
		return length >= NLMSG_LENGTH(sizeof(struct nhmsg)) &&
		       nexthop_request(message, request);
	return false;
}

static uint32_t link_of_hops(const struct nlattr *attribute, const struct link_list *links)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attribute);
	int left = (int)mnl_attr_get_payload_len(attribute);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		if (link_list_has(links, (uint32_t)hop->rtnh_ifindex))
			return (uint32_t)hop->rtnh_ifindex;
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return 0;
}

static uint32_t link_by(const struct nlmsghdr *message, size_t header, unsigned type,
			const struct link_list *links)
{
	const struct nlattr *attribute = NULL;
	uint32_t index = 0;

	while (!index && (attribute = netlink_attribute(message, header, attribute))) {
		if (type_of(attribute) == type && mnl_attr_get_payload_len(attribute) == 4)
			index = mnl_attr_get_u32(attribute);
		else if (message->nlmsg_type == RTM_NEWROUTE && type_of(attribute) == RTA_MULTIPATH)
			index = link_of_hops(attribute, links);
	}
	return link_list_has(links, index) ? index : 0;
}

uint32_t taken_link(const struct nlmsghdr *message, const struct link_list *links)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWADDR)
		return link_list_has(links, address->ifa_index) ? address->ifa_index : 0;
	if (message->nlmsg_type == RTM_NEWROUTE)
		return link_by(message, sizeof(struct rtmsg), RTA_OIF, links);
	return link_by(message, sizeof(struct nhmsg), NHA_OIF, links);
}
