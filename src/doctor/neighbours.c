/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who answers ARP and neighbour discovery, and the room that neighbours have. */
#include "doctor/check.h"
#include "host/answering.h"

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

static void tell_two_answer(struct examination *examination, const struct host_link *link)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);

	text_printf(&finding->what, "proxy_arp is set on %s, where multihomed answers", link->name);
	text_printf(&finding->where, "sysctl net/ipv4/conf/%s/proxy_arp", link->name);
	text_puts(&finding->why,
		  "What multihomed leaves to Linux, Linux then answers for every address that it "
		  "has a route to, whoever asks.");
	text_printf(&finding->command,
		    "sysctl -w net/ipv4/conf/all/proxy_arp=0 net/ipv4/conf/%s/proxy_arp=0",
		    link->name);
}

static bool has_responder(const struct examination *examination, uint32_t link)
{
	return state_find(examination->state, OBJECT_RESPONDER,
			  &(struct host_responder){ .link = link });
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
		if (has_responder(examination, link->index) &&
		    link_sysctl(examination, AF_INET, link->name, "proxy_arp") > 0)
			tell_two_answer(examination, link);
		else
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

			if (!link || !may_ask(link) || !prefix_overlaps(&own->network, &route->to) ||
			    has_responder(examination, own->link))
				continue;
			value = link_sysctl(examination, AF_INET, link->name, "arp_ignore");
			if (value > 0)
				tell_arp_ignore(examination, own, route, value);
		}
	}
}

unsigned neighbours_exempt(const struct examination *examination, uint8_t family)
{
	unsigned count = 0;

	STATE_EACH(examination->state, OBJECT_NEIGHBOUR, const struct host_neighbour, neighbour)
		count += neighbour->address.family == family && neighbour_is_exempt(neighbour);
	return count;
}

/* How many single hosts are routed to links, less those whose neighbour does not count. */
static size_t hosts_on_links(const struct examination *examination, uint8_t family)
{
	size_t count = 0, exempt = neighbours_exempt(examination, family);

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		const struct host_link *link = state_link(examination->state, route->link);

		count += route->type == RTN_UNICAST && route->to.family == family &&
			 route->to.length == address_bits(family) && !route->via.family &&
			 !route->nexthop && link && may_ask(link);
	}
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

/* An address of the link itself: a gateway that may live on several machines. */
static bool is_gateway_here(const struct examination *examination, const struct claimant *claimant)
{
	struct address address;
	const struct own *own = NULL;

	if (address_parse(claimant->address, &address) == 0)
		own = own_find(examination, &address);
	for (; own && own < examination->own.items + examination->own.count &&
	       address_equal(&own->address, &address);
	     own++)
		if (strcmp(link_name(examination, own->link), claimant->link) == 0)
			return true;
	return false;
}

static void tell_other_gateway(struct examination *examination, const struct claimant *claimant)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);

	text_printf(&finding->what, "another machine on %s has the address %s of this one, too: %s",
		    claimant->link, claimant->address, claimant->mac);
	text_printf(&finding->where, "link %s, MAC %s, since %s, last %s, %llu times",
		    claimant->link, claimant->mac, claimant->since, claimant->last,
		    (unsigned long long)claimant->count);
	text_puts(
		&finding->why,
		"That is right when it is a second gateway of the same network, and wrong when it "
		"is anybody else: who believes it sends there what is meant for this host.");
	text_printf(&finding->command, "bridge fdb show | grep -i %s; arping -c 3 -I %s %s",
		    claimant->mac, claimant->link, claimant->address);
}

void check_claimants(struct examination *examination)
{
	const struct patient *patient = examination->patient;

	for (size_t i = 0; i < patient->claimant_count; i++) {
		const struct claimant *claimant = &patient->claimants[i];
		struct finding *finding;

		if (is_gateway_here(examination, claimant)) {
			tell_other_gateway(examination, claimant);
			continue;
		}
		finding = finding_add(examination, SEVERITY_ERROR);
		text_printf(&finding->what, "another host on %s says that %s is its own: %s",
			    claimant->link, claimant->address, claimant->mac);
		text_printf(&finding->where, "link %s, MAC %s, since %s, last %s, %llu times",
			    claimant->link, claimant->mac, claimant->since, claimant->last,
			    (unsigned long long)claimant->count);
		text_puts(&finding->why,
			  "multihomed answers for this address there as well: who asks hears two "
			  "answers, and believes the one or the other.");
		text_printf(&finding->line, "prefixes: [ { prefix: PREFIX, except: [%s] } ]",
			    claimant->address);
		text_printf(&finding->command, "bridge fdb show | grep -i %s; arping -c 3 -I %s %s",
			    claimant->mac, claimant->link, claimant->address);
	}
}

void check_stand_ins(struct examination *examination)
{
	const struct patient *patient = examination->patient;

	for (size_t i = 0; i < patient->stand_in_count; i++) {
		const struct stand_in *stand_in = &patient->stand_ins[i];
		struct finding *finding = finding_add(examination, SEVERITY_NOTE);

		text_printf(&finding->what,
			    "on %s a worker answers ARP and neighbour discovery, without eBPF",
			    stand_in->link);
		text_printf(&finding->where, "responder link %s way worker", stand_in->link);
		text_printf(&finding->why,
			    "%s. It costs more for each answer, and what is forwarded is not "
			    "looked at: IPv4 "
			    "sources by rp_filter alone, IPv6 sources by nobody.",
			    stand_in->why);
		text_puts(&finding->line, "responder: worker, where it shall be so");
	}
}

/* Solicitations come to a group of each address; of so many addresses all groups are taken. */
#define GROUPS_LENGTH 124

static void tell_deaf(struct examination *examination, const struct host_answer *answer)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);
	const char *link = link_name(examination, answer->link);
	char prefix[ADDRESS_TEXT_SIZE];

	text_printf(&finding->what, "nobody on %s finds %s: solicitations for it are not received",
		    link, prefix_text(&answer->prefix, prefix));
	object_print(OBJECT_ANSWER, answer, examination->state, &finding->where);
	text_puts(&finding->why,
		  "Neighbour discovery asks by a multicast group for each address. The link has "
		  "joined none of them, and does not take all multicast (allmulti), which "
		  "somebody has undone.");
	text_printf(&finding->command, "ip link set %s allmulticast on", link);
}

void check_reception(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_ANSWER, const struct host_answer, answer) {
		const struct host_link *link = state_link(examination->state, answer->link);

		if (answer->prefix.family == AF_INET6 && answer->prefix.length < GROUPS_LENGTH &&
		    answer->verdict == NEIGHBOURS_ANSWER && link && may_ask(link) &&
		    !link->allmulti && !(link->flags & (IFF_PROMISC | IFF_ALLMULTI)) &&
		    has_responder(examination, link->index))
			tell_deaf(examination, answer);
	}
}
