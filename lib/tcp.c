/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection answers from the address asked by itself; what a server may want to know is
 * which one that was, and by which link it came. The kernel remembers the link of the handshake in
 * the accepted socket: IPv4 tells it by IP_PKTOPTIONS, IPv6 by IPV6_2292PKTOPTIONS, as long as the
 * listener had packet information switched on (its children inherit that).
 */
#include "private.h"

#include <errno.h>
#include <unistd.h>

static unsigned link_of(int fd, int family)
{
	char control[MH_CONTROL_IN];
	socklen_t length = sizeof(control);
	struct mh_arrival arrival;
	int r;

	if (family == AF_INET)
		r = getsockopt(fd, SOL_IP, IP_PKTOPTIONS, control, &length);
	else
		r = getsockopt(fd, SOL_IPV6, IPV6_2292PKTOPTIONS, control, &length);
	if (r < 0 || length > sizeof(control))
		return 0;
	mh_control_read(control, length, &arrival);
	return arrival.link;
}

/*
 * accept(2) also returns what is already wrong with the new connection: then the next one may be
 * fine.
 */
static int accept_error(int error)
{
	switch (error) {
	case EWOULDBLOCK:
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return -error;
	default:
		return -ECONNABORTED;
	}
}

void mh_tcp_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

int mh_tcp_accept(const struct mh_socket *socket, struct mh_connection *ret_connection)
{
	struct mh_connection connection = { 0 };
	socklen_t length = sizeof(connection.peer);
	union mh_endpoint local = { 0 };

	do {
		connection.fd = accept4(socket->fd, &connection.peer.any, &length,
					SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (connection.fd < 0 && errno == EINTR);
	if (connection.fd < 0)
		return accept_error(errno);
	length = sizeof(local);
	if (getsockname(connection.fd, &local.any, &length) == 0)
		connection.asked = mh_address_of_endpoint(&local);
	connection.link = link_of(connection.fd, local.any.sa_family);
	if (!connection.asked.family ||
	    !mh_socket_serves(socket, &connection.asked, connection.link)) {
		mh_tcp_reset(connection.fd);
		return -ECONNABORTED;
	}
	*ret_connection = connection;
	return 0;
}
