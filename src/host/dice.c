/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests only: see dice.h. */
#include "host/dice.h"

#include <linux/fib_rules.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICK(list) (list)[dice(sizeof(list) / sizeof(*(list)))]

unsigned dice(unsigned sides)
{
	return (unsigned)rand() % sides;
}

static struct address dice_address(uint8_t family)
{
	static const uint8_t bytes[] = { 0x00, 0x20, 0x80, 0xff };
	struct address address = { .family = family };

	for (size_t i = 0; i < address_size(family); i++)
		address.bytes[i] = dice(4) ? 0 : PICK(bytes);
	address.bytes[0] = 10;
	return address;
}

static uint8_t dice_family(void)
{
	return dice(2) ? AF_INET : AF_INET6;
}

struct prefix dice_prefix(void)
{
	static const uint8_t lengths[] = { 0, 8, 9, 16, 24, 31, 32 };
	struct address address = dice_address(dice_family());
	struct prefix prefix = prefix_of_address(&address);

	prefix.length = PICK(lengths);
	if (prefix.family == AF_INET6 && dice(2))
		prefix.length = (uint8_t)(128 - prefix.length);
	return prefix_clean(&prefix);
}

static void dice_route(struct host_route *route)
{
	static const uint32_t tables[] = { RT_TABLE_MAIN, RT_TABLE_LOCAL, 1000 };
	static const uint32_t metrics[] = { 0, 7, 1024 };
	static const uint8_t types[] = { RTN_UNICAST, RTN_LOCAL, RTN_UNREACHABLE };
	static const uint8_t protocols[] = { RTPROT_KERNEL, RTPROT_STATIC, HOST_PROTOCOL };

	route->table = PICK(tables);
	route->to = dice_prefix();
	route->metric = PICK(metrics);
	route->type = PICK(types);
	route->protocol = PICK(protocols);
	route->link = route->type == RTN_UNREACHABLE ? 0 : dice(4);
	if (route->type == RTN_UNICAST && dice(2))
		route->via = dice_address(dice(4) ? route->to.family : AF_INET6);
	if (!dice(4))
		route->source = dice_address(route->to.family);
	if (route->to.family == AF_INET)
		route->scope = dice(2) ? RT_SCOPE_LINK : RT_SCOPE_HOST;
	route->object.ours = route->protocol == HOST_PROTOCOL;
}

static void dice_host_address(struct host_address *address)
{
	address->link = dice(4);
	address->prefix = dice_prefix();
	address->scope = dice(2) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	address->flags = dice(2) ? 0x80 : 0x280;
	address->protocol = dice(2) ? HOST_PROTOCOL : 0;
	address->object.ours = address->protocol == HOST_PROTOCOL;
}

static void dice_sysctl(struct host_sysctl *sysctl)
{
	static const char *const values[] = { "0", "1", "32768 60999" };

	snprintf(sysctl->name, sizeof(sysctl->name), "net/ipv4/conf/eth%u.%u/rp_filter", dice(3),
		 dice(3));
	snprintf(sysctl->value, sizeof(sysctl->value), "%s", PICK(values));
	if (dice(2))
		snprintf(sysctl->former, sizeof(sysctl->former), "%s", PICK(values));
	sysctl->object.ours = sysctl->former[0];
}

static void dice_bond(struct link_bond *bond)
{
	bond->mode = (uint8_t)(dice(2) ? 4 : 1);
	bond->miimon = 100 * dice(3);
	bond->downdelay = 100 * dice(2);
	bond->hash = (uint8_t)dice(6);
	bond->lacp_rate = bond->mode == 4 ? (uint8_t)dice(2) : 0;
	bond->primary = bond->mode == 1 ? dice(3) : 0;
	if (bond->mode == 1 && dice(2)) {
		bond->arp_interval = 500;
		bond->targets[0] = dice_address(AF_INET);
		bond->targets[1] = dice_address(dice_family());
	}
}

