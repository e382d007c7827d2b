/* SPDX-License-Identifier: MIT */
/*
 * Opening servers. Every socket may bind and answer from addresses that no link bears (free
 * binding): without it the kernel refuses to send from an IPv6 address that is local only by a
 * route, and a server that did everything else right falls silent. Every socket is told the
 * destination and the link of what arrives.
 *
 * One address is bound as such. A prefix is bound to the wildcard and filtered; for TCP there is no
 * filter, since a connection attempt that is dropped keeps its client waiting, while one that is
 * reset tells it at once. A link is asked for in user space: the kernel's ways to bind to one would
 * also send by that one only, whatever the routes say, or need a right.
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

int mh_option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int mh_option_get(int fd, int level, int name, int *ret_value)
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
		r = mh_option_set(fd, SOL_IPV6, IPV6_FREEBIND, 1);
		if (!r)
			r = mh_option_set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
		if (!r)
			r = mh_option_get(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6);
		if (r < 0 || only_v6)
			return r;
	}
	r = mh_option_set(fd, SOL_IP, IP_FREEBIND, 1);
	return r < 0 ? r : mh_option_set(fd, SOL_IP, IP_PKTINFO, 1);
}

/*
 * What the kernel works out for every single answer, and an answer of one datagram does not need.
 * Of IPv6 the flow label, a hash over addresses and ports: such an answer is no flow, and may bear
 * label 0 (RFC 6437, 2). Of IPv4 the identification: nobody looks at that of a datagram that may
 * not be fragmented (RFC 6864, 4.1), and Linux draws none for it, which spares a cold cache line
 * for each pair of addresses. Every answer that fits the path is such a datagram already, as long
 * as the path's MTU is looked for (IP_PMTUDISC_WANT); only the kernel, which may still fragment it
 * by itself, does not know. With IP_PMTUDISC_DO it does; the price is that an answer that does not
 * fit is refused instead of fragmented, which send.c sees to.
 *
 * A socket whose owner has settled for something else, such as never to be fragmented by
 * IP_PMTUDISC_PROBE, keeps that.
 */
static int bare_set(int fd, int family)
{
	int only_v6 = 1, discover = 0, r;

	if (family == AF_INET6) {
		r = mh_option_set(fd, SOL_IPV6, IPV6_AUTOFLOWLABEL, 0);
		if (!r)
			r = mh_option_get(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6);
		if (r < 0 || only_v6)
			return r;
	}
	r = mh_option_get(fd, SOL_IP, IP_MTU_DISCOVER, &discover);
	if (r < 0 || discover != IP_PMTUDISC_WANT)
		return r;
	return mh_option_set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
}

static int joined_set(int fd, unsigned flags)
{
	int r = mh_option_set(fd, SOL_UDP, UDP_GRO, (flags & MH_JOINED) != 0);

	/*
	 * A kernel before 5.0 has no trains: then each datagram comes by itself, which is right
	 * too.
	 */
	return r == -ENOPROTOOPT ? 0 : r;
}

/* What a UDP socket is set to, opened or adopted. */
static int datagrams_set(int fd, int family, unsigned flags)
{
	int r = joined_set(fd, flags);

	return !r && (flags & MH_BARE) ? bare_set(fd, family) : r;
}

/*
 * A kernel before 4.18 does not know UDP_SEGMENT and, as it ignores what it does not know, would
 * send a train as one long datagram.
 */
static unsigned flags_possible(int fd, int type, unsigned flags)
{
	int segment;

	if (type == SOCK_DGRAM && mh_option_get(fd, SOL_UDP, UDP_SEGMENT, &segment) < 0)
		flags |= MH_ONE_BY_ONE;
	return flags;
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
		/* The kernel looks at the link for addresses that mean nothing without one. */
		endpoint.v6.sin6_scope_id = on->link;
		if (is_single(on))
			memcpy(&endpoint.v6.sin6_addr, on->address.bytes, 16);
	}
	return bind(fd, &endpoint.any, length) < 0 ? -errno : 0;
}

/* What @on asks for: the unspecified address alone is the wildcard, as for bind(2). */
static int served_get(const struct mh_prefix *on, struct mh_prefix *ret_served)
{
	unsigned bits = mh_address_bits(on->address.family);

	if (!bits || on->length > bits)
		return -EINVAL;
	*ret_served = *on;
	if (is_single(on) && mh_address_is_unspecified(&on->address))
		ret_served->length = 0;
	return 0;
}

/* The options that must be there before the socket is bound. */
static int prepare(int fd, int type, const struct mh_prefix *on, unsigned flags)
{
	int r = 0;

	if (on->address.family == AF_INET6)
		r = mh_option_set(fd, SOL_IPV6, IPV6_V6ONLY, 1);
	if (!r && type == SOCK_STREAM)
		r = mh_option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!r && (flags & MH_SHARE_PORT))
		r = mh_option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!r)
		r = options_set(fd, on->address.family);
	if (!r && type == SOCK_DGRAM)
		r = filter_set(fd, on);
	if (!r && type == SOCK_DGRAM)
		r = datagrams_set(fd, on->address.family, flags);
	return r;
}

static int server_open(int type, const struct mh_prefix *on, uint16_t port, unsigned flags,
		       struct mh_socket *ret_socket)
{
	struct mh_prefix served;
	int fd, r = served_get(on, &served);

	if (r < 0)
		return r;
	fd = socket(served.address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = prepare(fd, type, &served, flags);
	if (!r)
		r = bind_to(fd, &served, port);
	if (!r && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_socket = (struct mh_socket){ .fd = fd,
					  .flags = flags_possible(fd, type, flags),
					  .on = served };
	return 0;
}

/* Whether a socket can hear what is sent to @family at all. */
static int family_check(int fd, int its_family, uint8_t family)
{
	int only_v6 = 1, r;

	if (its_family != AF_INET && its_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!family || family == its_family)
		return 0;
	if (its_family == AF_INET)
		return -EAFNOSUPPORT;
	r = mh_option_get(fd, SOL_IPV6, IPV6_V6ONLY, &only_v6);
	return !r && only_v6 ? -EAFNOSUPPORT : r;
}

static int kind_check(int fd, int type, uint8_t family, int *ret_family)
{
	int its_type = 0, its_family = 0, listens = 1, r;

	r = mh_option_get(fd, SOL_SOCKET, SO_TYPE, &its_type);
	if (!r)
		r = mh_option_get(fd, SOL_SOCKET, SO_DOMAIN, &its_family);
	if (r < 0)
		return r;
	if (its_type != type)
		return -EPROTOTYPE;
	r = family_check(fd, its_family, family);
	if (!r && type == SOCK_STREAM)
		r = mh_option_get(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens);
	if (r < 0)
		return r;
	*ret_family = its_family;
	return listens ? 0 : -EINVAL;
}

static int server_adopt(int fd, int type, const struct mh_prefix *on, unsigned flags,
			struct mh_socket *ret_socket)
{
	struct mh_prefix served = { 0 };
	int family, r = on ? served_get(on, &served) : 0;

	if (!r)
		r = kind_check(fd, type, served.address.family, &family);
	if (!r)
		r = options_set(fd, family);
	if (!r && type == SOCK_DGRAM)
		r = datagrams_set(fd, family, flags);
	if (r < 0)
		return r;
	*ret_socket = (struct mh_socket){ .fd = fd,
					  .flags = flags_possible(fd, type, flags),
					  .on = served };
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
