/* SPDX-License-Identifier: MIT */
#ifndef MULTIHOME_OUTBOX_H
#define MULTIHOME_OUTBOX_H

#include "multihome.h"

static inline unsigned mh_piece_count(size_t length, size_t segment)
{
	/* Most are one datagram, and dividing is dear. */
	if (length <= segment)
		return 1;
	return segment ? (unsigned)((length + segment - 1) / segment) : 1;
}

/*
 * The most that one train may hold: segments (every kernel takes 64), and bytes beside IPv6 and UDP
 * headers.
 */
#define MH_TRAIN_SEGMENTS 64
#define MH_TRAIN_BYTES 65487

/* One message to the kernel: a datagram, or a train of equally long ones. */
struct mh_message {
	const struct mh_datagram *like; /* peer, source and link of all that is in it */
	unsigned segments;
	size_t segment, bytes;
	bool closed; /* its last datagram was shorter: nothing may follow */
};

/* What is gathered to leave by one system call. */
struct mh_outbox {
	const struct mh_socket *socket;
	unsigned size, message_count, part_count;
	struct mh_message *messages;
	struct mmsghdr *headers;
	struct iovec *parts;
	struct mh_datagram **owners; /* whose answer each part is */
	char *controls;
	unsigned left;	   /* datagrams that left, in this call */
	bool waited;	   /* for the send buffer, in this call */
	bool in_fragments; /* IPv4 may be fragmented, until this call ends */
	unsigned refusals; /* of the same message, as too long */
};

/* The message at @index is complete but for its control data, which is written when it leaves. */
void mh_outbox_flush(struct mh_outbox *outbox);
void mh_outbox_close(struct mh_outbox *outbox); /* flushes; undoes what the call had changed */
/* @error 0: @count of its datagrams left; else they did not. */
void mh_outbox_tell(struct mh_outbox *outbox, struct mh_datagram *datagram, unsigned count,
		    int error);

#endif
