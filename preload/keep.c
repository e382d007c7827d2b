/* SPDX-License-Identifier: MIT */
/*
 * The address of a socket that is bound to the wildcard already.
 *
 * bind() works once. But connect() of UDP fills in the local address when there is none, and leaves
 * it alone when there is one (net/ipv4/datagram.c and net/ipv6/datagram.c, 6.1): so the first of
 * two connects may choose it.
 *
 * - IPv4: when the peer is a multicast group, the address that IP_MULTICAST_IF names is taken; and it may
 *   name any address that is local here. So: connect to a group, then to the peer. Nothing is sent by it.
 * - IPv6: has no such option, but when the peer is an address of this host, that address is its own
 *   best source
 *   (RFC 6724, section 5, rule 1). Only if a link bears it: what is local by a route is no candidate.
 *
 * The socket stays the same one: its queue, its options and memberships, its duplicates, forked
 * copies, threads that wait for it and epolls that watch it know of nothing. That is why this is
 * tried first.
 *
 * Between the two connects, a few microseconds, datagrams of the peer would find no socket and be
 * refused. So another socket, bound to the address and connected to the peer, stands by from before
 * until after. Mostly it catches nothing, and is closed. When it did, it takes the place of the
 * first, whose queue is older.
 */
#include "dial.h"

#include <errno.h>

#include "ask.h"
#include "real.h"

/* All hosts (RFC 1112, section 4). Groups of this block need no route. */
#define ANY_GROUP 0xe0000001u
#define DISCARD_PORT 9

static int connect_to(int fd, const union mh_endpoint *peer)
{
	return real()->connect(fd, &peer->any, ask_length(peer)) < 0 ? -errno : 0;
}

static int address_set_v4(const struct dial *dial, const struct mh_address *address)
{
	const struct mh_address group = { AF_INET, { 0xe0, 0, 0, 1 } };
	struct ip_mreqn by = { .imr_ifindex = dial->device };
	struct in_addr before;
	socklen_t length = sizeof(before);
	union mh_endpoint to;
	int r;

	r = ask_endpoint(dial->family, &group, htons(DISCARD_PORT), 0, &to);
	if (r < 0)
		return r;
	if (getsockopt(dial->fd, SOL_IP, IP_MULTICAST_IF, &before, &length) < 0)
		return -errno;
	memcpy(&by.imr_address, address->bytes, 4);
	if (real()->setsockopt(dial->fd, SOL_IP, IP_MULTICAST_IF, &by, sizeof(by)) < 0)
		return -errno;
	r = connect_to(dial->fd, &to);
	real()->setsockopt(dial->fd, SOL_IP, IP_MULTICAST_IF, &before, sizeof(before));
	return r;
}

static int address_set(const struct dial *dial)
{
	struct mh_address address = mh_address_of_endpoint(&dial->own);

	/* To itself: the port is nobody's but its own. */
	return address.family == AF_INET ? address_set_v4(dial, &address) :
					   connect_to(dial->fd, &dial->own);
}

/* Ends the catching. Whatever was caught is in the queue of .side when this returns true. */
static bool caught(const struct dial *dial)
{
	/* From here on, nobody is heard by it but itself. */
	return connect_to(dial->side, &dial->own) == 0 && ask_waits(dial->side);
}

int dial_keep(struct dial *dial)
{
	bool catching = dial->side >= 0 && real()->connect(dial->side, dial->peer, dial->length) == 0;
	union mh_endpoint local;
	int r = address_set(dial);

	if (!r && real()->connect(dial->fd, dial->peer, dial->length) < 0)
		r = -errno;
	if (!r)
		r = ask_local(dial->fd, &local);
	if (!r && !ask_equal(&local, &dial->own))
		r = -EADDRNOTAVAIL;
	if (r < 0) {
		ask_disconnect(dial->fd);
		if (!catching || ask_disconnect(dial->side) < 0)
			return dial_plain(dial);
		return dial_swap(dial);
	}
	if (catching && caught(dial) && real()->connect(dial->side, dial->peer, dial->length) == 0)
		dial_install(dial, false);
	dial_side_close(dial);
	return 0;
}
