/* SPDX-License-Identifier: MIT */
/*
 * A socket that takes the place of another has to behave like it. Every option that can be read can
 * be copied, and is, when it differs from that of a new socket: writing a default down would pin
 * what may still change, such as the hop limit of the route. What the kernel refuses (a mark,
 * without the right to set one) is left: the address that answers come from matters more.
 *
 * Not to be had by reading: multicast memberships, and options with sticky extension headers.
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#include "ask.h"
#include "real.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define FILTER_MOST 256

/* The size of an option: nearly all are int. */
static const struct option {
	int level, name;
	unsigned char size;
} options[] = {
	{ SOL_SOCKET, SO_BINDTOIFINDEX, sizeof(int) },
	{ SOL_SOCKET, SO_BROADCAST, sizeof(int) },
	{ SOL_SOCKET, SO_BUSY_POLL, sizeof(int) },
	{ SOL_SOCKET, SO_DONTROUTE, sizeof(int) },
	{ SOL_SOCKET, SO_MARK, sizeof(int) },
	{ SOL_SOCKET, SO_NO_CHECK, sizeof(int) },
	{ SOL_SOCKET, SO_PEEK_OFF, sizeof(int) },
	{ SOL_SOCKET, SO_PRIORITY, sizeof(int) },
	{ SOL_SOCKET, SO_RCVLOWAT, sizeof(int) },
	{ SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval) },
	{ SOL_SOCKET, SO_REUSEADDR, sizeof(int) },
	{ SOL_SOCKET, SO_REUSEPORT, sizeof(int) },
	{ SOL_SOCKET, SO_RXQ_OVFL, sizeof(int) },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE, sizeof(int) },
	{ SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval) },
	{ SOL_SOCKET, SO_TIMESTAMP, sizeof(int) },
	{ SOL_SOCKET, SO_TIMESTAMPING, sizeof(int) },
	{ SOL_SOCKET, SO_TIMESTAMPNS, sizeof(int) },
	{ SOL_SOCKET, SO_ZEROCOPY, sizeof(int) },
	{ SOL_IP, IP_CHECKSUM, sizeof(int) },
	{ SOL_IP, IP_FREEBIND, sizeof(int) },
	{ SOL_IP, IP_MINTTL, sizeof(int) },
	{ SOL_IP, IP_MTU_DISCOVER, sizeof(int) },
	{ SOL_IP, IP_MULTICAST_ALL, sizeof(int) },
	{ SOL_IP, IP_MULTICAST_LOOP, sizeof(int) },
	{ SOL_IP, IP_MULTICAST_TTL, sizeof(int) },
	{ SOL_IP, IP_PASSSEC, sizeof(int) },
	{ SOL_IP, IP_RECVERR, sizeof(int) },
	{ SOL_IP, IP_RECVFRAGSIZE, sizeof(int) },
	{ SOL_IP, IP_RECVOPTS, sizeof(int) },
	{ SOL_IP, IP_RECVORIGDSTADDR, sizeof(int) },
	{ SOL_IP, IP_RECVTOS, sizeof(int) },
	{ SOL_IP, IP_RECVTTL, sizeof(int) },
	{ SOL_IP, IP_RETOPTS, sizeof(int) },
	{ SOL_IP, IP_TOS, sizeof(int) },
	{ SOL_IP, IP_TTL, sizeof(int) },
	{ SOL_IPV6, IPV6_AUTOFLOWLABEL, sizeof(int) },
	{ SOL_IPV6, IPV6_DONTFRAG, sizeof(int) },
	{ SOL_IPV6, IPV6_MTU_DISCOVER, sizeof(int) },
	{ SOL_IPV6, IPV6_MULTICAST_HOPS, sizeof(int) },
	{ SOL_IPV6, IPV6_MULTICAST_IF, sizeof(int) },
	{ SOL_IPV6, IPV6_MULTICAST_LOOP, sizeof(int) },
	{ SOL_IPV6, IPV6_RECVERR, sizeof(int) },
	{ SOL_IPV6, IPV6_RECVHOPLIMIT, sizeof(int) },
	{ SOL_IPV6, IPV6_RECVPATHMTU, sizeof(int) },
	{ SOL_IPV6, IPV6_RECVTCLASS, sizeof(int) },
	{ SOL_IPV6, IPV6_TCLASS, sizeof(int) },
	{ SOL_IPV6, IPV6_UNICAST_HOPS, sizeof(int) },
	{ SOL_UDP, UDP_CORK, sizeof(int) },
	{ SOL_UDP, UDP_GRO, sizeof(int) },
	{ SOL_UDP, UDP_SEGMENT, sizeof(int) },
};

static void copy_option(int from, int to, const struct option *option)
{
	char theirs[sizeof(struct timeval)] = { 0 }, ours[sizeof(theirs)] = { 0 };
	socklen_t length = option->size, length_ours = option->size;

	if (getsockopt(from, option->level, option->name, theirs, &length) < 0 ||
	    getsockopt(to, option->level, option->name, ours, &length_ours) < 0)
		return;
	if (memcmp(theirs, ours, sizeof(ours)) != 0)
		real()->setsockopt(to, option->level, option->name, theirs, option->size);
}

/* The kernel tells twice what was asked for (socket(7)). */
static void copy_buffer(int from, int to, int name, int name_force)
{
	int theirs, ours;

	if (ask_option(from, SOL_SOCKET, name, &theirs) < 0 ||
	    ask_option(to, SOL_SOCKET, name, &ours) < 0 || theirs == ours)
		return;
	if (ask_set(to, SOL_SOCKET, name_force, theirs / 2) < 0)
		ask_set(to, SOL_SOCKET, name, theirs / 2);
}

static int copy_filter(int from, int to)
{
	struct sock_filter filter[FILTER_MOST];
	struct sock_fprog program = { .filter = filter };
	socklen_t length = 0;

	/* Its length counts instructions, not bytes. */
	if (getsockopt(from, SOL_SOCKET, SO_GET_FILTER, NULL, &length) < 0)
		return -errno;
	if (!length)
		return 0;
	if (length > FILTER_MOST)
		return -E2BIG;
	if (getsockopt(from, SOL_SOCKET, SO_GET_FILTER, filter, &length) < 0)
		return -errno;
	program.len = (unsigned short)length;
	return real()->setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		       -errno :
		       0;
}

/* O_NONBLOCK and the like, and who gets a signal when something comes. */
static void copy_file(int from, int to)
{
	struct f_owner_ex owner;
	int flags = fcntl(from, F_GETFL);

	if (flags < 0)
		return;
	if ((flags & O_ASYNC) && fcntl(from, F_GETOWN_EX, &owner) == 0) {
		fcntl(to, F_SETOWN_EX, &owner);
		fcntl(to, F_SETSIG, fcntl(from, F_GETSIG));
	}
	fcntl(to, F_SETFL, flags);
}

int copy_options(int from, int to, int family)
{
	int r = copy_filter(from, to);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level != SOL_IPV6 || family == AF_INET6)
			copy_option(from, to, &options[i]);
	copy_buffer(from, to, SO_RCVBUF, SO_RCVBUFFORCE);
	copy_buffer(from, to, SO_SNDBUF, SO_SNDBUFFORCE);
	copy_file(from, to);
	return 0;
}
