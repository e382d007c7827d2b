/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routes that lead nowhere, or somewhere else than anybody meant: the mistakes that were made on a
 * gateway of a university's wireless network, where each of them cost a night.
 */
#include "doctor/check.h"

#include <string.h>

/* So many addresses behind one MAC are a router that answers for all of them. */
#define PROXIED_LEAST 8
/* A network that is on-link and as wide as this can fill any neighbour table. */
#define BROAD_IPV4 16
#define BROAD_IPV6 48

/* A line of our file for a route, with a gateway that the reader has to fill in. */
static void route_line(struct examination *examination, const struct host_route *route,
		       uint32_t link, struct text *text)
{
	char to[ADDRESS_TEXT_SIZE], table[16];
	const char *name = link_name(examination, link);

	destination_text(&route->to, to);
	if (route->table == RT_TABLE_MAIN)
		text_printf(text, "routing: { routes: [ { to: \"%s\", via: GATEWAY, link: %s } ] }",
			    to, name);
	else
		text_printf(text,
			    "routing: { tables: { %s: { routes: [ { to: \"%s\", via: GATEWAY, "
			    "link: %s } ] } } }",
			    table_name(route->table, table), to, name);
}

static void route_command(struct examination *examination, const struct host_route *route,
			  uint32_t link, struct text *text)
{
	char to[ADDRESS_TEXT_SIZE], table[16];

	text_printf(text, "%s route replace %s via GATEWAY dev %s table %s",
		    ip_command(route->to.family), destination_text(&route->to, to),
		    link_name(examination, link), table_name(route->table, table));
	if (route->metric)
		text_printf(text, " metric %u", route->metric);
}

static void tell_own_gateway(struct examination *examination, const struct host_route *route,
			     const struct way *way)
{
	struct finding *finding = finding_add(examination, SEVERITY_ERROR);
	char via[ADDRESS_TEXT_SIZE], to[ADDRESS_TEXT_SIZE];

	text_printf(&finding->what, "the gateway of the route to %s is this host's own address %s",
		    destination_text(&route->to, to), address_text(&way->via, via));
	object_print(OBJECT_ROUTE, route, examination->state, &finding->where);
	text_printf(
		&finding->why,
		"No router stands at that address: packets end here, or %s is asked for each "
		"destination as if it were a neighbour, which works for as long as a router there "
		"answers for everybody, and fills the neighbour table.",
		link_name(examination, way->link));
	route_line(examination, route, way->link, &finding->line);
	route_command(examination, route, way->link, &finding->command);
}

void check_own_gateway(struct examination *examination)
{
	struct way ways[WAYS_MAX];

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		size_t count = route_ways(examination, route, ways);

		for (size_t i = 0; i < count; i++)
			if (ways[i].via.family && own_find(examination, &ways[i].via))
				tell_own_gateway(examination, route, &ways[i]);
	}
}

/* What an address of ours makes on-link by itself. */
static bool is_connected(const struct examination *examination, const struct prefix *prefix,
			 uint32_t link)
{
	for (size_t i = 0; i < examination->own.count; i++) {
		struct prefix network = prefix_clean(&examination->own.items[i].network);

		if (examination->own.items[i].link == link && prefix_covers(&network, prefix))
			return true;
	}
	return false;
}

/* A link that asks for the MAC of whomever it sends to. */
static bool asks_for_neighbours(const struct examination *examination, uint32_t index)
{
	const struct host_link *link = state_link(examination->state, index);

	return link && !(link->flags & (IFF_LOOPBACK | IFF_POINTOPOINT | IFF_NOARP)) &&
	       memcmp(link->mac, (const uint8_t[6]){ 0 }, sizeof(link->mac)) != 0;
}

struct crowd {
	uint8_t mac[6];
	size_t count; /* neighbours with that MAC */
};

