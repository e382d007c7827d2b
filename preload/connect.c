/* SPDX-License-Identifier: MIT */
/*
 * connect(), interposed: a UDP server that connects to who asked it gets the address asked as its
 * own.
 *
 * The kernel chooses the local address by the route to the peer, for want of better knowledge; the
 * peer, which asked another address, then drops every answer. Here it is known.
 *
 * Nothing is done where the kernel's choice is the right one, which a socket beside finds out;
 * where the program bound an address itself; where the peer has asked nothing. Whatever fails
 * leaves the plain connect().
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "dial.h"
#include "preload.h"
#include "real.h"
#include "receive.h"
#include "watch.h"

/* The peer as one of ours, or false when it is no host. */
static bool peer_read(const struct sockaddr *peer, socklen_t length, union mh_endpoint *ret_peer)
{
	union mh_endpoint copy = { 0 };
	struct mh_address address;

	if (!peer || length < sizeof(copy.any.sa_family))
		return false;
	memcpy(&copy, peer, length < sizeof(copy) ? length : sizeof(copy));
	if (copy.any.sa_family != AF_INET && copy.any.sa_family != AF_INET6)
		return false;
	if (length < ask_length(&copy) || !ask_port(&copy) || ask_is_wildcard(&copy))
		return false;
	address = mh_address_of_endpoint(&copy);
	if (mh_address_is_multicast(&address))
		return false;
	*ret_peer = copy;
	return true;
}

/*
 * What the peer asked. Mostly the program has received it, or peeked at it, through us. Else (the
 * socket was inherited, or is read in a way that we do not see) it may be waiting.
 */
static int asked_by(int fd, in_port_t port, const union mh_endpoint *peer, struct asked *ret_asked)
{
	struct msghdr message = { 0 };
	int offset = -1;

	if (asked_find(port, peer, true, ret_asked) == 0)
		return 0;
	/* A peek would move what the program set. */
	if (ask_option(fd, SOL_SOCKET, SO_PEEK_OFF, &offset) < 0 || offset >= 0)
		return -ENOENT;
	if (!(watch_flags(fd) & WATCH_ASKED))
		watch_look(fd);
	if (!(watch_flags(fd) & WATCH_ASKED) ||
	    receive_message(fd, fd, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
		return -ENOENT;
	return asked_find(port, peer, false, ret_asked);
}

/*
 * Whether the kernel would choose the address asked as the source towards @peer. By a socket that
 * is not used for more: one of IPv6 goes on to hear nobody but the address of its peer after it was
 * taken away (seen on 6.18).
 */
static bool kernel_chooses(const struct dial *dial, const struct sockaddr *peer, socklen_t length)
{
	struct mh_address ours = mh_address_of_endpoint(&dial->own), its;
	int side = dial_side_open(dial);
	union mh_endpoint local;
	bool chooses = false;

	if (side < 0)
		return false;
	if (real()->connect(side, peer, length) == 0 && ask_local(side, &local) == 0) {
		its = mh_address_of_endpoint(&local);
		chooses = its.family == ours.family &&
			  !memcmp(its.bytes, ours.bytes, sizeof(its.bytes));
	}
	real()->close(side);
	return chooses;
}

static int connect_from(struct dial *dial)
{
	struct mh_address address = mh_address_of_endpoint(&dial->own);
	bool keepable;

	if (kernel_chooses(dial, dial->peer, dial->length))
		return dial_plain(dial);
	/* An IPv6 address is its own best source if a link bears it. */
	keepable = address.family == AF_INET ||
		   kernel_chooses(dial, &dial->own.any, ask_length(&dial->own));
	/*
	 * The route to an address that no link bears is by lo; the device comes with the other
	 * options, later.
	 */
	if (!keepable)
		dial->device = 0;
	dial->side = dial_side_open(dial);
	if (dial->side >= 0 && !dial_side_bind(dial, !keepable))
		dial_side_close(dial);
	if (keepable)
		return dial_keep(dial);
	return dial->side < 0 ? dial_plain(dial) : dial_swap(dial);
}

/* Whether @fd is a server's socket, and @peer has asked it. */
static bool dial_wanted(int fd, const struct sockaddr *peer, socklen_t length, struct dial *ret_dial)
{
	struct dial dial = { .fd = fd, .peer = peer, .length = length, .side = -1 };
	union mh_endpoint local, copy;
	struct asked asked;
	int only_v6;

	if (!peer_read(peer, length, &copy) || !ask_is_udp(fd, &dial.family) ||
	    ask_local(fd, &local) < 0 || !ask_port(&local) || !ask_is_wildcard(&local) ||
	    ask_has_peer(fd))
		return false;
	if (asked_by(fd, ask_port(&local), &copy, &asked) < 0 ||
	    ask_endpoint(dial.family, &asked.address, ask_port(&local), asked.link, &dial.own) < 0)
		return false;
	ask_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &dial.device);
	dial.dual = ask_option(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6) == 0 && !only_v6;
	*ret_dial = dial;
	return true;
}

/* A server that has served one peer and takes its address away goes back to hear all. */
static void disconnected(int fd)
{
	if (watch_flags(fd) & WATCH_SWAPPED)
		dial_back(fd);
	watch_look(fd);
}

INTERPOSED(int, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t length))
{
	const struct sockaddr *peer = to.__sockaddr__;
	int error = errno, r;
	struct dial dial;

	if (preload_connects() && dial_wanted(fd, peer, length, &dial)) {
		r = connect_from(&dial);
	} else {
		errno = error;
		r = real()->connect(fd, peer, length) < 0 ? -errno : 0;
	}
	if (!r && (watch_flags(fd) & WATCH_CONNECTED) && peer->sa_family == AF_UNSPEC)
		disconnected(fd);
	else if (!r)
		watch_rest(fd);
	errno = r < 0 ? -r : error;
	return r < 0 ? -1 : 0;
}
