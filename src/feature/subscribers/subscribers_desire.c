/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Subscribers as objects. On each port: the gateways as addresses without a network, one answer for
 * each network, the responder that guards it, and settings; for each subscriber a route, what is
 * answered to it for itself (nothing), and a neighbour that no limit of the table counts.
 *
 * A route of a subscriber bears the gateway of its network as source, so that the host asks for it by
 * ARP and speaks to it as who it knows. What leads nowhere else is unreachable, under everything that
 * somebody may route.
 */
#include "feature/subscribers/subscribers_work.h"

#include "bpf/neighbours.h"
#include "feature/reception.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <string.h>

#define RP_FILTER "net/ipv4/conf/!/rp_filter"
#define SEND_REDIRECTS "net/ipv4/conf/!/send_redirects"

/* Below every route that people give. */
#define METRIC_UNASSIGNED 65535

/* A port whose link is there. */
struct site {
	const struct roster_port *port;
	struct place place;
	uint32_t link;
	bool up;
};

static struct place place_of_port(const struct work *work, const struct roster_port *port)
{
	return place_known(port->place) ? port->place : work->config->record.place;
}

static struct place place_of_gateway(const struct work *work, unsigned index)
{
	return work->config->gateways.places[index];
}

/* The same network as that of a gateway before it. */
static bool is_told(const struct work *work, unsigned index)
{
	const struct prefix *gateway = work->config->gateways.items;
	struct prefix network = prefix_clean(&gateway[index]);

	for (unsigned i = 0; i < index; i++) {
		struct prefix before = prefix_clean(&gateway[i]);

		if (prefix_compare(&before, &network) == 0)
			return true;
	}
	return false;
}

/* The link-local network is each link's own. */
static bool is_network(const struct work *work, unsigned index)
{
	struct address own =
		prefix_address((const struct prefix *)work->config->gateways.items + index);

	return !address_is_link_local(&own) && !is_told(work, index);
}

static void desire_unassigned(struct work *work)
{
	const struct prefix *gateway = work->config->gateways.items;

	for (unsigned i = 0; i < work->config->gateways.count; i++) {
		struct host_route route = { .table = RT_TABLE_MAIN,
					    .to = prefix_clean(&gateway[i]),
					    .metric = METRIC_UNASSIGNED,
					    .type = RTN_UNREACHABLE,
					    .protocol = HOST_PROTOCOL };

		if (is_network(work, i))
			desire_object(work->desired, OBJECT_ROUTE, place_of_gateway(work, i), &route);
	}
}

/* What a link is part of takes its frames. */
static bool is_part(struct work *work, const struct roster_port *port, const struct known_link *link)
{
	const struct host_link *master = state_link(work->facts->observed, link->master);

	if (!link->master)
		return false;
	if (!master)
		STATE_EACH(&work->desired->state, OBJECT_LINK, const struct host_link, other)
			if (other->index == link->master)
				master = other;
	desire_pending(
		work->desired, place_of_port(work, port),
		master && master->type == LINK_VRF ?
			"port %s is in VRF %s, whose table is another than that of subscribers; "
			"take it out" :
			"port %s is a member of %s, where its frames arrive; name that in its "
			"place",
		port->name, master ? master->name : "another link");
	return true;
}

/* Returns whether there is anything to be done on the port. */
static bool find_site(struct work *work, const struct roster_port *port, struct site *ret_site)
{
	const struct known_link *link = work_link(work, port->name);

	*ret_site = (struct site){ .port = port, .place = place_of_port(work, port) };
	if (!link) {
		desire_pending(work->desired, ret_site->place, "port %s does not exist now",
			       port->name);
		return false;
	}
	if (is_part(work, port, link))
		return false;
	ret_site->link = link->index;
	ret_site->up = link->up;
	if (!link->up)
		desire_pending(work->desired, ret_site->place,
			       "the subscribers on %s wait for it to come up", port->name);
	return true;
}