static void crowd_add(struct crowd crowds[], size_t room, const uint8_t mac[6])
{
	for (size_t i = 0; i < room; i++) {
		if (crowds[i].count && memcmp(crowds[i].mac, mac, 6) != 0)
			continue;
		memcpy(crowds[i].mac, mac, 6);
		crowds[i].count++;
		return;
	}
}

/*
 * The largest crowd of neighbours that share a MAC, beyond the networks of our own addresses: of the
 * first few MACs, since one that answers for all is soon among them.
 */
static struct crowd largest_crowd(const struct examination *examination,
				  const struct host_route *route, uint32_t link)
{
	struct crowd crowds[32] = { 0 }, largest = { 0 };
	static const uint8_t none[6];

	STATE_EACH(examination->state, OBJECT_NEIGHBOUR, const struct host_neighbour, neighbour) {
		struct prefix prefix = prefix_of_address(&neighbour->address);

		if (neighbour->link == link && memcmp(neighbour->mac, none, 6) != 0 &&
		    prefix_holds(&route->to, &neighbour->address) &&
		    !is_connected(examination, &prefix, link))
			crowd_add(crowds, ARRAY_SIZE(crowds), neighbour->mac);
	}
	for (size_t i = 0; i < ARRAY_SIZE(crowds); i++)
		if (crowds[i].count > largest.count)
			largest = crowds[i];
	return largest;
}

static void tell_on_link(struct examination *examination, const struct host_route *route,
			 uint32_t link, const struct crowd *crowd)
{
	bool proxied = crowd->count >= PROXIED_LEAST;
	struct finding *finding = finding_add(examination,
					      proxied ? SEVERITY_ERROR : SEVERITY_WARNING);
	const char *name = link_name(examination, link);
	char to[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	destination_text(&route->to, to);
	if (proxied)
		text_printf(
			&finding->what,
			"%zu neighbours on %s have one MAC, %s: the route to %s names no gateway",
			crowd->count, name, mac_text(crowd->mac, mac), to);
	else
		text_printf(&finding->what, "the route to %s names no gateway on %s", to, name);
	object_print(OBJECT_ROUTE, route, examination->state, &finding->where);
	text_puts(&finding->why,
		  proxied ? "A router answers for all of them (proxy ARP), and each destination "
			    "takes an entry of its own in the neighbour table, until that is full "
			    "and everything crawls." :
			    "Each destination is looked for as a neighbour: nobody answers, or a "
			    "router does for all (proxy ARP) and the neighbour table fills.");
	route_line(examination, route, link, &finding->line);
	route_command(examination, route, link, &finding->command);
}

static bool is_broad(const struct prefix *prefix)
{
	if (prefix->family == AF_INET)
		return prefix->length <= BROAD_IPV4;
	/* Multicast has no gateway, and link-local addresses are at home on each link. */
	return prefix->length <= BROAD_IPV6 && prefix->bytes[0] != 0xff && prefix->bytes[0] != 0xfe;
}

void check_on_link(struct examination *examination)
{
	struct way ways[WAYS_MAX];

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		size_t count = route->table == RT_TABLE_LOCAL ? 0 :
								route_ways(examination, route, ways);

		for (size_t i = 0; i < count; i++) {
			uint32_t link = ways[i].link;
			struct crowd crowd;

			/* Of several next hops of somebody else only the first is known. */
			if (ways[i].via.family || route->hops ||
			    route->to.length == address_bits(route->to.family) ||
			    !asks_for_neighbours(examination, link) ||
			    is_connected(examination, &route->to, link))
				continue;
			crowd = largest_crowd(examination, route, link);
			if (crowd.count >= PROXIED_LEAST || is_broad(&route->to))
				tell_on_link(examination, route, link, &crowd);
		}
	}
}

/* The blocks that are private: who is in one of them is sooner met where we are in it, too. */
static const struct prefix private_blocks[] = {
	{ AF_INET, 8, { 10 } },	      { AF_INET, 12, { 172, 16 } }, { AF_INET, 16, { 192, 168 } },
	{ AF_INET, 10, { 100, 64 } }, { AF_INET6, 7, { 0xfc } },
};

