/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links and the addresses on them. */
#include "doctor/check.h"

#include <linux/if_bonding.h>
#include <stdio.h>
#include <string.h>

/* A linknet of more addresses than this wastes them, or lets a scan fill the neighbour table. */
#define LINKNET_IPV4 23
#define LINKNET_IPV6 64

static const struct host_address *address_flagged(const struct examination *examination,
						  const struct own *own)
{
	const struct host_address like = { .link = own->link, .prefix = own->network };

	return state_find(examination->state, OBJECT_ADDRESS, &like);
}

static void tell_refused(struct examination *examination, const struct host_address *address)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);
	struct address own = prefix_address(&address->prefix);
	char text[ADDRESS_TEXT_SIZE], whole[ADDRESS_TEXT_SIZE];
	const char *link = link_name(examination, address->link);

	address_text(&own, text);
	text_printf(&finding->what, "another host on %s has this host's address %s", link, text);
	object_print(OBJECT_ADDRESS, address, examination->state, &finding->where);
	text_puts(&finding->why,
		  "Duplicate address detection found it in use: the kernel keeps the "
		  "address and does not use it.");
	text_printf(&finding->line, "links: { %s: { addresses: [ANOTHER] } }", link);
	prefix_text(&address->prefix, whole);
	text_printf(&finding->command,
		    "ip -6 address del %s dev %s; ip -6 address add ANOTHER dev %s", whole, link,
		    link);
}

static void tell_twice(struct examination *examination, const struct own *own, const struct own *other)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	char text[ADDRESS_TEXT_SIZE], whole[ADDRESS_TEXT_SIZE];
	const char *one = link_name(examination, own->link),
		   *another = link_name(examination, other->link);

	address_text(&own->address, text);
	text_printf(&finding->what, "%s is an address of both %s and %s", text, one, another);
	text_printf(&finding->where, "address %s link %s; address %s link %s",
		    prefix_text(&own->network, whole), one, text, another);
	text_puts(&finding->why,
		  "Both answer for it (ARP, neighbour discovery), and what is sent to its "
		  "network leaves by one of them, whichever came first.");
	text_printf(&finding->line, "links: name the address below %s or %s, not both", one, another);
	text_printf(&finding->command, "%s address del %s dev %s", ip_command(own->address.family),
		    prefix_text(&other->network, whole), another);
}

static bool is_loopback(const struct examination *examination, uint32_t index)
{
	const struct host_link *link = state_link(examination->state, index);

	return link && link->flags & IFF_LOOPBACK;
}

static uint32_t master_of(const struct examination *examination, uint32_t index)
{
	const struct host_link *link = state_link(examination->state, index);

	return link ? link->master : 0;
}

/* A gateway that is on many links by our own hand: each of them answers for it alone. */
static bool is_shared_gateway(const struct examination *examination, const struct own *own)
{
	const struct host_address *address = address_flagged(examination, own);

	return address && address->protocol == HOST_PROTOCOL &&
	       own->network.length == address_bits(own->network.family);
}

void check_duplicate_addresses(struct examination *examination)
{
	for (size_t i = 0; i < examination->own.count; i++) {
		const struct own *own = &examination->own.items[i], *next = own + 1;
		const struct host_address *address = address_flagged(examination, own);

		if (address && address->flags & IFA_F_DADFAILED)
			tell_refused(examination, address);
		/* Each VRF is a world of its own; lo and a link may share one (anycast). */
		if (i + 1 < examination->own.count && address_equal(&own->address, &next->address) &&
		    own->link != next->link && !address_is_link_local(&own->address) &&
		    !is_loopback(examination, own->link) && !is_loopback(examination, next->link) &&
		    master_of(examination, own->link) == master_of(examination, next->link) &&
		    !(is_shared_gateway(examination, own) && is_shared_gateway(examination, next)))
			tell_twice(examination, own, next);
	}
}

/* Links that packets could be forwarded between. */
static size_t useful_links(const struct examination *examination)
{
	size_t count = 0;

	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, link) {
		if (link->flags & IFF_UP && !(link->flags & IFF_LOOPBACK) && !link->master)
			count++;
	}
	return count;
}

static void tell_forwarding(struct examination *examination, uint8_t family, const char *link)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	const char *folder = family == AF_INET ? "ipv4" : "ipv6";

	text_printf(&finding->what, "%s is forwarded, and %s is the only link",
		    family == AF_INET ? "IPv4" : "IPv6", link);
	text_printf(&finding->where, "sysctl net/%s/conf/%s/forwarding 1", folder,
		    family == AF_INET ? link : "all");
	text_puts(
		&finding->why,
		"The host sends on what others hand to it, back out of the same link: a detour for "
		"them, and a way past their firewall.");
	if (family == AF_INET6)
		text_puts(&finding->why, " It also stops listening to router advertisements.");
	text_printf(&finding->line, "links: { %s: { forwarding: false } }", link);
	text_printf(&finding->command, "sysctl -w net.%s.conf.all.forwarding=0", folder);
}

