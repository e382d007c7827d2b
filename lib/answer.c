/* SPDX-License-Identifier: MIT */
/*
 * Sending: answers that follow each other to the same peer, from the same source and of the same
 * length leave as one train (UDP_SEGMENT), which costs the kernel about as much as one datagram;
 * all trains and single datagrams of a batch leave by one system call.
 *
 * A device, a route or a length may refuse a train (EINVAL, EIO, EMSGSIZE). Then, and only for
 * this train, its datagrams are sent one by one. Switching trains off for the whole socket was
 * rejected: one address that has just gone gives EINVAL as well.
 *
 * An answer that its source cannot send is not sent: the peer would not take it from another.
 */
#include "private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* How long a call waits, once, for a full send buffer to drain. */
#define PATIENCE_MS 2

struct piece {
	const char *bytes;
	size_t length;
	unsigned segment; /* 0: one datagram */
};

static unsigned piece_count(size_t length, size_t segment)
{
	/* Most are one datagram, and dividing is dear. */
	if (length <= segment)
		return 1;
	return segment ? (unsigned)((length + segment - 1) / segment) : 1;
}

static void tell(struct mh_batch *batch, struct mh_datagram *datagram, unsigned count, int error)
{
	if (error) {
		datagram->failed += count;
		datagram->error = error;
	} else {
		datagram->answered += count;
		batch->answered += count;
	}
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

static socklen_t peer_length(const struct mh_datagram *datagram)
{
	return datagram->peer.any.sa_family == AF_INET ? sizeof(datagram->peer.v4) :
							 sizeof(datagram->peer.v6);
}

static bool same_way(const struct mh_datagram *a, const struct mh_datagram *b)
{
	return memcmp(&a->source, &b->source, sizeof(a->source)) == 0 && a->link == b->link &&
	       peer_length(a) == peer_length(b) && memcmp(&a->peer, &b->peer, peer_length(a)) == 0;
}

static bool may_answer(const struct mh_datagram *datagram)
{
	if (!datagram->source.family)
		return datagram->flags & MH_GROUP;
	return !mh_address_is_multicast(&datagram->source);
}

/* Appends @piece to the last message, which there is, if the two can travel together. */
static bool message_join(struct mh_batch *batch, struct mh_datagram *owner, const struct piece *piece)
{
	struct mh_message *last = &batch->messages[batch->out_count - 1];
	size_t segment = piece->segment ? piece->segment : piece->length;
	unsigned count = piece_count(piece->length, segment);

	if (batch->part_count == batch->size || last->closed || !piece->length)
		return false;
	if (segment > last->segment || (segment < last->segment && count > 1))
		return false;
	if (last->segments + count > MH_TRAIN_SEGMENTS ||
	    last->bytes + piece->length > MH_TRAIN_BYTES || !same_way(last->like, owner))
		return false;
	batch->part_owners[batch->part_count] = owner;
	batch->parts[batch->part_count++] = (struct iovec){ (void *)piece->bytes, piece->length };
	batch->out[batch->out_count - 1].msg_hdr.msg_iovlen++;
	last->segments += count;
	last->bytes += piece->length;
	last->closed = piece->length % last->segment != 0;
	return true;
}

static void message_new(struct mh_batch *batch, struct mh_datagram *owner, const struct piece *piece)
{
	size_t segment = piece->segment ? piece->segment : piece->length;
	unsigned index = batch->out_count++;

	batch->messages[index] = (struct mh_message){
		.like = owner,
		.segments = piece_count(piece->length, segment),
		.segment = segment,
		.bytes = piece->length,
		.closed = !segment || (piece->segment && piece->length % segment != 0),
	};
	batch->out[index].msg_hdr = (struct msghdr){
		.msg_name = &owner->peer,
		.msg_namelen = peer_length(owner),
		.msg_iov = &batch->parts[batch->part_count],
		.msg_iovlen = 1,
		.msg_control = batch->out_controls + index * MH_CONTROL_OUT,
	};
	batch->part_owners[batch->part_count] = owner;
	batch->parts[batch->part_count++] = (struct iovec){ (void *)piece->bytes, piece->length };
}

static size_t control_write(const struct mh_message *message, void *control, bool as_train)
{
	return mh_control_write(control, &message->like->source, answer_link(message->like),
				as_train && message->segments > 1 ? (unsigned)message->segment : 0);
}

/*
 * A full send buffer drains soon or not at all; the others of this batch must not wait long for it.
 */
static bool wait_for_room(int fd, struct mh_batch *batch)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	if (batch->waited)
		return false;
	batch->waited = true;
	return poll(&poller, 1, PATIENCE_MS) == 1;
}

static int send_one(int fd, struct mh_batch *batch, const struct msghdr *header)
{
	ssize_t r;

	do {
		r = sendmsg(fd, header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (r < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room(fd, batch))));
	return r < 0 ? -errno : 0;
}

