/* SPDX-License-Identifier: MIT */
/*
 * The receiving functions, interposed. A receive that tells the program who sent is done as
 * recvmsg(), because that alone tells which address the datagram was sent to; the program gets what
 * it asked for, and no more. A receive that does not name the sender is left alone: a program that
 * does not know its peer cannot connect to it.
 *
 * All of them read first what a socket that was swapped left behind (handover.c).
 */
#include "receive.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "asked.h"
#include "handover.h"
#include "preload.h"
#include "real.h"
#include "round.h"
#include "strip.h"
#include "watch.h"

/*
 * A program with less room for ancillary data than this lends none: ours has room for its and for
 * ours.
 */
#define ROOM 256
#define ROOM_OURS                                                                                  \
	(ROOM + CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))
/* How many datagrams one recvmmsg() is cut into, by what fits a small stack. */
#define PIECE 16

/* One datagram under way: how the kernel is asked, and what the program asked. */
struct detour {
	struct msghdr inner;
	union mh_endpoint peer;
	_Alignas(struct cmsghdr) char control[ROOM_OURS];
};

static void detour_begin(struct detour *detour, const struct msghdr *outer)
{
	detour->inner = *outer;
	detour->inner.msg_name = &detour->peer;
	detour->inner.msg_namelen = sizeof(detour->peer);
	if (!outer->msg_control || outer->msg_controllen < ROOM) {
		detour->inner.msg_control = detour->control;
		detour->inner.msg_controllen = sizeof(detour->control);
	}
}

static void learn(const struct detour *detour, in_port_t port, bool peeked)
{
	const struct msghdr *inner = &detour->inner;
	struct mh_arrival arrival;
	struct asked asked;

	/* What comes from the error queue is a datagram of our own. */
	if (!inner->msg_namelen || (inner->msg_flags & MSG_ERRQUEUE))
		return;
	mh_control_read(inner->msg_control, inner->msg_controllen, &arrival);
	asked = (struct asked){ .address = arrival.source, .link = arrival.link };
	if (arrival.group)
		asked.address = (struct mh_address){ 0 };
	asked_note(port, &detour->peer, &asked);
	if (preload_sends() && !peeked)
		round_note(port, &detour->peer, &asked);
}

/* What a receive tells of how the program will answer. */
static void learn_pace(ssize_t n)
{
	int error = errno;

	if (preload_sends() && (n > 1 || (n < 0 && error == EAGAIN)))
		round_in_turn();
	errno = error;
}

/* Gives the program what it would have got. */
static void detour_end(const struct detour *detour, unsigned keep, struct msghdr *outer)
{
	const struct msghdr *inner = &detour->inner;
	size_t room = outer->msg_control ? outer->msg_controllen : 0;
	bool truncated;

	if (outer->msg_name) {
		memcpy(outer->msg_name, &detour->peer,
		       inner->msg_namelen < outer->msg_namelen ? inner->msg_namelen :
								 outer->msg_namelen);
		outer->msg_namelen = inner->msg_namelen;
	}
	outer->msg_controllen = strip_copy(inner->msg_control, inner->msg_controllen, keep,
					   outer->msg_control, room, &truncated);
	outer->msg_flags = inner->msg_flags | (truncated ? MSG_CTRUNC : 0);
}

ssize_t receive_message(int from, int fd, struct msghdr *outer, int flags)
{
	unsigned watched = watch_flags(fd);
	struct detour detour;
	ssize_t n;

	detour_begin(&detour, outer);
	n = real()->recvmsg(from, &detour.inner, flags);
	if (n < 0) {
		learn_pace(n);
		return n;
	}
	if (watched & WATCH_ASKED) {
		round_begin();
		learn(&detour, watch_port(fd), flags & MSG_PEEK);
	}
	detour_end(&detour, watched & WATCH_WANTS, outer);
	return n;
}

