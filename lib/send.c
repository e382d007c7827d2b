/* SPDX-License-Identifier: MIT */
/*
 * Sending what was gathered, all by one system call as long as nothing is refused.
 *
 * A device, a route or a length may refuse a train (EINVAL, EIO, EMSGSIZE). Then, and only for
 * this train, its datagrams are sent one by one. Switching trains off for the whole socket was
 * rejected: one address that has just gone gives EINVAL as well.
 *
 * An IPv4 socket with MH_BARE (see socket.c) refuses what is longer than the path takes. Then the
 * kernel is allowed to fragment until the call ends, which costs two system calls however many
 * long answers are still to come, and what was refused is sent again. Threads that share a socket
 * may take that permission from each other, so it is asked for again, yet not for ever.
 */
#include "private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* How long a call waits, once, for a full send buffer to drain. */
#define PATIENCE_MS 2

/* IPv4 and UDP have 16 bits for their lengths; these are without both headers. */
#define LONGEST_V4 65507

#define REFUSALS_MAX 16

void mh_outbox_tell(struct mh_outbox *outbox, struct mh_datagram *datagram, unsigned count, int error)
{
	if (error) {
		datagram->failed += count;
		datagram->error = error;
	} else {
		datagram->answered += count;
		outbox->left += count;
	}
	outbox->refusals = 0;
}

static bool peer_is_link_local(const union mh_endpoint *peer)
{
	return peer->any.sa_family == AF_INET ? ntohl(peer->v4.sin_addr.s_addr) >> 16 == 0xa9fe :
						IN6_IS_ADDR_LINKLOCAL(&peer->v6.sin6_addr);
}

/* The link only where an address means nothing without one: elsewhere the routes know better. */
static unsigned answer_link(const struct mh_datagram *datagram)
{
	return mh_address_is_link_local(&datagram->source) || peer_is_link_local(&datagram->peer) ?
		       datagram->link :
		       0;
}

static size_t control_write(const struct mh_message *message, void *control, bool as_train)
{
	return mh_control_write(control, &message->like->source, answer_link(message->like),
				as_train && message->segments > 1 ? (unsigned)message->segment : 0);
}

/*
 * A full send buffer drains soon or not at all; the others of this batch must not wait long for it.
 */
static bool wait_for_room(struct mh_outbox *outbox)
{
	struct pollfd poller = { .fd = outbox->socket->fd, .events = POLLOUT };

	if (outbox->waited)
		return false;
	outbox->waited = true;
	return poll(&poller, 1, PATIENCE_MS) == 1;
}

/* A datagram of @length was too long as things stand. Returns whether it is worth another try. */
static bool allow_fragments(struct mh_outbox *outbox, const struct mh_message *message, size_t length)
{
	int fd = outbox->socket->fd, discover;

	if (!(outbox->socket->flags & MH_BARE) || !mh_peer_is_v4(&message->like->peer) ||
	    length > LONGEST_V4 || outbox->refusals++ == REFUSALS_MAX)
		return false;
	if (mh_option_get(fd, SOL_IP, IP_MTU_DISCOVER, &discover) < 0)
		return false;
	/* Another thread's permission is as good, as long as it lasts. */
	if (discover == IP_PMTUDISC_WANT)
		return true;
	if (discover != IP_PMTUDISC_DO)
		return false;
	outbox->in_fragments = true;
	return mh_option_set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT) == 0;
}

/* Whether what @error kept from being sent shall be tried once more. */
static bool try_again(struct mh_outbox *outbox, int error, const struct mh_message *message,
		      size_t length)
{
	switch (error) {
	case EINTR:
		return true;
	case EAGAIN:
		return wait_for_room(outbox);
	case EMSGSIZE:
		return allow_fragments(outbox, message, length);
	default:
		return false;
	}
}

static int send_one(struct mh_outbox *outbox, const struct mh_message *message,
		    const struct msghdr *header)
{
	int error;

	do {
		if (sendmsg(outbox->socket->fd, header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		error = errno; /* trying again asks the kernel, too */
	} while (try_again(outbox, error, message, header->msg_iov->iov_len));
	return -error;
}

/* Sends the datagrams of message @index by themselves. */
static void send_apart(struct mh_outbox *outbox, unsigned index)
{
	const struct mh_message *message = &outbox->messages[index];
	struct msghdr header = outbox->headers[index].msg_hdr;
	struct iovec *parts = header.msg_iov, slice;
	size_t part_count = header.msg_iovlen;

	header.msg_iov = &slice;
	header.msg_iovlen = 1;
	header.msg_controllen = control_write(message, header.msg_control, false);
	for (size_t i = 0; i < part_count; i++) {
		struct mh_datagram *owner = outbox->owners[&parts[i] - outbox->parts];
		const char *at = parts[i].iov_base, *end = at + parts[i].iov_len;

		for (; at < end; at += slice.iov_len) {
			size_t left = (size_t)(end - at);

			slice = (struct iovec){ (void *)at,
						left < message->segment ? left : message->segment };
			mh_outbox_tell(outbox, owner, 1, send_one(outbox, message, &header));
		}
	}
}

static void message_tell(struct mh_outbox *outbox, unsigned index, int error)
{
	const struct msghdr *header = &outbox->headers[index].msg_hdr;

	for (size_t i = 0; i < header->msg_iovlen; i++) {
		const struct iovec *part = &header->msg_iov[i];

		mh_outbox_tell(outbox, outbox->owners[part - outbox->parts],
			       mh_piece_count(part->iov_len, outbox->messages[index].segment), error);
	}
}

static bool train_refused(int error, const struct mh_message *message)
{
	return message->segments > 1 && (error == EINVAL || error == EIO || error == EMSGSIZE);
}

/* Writes what the kernel shall know of each message beside its bytes. */
static void controls_write(struct mh_outbox *outbox)
{
	for (unsigned i = 0; i < outbox->message_count; i++) {
		struct msghdr *header = &outbox->headers[i].msg_hdr;

		header->msg_controllen = control_write(&outbox->messages[i], header->msg_control,
						       true);
		if (!header->msg_controllen)
			header->msg_control = NULL;
	}
}

void mh_outbox_flush(struct mh_outbox *outbox)
{
	unsigned at = 0;

	controls_write(outbox);
	while (at < outbox->message_count) {
		const struct mh_message *message = &outbox->messages[at];
		int sent = sendmmsg(outbox->socket->fd, outbox->headers + at,
				    outbox->message_count - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		int error = errno;

		if (sent > 0) {
			for (unsigned end = at + (unsigned)sent; at < end; at++)
				message_tell(outbox, at, 0);
			continue;
		}
		if (train_refused(error, message))
			send_apart(outbox, at);
		else if (try_again(outbox, error, message, message->bytes))
			continue;
		else
			message_tell(outbox, at, -error);
		at++;
	}
	outbox->message_count = outbox->part_count = 0;
}

void mh_outbox_close(struct mh_outbox *outbox)
{
	mh_outbox_flush(outbox);
	if (outbox->in_fragments)
		mh_option_set(outbox->socket->fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
}
