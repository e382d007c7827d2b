/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Before Linux takes a route or a next hop it looks the gateway up, and asks all rules, as if the
 * host itself sent a packet there. Rules that confine what the host sends ("leaves only by eth0")
 * then make it refuse every gateway of the other links, though it stands on a network that the link
 * is connected to (fib_check_nh_v4_gw() and ip6_route_check_nh(); seen on 6.18). For such a
 * gateway the look-up is left out: it is said to be on the link, as it is. Not for others, for then
 * the kernel's refusal is right.
 */
#include "host/inside.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>

/* The way of a route or a next hop. */
struct way {
	uint32_t link;
	const struct address *via;
};

static struct way way_of(const struct operation *operation)
{
	const struct host_nexthop *nexthop = operation->after;
	const struct host_route *route = operation->after;

	if (operation->after && operation->kind == OBJECT_NEXTHOP)
		return (struct way){ nexthop->link, &nexthop->via };
	if (operation->after && operation->kind == OBJECT_ROUTE)
		return (struct way){ route->link, &route->via };
	return (struct way){ 0 };
}

static bool is_on_network(const struct host_address *address, const struct way *way)
{
	return address->link == way->link && prefix_holds(&address->prefix, way->via);
}

/* Also by an address that we have just added, whose event waits to be settled. */
static bool is_near(const struct host *host, const struct way *way)
{
	const struct journal *told = &host->journals[OBJECT_ADDRESS];

	if (address_is_link_local(way->via))
		return true;
	STATE_EACH(&host->observed, OBJECT_ADDRESS, const struct host_address, address)
		if (is_on_network(address, way))
			return true;
	for (size_t i = 0; i < told->changes.count; i++)
		if (!told->changes.items[i].removed &&
		    is_on_network(&told->changes.items[i].object.address, way))
			return true;
	return false;
}

bool onlink_helps(const struct host *host, const struct operation *operation, int error)
{
	struct way way = way_of(operation);

	if (error != -ENETUNREACH && error != -EHOSTUNREACH && error != -EACCES && error != -EINVAL)
		return false;
	return way.link && way.via->family && is_near(host, &way);
}

void onlink_encode(enum object_kind kind, struct nlmsghdr *message)
{
	void *header = mnl_nlmsg_get_payload(message);

	if (kind == OBJECT_NEXTHOP)
		((struct nhmsg *)header)->nh_flags |= RTNH_F_ONLINK;
	else
		((struct rtmsg *)header)->rtm_flags |= RTNH_F_ONLINK;
}