/* Reads what was left behind. Returns false where the socket itself is to be read. */
static bool read_old(int fd, struct msghdr *message, int flags, ssize_t *ret_n)
{
	struct handover handover;
	ssize_t n;

	if ((flags & MSG_ERRQUEUE) || !handover_find(fd, &handover))
		return false;
	n = receive_message(handover.old, fd, message, flags | MSG_DONTWAIT);
	/* An error of the old socket is none of the new one, and is gone once told. */
	if (n < 0 && errno != EAGAIN && errno != EBADF && errno != ENOTSOCK)
		n = receive_message(handover.old, fd, message, flags | MSG_DONTWAIT);
	if (n < 0 || !(flags & MSG_PEEK))
		handover_settle(fd);
	*ret_n = n;
	return n >= 0;
}

/* Whether what was just read is the marker, which the program must not see. */
static bool read_marker(int fd, const struct msghdr *message, ssize_t n)
{
	const union mh_endpoint *peer = message->msg_name;
	struct handover handover;

	return n > 0 && message->msg_iovlen && message->msg_iov[0].iov_len >= (size_t)n &&
	       handover_find(fd, &handover) &&
	       handover_is_marker(handover.port, peer, message->msg_iov[0].iov_base, (size_t)n);
}

/* For as long as something is handed over: everything that reads comes through here. */
static ssize_t receive_handed(int fd, struct msghdr *message, int flags)
{
	union mh_endpoint peer;
	struct msghdr copy;
	int error = errno;
	ssize_t n;

	if (read_old(fd, message, flags, &n)) {
		errno = error;
		return n;
	}
	do {
		copy = *message;
		copy.msg_name = &peer;
		copy.msg_namelen = sizeof(peer);
		n = receive_message(fd, fd, &copy, flags);
		error = n < 0 ? errno : error;
	} while (n >= 0 && !(flags & MSG_ERRQUEUE) && read_marker(fd, &copy, n));
	if (n >= 0) {
		if (message->msg_name)
			memcpy(message->msg_name, &peer,
			       copy.msg_namelen < message->msg_namelen ? copy.msg_namelen :
									 message->msg_namelen);
		copy.msg_name = message->msg_name;
		copy.msg_namelen = message->msg_name ? copy.msg_namelen : message->msg_namelen;
		*message = copy;
		handover_settle(fd);
	}
	errno = error;
	return n;
}

static bool is_handed(int fd)
{
	struct handover handover;
	bool found;
	int error;

	if (!handover_any())
		return false;
	error = errno;
	found = handover_find(fd, &handover);
	errno = error;
	return found;
}

/* A receive of one piece, for those interposed functions that are no more. */
struct simple {
	void *data;
	size_t size;
	int flags;
	struct sockaddr *peer;
	socklen_t *length;
};

static ssize_t receive_simple(int fd, const struct simple *simple, bool handed)
{
	struct iovec part = { .iov_base = simple->data, .iov_len = simple->size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = simple->peer };
	ssize_t n;

	if (simple->peer)
		message.msg_namelen = *simple->length;
	n = handed ? receive_handed(fd, &message, simple->flags) :
		     receive_message(fd, fd, &message, simple->flags);
	if (n >= 0 && simple->peer)
		*simple->length = message.msg_namelen;
	return n;
}

/*
 * The detour is refused where it cannot be taken: no socket any more, or a filter of system calls.
 */
static bool is_refused(ssize_t n)
{
	return n < 0 && (errno == ENOTSOCK || errno == ENOSYS || errno == EPERM);
}

INTERPOSED(ssize_t, recvfrom,
	   (int fd, void *data, size_t size, int flags, __SOCKADDR_ARG peer, socklen_t *length))
{
	struct simple simple = { data, size, flags, peer.__sockaddr__, length };
	bool handed = is_handed(fd), named = simple.peer && length && (int)*length >= 0;
	int error = errno;
	ssize_t n;

	if (handed && (named || !simple.peer))
		return receive_simple(fd, &simple, true);
	if (!named || !(watch_flags(fd) & WATCH_ASKED))
		return real()->recvfrom(fd, data, size, flags, simple.peer, length);
	n = receive_simple(fd, &simple, false);
	if (!is_refused(n))
		return n;
	watch_forget(fd);
	errno = error;
	return real()->recvfrom(fd, data, size, flags, simple.peer, length);
}

