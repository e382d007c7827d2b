/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who answers ARP and neighbour discovery, and the room that neighbours have. */
#include "doctor/check.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE sizeof(((struct host_sysctl *)0)->name)

/* A link on which somebody may ask for addresses. */
static bool may_ask(const struct host_link *link)
{
	return link->flags & IFF_UP && !(link->flags & (IFF_LOOPBACK | IFF_NOARP));
}

static void tell_slow_proxy(struct examination *examination, uint8_t family, const char *link,
			    long delay)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	const char *folder = family == AF_INET ? "ipv4" : "ipv6";

	text_printf(&finding->what,
		    "for addresses of others the kernel answers %s on %s after up to %ld ms",
		    family == AF_INET ? "ARP" : "neighbour discovery", link, delay * 10);
	text_printf(&finding->where, "sysctl net/%s/neigh/%s/proxy_delay %ld", folder, link, delay);
	text_printf(
		&finding->why,
		"%s is set there, and each answer of it waits for a random part of proxy_delay; of "
		"many questions at once those beyond proxy_qlen are lost.",
		family == AF_INET ? "proxy_arp" : "proxy_ndp");
	text_printf(&finding->line, "prefixes: [ { prefix: PREFIX, neighbours: [%s] } ]", link);
	text_printf(&finding->command, "sysctl -w net/%s/neigh/%s/proxy_delay=0", folder, link);
}

static void look_at_proxy(struct examination *examination, uint8_t family, const char *link)
{
	const char *leaf = family == AF_INET ? "proxy_arp" : "proxy_ndp";
	char name[NAME_SIZE];
	long delay;

	snprintf(name, sizeof(name), "net/%s/neigh/%s/proxy_delay",
		 family == AF_INET ? "ipv4" : "ipv6", link);
	delay = sysctl_number(examination, name, 0);
	if (delay > 0 && link_sysctl(examination, family, link, leaf) > 0)
		tell_slow_proxy(examination, family, link, delay);
}

void check_proxies(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, link) {
		if (!may_ask(link))
			continue;
		look_at_proxy(examination, AF_INET, link->name);
		look_at_proxy(examination, AF_INET6, link->name);
	}
}

static void tell_arp_ignore(struct examination *examination, const struct own *own,
			    const struct host_route *claim, long value)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);
	const char *link = link_name(examination, own->link);
	char prefix[ADDRESS_TEXT_SIZE], network[ADDRESS_TEXT_SIZE];
	struct prefix clean = prefix_clean(&own->network);

	prefix_text(&claim->to, prefix);
	text_printf(&finding->what, "nobody on %s finds %s, which is claimed here: arp_ignore is %ld",
		    link, prefix, value);
	object_print(OBJECT_ROUTE, claim, examination->state, &finding->where);
	text_printf(
		&finding->why,
		"It lies in %s, so hosts there ask for its addresses by ARP; with arp_ignore the "
		"kernel answers for addresses of the link alone, not for a local route.",
		prefix_text(&clean, network));
	text_printf(&finding->line, "prefixes: [ { prefix: %s, neighbours: [%s] } ]", prefix, link);
	text_printf(&finding->command,
		    "sysctl -w net/ipv4/conf/all/arp_ignore=0 net/ipv4/conf/%s/arp_ignore=0", link);
}

/* A whole prefix that the host takes for its own. */
static bool is_claim(const struct host_route *route)
{
	return route->type == RTN_LOCAL && route->to.family == AF_INET &&
	       route->to.length < address_bits(AF_INET) && route->to.bytes[0] != 127;
}

void check_arp_ignore(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		for (size_t i = 0; is_claim(route) && i < examination->own.count; i++) {
			const struct own *own = &examination->own.items[i];
			const struct host_link *link = state_link(examination->state, own->link);
			long value;

			if (!link || !may_ask(link) || !prefix_overlaps(&own->network, &route->to))
				continue;
			value = link_sysctl(examination, AF_INET, link->name, "arp_ignore");
			if (value > 0)
				tell_arp_ignore(examination, own, route, value);
		}
	}
}

/* Neighbours that count against no limit. */
static bool is_exempt(const struct host_neighbour *neighbour)
{
	return neighbour->state & NUD_PERMANENT || neighbour->flags & NTF_EXT_LEARNED;
}

/* How many single hosts are routed to links, less those whose neighbour does not count. */
static size_t hosts_on_links(const struct examination *examination, uint8_t family)
{
	size_t count = 0, exempt = 0;

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		const struct host_link *link = state_link(examination->state, route->link);

		count += route->type == RTN_UNICAST && route->to.family == family &&
			 route->to.length == address_bits(family) && !route->via.family &&
			 !route->nexthop && link && may_ask(link);
	}
	STATE_EACH(examination->state, OBJECT_NEIGHBOUR, const struct host_neighbour, neighbour)
		exempt += neighbour->address.family == family && is_exempt(neighbour);
	return count > exempt ? count - exempt : 0;
}

static void tell_room(struct examination *examination, uint8_t family, size_t hosts, unsigned limit)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	unsigned room = limit;

	while (room < 2 * hosts)
		room *= 2;
	text_printf(&finding->what,
		    "%zu hosts are routed to links, and the %s neighbour table has room for %u",
		    hosts, family == AF_INET ? "IPv4" : "IPv6", limit);
	text_printf(&finding->where, "ip ntable show name %s",
		    family == AF_INET ? "arp_cache" : "ndisc_cache");
	text_puts(&finding->why,
		  "When as many of them are talked to at once, new neighbours are refused, for "
		  "the whole machine. Neighbours that are permanent or learned by a daemon "
		  "(extern_learn), as those of `subscribers` are, do not count.");
	text_puts(&finding->line,
		  "subscribers: { gateway: GATEWAY/LENGTH, ports: { LINK: [ADDRESS] } }");
	text_printf(
		&finding->command,
		"in the initial network namespace: sysctl -w net.%s.neigh.default.gc_thresh3=%u",
		family == AF_INET ? "ipv4" : "ipv6", room);
}

void check_neighbour_room(struct examination *examination)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		unsigned limit = examination->patient->tables[i].limit;
		size_t hosts = limit ? hosts_on_links(examination, families[i]) : 0;

		if (limit && hosts > limit)
			tell_room(examination, families[i], hosts, limit);
	}
}