static void desire_gateways(struct work *work, const struct site *site)
{
	const struct prefix *gateway = work->config->gateways.items;

	for (unsigned i = 0; i < work->config->gateways.count; i++) {
		struct address own = prefix_address(&gateway[i]);
		bool v4 = own.family == AF_INET;
		struct host_address address = {
			.link = site->link,
			.prefix = prefix_of_address(&own),
			.flags = v4 ? 0 : IFA_F_NODAD | IFA_F_NOPREFIXROUTE,
		};

		desire_object(work->desired, OBJECT_ADDRESS, place_of_gateway(work, i), &address);
	}
}

static void desire_networks(struct work *work, const struct site *site)
{
	const struct prefix *gateway = work->config->gateways.items;
	struct reception reception = { .place = site->place, .link = site->link };
	AUTO_MEM struct prefix *heard = mem_alloc((work->config->gateways.count + 1) * sizeof(*heard));

	for (unsigned i = 0; i < work->config->gateways.count; i++) {
		/* As the owner would answer: ndisc6 hears nothing that comes from another address. */
		const uint8_t flags = NEIGHBOURS_OVERRIDE | NEIGHBOURS_TARGET_SOURCE;
		struct host_answer answer = {
			.link = site->link,
			.prefix = prefix_clean(&gateway[i]),
			.verdict = NEIGHBOURS_ANSWER,
			.flags = gateway[i].family == AF_INET6 ? flags : 0,
		};

		if (!is_network(work, i))
			continue;
		desire_object(work->desired, OBJECT_ANSWER, place_of_gateway(work, i), &answer);
		heard[reception.count++] = answer.prefix;
	}
	reception.prefixes = heard;
	desire_reception(work->desired, work->facts, &reception);
}

/* One that a feature before this one desires on the port; or NULL. */
static struct host_responder *said_responder(const struct work *work, uint32_t link)
{
	struct host_responder *said =
		(struct host_responder *)work->desired->state.sets[OBJECT_RESPONDER].items;

	for (size_t i = 0; i < work->said_responders; i++)
		if (said[i].link == link)
			return &said[i];
	return NULL;
}

static void desire_responder(struct work *work, const struct site *site)
{
	const struct roster_port *port = site->port;
	struct host_responder *said = said_responder(work, site->link);
	struct host_responder responder = {
		.link = site->link,
		.way = (uint8_t)work->config->responder,
		.guard = 1,
		.router = 1,
		.owner = port->subscribers == 1 ? work->roster.subscribers.items[port->only].owner : 0,
	};

	/* Whoever answers there for other prefixes does not mind the guard, nor our way if he has none. */
	if (said && said->way && responder.way && said->way != responder.way) {
		diag_between(
			work->desired->diags,
			CONFIG_PLACE(work->config, subscribers_fields, struct subscribers_config,
				     responder),
			said->object.place, -EINVAL,
			"on %s another `responder` is asked for; write the same at both places",
			port->name);
		return;
	}
	if (said) {
		responder.way = responder.way ? responder.way : said->way;
		responder.object = said->object;
		*said = responder;
		return;
	}
	desire_object(work->desired, OBJECT_RESPONDER, site->place, &responder);
}

static void desire_port(struct work *work, const struct site *site)
{
	if (site->up)
		desire_gateways(work, site);
	desire_networks(work, site);
	desire_responder(work, site);
	if (!work->v4)
		return;
	work_setting(work, RP_FILTER, site->port->name, "1", site->place);
	/* Two subscribers of one port meet by us, not by themselves. */
	work_setting(work, SEND_REDIRECTS, site->port->name, "0", site->place);
}

static void desire_own(struct work *work, const struct site *site, const struct subscriber *one,
		       const struct prefix *prefix)
{
	struct host_answer answer = {
		.link = site->link,
		.prefix = *prefix,
		.verdict = NEIGHBOURS_OWN,
		.flags = one->bound ? NEIGHBOURS_BOUND : 0,
		.owner = one->owner,
	};

	memcpy(answer.mac, one->mac, sizeof(answer.mac));
	desire_object(work->desired, OBJECT_ANSWER, site->place, &answer);
}

static void desire_neighbour(struct work *work, const struct site *site,
			     const struct subscriber *one, const struct address *address)
{
	struct host_neighbour neighbour = {
		.link = site->link,
		.address = *address,
		.state = one->bound ? NUD_PERMANENT : 0,
		.flags = one->bound ? 0 : NTF_EXT_LEARNED,
	};

	memcpy(neighbour.mac, one->mac, sizeof(neighbour.mac));
	desire_object(work->desired, OBJECT_NEIGHBOUR, site->place, &neighbour);
}

