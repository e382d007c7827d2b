/* SPDX-License-Identifier: MIT */
/*
 * When a socket takes the place of another, what was queued on the old one must be read first, and
 * the program must be told that there is something to read, by whatever it waits with: select,
 * poll, epoll, a blocking read, io_uring. The kernel offers no way to put a datagram back. So the
 * old socket is kept aside, receives of the new one read it first, and a marker, a datagram that
 * the new socket sent to itself before it got its peer, lies in the new queue and makes it readable
 * for as long as the old one holds something.
 *
 * The marker is taken away as soon as the old queue is empty and it is at the head of the new one;
 * until then it may be behind datagrams that came before it, and a receive that meets it passes
 * over it.
 *
 * Entries are found by the socket's inode, so that duplicates of the descriptor work, also after
 * fork(). They are few and live for a few receives; their number is what other programs pay: one
 * load and one branch.
 *
 * Known gap: two threads that read one socket at the very moment in which the marker is taken away
 * may take a datagram in its place.
 */
#include "handover.h"

#include <errno.h>
#include <string.h>

#include "ask.h"
#include "lock.h"
#include "real.h"
#include "watch.h"

#define MOST 64

atomic_uint handover_count;

static const char marker_text[] = "multihome: the queue before this one";
static struct handover handovers[MOST];
static struct lock lock;

bool handover_is_marker(in_port_t port, const union mh_endpoint *peer, const void *data, size_t length)
{
	return length == sizeof(marker_text) && ask_port(peer) == port &&
	       !memcmp(data, marker_text, length);
}

/*
 * It never leaves this host: where the address is no longer ours, its hop limit of 0 ends it, and
 * since nothing arrives we know.
 */
bool handover_mark(int fd, const union mh_endpoint *own)
{
	bool v6 = own->any.sa_family == AF_INET6;
	ssize_t sent;

	if (v6)
		ask_set(fd, SOL_IPV6, IPV6_UNICAST_HOPS, 0);
	sent = real()->sendto(fd, marker_text, sizeof(marker_text), MSG_DONTWAIT, &own->any,
			      ask_length(own));
	if (v6)
		ask_set(fd, SOL_IPV6, IPV6_UNICAST_HOPS, -1);
	return sent == sizeof(marker_text) && ask_arrives(fd);
}

static bool stat_is(int fd, dev_t device, ino_t inode)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && stat.st_dev == device && stat.st_ino == inode;
}

static void end(const struct handover *ended)
{
	bool found = false;

	if (!lock_take(&lock))
		return;
	for (unsigned i = 0; i < MOST && !found; i++) {
		found = handovers[i].socket == ended->socket;
		if (found) {
			handovers[i] = (struct handover){ 0 };
			atomic_fetch_sub(&handover_count, 1);
		}
	}
	lock_leave(&lock);
	/*
	 * The program may have closed all that it did not know, and the number be somebody else's.
	 */
	if (found && ended->old >= 0 && stat_is(ended->old, ended->device, ended->old_socket))
		real()->close(ended->old);
}

static void note_duplicate(int duplicate, void *context)
{
	*(bool *)context = true;
}

/* Ends those whose socket is gone in a way that we did not see. */
static void sweep(void)
{
	for (unsigned i = 0; i < MOST; i++) {
		struct handover copy = handovers[i];
		bool alive = false;

		for (int fd = 0; copy.socket && fd < WATCH_DESCRIPTORS && !alive; fd++)
			alive = watch_flags(fd) && stat_is(fd, copy.device, copy.socket);
		if (copy.socket && !alive)
			end(&copy);
	}
}

static int place(const struct handover *handover)
{
	int r = -ENOBUFS;

	if (!lock_take(&lock))
		return -EBUSY;
	for (unsigned i = 0; i < MOST && r < 0; i++) {
		if (handovers[i].socket)
			continue;
		handovers[i] = *handover;
		atomic_fetch_add(&handover_count, 1);
		r = 0;
	}
	lock_leave(&lock);
	return r;
}

int handover_begin(int fd, int old, in_port_t port, bool marker)
{
	struct handover handover = { .old = old, .port = port, .marker = marker };
	struct stat now, before;
	int r;

	if (fstat(fd, &now) < 0 || fstat(old, &before) < 0)
		return -errno;
	handover.device = now.st_dev;
	handover.socket = now.st_ino;
	handover.old_socket = before.st_ino;
	r = place(&handover);
	if (r == -ENOBUFS) {
		sweep();
		r = place(&handover);
	}
	return r;
}

bool handover_find(int fd, struct handover *ret_handover)
{
	struct stat stat;
	bool found = false;

	if (fstat(fd, &stat) < 0 || !lock_take(&lock))
		return false;
	for (unsigned i = 0; i < MOST && !found; i++) {
		found = handovers[i].socket == stat.st_ino && handovers[i].device == stat.st_dev;
		if (found)
			*ret_handover = handovers[i];
	}
	lock_leave(&lock);
	return found;
}

/* Of several threads, one. */
static bool marker_claim(const struct handover *handover)
{
	bool claimed = false;

	if (!lock_take(&lock))
		return false;
	for (unsigned i = 0; i < MOST && !claimed; i++) {
		claimed = handovers[i].socket == handover->socket && handovers[i].marker;
		if (claimed)
			handovers[i].marker = false;
	}
	lock_leave(&lock);
	return claimed;
}

/* Takes the marker from the head of the queue of @fd. */
static bool marker_take(int fd, const struct handover *handover)
{
	char data[sizeof(marker_text) + 1];
	union mh_endpoint peer;
	socklen_t length = sizeof(peer);
	ssize_t n = real()->recvfrom(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT, &peer.any,
				     &length);

	if (n < 0 || !handover_is_marker(handover->port, &peer, data, (size_t)n) ||
	    !marker_claim(handover))
		return false;
	real()->recv(fd, data, sizeof(data), MSG_DONTWAIT);
	return true;
}

void handover_settle(int fd)
{
	struct handover handover;

	if (!handover_find(fd, &handover))
		return;
	if (handover.old >= 0 && stat_is(handover.old, handover.device, handover.old_socket) &&
	    ask_waits(handover.old))
		return;
	if (!handover.marker || marker_take(fd, &handover))
		end(&handover);
}

void handover_close(int fd)
{
	struct handover handover;
	bool more = false;

	if (!handover_find(fd, &handover))
		return;
	watch_duplicates(fd, note_duplicate, &more);
	if (!more)
		end(&handover);
}

void handover_forked(void)
{
	lock_leave(&lock);
}
