/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom programs talk to, by sock_diag(7), and how full the neighbour tables are. The limit of
 * those, gc_thresh3, stands below /proc/sys in the initial network namespace alone; the kernel tells
 * it to everybody by RTM_GETNEIGHTBL, and with it the count, which is that of the whole machine.
 */
#include "host/peers.h"

#include "host/diag_dump.h"
#include "host/inside.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

struct search {
	const uint16_t *ports; /* NULL = all */
	size_t port_count;
	uint32_t states; /* bits of TCP_* */
	uint8_t protocol;
	struct host_peers *into;
};

static bool is_wanted(const struct search *search, uint16_t port)
{
	for (size_t i = 0; i < search->port_count; i++)
		if (search->ports[i] == port)
			return true;
	return !search->ports;
}

/* IPv4 in the clothes of IPv6 is IPv4. */
static struct address take_address(uint8_t family, const void *bytes)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct address address = { .family = family };
	uint16_t port;

	memcpy(address.bytes, bytes, family == AF_INET ? 4 : 16);
	if (family == AF_INET6) {
		memcpy(&mapped.sin6_addr, bytes, 16);
		(void)address_from_sockaddr(&mapped, &address, &port);
	}
	return address;
}

static int on_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	const struct search *search = data;
	struct host_peer *peer;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket) ||
	    !is_wanted(search, ntohs(socket->id.idiag_dport)))
		return MNL_CB_OK;
	peer = VEC_PUSH(&search->into->items);
	peer->protocol = search->protocol;
	peer->address = take_address(socket->idiag_family, socket->id.idiag_dst);
	peer->own = take_address(socket->idiag_family, socket->id.idiag_src);
	peer->port = ntohs(socket->id.idiag_dport);
	peer->own_port = ntohs(socket->id.idiag_sport);
	peer->uid = socket->idiag_uid;
	return MNL_CB_OK;
}

static int compare_peers(const void *a, const void *b)
{
	const struct host_peer *one = a, *other = b;
	int order = address_compare(&one->address, &other->address);

	if (order)
		return order;
	return one->port != other->port ? (int)one->port - (int)other->port :
					  (int)one->own_port - (int)other->own_port;
}

static int search_sockets(struct search *search)
{
	return diag_dump(search->protocol, search->states, on_socket, search);
}

static int search_end(int r, struct host_peers *peers, struct host_peers *ret_peers)
{
	if (r < 0) {
		host_peers_free(peers);
		return r;
	}
	if (peers->items.count)
		qsort(peers->items.items, peers->items.count, sizeof(struct host_peer),
		      compare_peers);
	*ret_peers = *peers;
	return 0;
}

int host_peers(const uint16_t *ports, size_t count, struct host_peers *ret_peers)
{
	struct host_peers peers = { 0 };
	struct search search = { .ports = ports,
				 .port_count = count,
				 .states = 1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT,
				 .protocol = IPPROTO_UDP,
				 .into = &peers };
	int r = search_sockets(&search);

	search.protocol = IPPROTO_TCP;
	if (r == 0)
		r = search_sockets(&search);
	return search_end(r, &peers, ret_peers);
}

int host_tcp_servers(struct host_peers *ret_servers)
{
	struct host_peers servers = { 0 };
	struct search search = { .states = 1u << TCP_LISTEN,
				 .protocol = IPPROTO_TCP,
				 .into = &servers };

	return search_end(search_sockets(&search), &servers, ret_servers);
}

void host_peers_free(struct host_peers *peers)
{
	VEC_FREE(&peers->items);
}

/* An attribute of at least @size bytes, copied; else nothing happens. */
static void take_bytes(const struct nlattr *attribute, size_t offset, void *into, size_t size)
{
	if (mnl_attr_get_payload_len(attribute) >= offset + size)
		memcpy(into, (const char *)mnl_attr_get_payload(attribute) + offset, size);
}

static void on_table(void *data, const struct nlmsghdr *message)
{
	const struct ndtmsg *header = NLMSG_DATA(message);
	struct host_neighbour_table table = { 0 }, *tables = data;
	const struct nlattr *attribute = NULL;

	if (message->nlmsg_type != RTM_NEWNEIGHTBL ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		switch (mnl_attr_get_type(attribute)) {
		case NDTA_THRESH3:
			take_bytes(attribute, 0, &table.limit, sizeof(table.limit));
			break;
		case NDTA_CONFIG:
			take_bytes(attribute, offsetof(struct ndt_config, ndtc_entries),
				   &table.entries, sizeof(table.entries));
			break;
		case NDTA_STATS:
			take_bytes(attribute, offsetof(struct ndt_stats, ndts_table_fulls),
				   &table.refused, sizeof(table.refused));
			break;
		}
	}
	/* Behind the table itself come its settings for each link, which have no limit. */
	if (table.limit && header->ndtm_family == AF_INET)
		tables[0] = table;
	if (table.limit && header->ndtm_family == AF_INET6)
		tables[1] = table;
}

int host_neighbour_tables(struct host *host, struct host_neighbour_table ret_tables[2])
{
	char buffer[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct host_neighbour_table tables[2] = { 0 };
	int r;

	request->nlmsg_type = RTM_GETNEIGHTBL;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ndtmsg));
	r = netlink_dump(&host->requests, request, on_table, tables);
	if (r < 0 && r != -EINTR)
		return r;
	memcpy(ret_tables, tables, sizeof(tables));
	return 0;
}
