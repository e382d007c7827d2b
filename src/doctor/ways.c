/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways that packets would take, by the model of the kernel's look-up: where they go astray. */
#include "doctor/check.h"

#include <stdio.h>
#include <string.h>

/* Look-ups of one round: a full table would say the same of each of its routes. */
#define LOOKUPS_MOST 4096

/* Somewhere far away, in the networks that are for examples only (RFC 5737, RFC 3849). */
static const struct address far_away[] = {
	{ AF_INET, { 198, 51, 100, 1 } },
	{ AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 1 } },
};

static struct address far_from_here(uint8_t family)
{
	return far_away[family == AF_INET6];
}

/* One host of @prefix. */
static struct address somebody_in(const struct prefix *prefix)
{
	struct address address = prefix_address(prefix);

	if (!prefix->length)
		return far_from_here(prefix->family);
	if (prefix->length < address_bits(prefix->family) - 1)
		address.bytes[address_size(prefix->family) - 1] |= 1;
	return address;
}

/* An address of ours on @link, of that family; or NULL. */
static const struct own *own_on(const struct examination *examination, uint8_t family, uint32_t link)
{
	for (size_t i = 0; i < examination->own.count; i++)
		if (examination->own.items[i].link == link &&
		    examination->own.items[i].address.family == family)
			return &examination->own.items[i];
	return NULL;
}

static void tell_strict(struct examination *examination, const struct host_route *route,
			uint32_t link, const struct verdict *verdict)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	const char *name = link_name(examination, link);
	char to[ADDRESS_TEXT_SIZE];

	text_printf(&finding->what, "strict rp_filter on %s drops what comes in from %s", name,
		    route->to.length ? prefix_text(&route->to, to) : "the world");
	object_print(OBJECT_ROUTE, route, examination->state, &finding->where);
	text_printf(&finding->why,
		    "A route leads there out of %s, but not for the packets' own way back, which ",
		    name);
	if (verdict->back)
		object_print(OBJECT_ROUTE, verdict->back, examination->state, &finding->why);
	else
		text_puts(&finding->why, "does not exist");
	text_puts(&finding->why, verdict->back ? " takes: the kernel takes them for forged." :
						 ": the kernel takes them for forged.");
	text_printf(&finding->line, "links: { %s: { rp-filter: loose } }", name);
	text_printf(&finding->command, "sysctl -w net.ipv4.conf.%s.rp_filter=2", name);
}

/* What comes in by a link that a route to its source leaves by. */
static void look_at_rp_filter(struct examination *examination, const struct host_route *route,
			      const struct way *way)
{
	const struct own *own = own_on(examination, AF_INET, way->link);
	struct flow flow = { .in = way->link, .from = somebody_in(&route->to) };
	struct verdict verdict;

	if (!own)
		return;
	flow.to = own->address;
	model_lookup(examination->model, &flow, &verdict);
	if (verdict.end == END_RP_FILTER && verdict.rp_filter == 1)
		tell_strict(examination, route, way->link, &verdict);
}

void check_rp_filter(struct examination *examination)
{
	struct way ways[WAYS_MAX];
	size_t lookups = 0;

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		size_t count = route->to.family == AF_INET && route->table != RT_TABLE_LOCAL ?
				       route_ways(examination, route, ways) :
				       0;

		for (size_t i = 0; i < count; i++) {
			const struct host_link *link = state_link(examination->state, ways[i].link);

			if (!link || !ways[i].via.family ||
			    link_sysctl(examination, AF_INET, link->name, "rp_filter") != 1)
				continue;
			if (++lookups > LOOKUPS_MOST)
				return;
			look_at_rp_filter(examination, route, &ways[i]);
		}
	}
}

static void tell_service(struct examination *examination, const struct service *service,
			 const struct own *own, const struct verdict_hop *hop)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	const char *here = link_name(examination, own->link);
	char address[ADDRESS_TEXT_SIZE], endpoint[ENDPOINT_TEXT_SIZE];
	const char *ip = ip_command(own->address.family);

	address_text(&own->address, address);
	text_printf(&finding->what, "what is answered from %s on %s leaves by %s", address, here,
		    link_name(examination, hop->link));
	text_printf(&finding->where, "%s %s", service->protocol == IPPROTO_TCP ? "tcp" : "udp",
		    endpoint_text(&service->address, service->port, endpoint));
	text_printf(&finding->why,
		    "The default route and the address of this service are on different links: "
		    "firewalls and providers beyond %s drop packets from an address that is not at "
		    "home there.",
		    link_name(examination, hop->link));
	text_puts(&finding->line, "routing: { symmetric: true }");
	text_printf(&finding->command,
		    "%s route add default via GATEWAY dev %s table 1001 && "
		    "%s rule add from %s table 1001",
		    ip, here, ip, address);
}

/* A link that carries addresses for others: they are at home on no wire. */
static bool is_a_wire(const struct examination *examination, uint32_t index)
{
	const struct host_link *link = state_link(examination->state, index);

	return link && link->flags & IFF_UP && !(link->flags & IFF_LOOPBACK) &&
	       link->type != LINK_DUMMY;
}

static void look_at_service(struct examination *examination, const struct service *service)
{
	const struct own *own = own_find(examination, &service->address);
	struct flow flow = { .from = service->address, .ip_protocol = service->protocol };
	struct verdict verdict;

	if (!own || !is_a_wire(examination, own->link) || address_is_link_local(&own->address))
		return;
	flow.to = far_from_here(service->address.family);
	flow.sport = service->port;
	model_lookup(examination->model, &flow, &verdict);
	if (verdict.end != END_LEAVES || verdict.doubts)
		return;
	for (unsigned i = 0; i < verdict.hop_count && i < NEXTHOP_MEMBERS; i++)
		if (verdict.hops[i].link == own->link)
			return;
	tell_service(examination, service, own, &verdict.hops[0]);
}

void check_services(struct examination *examination)
{
	for (size_t i = 0; i < examination->patient->service_count; i++)
		look_at_service(examination, &examination->patient->services[i]);
}
