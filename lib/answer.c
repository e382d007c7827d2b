/* SPDX-License-Identifier: MIT */
/*
 * What is sent, and from where: answers that follow each other to the same peer, from the same
 * source and of the same length are gathered into one train (UDP_SEGMENT), which costs the kernel
 * about as much as one datagram; send.c takes them away.
 *
 * An answer that its source cannot send is not sent: the peer would not take it from another. For
 * IPv4 the kernel is the judge of that. For IPv6 it is not, since free binding, without which it
 * refuses addresses that are local by a route, lets everything pass; so a source must lie within
 * what the socket serves. For a socket that serves everything no cheap question is left to ask: a
 * look-up in table local for each answer would cost as much as sending it.
 */
#include "private.h"

#include <errno.h>
#include <string.h>

/* Messages of mh_udp_send() for each system call; their control data stands on the stack. */
#define SEND_SIZE 16

struct piece {
	const char *bytes;
	size_t length;
	unsigned segment; /* 0: one datagram */
};

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

/* 0, or why nothing may leave from the source of @datagram. */
static int source_check(const struct mh_socket *socket, const struct mh_datagram *datagram)
{
	const struct mh_address *source = &datagram->source;
	sa_family_t family = datagram->peer.any.sa_family;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!source->family)
		return datagram->flags & MH_GROUP ? 0 : -EADDRNOTAVAIL;
	if (source->family != (mh_peer_is_v4(&datagram->peer) ? AF_INET : AF_INET6))
		return -EAFNOSUPPORT;
	if (mh_address_is_multicast(source) || mh_address_is_unspecified(source))
		return -EADDRNOTAVAIL;
	/* Who was asked as one of a group answers from an address of its own. */
	if ((datagram->flags & MH_GROUP) || !socket->on.address.family)
		return 0;
	return mh_prefix_holds(&socket->on, source) ? 0 : -EADDRNOTAVAIL;
}

/* Appends @piece to the last message, which there is, if the two can travel together. */
static bool message_join(struct mh_outbox *outbox, struct mh_datagram *owner,
			 const struct piece *piece)
{
	struct mh_message *last = &outbox->messages[outbox->message_count - 1];
	size_t segment = piece->segment ? piece->segment : piece->length;
	unsigned count = mh_piece_count(piece->length, segment);

	if (outbox->part_count == outbox->size || last->closed || !piece->length)
		return false;
	if (segment > last->segment || (segment < last->segment && count > 1))
		return false;
	if (last->segments + count > MH_TRAIN_SEGMENTS ||
	    last->bytes + piece->length > MH_TRAIN_BYTES || !same_way(last->like, owner))
		return false;
	outbox->owners[outbox->part_count] = owner;
	outbox->parts[outbox->part_count++] = (struct iovec){ (void *)piece->bytes, piece->length };
	outbox->headers[outbox->message_count - 1].msg_hdr.msg_iovlen++;
	last->segments += count;
	last->bytes += piece->length;
	last->closed = piece->length % last->segment != 0;
	return true;
}

static void message_new(struct mh_outbox *outbox, struct mh_datagram *owner, const struct piece *piece)
{
	size_t segment = piece->segment ? piece->segment : piece->length;
	unsigned index = outbox->message_count++;

	outbox->messages[index] = (struct mh_message){
		.like = owner,
		.segments = mh_piece_count(piece->length, segment),
		.segment = segment,
		.bytes = piece->length,
		.closed = !segment || (piece->segment && piece->length % segment != 0),
	};
	outbox->headers[index].msg_hdr = (struct msghdr){
		.msg_name = &owner->peer,
		.msg_namelen = peer_length(owner),
		.msg_iov = &outbox->parts[outbox->part_count],
		.msg_iovlen = 1,
		.msg_control = outbox->controls + index * MH_CONTROL_OUT,
	};
	outbox->owners[outbox->part_count] = owner;
	outbox->parts[outbox->part_count++] = (struct iovec){ (void *)piece->bytes, piece->length };
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

static void gather(struct mh_outbox *outbox, struct mh_datagram *datagram)
{
	bool one_by_one = outbox->socket->flags & MH_ONE_BY_ONE;
	size_t offset = 0;

	do {
		struct piece piece = piece_at(datagram, offset, one_by_one);

		offset += piece.length;
		if (!one_by_one && outbox->message_count && message_join(outbox, datagram, &piece))
			continue;
		if (outbox->message_count == outbox->size || outbox->part_count == outbox->size)
			mh_outbox_flush(outbox);
		message_new(outbox, datagram, &piece);
	} while (offset < datagram->answer_length);
}

static int send_all(struct mh_outbox *outbox, struct mh_datagram *datagrams, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct mh_datagram *datagram = &datagrams[i];
		int r;

		datagram->answered = datagram->failed = 0;
		datagram->error = 0;
		if (!datagram->answer)
			continue;
		r = source_check(outbox->socket, datagram);
		if (r < 0)
			mh_outbox_tell(
				outbox, datagram,
				mh_piece_count(datagram->answer_length, datagram->answer_segment), r);
		else
			gather(outbox, datagram);
	}
	mh_outbox_close(outbox);
	return (int)outbox->left;
}

int mh_udp_answer(const struct mh_socket *socket, struct mh_batch *batch)
{
	struct mh_outbox *outbox = &batch->out;

	outbox->socket = socket;
	outbox->left = outbox->message_count = outbox->part_count = outbox->refusals = 0;
	outbox->waited = outbox->in_fragments = false;
	return send_all(outbox, batch->datagrams, batch->count);
}

int mh_udp_send(const struct mh_socket *socket, struct mh_datagram *datagrams, unsigned count)
{
	_Alignas(struct cmsghdr) char controls[SEND_SIZE * MH_CONTROL_OUT];
	struct mh_message messages[SEND_SIZE];
	struct mmsghdr headers[SEND_SIZE];
	struct iovec parts[SEND_SIZE];
	struct mh_datagram *owners[SEND_SIZE];
	struct mh_outbox outbox = { .socket = socket,
				    .size = SEND_SIZE,
				    .messages = messages,
				    .headers = headers,
				    .parts = parts,
				    .owners = owners,
				    .controls = controls };

	return send_all(&outbox, datagrams, count);
}