/* Sends the datagrams of message @index by themselves. */
static void send_apart(int fd, struct mh_batch *batch, unsigned index)
{
	const struct mh_message *message = &batch->messages[index];
	struct msghdr header = batch->out[index].msg_hdr;
	struct iovec *parts = header.msg_iov, slice;
	size_t part_count = header.msg_iovlen;

	header.msg_iov = &slice;
	header.msg_iovlen = 1;
	header.msg_controllen = control_write(message, header.msg_control, false);
	for (size_t i = 0; i < part_count; i++) {
		struct mh_datagram *owner = batch->part_owners[&parts[i] - batch->parts];
		const char *at = parts[i].iov_base, *end = at + parts[i].iov_len;

		for (; at < end; at += slice.iov_len) {
			size_t left = (size_t)(end - at);

			slice = (struct iovec){ (void *)at,
						left < message->segment ? left : message->segment };
			tell(batch, owner, 1, send_one(fd, batch, &header));
		}
	}
}

static void message_tell(struct mh_batch *batch, unsigned index, int error)
{
	const struct msghdr *header = &batch->out[index].msg_hdr;

	for (size_t i = 0; i < header->msg_iovlen; i++) {
		const struct iovec *part = &header->msg_iov[i];

		tell(batch, batch->part_owners[part - batch->parts],
		     piece_count(part->iov_len, batch->messages[index].segment), error);
	}
}

static bool train_refused(int error, const struct mh_message *message)
{
	return message->segments > 1 && (error == EINVAL || error == EIO || error == EMSGSIZE);
}

/* Sends all messages that were gathered, and forgets them. */
static void flush(int fd, struct mh_batch *batch)
{
	unsigned at = 0;

	for (unsigned i = 0; i < batch->out_count; i++) {
		struct msghdr *header = &batch->out[i].msg_hdr;

		header->msg_controllen = control_write(&batch->messages[i], header->msg_control,
						       true);
		if (!header->msg_controllen)
			header->msg_control = NULL;
	}
	while (at < batch->out_count) {
		int sent = sendmmsg(fd, batch->out + at, batch->out_count - at,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			for (unsigned end = at + (unsigned)sent; at < end; at++)
				message_tell(batch, at, 0);
			continue;
		}
		if (sent == 0 || errno == EINTR || (errno == EAGAIN && wait_for_room(fd, batch)))
			continue;
		if (train_refused(errno, &batch->messages[at]))
			send_apart(fd, batch, at);
		else
			message_tell(batch, at, -errno);
		at++;
	}
	batch->out_count = batch->part_count = 0;
}

/* How much of an answer one message can take: whole segments, within the bounds of a train. */
static struct piece piece_at(const struct mh_datagram *datagram, size_t offset, bool one_by_one)
{
	struct piece piece = { .bytes = (const char *)datagram->answer + offset,
			       .length = datagram->answer_length - offset,
			       .segment = datagram->answer_segment };
	size_t most = MH_TRAIN_SEGMENTS;

	if (!piece.segment || piece.segment >= piece.length) {
		piece.segment = 0;
		return piece;
	}
	if (most * piece.segment > MH_TRAIN_BYTES)
		most = MH_TRAIN_BYTES / piece.segment;
	if (one_by_one || most == 0)
		most = 1;
	if (piece.length > most * piece.segment)
		piece.length = most * piece.segment;
	if (piece.length <= piece.segment)
		piece.segment = 0;
	return piece;
}

static void gather(const struct mh_socket *socket, struct mh_batch *batch,
		   struct mh_datagram *datagram)
{
	bool one_by_one = socket->flags & MH_ONE_BY_ONE;
	size_t offset = 0;

	do {
		struct piece piece = piece_at(datagram, offset, one_by_one);

		offset += piece.length;
		if (!one_by_one && batch->out_count && message_join(batch, datagram, &piece))
			continue;
		if (batch->out_count == batch->size || batch->part_count == batch->size)
			flush(socket->fd, batch);
		message_new(batch, datagram, &piece);
	} while (offset < datagram->answer_length);
}

int mh_udp_answer(const struct mh_socket *socket, struct mh_batch *batch)
{
	batch->waited = false;
	batch->answered = 0;
	batch->out_count = batch->part_count = 0;
	for (unsigned i = 0; i < batch->count; i++) {
		struct mh_datagram *datagram = &batch->datagrams[i];

		datagram->answered = datagram->failed = 0;
		datagram->error = 0;
		if (!datagram->answer)
			continue;
		if (may_answer(datagram))
			gather(socket, batch, datagram);
		else
			tell(batch, datagram,
			     piece_count(datagram->answer_length, datagram->answer_segment),
			     -EADDRNOTAVAIL);
	}
	flush(socket->fd, batch);
	return (int)batch->answered;
}
