/* SPDX-License-Identifier: MIT */
/*
 * Receiving: one system call fills up to a batch of slots, each with its datagram, its peer and
 * what the kernel tells beside it.
 *
 * The slots lie one cache line more than their size apart: slots of 64 KiB would otherwise all
 * fall into the same few sets of the cache, and small datagrams would push each other out.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BATCH_MAX 1024
#define ROOM_MAX 65535
#define CACHE_LINE 64u

static bool batch_allocate(struct mh_batch *batch)
{
	unsigned size = batch->size;

	batch->datagrams = calloc(size, sizeof(*batch->datagrams));
	batch->in = calloc(size, sizeof(*batch->in));
	batch->in_parts = calloc(size, sizeof(*batch->in_parts));
	batch->in_peers = calloc(size, sizeof(*batch->in_peers));
	batch->in_controls = calloc(size, MH_CONTROL_IN);
	batch->messages = calloc(size, sizeof(*batch->messages));
	batch->out = calloc(size, sizeof(*batch->out));
	batch->parts = calloc(size, sizeof(*batch->parts));
	batch->part_owners = calloc(size, sizeof(*batch->part_owners));
	batch->out_controls = calloc(size, MH_CONTROL_OUT);
	/* Pages that no datagram ever reaches are never there. */
	batch->memory = mmap(NULL, batch->memory_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (batch->memory == MAP_FAILED)
		batch->memory = NULL;
	return batch->datagrams && batch->in && batch->in_parts && batch->in_peers && batch->in_controls &&
	       batch->messages && batch->out && batch->parts && batch->part_owners && batch->out_controls &&
	       batch->memory;
}

int mh_batch_new(unsigned count, size_t room, struct mh_batch **ret_batch)
{
	struct mh_batch *batch;

	if (!count || count > BATCH_MAX || !room || room > ROOM_MAX)
		return -EINVAL;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	batch->size = count;
	batch->room = room;
	batch->stride = (room + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE + CACHE_LINE;
	batch->memory_size = batch->stride * count;
	if (!batch_allocate(batch)) {
		mh_batch_free(batch);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < count; i++) {
		batch->in_parts[i].iov_base = batch->memory + i * batch->stride;
		batch->in_parts[i].iov_len = room;
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->in_peers[i],
			.msg_iov = &batch->in_parts[i],
			.msg_iovlen = 1,
			.msg_control = batch->in_controls + i * MH_CONTROL_IN,
		};
	}
	*ret_batch = batch;
	return 0;
}

void mh_batch_free(struct mh_batch *batch)
{
	if (!batch)
		return;
	free(batch->datagrams);
	free(batch->in);
	free(batch->in_parts);
	free(batch->in_peers);
	free(batch->in_controls);
	free(batch->messages);
	free(batch->out);
	free(batch->parts);
	free(batch->part_owners);
	free(batch->out_controls);
	if (batch->memory)
		munmap(batch->memory, batch->memory_size);
	free(batch);
}

struct mh_datagram *mh_batch_at(struct mh_batch *batch, unsigned index)
{
	return index < batch->count ? &batch->datagrams[index] : NULL;
}

unsigned mh_datagram_count(const struct mh_datagram *datagram)
{
	return datagram->segment ? (unsigned)((datagram->length + datagram->segment - 1) / datagram->segment) : 1;
}

bool mh_batch_full(const struct mh_batch *batch)
{
	return batch->full;
}

/* Turns what the kernel wrote into slot @index into a datagram. */
static void datagram_read(const struct mh_batch *batch, unsigned index, struct mh_datagram *ret_datagram)
{
	const struct mmsghdr *message = &batch->in[index];
	struct mh_arrival arrival;

	mh_control_read(message->msg_hdr.msg_control, message->msg_hdr.msg_controllen, &arrival);
	*ret_datagram = (struct mh_datagram){
		.data = batch->in_parts[index].iov_base,
		.length = message->msg_len < batch->room ? message->msg_len : batch->room,
		.room = batch->room,
		.flags = (arrival.group ? MH_GROUP : 0) |
			 (message->msg_hdr.msg_flags & MSG_TRUNC ? MH_TRUNCATED : 0),
		.link = arrival.link,
		.peer = batch->in_peers[index],
		.asked = arrival.asked,
		.source = arrival.source,
	};
	if (arrival.segment && arrival.segment < ret_datagram->length)
		ret_datagram->segment = arrival.segment;
}

int mh_udp_receive(const struct mh_socket *socket, struct mh_batch *batch)
{
	int received;

	batch->count = 0;
	batch->full = false;
	for (unsigned i = 0; i < batch->size; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->in_peers[i]);
		batch->in[i].msg_hdr.msg_controllen = MH_CONTROL_IN;
	}
	do {
		received = recvmmsg(socket->fd, batch->in, batch->size, MSG_WAITFORONE, NULL);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;
	batch->full = (unsigned)received == batch->size;
	for (unsigned i = 0; i < (unsigned)received; i++) {
		struct mh_datagram *datagram = &batch->datagrams[batch->count];

		datagram_read(batch, i, datagram);
		/* Again, since an adopted socket may hold what came before anybody asked for a filter. */
		if (!socket->on.address.family || mh_prefix_holds(&socket->on, &datagram->asked))
			batch->count++;
	}
	return (int)batch->count;
}