static void dice_made(struct host_link *link)
{
	link->type = (uint8_t)dice(LINK_OTHER);
	switch ((enum link_type)link->type) {
	case LINK_BOND:
		dice_bond(&link->bond);
		break;
	case LINK_VLAN:
		link->parent = 1 + dice(3);
		link->vlan = (struct link_vlan){ (uint16_t)(1 + dice(3)), 0x8100 };
		break;
	case LINK_VRF:
		link->table = 1 + dice(3);
		break;
	case LINK_BRIDGE:
		link->bridge = (struct link_bridge){ (uint8_t)dice(2), (uint8_t)dice(2),
						     10 * dice(3), 1000 * dice(3) };
		break;
	case LINK_MACVLAN:
		link->parent = 1 + dice(3);
		link->macvlan_mode = 1u << dice(5);
		break;
	case LINK_PLAIN:
	case LINK_DUMMY:
	case LINK_VETH:
	case LINK_OTHER:
	case LINK_TYPES:
		break;
	}
}

static void dice_link(struct host_link *link)
{
	link->group = dice(2) ? HOST_PROTOCOL : dice(2);
	link->object.ours = link->group == HOST_PROTOCOL;
	link->index = 1 + dice(6) + (link->object.ours ? LINK_INDEX_FIRST : 0);
	snprintf(link->name, sizeof(link->name), "eth%u", link->index);
	link->flags = dice(2) ? IFF_UP : 0;
	link->state = link->flags ? LINK_UP : LINK_DOWN;
	link->mtu = dice(2) ? 1500 : 9000;
	link->master = dice(2) ? 1 + dice(8) : 0;
	link->mac[5] = (uint8_t)dice(3);
	link->queue = dice(2) ? 1000 : 0;
	link->allmulti = (uint8_t)dice(2);
	dice_made(link);
}

static void dice_neighbour(struct host_neighbour *neighbour)
{
	neighbour->link = 1 + dice(3);
	neighbour->address = dice_address(dice_family());
	neighbour->state = (uint16_t)(1u << dice(5));
	neighbour->flags = dice(2) ? 0x80 : 0;
	neighbour->mac[0] = (uint8_t)dice(2);
	neighbour->protocol = dice(2) ? HOST_PROTOCOL : 0;
	neighbour->object.ours = neighbour->protocol;
}

static void dice_answer(struct host_answer *answer)
{
	answer->link = 1 + dice(3);
	answer->prefix = dice_prefix();
	answer->verdict = (uint8_t)(NEIGHBOURS_ANSWER + dice(3));
	answer->flags = (uint8_t)dice(8);
	answer->owner = dice(3);
	answer->mac[5] = (uint8_t)dice(2);
	answer->object.ours = true;
}

static void dice_responder(struct host_responder *responder)
{
	responder->link = 1 + dice(6);
	responder->way = (uint8_t)dice(4);
	responder->guard = (uint8_t)dice(2);
	responder->router = (uint8_t)dice(2);
	responder->owner = dice(3);
	responder->object.ours = true;
}

static void dice_listener(struct host_listener *listener)
{
	listener->protocol = dice(2) ? IPPROTO_UDP : IPPROTO_TCP;
	listener->address = dice(2) ? (struct address){ .family = dice_family() } :
				      dice_address(dice_family());
	listener->port = (uint16_t)dice(3);
	listener->object.ours = true;
}

static void dice_nexthop(struct host_nexthop *nexthop)
{
	nexthop->id = 1 + dice(4);
	nexthop->protocol = dice(2) ? HOST_PROTOCOL : RTPROT_ZEBRA;
	nexthop->object.ours = nexthop->protocol == HOST_PROTOCOL;
	if (dice(3) == 0) {
		nexthop->member_count = (uint8_t)(1 + dice(3));
		for (unsigned i = 0; i < nexthop->member_count; i++)
			nexthop->members[i] = (struct host_member){ 1 + dice(4),
								    (uint16_t)(1 + dice(300)) };
		nexthop->resilient = (uint8_t)dice(2);
		nexthop->unbalanced = nexthop->resilient ? dice(100) : 0;
		return;
	}
	nexthop->family = dice_family();
	nexthop->blackhole = dice(4) == 0;
	if (nexthop->blackhole)
		return;
	nexthop->link = 1 + dice(3);
	if (dice(2))
		nexthop->via = dice_address(nexthop->family);
}

static struct span dice_span(void)
{
	uint32_t first = dice(3);

