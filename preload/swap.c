/* SPDX-License-Identifier: MIT */
/*
 * Another socket in the place of the program's: bound to the address asked, which takes free
 * binding for an IPv6 address that is local by a route only.
 *
 * The order makes that nothing is lost. When the new socket is bound, all that is sent to the
 * address asked goes to it, since it matches better than the wildcard. Then the old one is
 * connected as the program wanted: so it hears no other peer any more, as it would be without us,
 * and so would its copies in other processes. Its queue is final now, and is read first
 * (handover.c). Datagrams of other peers that are in a queue stay readable, as they do in the
 * kernel's own connect().
 *
 * The kernel does not check an IPv6 address that is bound freely. The marker does: it comes back
 * only when the address is one of this host.
 */
#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ask.h"
#include "copy.h"
#include "handover.h"
#include "real.h"
#include "strip.h"
#include "waits.h"
#include "watch.h"

/* Beyond those that programs take for granted, for as long as there is something to hand over. */
#define ASIDE 128

int dial_plain(const struct dial *dial)
{
	return real()->connect(dial->fd, dial->peer, dial->length) < 0 ? -errno : 0;
}

static void replace(int fd, void *context)
{
	const struct dial *dial = context;
	int flags = fcntl(fd, F_GETFD);

	waits_leave(fd);
	if (flags >= 0)
		real()->dup3(dial->side, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	waits_return(fd);
	watch_rest(fd);
	watch_swapped(fd, dial->dual);
}

/* The old socket, under a number that is out of the way. */
static int set_aside(int fd)
{
	int old = real()->fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);

	return old < 0 ? real()->fcntl(fd, F_DUPFD_CLOEXEC, 3) : old;
}

/* What the program wants to be told is told by the new socket, too. */
static void wants_set(const struct dial *dial)
{
	unsigned flags = watch_flags(dial->fd);

	if (flags & STRIP_KEEP_V4)
		ask_set(dial->side, SOL_IP, IP_PKTINFO, 1);
	if (flags & STRIP_KEEP_V6)
		ask_set(dial->side, SOL_IPV6, IPV6_RECVPKTINFO, 1);
}

bool dial_install(struct dial *dial, bool marked)
{
	int old;

	if (waits_overflowed() || copy_options(dial->fd, dial->side, dial->family) < 0)
		return false;
	wants_set(dial);
	old = set_aside(dial->fd);
	if (old < 0)
		return false;
	if (handover_begin(dial->side, old, ask_port(&dial->own), marked) < 0) {
		real()->close(old);
		return false;
	}
	/*
	 * Where it was given the address itself, it hears the peer still. Its copies shall be as
	 * without us.
	 */
	ask_disconnect(old);
	real()->connect(old, dial->peer, dial->length);
	watch_duplicates(dial->fd, replace, dial);
	replace(dial->fd, dial);
	handover_settle(dial->fd);
	return true;
}

int dial_swap(struct dial *dial)
{
	int r;

	if (!handover_mark(dial->side, &dial->own)) {
		dial_side_close(dial);
		return dial_plain(dial);
	}
	r = dial_plain(dial);
	if (!r && real()->connect(dial->side, dial->peer, dial->length) == 0)
		dial_install(dial, true);
	dial_side_close(dial);
	return r;
}

/*
 * The socket was bound to one address, and so of IPv6 only. One that is bound to the wildcard takes
 * its place, and reads first what is left. Its marker is sent to that one address, at which the
 * other does not listen to it any more.
 */
void dial_back(int fd)
{
	struct dial dial = { .fd = fd, .side = -1, .dual = watch_flags(fd) & WATCH_DUAL };
	union mh_endpoint itself;

	if (!ask_is_udp(fd, &dial.family) || ask_local(fd, &itself) < 0)
		return;
	ask_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &dial.device);
	dial.peer = &itself.any;
	dial.length = ask_length(&itself);
	dial.own = (union mh_endpoint){ .any.sa_family = (sa_family_t)dial.family };
	if (dial.family == AF_INET)
		dial.own.v4.sin_port = ask_port(&itself);
	else
		dial.own.v6.sin6_port = ask_port(&itself);
	dial.side = dial_side_open(&dial);
	if (dial.side >= 0 && dial_side_bind(&dial, false) && dial_plain(&dial) == 0) {
		handover_close(fd);
		dial_install(&dial, handover_mark(dial.side, &itself));
	}
	dial_side_close(&dial);
}
