/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What concerns the machine, or programs that run on it. */
#include "doctor/check.h"

#include <stdio.h>
#include <string.h>

/* Of the neighbour table's limit, in hundredths. */
#define NEAR_FULL 80
#define FULL 95

#define PORT_DHCP_CLIENT 68
#define PORT_DHCPV6_CLIENT 546
#define PORT_MDNS 5353
#define PORT_LLMNR 5355

static void tell_table(struct examination *examination, uint8_t family, unsigned entries,
		       const struct host_neighbour_table *table)
{
	bool full = (uint64_t)entries * 100 >= (uint64_t)table->limit * FULL;
	struct finding *finding = finding_add(examination, full ? SEVERITY_ERROR : SEVERITY_WARNING);
	const char *name = family == AF_INET ? "IPv4" : "IPv6";
	unsigned room = table->limit;

	while (room < 4 * entries)
		room *= 2;
	text_printf(&finding->what,
		    "the %s neighbour table of this machine has %u of at most %u entries", name,
		    entries, table->limit);
	text_printf(&finding->where, "ip ntable show name %s",
		    family == AF_INET ? "arp_cache" : "ndisc_cache");
	text_puts(&finding->why,
		  "It is one table for all network namespaces. When it is full, new neighbours are "
		  "refused (\"neighbour table overflow\", or only \"net_ratelimit: callbacks "
		  "suppressed\" in the log), and everything crawls.");
	text_printf(
		&finding->command,
		"in the initial network namespace: sysctl -w net.%s.neigh.default.gc_thresh3=%u",
		family == AF_INET ? "ipv4" : "ipv6", room);
}

/*
 * Those that are exempt from the limit are entries all the same. Where there are more than the limit lets in,
 * other network namespaces have such, and how full the table is cannot be told.
 */
void check_neighbour_tables(struct examination *examination)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct host_neighbour_table *table = &examination->patient->tables[i];
		unsigned exempt = neighbours_exempt(examination, families[i]);
		unsigned entries = table->entries > exempt ? table->entries - exempt : 0;

		if (table->limit && entries <= table->limit + table->limit / 8 &&
		    (uint64_t)entries * 100 >= (uint64_t)table->limit * NEAR_FULL)
			tell_table(examination, families[i], entries, table);
	}
}

/* How many addresses a client could ask; a whole prefix that is taken as local is many. */
static size_t askable(const struct examination *examination, uint8_t family)
{
	size_t count = 0;

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		const struct host_link *link = state_link(examination->state, route->link);
		struct address to = prefix_address(&route->to);

		if (route->to.family != family || route->table != RT_TABLE_LOCAL ||
		    route->type != RTN_LOCAL || address_is_link_local(&to))
			continue;
		if (route->to.length < address_bits(family))
			count += !(link && link->flags & IFF_LOOPBACK) || to.bytes[0] != 127 ? 2 : 0;
		else if (to.bytes[0] != 127 && !(link && link->flags & IFF_LOOPBACK))
			count++;
	}
	return count;
}

static bool mends_itself(const struct host_servers *servers, const struct host_server *server)
{
	for (size_t i = 0; i < servers->evidences.count; i++) {
		const struct replies_evidence *evidence = &servers->evidences.items[i];

		if (evidence->port == server->port && evidence->chosen)
			return true;
	}
	return false;
}

/* Clients, which send first, and those that talk to groups. */
static bool is_no_server(const struct patient *patient, const struct host_server *server)
{
	return server->port == PORT_DHCP_CLIENT || server->port == PORT_DHCPV6_CLIENT ||
	       server->port == PORT_MDNS || server->port == PORT_LLMNR ||
	       (patient->ephemeral_last && server->port >= patient->ephemeral_first &&
		server->port <= patient->ephemeral_last);
}

static void tell_server(struct examination *examination, const struct host_server *server)
{
	struct finding *finding = finding_add(examination, SEVERITY_NOTE);
	char endpoint[ENDPOINT_TEXT_SIZE];

	text_printf(&finding->what,
		    "the UDP server of port %u may answer from another address than the one asked",
		    server->port);
	text_printf(&finding->where, "udp %s uid %u inode %u",
		    endpoint_text(&server->address, server->port, endpoint), server->uid,
		    server->inode);
	text_puts(&finding->why, "It listens on all addresses of a host that has several. Unless "
				 "it takes care itself "
				 "(packet information), the kernel chooses the source of its "
				 "answers by the way to the "
				 "client, and clients and firewalls drop what they did not ask.");
	text_puts(&finding->line, "replies: [ { cgroup: system.slice/NAME.service } ]");
	text_printf(&finding->command, "mhctl run -- PROGRAM; who it is: ss -ulpnH sport = :%u",
		    server->port);
}

void check_udp_servers(struct examination *examination)
{
	const struct host_servers *servers = examination->patient->servers;
	bool many[2] = { askable(examination, AF_INET) > 1, askable(examination, AF_INET6) > 1 };
	uint32_t told = 0;

	for (size_t i = 0; servers && i < servers->items.count; i++) {
		const struct host_server *server = &servers->items.items[i];
		bool asked = server->address.family == AF_INET ?
				     many[0] :
				     many[1] || (many[0] && !server->only_v6);

		/* One of a port is told: they are sorted by port. */
		if (!asked || told == server->port || server->link ||
		    !address_is_unspecified(&server->address) ||
		    is_no_server(examination->patient, server) ||
		    host_server_is_hooked(servers, server) || mends_itself(servers, server))
			continue;
		told = server->port;
		tell_server(examination, server);
	}
}