	return dice(2) ? (struct span){ 0 } : (struct span){ first, first + 1 + dice(3) };
}

static struct prefix dice_selector(uint8_t family)
{
	struct prefix prefix = dice_prefix();

	return prefix.family == family && prefix.length && dice(2) ? prefix_clean(&prefix) :
								     (struct prefix){ 0 };
}

static void dice_rule(struct host_rule *rule)
{
	rule->family = dice_family();
	rule->preference = dice(5);
	rule->action = (uint8_t)(dice(2) ? FR_ACT_TO_TBL : FR_ACT_UNREACHABLE);
	rule->table = rule->action == FR_ACT_TO_TBL ? 100 + dice(3) : 0;
	rule->invert = dice(4) == 0;
	rule->protocol = dice(2) ? HOST_PROTOCOL : RTPROT_KERNEL;
	rule->object.ours = rule->protocol == HOST_PROTOCOL;
	rule->tos = (uint8_t)(dice(4) ? 0 : 0x10);
	rule->ip_protocol = (uint8_t)(dice(2) ? 0 : 17);
	if (dice(2))
		snprintf(rule->in, sizeof(rule->in), "eth%u", dice(3));
	if (dice(3) == 0)
		snprintf(rule->out, sizeof(rule->out), "eth%u", dice(3));
	rule->from = dice_selector(rule->family);
	rule->to = dice_selector(rule->family);
	rule->mark = dice(3);
	rule->mask = rule->mark ? UINT32_MAX : 0;
	rule->uid = dice_span();
	rule->sport = dice_span();
	rule->dport = dice_span();
	rule->suppress = dice(3) ? 0 : 1 + dice(3);
}

static void dice_filter(struct host_filter *filter)
{
	uint8_t family = dice_family();

	filter->chain = (uint8_t)dice(2);
	filter->order = dice(5);
	filter->verdict = (uint8_t)(filter->chain == FILTER_NAT ? dice(4) : dice(2));
	if (dice(2) && filter->chain == FILTER_FORWARD)
		snprintf(filter->in, sizeof(filter->in), "eth%u", dice(3));
	if (dice(2))
		snprintf(filter->out, sizeof(filter->out), "eth%u", dice(3));
	filter->from = dice_selector(family);
	filter->to = dice_selector(family);
	filter->ip_protocol = (uint8_t)(dice(2) ? 0 : 6);
	filter->dport = dice_span();
	if (filter->verdict == FILTER_SNAT)
		filter->first = filter->last = dice_address(family);
	filter->object.ours = true;
}

void dice_object(enum object_kind kind, union host_object *ret_object)
{
	memset(ret_object, 0, sizeof(*ret_object));
	switch (kind) {
	case OBJECT_LINK:
		dice_link(&ret_object->link);
		break;
	case OBJECT_NEIGHBOUR:
		dice_neighbour(&ret_object->neighbour);
		break;
	case OBJECT_SYSCTL:
		dice_sysctl(&ret_object->sysctl);
		break;
	case OBJECT_ADDRESS:
		dice_host_address(&ret_object->address);
		break;
	case OBJECT_ROUTE:
		dice_route(&ret_object->route);
		break;
	case OBJECT_NEXTHOP:
		dice_nexthop(&ret_object->nexthop);
		break;
	case OBJECT_RULE:
		dice_rule(&ret_object->rule);
		break;
	case OBJECT_FILTER:
		dice_filter(&ret_object->filter);
		break;
	case OBJECT_CGROUP:
		snprintf(ret_object->cgroup.name, sizeof(ret_object->cgroup.name), "a/b%u.slice",
			 dice(3));
		break;
	case OBJECT_ANSWER:
		dice_answer(&ret_object->answer);
		break;
	case OBJECT_RESPONDER:
		dice_responder(&ret_object->responder);
		break;
	case OBJECT_ATTACHMENT:
		snprintf(ret_object->attachment.cgroup, sizeof(ret_object->attachment.cgroup),
			 "a/b%u.slice", dice(3));
		ret_object->object.ours = true;
		break;
	case OBJECT_LISTENER:
		dice_listener(&ret_object->listener);
		break;
	case OBJECT_KINDS:
		break;
	}
}
