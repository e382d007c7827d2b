/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors are sockets whose askers are worth knowing: UDP, bound to the wildcard, without
 * a peer. It is looked up before every receive, so it is an array by descriptor and one byte of
 * flags.
 *
 * It may be stale: there are ways to close a descriptor that we do not see (close_range(),
 * fclose(), a child of vfork()). So nothing hangs on it. A receive of a descriptor that is wrongly
 * watched takes the way through recvmsg(), which gives the program the same bytes, and falls back
 * to the plain call where that is refused; connect() asks the kernel anew what the socket is. A
 * program with more descriptors than there are places is served as without us.
 */
#include "watch.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "ask.h"
#include "strip.h"

_Static_assert((WATCH_WANTS & (STRIP_KEEP_V4 | STRIP_KEEP_V6)) == WATCH_WANTS, "flags are shared");

/* Inherited sockets have small numbers: 0 to 2 from inetd, 3 and up from systemd. */
#define INHERITED 64

static _Atomic unsigned char flags_of[WATCH_DESCRIPTORS];
static _Atomic in_port_t port_of[WATCH_DESCRIPTORS];
static atomic_int highest = -1;

static bool in_range(int fd)
{
	return fd >= 0 && fd < WATCH_DESCRIPTORS;
}

static void flags_set(int fd, unsigned flags)
{
	int before = atomic_load_explicit(&highest, memory_order_relaxed);

	atomic_store_explicit(&flags_of[fd], (unsigned char)flags, memory_order_relaxed);
	while (flags && fd > before && !atomic_compare_exchange_weak(&highest, &before, fd))
		;
}

unsigned watch_flags(int fd)
{
	return in_range(fd) ? atomic_load_explicit(&flags_of[fd], memory_order_relaxed) : 0;
}

in_port_t watch_port(int fd)
{
	return in_range(fd) ? atomic_load_explicit(&port_of[fd], memory_order_relaxed) : 0;
}

/* Switches packet information on. Returns what the program had on already. */
static unsigned info_on(int fd, int family)
{
	unsigned wants = 0;
	int on = 0;

	if (ask_option(fd, SOL_IP, IP_PKTINFO, &on) == 0 && on)
		wants |= STRIP_KEEP_V4;
	else
		ask_set(fd, SOL_IP, IP_PKTINFO, 1);
	if (family != AF_INET6)
		return wants;
	on = 0;
	if (ask_option(fd, SOL_IPV6, IPV6_RECVPKTINFO, &on) == 0 && on)
		wants |= STRIP_KEEP_V6;
	else
		ask_set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	return wants;
}

static void info_off(int fd, unsigned wants)
{
	int family;

	if (!ask_is_udp(fd, &family))
		return;
	if (!(wants & STRIP_KEEP_V4))
		ask_set(fd, SOL_IP, IP_PKTINFO, 0);
	if (!(wants & STRIP_KEEP_V6) && family == AF_INET6)
		ask_set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 0);
}

void watch_look(int fd)
{
	union mh_endpoint local;
	int family;

	if (!in_range(fd))
		return;
	watch_forget(fd);
	if (!ask_is_udp(fd, &family) || ask_local(fd, &local) < 0 || !ask_port(&local) ||
	    !ask_is_wildcard(&local) || ask_has_peer(fd))
		return;
	atomic_store_explicit(&port_of[fd], ask_port(&local), memory_order_relaxed);
	flags_set(fd, WATCH_ASKED | info_on(fd, family));
}

void watch_forget(int fd)
{
	if (in_range(fd) && watch_flags(fd))
		flags_set(fd, 0);
}

void watch_copy(int from, int to)
{
	if (!in_range(to))
		return;
	if (watch_flags(from))
		atomic_store_explicit(&port_of[to], watch_port(from), memory_order_relaxed);
	if (watch_flags(from) || watch_flags(to))
		flags_set(to, watch_flags(from));
}

bool watch_wants(int fd, unsigned want, bool on)
{
	unsigned flags = watch_flags(fd);

	if (!flags)
		return true;
	flags_set(fd, on ? flags | want : flags & ~want);
	/* Off for the program, but we are still curious. */
	return on || (flags & WATCH_CONNECTED);
}

void watch_rest(int fd)
{
	unsigned flags = watch_flags(fd);

	if (!(flags & WATCH_ASKED))
		return;
	info_off(fd, flags & WATCH_WANTS);
	flags_set(fd, (flags & WATCH_WANTS) | WATCH_CONNECTED);
}

void watch_swapped(int fd, bool dual)
{
	unsigned flags = watch_flags(fd);

	if (flags)
		flags_set(fd, flags | WATCH_SWAPPED | (dual ? WATCH_DUAL : 0));
}

void watch_duplicates(int fd, void (*each)(int duplicate, void *context), void *context)
{
	int last = atomic_load(&highest);

	for (int other = 0; other <= last; other++)
		if (other != fd && watch_flags(other) && ask_same(fd, other))
			each(other, context);
}

void watch_inherited(void)
{
	int error = errno;

	for (int fd = 0; fd < INHERITED; fd++)
		watch_look(fd);
	errno = error;
}