INTERPOSED(ssize_t, recv, (int fd, void *data, size_t size, int flags))
{
	if (is_handed(fd))
		return receive_simple(fd, &(struct simple){ data, size, flags, NULL, NULL }, true);
	return real()->recv(fd, data, size, flags);
}

INTERPOSED(ssize_t, read, (int fd, void *data, size_t size))
{
	if (is_handed(fd))
		return receive_simple(fd, &(struct simple){ data, size, 0, NULL, NULL }, true);
	return real()->read(fd, data, size);
}

INTERPOSED(ssize_t, readv, (int fd, const struct iovec *parts, int count))
{
	struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };

	if (count >= 0 && is_handed(fd))
		return receive_handed(fd, &message, 0);
	return real()->readv(fd, parts, count);
}

INTERPOSED(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
	if (is_handed(fd))
		return receive_handed(fd, message, flags);
	if (!(watch_flags(fd) & WATCH_ASKED))
		return real()->recvmsg(fd, message, flags);
	return receive_message(fd, fd, message, flags);
}

/* One system call for up to PIECE datagrams. */
static int receive_piece(int fd, struct mmsghdr *messages, unsigned count, int flags,
			 struct timespec *timeout)
{
	unsigned watched = watch_flags(fd);
	struct detour detours[PIECE];
	struct mmsghdr inner[PIECE];
	int n;

	for (unsigned i = 0; i < count; i++) {
		detour_begin(&detours[i], &messages[i].msg_hdr);
		inner[i] = (struct mmsghdr){ .msg_hdr = detours[i].inner };
	}
	n = real()->recvmmsg(fd, inner, count, flags, timeout);
	for (int i = 0; i < n; i++) {
		detours[i].inner = inner[i].msg_hdr;
		learn(&detours[i], watch_port(fd), flags & MSG_PEEK);
		detour_end(&detours[i], watched & WATCH_WANTS, &messages[i].msg_hdr);
		messages[i].msg_len = inner[i].msg_len;
	}
	return n;
}

/* As many as there are, one by one; the first may be waited for. */
static int receive_handed_many(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned done = 0;

	while (done < count) {
		ssize_t n = receive_handed(fd, &messages[done].msg_hdr,
					   done ? flags | MSG_DONTWAIT : flags);

		if (n < 0)
			return done ? (int)done : -1;
		messages[done++].msg_len = (unsigned)n;
	}
	return (int)done;
}

INTERPOSED(int, recvmmsg,
	   (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout))
{
	unsigned done = 0, piece;
	int error = errno, n;

	if (count && is_handed(fd))
		return receive_handed_many(fd, messages, count, flags & ~MSG_WAITFORONE);
	if (!(watch_flags(fd) & WATCH_ASKED))
		return real()->recvmmsg(fd, messages, count, flags, timeout);
	round_begin();
	do {
		piece = count - done < PIECE ? count - done : PIECE;
		n = receive_piece(fd, messages + done, piece, flags, timeout);
		if (n < 0)
			break;
		done += (unsigned)n;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	} while ((unsigned)n == piece && done < count);
	learn_pace(done ? (ssize_t)done : n);
	if (n < 0 && !done)
		return n;
	/* The kernel, too, tells no error after it has told of datagrams. */
	errno = error;
	return (int)done;
}

/*
 * What the above are called in programs that were built with checks of their buffers
 * (_FORTIFY_SOURCE).
 */
INTERPOSED(ssize_t, __read_chk, (int fd, void *data, size_t size, size_t room))
{
	return size <= room ? read(fd, data, size) : real()->__read_chk(fd, data, size, room);
}

INTERPOSED(ssize_t, __recv_chk, (int fd, void *data, size_t size, size_t room, int flags))
{
	return size <= room ? recv(fd, data, size, flags) :
			      real()->__recv_chk(fd, data, size, room, flags);
}

INTERPOSED(ssize_t, __recvfrom_chk,
	   (int fd, void *data, size_t size, size_t room, int flags, __SOCKADDR_ARG peer,
	    socklen_t *length))
{
	return size <= room ?
		       recvfrom(fd, data, size, flags, peer, length) :
		       real()->__recvfrom_chk(fd, data, size, room, flags, peer.__sockaddr__, length);
}