static const struct prefix *private_block(const struct address *address)
{
	for (size_t i = 0; i < ARRAY_SIZE(private_blocks); i++)
		if (prefix_holds(&private_blocks[i], address))
			return &private_blocks[i];
	return NULL;
}

/* The default route of table main, of the lowest metric. */
static const struct host_route *default_route(const struct examination *examination, uint8_t family)
{
	const struct host_route like = { .table = RT_TABLE_MAIN, .to = { .family = family } };
	size_t index = state_lower_bound(examination->state, OBJECT_ROUTE, &like);
	const struct host_route *route = index < state_count(examination->state, OBJECT_ROUTE) ?
						 state_at(examination->state, OBJECT_ROUTE, index) :
						 NULL;

	return route && route->table == RT_TABLE_MAIN && route->to.family == family &&
			       !route->to.length ?
		       route :
		       NULL;
}

/* No route of table main but the default one leads to @address. */
static bool leaves_by_default(const struct examination *examination, const struct address *address)
{
	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		if (route->table == RT_TABLE_MAIN && route->to.length &&
		    prefix_holds(&route->to, address))
			return false;
	}
	return true;
}

static void tell_log_server(struct examination *examination, const struct log_server *server,
			    uint32_t link, const struct own *nearer)
{
	struct finding *finding = finding_add(examination, SEVERITY_WARNING);
	char address[ADDRESS_TEXT_SIZE], own[ADDRESS_TEXT_SIZE];
	const char *near = link_name(examination, nearer->link);

	address_text(&server->address, address);
	address_text(&nearer->address, own);
	text_printf(&finding->what, "the log server %s is sent for out of %s, by the default route",
		    address, link_name(examination, link));
	text_printf(&finding->where, "%s; %s on %s is in the same private network", server->source,
		    own, near);
	text_printf(
		&finding->why,
		"A private address is hardly met where the default route leads: the log server "
		"hears nothing, and syslog does not notice. One route is enough; one for the whole "
		"network would take others along.");
	text_printf(&finding->line,
		    "routing: { routes: [ { to: \"%s\", via: GATEWAY, link: %s } ] }", address, near);
	text_printf(&finding->command, "%s route add %s via GATEWAY dev %s src %s",
		    ip_command(server->address.family), address, near, own);
}

/* The address of ours on another link that is in one private network with the log server. */
static const struct own *nearer_than(const struct examination *examination,
				     const struct address *server, uint32_t link)
{
	const struct prefix *block = private_block(server);

	for (size_t i = 0; block && i < examination->own.count; i++) {
		const struct own *own = &examination->own.items[i];

		if (own->link != link && prefix_holds(block, &own->address))
			return own;
	}
	return NULL;
}

/* Whether an address of ours on @link is in one private network with the log server. */
static bool is_near(const struct examination *examination, const struct address *server, uint32_t link)
{
	const struct prefix *block = private_block(server);

	for (size_t i = 0; block && i < examination->own.count; i++)
		if (examination->own.items[i].link == link &&
		    prefix_holds(block, &examination->own.items[i].address))
			return true;
	return false;
}

void check_log_server(struct examination *examination)
{
	for (size_t i = 0; i < examination->patient->log_server_count; i++) {
		const struct log_server *server = &examination->patient->log_servers[i];
		const struct host_route *route = default_route(examination, server->address.family);
		struct way ways[WAYS_MAX];
		const struct own *nearer;

		if (!route || !route_ways(examination, route, ways) ||
		    is_near(examination, &server->address, ways[0].link) ||
		    !leaves_by_default(examination, &server->address))
			continue;
		nearer = nearer_than(examination, &server->address, ways[0].link);
		if (nearer)
			tell_log_server(examination, server, ways[0].link, nearer);
	}
}
