/* SPDX-License-Identifier: MIT */
/*
 * The sending functions, interposed where MULTIHOME_PRELOAD says "send": a server that answers from
 * an unconnected socket on the wildcard answers from the address asked. It is for users without the
 * right to load BPF, which does the same for programs of any kind.
 *
 * The source goes along as packet information. A source that the program gives, wins. What cannot
 * leave from it leaves as the program sent it.
 */
#include <errno.h>
#include <stdatomic.h>

#include "ask.h"
#include "asked.h"
#include "local.h"
#include "preload.h"
#include "real.h"
#include "round.h"
#include "watch.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/* Ancillary data of the program that is longer is sent as it is. */
#define ROOM 256
#define FREELY_TRIES 16
#define FREELY_PLACES 1024

struct detour {
	struct msghdr inner;
	struct asked asked;
	struct round_question *question; /* that it answers, if this thread received it */
	_Alignas(struct cmsghdr) char control[ROOM + MH_CONTROL_OUT];
};

static bool chose_itself(const struct msghdr *message)
{
	struct msghdr copy = *message;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at; at = CMSG_NXTHDR(&copy, at))
		if ((at->cmsg_level == SOL_IP && at->cmsg_type == IP_PKTINFO) ||
		    (at->cmsg_level == SOL_IPV6 && at->cmsg_type == IPV6_PKTINFO))
			return true;
	return false;
}

/* Whom it is sent to, if that is somebody whom a source can be given for. */
static bool peer_read(const struct msghdr *message, union mh_endpoint *ret_peer)
{
	union mh_endpoint peer = { 0 };

	if (!message->msg_name || message->msg_namelen < sizeof(peer.any.sa_family))
		return false;
	memcpy(&peer, message->msg_name,
	       message->msg_namelen < sizeof(peer) ? message->msg_namelen : sizeof(peer));
	if ((peer.any.sa_family != AF_INET && peer.any.sa_family != AF_INET6) ||
	    message->msg_namelen < ask_length(&peer))
		return false;
	*ret_peer = peer;
	return true;
}

static bool asked_by(int fd, const union mh_endpoint *peer, struct detour *ret_detour)
{
	in_port_t port = watch_port(fd);
	struct asked *asked = &ret_detour->asked, none = { 0 };

	ret_detour->question = round_answer(port, peer, asked);
	if (!ret_detour->question && asked_find(port, peer, false, asked) < 0)
		return false;
	if (asked->address.family != AF_INET6 || local_is(&asked->address))
		return asked->address.family != 0;
	asked_note(port, peer, &none);
	return false;
}

/* Adds the source to what the program sends. Returns false where it stays as it is. */
static bool detour_begin(int fd, const struct msghdr *outer, struct detour *ret_detour)
{
	size_t length = outer->msg_control ? CMSG_ALIGN(outer->msg_controllen) : 0;
	union mh_endpoint peer;

	if (length > ROOM || !peer_read(outer, &peer) || chose_itself(outer) ||
	    !asked_by(fd, &peer, ret_detour))
		return false;
	memset(ret_detour->control, 0, sizeof(ret_detour->control));
	if (length)
		memcpy(ret_detour->control, outer->msg_control, outer->msg_controllen);
	length += mh_control_write(
		ret_detour->control + length, &ret_detour->asked.address,
		mh_address_is_link_local(&ret_detour->asked.address) ? ret_detour->asked.link : 0, 0);
	ret_detour->inner = *outer;
	ret_detour->inner.msg_control = ret_detour->control;
	ret_detour->inner.msg_controllen = length;
	return true;
}

/* Whether the kernel did not like the source. */
static bool is_refused(int error)
{
	return error == EINVAL || error == EADDRNOTAVAIL || error == ENETUNREACH ||
	       error == EHOSTUNREACH;
}

/* How many threads are within send_freely(), by descriptor; several may share a place. */
static _Atomic unsigned freely[FREELY_PLACES];

/*
 * An IPv6 address that no link bears: for this datagram alone, since the kernel checks no source
 * then. Another thread may be at the same with the same socket: the last one takes it back, and who
 * comes at that very moment tries again.
 */
static ssize_t send_freely(int fd, const struct detour *detour, int flags)
{
	_Atomic unsigned *threads = &freely[(unsigned)fd % FREELY_PLACES];
	ssize_t n = -1;
	int error = EINVAL;

	for (unsigned tries = 0; n < 0 && error == EINVAL && tries < FREELY_TRIES; tries++) {
		atomic_fetch_add(threads, 1);
		n = ask_set(fd, SOL_IPV6, IPV6_FREEBIND, 1) < 0 ?
			    -1 :
			    real()->sendmsg(fd, &detour->inner, flags);
		error = errno;
		if (atomic_fetch_sub(threads, 1) == 1)
			ask_set(fd, SOL_IPV6, IPV6_FREEBIND, 0);
	}
	errno = error;
	return n;
}

/* Returns false where the program's own call is to be made. */
static bool send_from_asked(int fd, const struct msghdr *message, int flags, ssize_t *ret_n)
{
	int error = errno;
	struct detour detour;
	ssize_t n;

	if (!detour_begin(fd, message, &detour)) {
		errno = error;
		return false;
	}
	n = real()->sendmsg(fd, &detour.inner, flags);
	if (n < 0 && errno == EINVAL && detour.asked.address.family == AF_INET6)
		n = send_freely(fd, &detour, flags);
	if (n < 0 && is_refused(errno)) {
		errno = error;
		return false;
	}
	if (n >= 0)
		errno = error;
	else if (detour.question)
		round_again(detour.question);
	*ret_n = n;
	return true;
}

static bool is_mended(int fd)
{
	return preload_sends() && (watch_flags(fd) & WATCH_ASKED);
}

INTERPOSED(ssize_t, sendto,
	   (int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG to,
	    socklen_t length))
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_name = (void *)to.__sockaddr__,
				  .msg_namelen = length };
	ssize_t n;

	if (is_mended(fd) && send_from_asked(fd, &message, flags, &n))
		return n;
	return real()->sendto(fd, data, size, flags, to.__sockaddr__, length);
}

INTERPOSED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
	ssize_t n;

	if (is_mended(fd) && send_from_asked(fd, message, flags, &n))
		return n;
	return real()->sendmsg(fd, message, flags);
}

/*
 * One by one: the kernel, too, sends them so, and stops at the first that it refuses, of which it
 * does not tell why.
 */
INTERPOSED(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags))
{
	unsigned done = 0;
	int error = errno;

	if (!is_mended(fd))
		return real()->sendmmsg(fd, messages, count, flags);
	for (; done < count; done++) {
		ssize_t n = sendmsg(fd, &messages[done].msg_hdr, flags);

		if (n < 0 && !done)
			return -1;
		if (n < 0)
			break;
		messages[done].msg_len = (unsigned)n;
	}
	errno = error;
	return (int)done;
}
