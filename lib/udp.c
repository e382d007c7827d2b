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
#define TRAIN_ROOM 65535
#define CACHE_LINE 64u

static bool batch_allocate(struct mh_batch *batch)
{
	unsigned size = batch->size;
	struct mh_outbox *out = &batch->out;

	batch->datagrams = calloc(size, sizeof(*batch->datagrams));
	batch->in = calloc(size, sizeof(*batch->in));
	batch->in_parts = calloc(size, sizeof(*batch->in_parts));
	batch->in_controls = calloc(size, MH_CONTROL_IN);
	out->messages = calloc(size, sizeof(*out->messages));
	out->headers = calloc(size, sizeof(*out->headers));
	out->parts = calloc(size, sizeof(*out->parts));
	out->owners = calloc(size, sizeof(*out->owners));
	out->controls = calloc(size, MH_CONTROL_OUT);
	/* Pages that no datagram ever reaches are never there. */
	batch->memory = mmap(NULL, batch->memory_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (batch->memory == MAP_FAILED)
		batch->memory = NULL;
	return batch->datagrams && batch->in && batch->in_parts && batch->in_controls &&
	       out->messages && out->headers && out->parts && out->owners && out->controls &&
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
	batch->used = count;
	batch->out.size = count;
	if (!batch_allocate(batch)) {
		mh_batch_free(batch);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < count; i++) {
		batch->in_parts[i].iov_base = batch->memory + i * batch->stride;
		batch->in_parts[i].iov_len = room;
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->datagrams[i].peer,
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
	free(batch->in_controls);
	free(batch->out.messages);
	free(batch->out.headers);
	free(batch->out.parts);
	free(batch->out.owners);
	free(batch->out.controls);
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
	return datagram->segment ? mh_piece_count(datagram->length, datagram->segment) : 1;
}

bool mh_batch_full(const struct mh_batch *batch)
{
	return batch->used == batch->size;
}

/* What the kernel wrote into slot @index, as a datagram; its peer stands there already. */
static void datagram_read(const struct mh_batch *batch, unsigned index, struct mh_datagram *datagram)
{
	const struct mmsghdr *message = &batch->in[index];
	struct mh_arrival arrival;

	mh_control_read(message->msg_hdr.msg_control, message->msg_hdr.msg_controllen, &arrival);
	datagram->data = batch->in_parts[index].iov_base;
	datagram->length = message->msg_len < batch->room ? message->msg_len : batch->room;
	datagram->room = batch->room;
	datagram->segment = arrival.segment < datagram->length ? arrival.segment : 0;
	datagram->flags = (arrival.group ? MH_GROUP : 0) |
			  (message->msg_hdr.msg_flags & MSG_TRUNC ? MH_TRUNCATED : 0);
	datagram->link = arrival.link;
	datagram->asked = arrival.asked;
	datagram->source = arrival.source;
	datagram->answer = NULL;
	datagram->answer_length = 0;
	datagram->answer_segment = 0;
	datagram->answered = datagram->failed = 0;
	datagram->error = 0;
}

int mh_udp_receive(const struct mh_socket *socket, struct mh_batch *batch)
{
	int received;

	/* A train that is cut loses datagrams now and then, which is harder to find than this. */
	if ((socket->flags & MH_JOINED) && batch->room < TRAIN_ROOM) {
		batch->count = 0;
		return -EINVAL;
	}
	for (unsigned i = 0; i < batch->used; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->datagrams[i].peer);
		batch->in[i].msg_hdr.msg_controllen = MH_CONTROL_IN;
	}
	batch->count = batch->used = 0;
	do {
		received = recvmmsg(socket->fd, batch->in, batch->size, MSG_WAITFORONE, NULL);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;
	batch->used = (unsigned)received;
	for (unsigned i = 0; i < batch->used; i++) {
		struct mh_datagram *datagram = &batch->datagrams[i];

		datagram_read(batch, i, datagram);
		/* An adopted socket may hold what came before anybody asked for a filter. */
		if (!mh_socket_serves(socket, &datagram->asked, datagram->link))
			continue;
		if (batch->count != i)
			batch->datagrams[batch->count] = *datagram;
		batch->count++;
	}
	return (int)batch->count;
}
