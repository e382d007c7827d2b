/* SPDX-License-Identifier: MIT */
/*
 * Opening servers. Every socket may bind and answer from addresses that no link bears (free
 * binding): without it the kernel refuses to send from an IPv6 address that is local only by a
 * route, and a server that did everything else right falls silent. Every socket is told the
 * destination and the link of what arrives.
 *
 * One address is bound as such. A prefix is bound to the wildcard and filtered; for TCP there is no
 * filter, since a connection attempt that is dropped keeps its client waiting, while one that is
 * reset tells it at once.
 */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

#define BACKLOG 4096

static int option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int option_get(int fd, int level, int name, int *ret_value)
{
	socklen_t length = sizeof(*ret_value);
	int value = 0;

	if (getsockopt(fd, level, name, &value, &length) < 0)
		return -errno;
	*ret_value = value;
	return 0;
}

/* Free binding, and packet information on receipt. */
static int options_set(int fd, int family)
{
	int only_v6 = 1, r;

	if (family == AF_INET6) {
		r = option_set(fd, SOL_IPV6, IPV6_FREEBIND, 1);
		if (!r)
			r = option_set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
		if (!r)
			r = option_get(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6);
		if (r < 0 || only_v6)
			return r;
	}
	r = option_set(fd, SOL_IP, IP_FREEBIND, 1);
	return r < 0 ? r : option_set(fd, SOL_IP, IP_PKTINFO, 1);
}

/*
 * No flow labels on what a UDP server sends, which are answers of a datagram each: no flow, so
 * label 0 (RFC 6437, 2). Linux would hash addresses and ports of every single one for it, a
 * fiftieth of what an answer costs.
 */
static int flow_labels_off(int fd, int family)
{
	return family == AF_INET6 ? option_set(fd, SOL_IPV6, IPV6_AUTOFLOWLABEL, 0) : 0;
}

static int joined_set(int fd, unsigned flags)
{
	int r = option_set(fd, SOL_UDP, UDP_GRO, (flags & MH_JOINED) != 0);

	/*
	 * A kernel before 5.0 has no trains: then each datagram comes by itself, which is right
	 * too.
	 */
	return r == -ENOPROTOOPT ? 0 : r;
}

static bool is_single(const struct mh_prefix *on)
{
	return on->length == mh_address_bits(on->address.family);
}

static int filter_set(int fd, const struct mh_prefix *on)
{
	struct sock_filter filter[MH_FILTER_MAX];
	struct sock_fprog program = { .filter = filter };

	if (!on->length || is_single(on))
		return 0;
	program.len = (unsigned short)mh_filter_build(on, filter);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno :
											     0;
}

static int bind_to(int fd, const struct mh_prefix *on, uint16_t port)
{
	union mh_endpoint endpoint = { .any.sa_family = on->address.family };
	socklen_t length = sizeof(endpoint.v4);

	if (on->address.family == AF_INET) {
		endpoint.v4.sin_port = htons(port);
		if (is_single(on))
			memcpy(&endpoint.v4.sin_addr, on->address.bytes, 4);
	} else {
		length = sizeof(endpoint.v6);
		endpoint.v6.sin6_port = htons(port);
		if (is_single(on))
			memcpy(&endpoint.v6.sin6_addr, on->address.bytes, 16);
	}
	return bind(fd, &endpoint.any, length) < 0 ? -errno : 0;
}

static bool prefix_valid(const struct mh_prefix *on)
{
	unsigned bits = mh_address_bits(on->address.family);

	return bits && on->length <= bits;
}

/* The options that must be there before the socket is bound. */
static int prepare(int fd, int type, const struct mh_prefix *on, unsigned flags)
{
	int r = 0;

	if (on->address.family == AF_INET6)
		r = option_set(fd, SOL_IPV6, IPV6_V6ONLY, 1);
	if (!r && type == SOCK_STREAM)
		r = option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!r && (flags & MH_SHARE_PORT))
		r = option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!r)
		r = options_set(fd, on->address.family);
	if (!r && type == SOCK_DGRAM)
		r = filter_set(fd, on);
	if (!r && type == SOCK_DGRAM)
		r = flow_labels_off(fd, on->address.family);
	if (!r && type == SOCK_DGRAM)
		r = joined_set(fd, flags);
	return r;
}

static int server_open(int type, const struct mh_prefix *on, uint16_t port, unsigned flags,
		       struct mh_socket *ret_socket)
{
	int fd, r;

	if (!prefix_valid(on))
		return -EINVAL;
	fd = socket(on->address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = prepare(fd, type, on, flags);
	if (!r)
		r = bind_to(fd, on, port);
	if (!r && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_socket = (struct mh_socket){ .fd = fd, .flags = flags, .on = *on };
	return 0;
}

static int server_adopt(int fd, int type, const struct mh_prefix *on, unsigned flags,
			struct mh_socket *ret_socket)
{
	int family = 0, its_type = 0, r;

	if (on && !prefix_valid(on))
		return -EINVAL;
	r = option_get(fd, SOL_SOCKET, SO_TYPE, &its_type);
	if (!r)
		r = option_get(fd, SOL_SOCKET, SO_DOMAIN, &family);
	if (r < 0)
		return r;
	if (its_type != type)
		return -EPROTOTYPE;
	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	r = options_set(fd, family);
	if (!r && type == SOCK_DGRAM)
		r = flow_labels_off(fd, family);
	if (!r && type == SOCK_DGRAM)
		r = joined_set(fd, flags);
	if (r < 0)
		return r;
	*ret_socket = (struct mh_socket){ .fd = fd, .flags = flags };
	if (on)
		ret_socket->on = *on;
	return 0;
}

int mh_udp_open(const struct mh_prefix *on, uint16_t port, unsigned flags,
		struct mh_socket *ret_socket)
{
	return server_open(SOCK_DGRAM, on, port, flags, ret_socket);
}

int mh_tcp_open(const struct mh_prefix *on, uint16_t port, unsigned flags,
		struct mh_socket *ret_socket)
{
	return server_open(SOCK_STREAM, on, port, flags, ret_socket);
}

int mh_udp_adopt(int fd, const struct mh_prefix *on, unsigned flags, struct mh_socket *ret_socket)
{
	return server_adopt(fd, SOCK_DGRAM, on, flags, ret_socket);
}

int mh_tcp_adopt(int fd, const struct mh_prefix *on, unsigned flags, struct mh_socket *ret_socket)
{
	return server_adopt(fd, SOCK_STREAM, on, flags, ret_socket);
}

void mh_close(struct mh_socket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
}