void check_forwarding(struct examination *examination)
{
	char name[sizeof(((struct host_sysctl *)0)->name)];

	if (useful_links(examination) > 1)
		return;
	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, link) {
		if (!(link->flags & IFF_UP) || link->flags & IFF_LOOPBACK || link->master)
			continue;
		/* Of one link only IPv4 asks whether it forwards. */
		snprintf(name, sizeof(name), "net/ipv4/conf/%s/forwarding", link->name);
		if (sysctl_number(examination, name, 0) > 0)
			tell_forwarding(examination, AF_INET, link->name);
		if (sysctl_number(examination, "net/ipv6/conf/all/forwarding", 0) > 0)
			tell_forwarding(examination, AF_INET6, link->name);
	}
}

/* It is the gateway of some route out of @link. */
static bool is_gateway(const struct examination *examination, const struct address *address,
		       uint32_t link)
{
	struct way ways[WAYS_MAX];

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		size_t count = route_ways(examination, route, ways);

		for (size_t i = 0; i < count; i++)
			if (ways[i].link == link && address_equal(&ways[i].via, address))
				return true;
	}
	return false;
}

/* The one neighbour of a network, when it is a router and nobody else is there; or NULL. */
static const struct host_neighbour *lonely_router(const struct examination *examination,
						  const struct own *own)
{
	const struct host_neighbour *router = NULL;
	static const uint8_t none[6];

	STATE_EACH(examination->state, OBJECT_NEIGHBOUR, const struct host_neighbour, neighbour) {
		if (neighbour->link != own->link || !memcmp(neighbour->mac, none, sizeof(none)) ||
		    !prefix_holds(&own->network, &neighbour->address))
			continue;
		if (router)
			return NULL;
		router = neighbour;
	}
	return router && is_gateway(examination, &router->address, own->link) ? router : NULL;
}

static void tell_linknet(struct examination *examination, const struct own *own,
			 const struct host_neighbour *router)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	char network[ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE], gateway[ADDRESS_TEXT_SIZE];
	const char *link = link_name(examination, own->link);
	unsigned enough = own->address.family == AF_INET ? 31 : 127;

	prefix_text(&own->network, network);
	address_text(&own->address, address);
	address_text(&router->address, gateway);
	text_printf(&finding->what, "the network %s on %s has one neighbour, the router %s",
		    network, link, gateway);
	text_printf(&finding->where, "address %s link %s", network, link);
	text_printf(&finding->why,
		    "Between two routers a /%u is enough (%s). In a large network whoever scans it "
		    "makes this host look for each address, and fills the neighbour table.",
		    enough, own->address.family == AF_INET ? "RFC 3021" : "RFC 6164");
	text_printf(&finding->line, "links: { %s: { addresses: [\"%s/%u\"] } }", link, address,
		    enough);
	text_printf(&finding->command, "%s address add %s/%u dev %s; %s address del %s dev %s",
		    ip_command(own->address.family), address, enough, link,
		    ip_command(own->address.family), network, link);
}

/* The one before it, by address, is in the same network: it was looked at. */
static bool is_second_of_network(const struct examination *examination, size_t index)
{
	const struct own *own = &examination->own.items[index];

	return index && own[-1].link == own->link && own[-1].network.length == own->network.length &&
	       prefix_holds(&own->network, &own[-1].address);
}

void check_linknets(struct examination *examination)
{
	for (size_t i = 0; i < examination->own.count; i++) {
		const struct own *own = &examination->own.items[i];
		unsigned most = own->address.family == AF_INET ? LINKNET_IPV4 : LINKNET_IPV6;
		const struct host_neighbour *router;

		/* On a host that does not forward, everybody else may just be silent. */
		if (own->network.length > most || address_is_link_local(&own->address) ||
		    is_loopback(examination, own->link) || is_second_of_network(examination, i) ||
		    !link_sysctl(examination, own->address.family,
				 link_name(examination, own->link), "forwarding"))
			continue;
		router = lonely_router(examination, own);
		if (router)
			tell_linknet(examination, own, router);
	}
}