static struct host_route route_to(const struct site *site, const struct prefix *prefix)
{
	return (struct host_route){
		.table = RT_TABLE_MAIN,
		.to = *prefix,
		.type = RTN_UNICAST,
		.protocol = HOST_PROTOCOL,
		.link = site->link,
	};
}

static void desire_address(struct work *work, const struct site *site, const struct subscriber *one,
			   const struct address *address)
{
	const struct prefix *gateway = work->config->gateways.items;
	struct prefix alone = prefix_of_address(address);
	struct host_route route = route_to(site, &alone);
	int network = roster_network(work->config, address);

	desire_own(work, site, one, &alone);
	if (!site->up)
		return;
	if (network >= 0)
		route.source = prefix_address(&gateway[network]);
	desire_object(work->desired, OBJECT_ROUTE, site->place, &route);
	desire_neighbour(work, site, one, address);
}

/* The first address of the subscriber that is of the family; or NULL. */
static const struct address *first_address(const struct work *work, const struct subscriber *one,
					   uint8_t family)
{
	const struct roster_address *item = &work->roster.addresses.items[one->first_address];

	for (uint32_t i = 0; i < one->addresses; i++)
		if (item[i].address.family == family)
			return &item[i].address;
	return NULL;
}

static void desire_prefix(struct work *work, const struct site *site, const struct subscriber *one,
			  const struct prefix *prefix)
{
	struct host_route route = route_to(site, prefix);
	const struct address *via = prefix->family == AF_INET ? first_address(work, one, AF_INET) :
				    one->via.family	      ? &one->via :
								NULL;

	desire_own(work, site, one, prefix);
	if (!site->up)
		return;
	if (via) {
		route.via = *via;
		/* It is on no network that Linux could find it by. */
		route.onlink = prefix->family == AF_INET;
	}
	desire_object(work->desired, OBJECT_ROUTE, site->place, &route);
}

static void desire_subscriber(struct work *work, const struct site *port, const struct subscriber *one)
{
	struct site site = *port;
	const struct roster_address *address = &work->roster.addresses.items[one->first_address];
	const struct roster_prefix *prefix = &work->roster.prefixes.items[one->first_prefix];
	struct place place = place_known(one->place) ? one->place : port->place;

	for (uint32_t i = 0; i < one->addresses; i++) {
		site.place = place_known(address[i].place) ? address[i].place : place;
		desire_address(work, &site, one, &address[i].address);
	}
	for (uint32_t i = 0; i < one->prefixes; i++) {
		site.place = place_known(prefix[i].place) ? prefix[i].place : place;
		desire_prefix(work, &site, one, &prefix[i].prefix);
	}
	site.place = place_known(one->via_place) ? one->via_place : place;
	if (one->via.family && site.up)
		desire_neighbour(work, &site, one, &one->via);
}

void subscribers_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	struct work work;
	AUTO_MEM struct site *sites = NULL;

	work_begin(&work, config, facts, ret_desired);
	sites = mem_alloc((work.roster.ports.count + 1) * sizeof(*sites));
	work_forwarding(&work, work.config->record.place);
	if (work.v4)
		work_setting(&work, SEND_REDIRECTS, "all", "0", work.config->record.place);
	if (work.config->unassigned == UNASSIGNED_UNREACHABLE)
		desire_unassigned(&work);
	for (size_t i = 0; i < work.roster.ports.count; i++)
		if (find_site(&work, &work.roster.ports.items[i], &sites[i]))
			desire_port(&work, &sites[i]);
	for (size_t i = 0; i < work.roster.subscribers.count; i++) {
		const struct subscriber *one = &work.roster.subscribers.items[i];
		const struct roster_port *port = one->left_out ?
							 NULL :
							 roster_port(&work.roster, one->port);
		const struct site *site = port ? &sites[port - work.roster.ports.items] : NULL;

		if (site && site->link)
			desire_subscriber(&work, site, one);
	}
	work_end(&work);
}
