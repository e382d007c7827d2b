/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server does when it answers cannot be read off its socket; it is told by what the programs
 * saw of its port. A server that does several things is named after the one that needs most help.
 */
#include "feature/replies/replies.h"

/* It is one of several sockets of a port, of one user, each on an address of its own. */
static bool is_one_of_many(const struct host_servers *servers, const struct host_server *server)
{
	for (size_t i = 0; i < servers->items.count; i++) {
		const struct host_server *other = &servers->items.items[i];

		if (other->port == server->port && other->uid == server->uid &&
		    !address_is_unspecified(&other->address) &&
		    address_compare(&other->address, &server->address) != 0)
			return true;
	}
	return false;
}

static void sum_up(const struct host_servers *servers, const struct host_server *server,
		   struct reply_evidence *seen)
{
	for (size_t i = 0; i < servers->evidences.count; i++) {
		const struct replies_evidence *evidence = &servers->evidences.items[i];
		bool its = evidence->family == server->address.family ||
			   (server->address.family == AF_INET6 && !server->only_v6);

		if (evidence->port != server->port || !its)
			continue;
		seen->rewritten += evidence->rewritten;
		seen->chosen += evidence->chosen;
		seen->connects += evidence->connects;
	}
}

enum reply_class reply_classify(const struct host_servers *servers,
				const struct host_server *server, struct reply_evidence *ret_seen)
{
	*ret_seen = (struct reply_evidence){ 0 };
	if (!address_is_unspecified(&server->address))
		return is_one_of_many(servers, server) ? REPLY_LISTS : REPLY_BOUND;
	sum_up(servers, server, ret_seen);
	if (ret_seen->connects)
		return REPLY_CONNECTS;
	if (!host_server_is_hooked(servers, server))
		return REPLY_UNHOOKED;
	if (ret_seen->rewritten)
		return REPLY_UNCONNECTED;
	return ret_seen->chosen ? REPLY_PACKET_INFORMATION : REPLY_UNSEEN;
}
