/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks the kernel where a packet would go. Two questions, since the answer is either the route as it
 * stands in its table, or what becomes of the packet by it (next hop, source).
 *
 * What is received is sent by user 0 where rules ask for one; IPv6 has to be told so.
 */
#include "host/ask.h"

#include "host/codec.h"
#include "host/inside.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

static void put_address(struct nlmsghdr *message, uint16_t attribute, const struct address *address)
{
	if (address->family)
		mnl_attr_put(message, attribute, address_size(address->family), address->bytes);
}

static void put_link(struct nlmsghdr *message, uint16_t attribute, uint32_t link)
{
	if (link)
		mnl_attr_put_u32(message, attribute, link);
}

static void put_question(const struct flow *flow, unsigned flags, struct nlmsghdr *message)
{
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = flow->to.family;
	header->rtm_dst_len = address_bits(flow->to.family);
	header->rtm_src_len = flow->from.family ? address_bits(flow->from.family) : 0;
	header->rtm_tos = flow->tos;
	/* IPv6 tells the table unasked, and refuses to be asked. */
	header->rtm_flags = flags | (flow->to.family == AF_INET ? RTM_F_LOOKUP_TABLE : 0);
	put_address(message, RTA_DST, &flow->to);
	put_address(message, RTA_SRC, &flow->from);
	put_link(message, RTA_IIF, flow->in);
	put_link(message, RTA_OIF, flow->out);
	mnl_attr_put_u32(message, RTA_UID, flow->in ? 0 : flow->uid);
	if (flow->mark)
		mnl_attr_put_u32(message, RTA_MARK, flow->mark);
	if (flow->ip_protocol)
		mnl_attr_put_u8(message, RTA_IP_PROTO, flow->ip_protocol);
	if (flow->sport)
		mnl_attr_put_u16(message, RTA_SPORT, htons(flow->sport));
	if (flow->dport)
		mnl_attr_put_u16(message, RTA_DPORT, htons(flow->dport));
}

static void take_address(const struct nlattr *attribute, uint8_t family, struct address *address)
{
	if (mnl_attr_get_payload_len(attribute) != address_size(family))
		return;
	*address = (struct address){ .family = family };
	memcpy(address->bytes, mnl_attr_get_payload(attribute), address_size(family));
}

static void take_via(const struct nlattr *attribute, struct address *address)
{
	const struct rtvia *via = mnl_attr_get_payload(attribute);
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length < sizeof(*via) ||
	    length - sizeof(*via) != address_size((uint8_t)via->rtvia_family))
		return;
	*address = (struct address){ .family = (uint8_t)via->rtvia_family };
	memcpy(address->bytes, via->rtvia_addr, length - sizeof(*via));
}

static void take_way(void *data, const struct nlmsghdr *message)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct route_answer *answer = data;
	const struct nlattr *attribute = NULL;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	answer->type = header->rtm_type;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		switch (mnl_attr_get_type(attribute)) {
		case RTA_OIF:
			if (mnl_attr_get_payload_len(attribute) == 4)
				answer->link = mnl_attr_get_u32(attribute);
			break;
		case RTA_GATEWAY:
			take_address(attribute, header->rtm_family, &answer->via);
			break;
		case RTA_VIA:
			take_via(attribute, &answer->via);
			break;
		case RTA_PREFSRC:
			take_address(attribute, header->rtm_family, &answer->source);
			break;
		}
	}
}

static void take_route(void *data, const struct nlmsghdr *message)
{
	struct route_answer *answer = data;
	union host_object object;

	if (message->nlmsg_type != RTM_NEWROUTE || !codec_decode(&route_kind, message, &object))
		return;
	answer->route = object.route;
	answer->has_route = true;
}

static int ask(struct host *host, const struct flow *flow, unsigned flags, netlink_message_fn *fn,
	       struct route_answer *answer)
{
	char buffer[CODEC_MESSAGE_SIZE] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_GETROUTE;
	put_question(flow, flags, message);
	return netlink_ask(&host->requests, message, fn, answer);
}

static bool may_be_asked(const struct flow *flow)
{
	return !flow->ip_protocol || flow->ip_protocol == IPPROTO_TCP ||
	       flow->ip_protocol == IPPROTO_UDP ||
	       flow->ip_protocol == (flow->to.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

int host_ask_route(struct host *host, const struct flow *flow, struct route_answer *ret_answer)
{
	struct route_answer answer = { 0 };
	int r;

	if (!may_be_asked(flow))
		return -EOPNOTSUPP;
	answer.error = ask(host, flow, 0, take_way, &answer);
	if (answer.error == -ETIMEDOUT || answer.error == -EPERM)
		return answer.error;
	/* Where it answers without any route this is an error, and no answer. */
	r = answer.error ? 0 : ask(host, flow, RTM_F_FIB_MATCH, take_route, &answer);
	if (r == -ETIMEDOUT)
		return r;
	*ret_answer = answer;
	return 0;
}