static void tell_mtu(struct examination *examination, const struct host_link *link,
		     const struct host_link *above)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);

	text_printf(&finding->what, "%s has MTU %u, and %s, which it belongs to, %u", link->name,
		    link->mtu, above->name, above->mtu);
	object_print(OBJECT_LINK, link, examination->state, &finding->where);
	text_puts(&finding->why,
		  link->mtu < above->mtu ?
			  "Packets above the smaller one vanish on this member, without "
			  "a word to their sender: small ones pass, large ones stall." :
			  "Packets that come in by it may be larger than those above "
			  "can send on.");
	text_printf(&finding->line, "links: { %s: { mtu: %u } }", link->name, above->mtu);
	text_printf(&finding->command, "ip link set %s mtu %u", link->name, above->mtu);
}

static void tell_vlan_mtu(struct examination *examination, const struct host_link *vlan,
			  const struct host_link *parent)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);

	text_printf(&finding->what, "the VLAN %s has MTU %u, and %s below it only %u", vlan->name,
		    vlan->mtu, parent->name, parent->mtu);
	object_print(OBJECT_LINK, vlan, examination->state, &finding->where);
	text_puts(&finding->why,
		  "Packets above the smaller one vanish without a word to their sender: small ones "
		  "pass, large ones stall.");
	text_printf(&finding->line, "links: { %s: { mtu: %u } }", parent->name, vlan->mtu);
	text_printf(&finding->command, "ip link set %s mtu %u", parent->name, vlan->mtu);
}

static bool is_port_of(const struct host_link *above)
{
	return above->type == LINK_BOND || above->type == LINK_BRIDGE || above->flags & IFF_MASTER;
}

void check_mtu(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, link) {
		const struct host_link *above = state_link(examination->state, link->master);
		const struct host_link *below = state_link(examination->state, link->parent);

		/* A VRF is a master, too, but no packet passes through it. */
		if (above && above->type != LINK_VRF && is_port_of(above) && link->mtu != above->mtu)
			tell_mtu(examination, link, above);
		if (link->type == LINK_VLAN && below && link->mtu > below->mtu)
			tell_vlan_mtu(examination, link, below);
	}
}

static void tell_one_member(struct examination *examination, const struct host_link *bond,
			    size_t members, size_t alive)
{
	struct finding *finding = finding_add(examination, alive ? SEVERITY_WARNING : SEVERITY_ERROR);

	if (alive)
		text_printf(&finding->what, "the bond %s lives by one member of %zu", bond->name,
			    members);
	else
		text_printf(&finding->what, "the bond %s has no live member", bond->name);
	object_print(OBJECT_LINK, bond, examination->state, &finding->where);
	if (members > 1)
		text_puts(&finding->why,
			  "A bond is there to survive the loss of a member: it has lost "
			  "the others already, and nothing told so.");
	else
		text_puts(&finding->why, "A bond of one member survives nothing.");
	text_printf(&finding->line, "links: { %s: { bond: { members: [A, B] } } }", bond->name);
	text_printf(&finding->command, "cat /proc/net/bonding/%s; ip link set MEMBER master %s",
		    bond->name, bond->name);
}

static void tell_no_partner(struct examination *examination, const struct host_link *bond)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);

	text_printf(&finding->what, "nobody speaks LACP at the other end of the bond %s", bond->name);
	object_print(OBJECT_LINK, bond, examination->state, &finding->where);
	text_puts(&finding->why,
		  "In mode 802.3ad, without a partner, one member alone carries traffic, and the "
		  "switch may send to all of them: packets are lost or come twice.");
	text_printf(&finding->line,
		    "links: { %s: { bond: { mode: active-backup } } }, or LACP at the switch",
		    bond->name);
	text_printf(&finding->command, "cat /proc/net/bonding/%s", bond->name);
}

static bool carries(const struct host_link *bond, const struct host_link *member)
{
	if (!(member->flags & IFF_UP) || !(member->flags & IFF_LOWER_UP) || member->port.broken)
		return false;
	return bond->bond.mode != BOND_MODE_8023AD || !bond->bond.aggregator ||
	       member->port.aggregator == bond->bond.aggregator;
}

static void look_at_bond(struct examination *examination, const struct host_link *bond)
{
	static const uint8_t nobody[6];
	size_t members = 0, alive = 0;

	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, member) {
		if (member->master != bond->index)
			continue;
		members++;
		alive += carries(bond, member);
	}
	if (bond->bond.mode == BOND_MODE_8023AD && alive &&
	    !memcmp(bond->bond.partner, nobody, sizeof(nobody)))
		tell_no_partner(examination, bond);
	else if (alive < 2)
		tell_one_member(examination, bond, members, alive);
}

void check_bonds(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_LINK, const struct host_link, bond) {
		if (bond->type == LINK_BOND && bond->flags & IFF_UP)
			look_at_bond(examination, bond);
	}
}
