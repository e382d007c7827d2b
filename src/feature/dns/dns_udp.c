/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a datagram: one system call brings a batch, each is answered out of memory that is
 * there, one system call takes the answers away.
 *
 * Not answered, on purpose: what was sent to a group (one datagram to a broadcast address would raise
 * as many answers as there are hosts), what is longer than any query, and what comes from port 0,
 * where nobody listens.
 */
#include "feature/dns/dns_thread.h"

#include <assert.h>
#include <string.h>

/* Batches from one socket before the others get their turn. */
#define ROUNDS 16

/* A batch of so many datagrams heats a socket; so many smaller ones in a row cool it. */
#define HOT_BATCH 8
#define HEAT 64

static_assert(sizeof(struct address) == sizeof(struct mh_address),
	      "the address asked is copied as it is");

static void answer(struct dns_thread *thread, const struct crew_socket *socket,
		   struct mh_datagram *datagram)
{
	struct dns_bytes query = { datagram->data, (uint32_t)datagram->length };
	struct dns_room room = { datagram->data, datagram->room };
	struct dns_talk talk = { 0 };
	size_t length;

	memcpy(&talk.asker.asked, &datagram->asked, sizeof(talk.asker.asked));
	if ((datagram->flags & (MH_GROUP | MH_TRUNCATED)) ||
	    address_from_sockaddr(&datagram->peer, &talk.asker.peer, &talk.asker.peer_port) < 0 ||
	    !talk.asker.peer_port ||
	    !dns_thread_serves(thread, socket->port, &talk.asker.asked, &talk.prefix))
		return;
	length = dns_thread_answer(thread, &talk, &query, &room);
	dns_thread_done(thread, &talk, length);
	if (!length)
		return;
	datagram->answer = datagram->data;
	datagram->answer_length = length;
	datagram->answer_segment = 0;
}

/* Where the names of a batch lie in memory is asked for before the first of them is needed. */
static void look_ahead(struct dns_thread *thread, unsigned count)
{
	struct dns_ahead ahead[DNS_BATCH];

	for (unsigned i = 0; i < count; i++) {
		const struct mh_datagram *datagram = mh_batch_at(thread->base.batch, i);

		dns_look_ahead(&thread->server, thread->scratch, datagram->data, datagram->length,
			       &ahead[i]);
	}
	for (unsigned i = 0; i < count; i++)
		dns_look_again(&ahead[i]);
}

static void serve_batch(struct dns_thread *thread, struct crew_socket *socket, unsigned count)
{
	struct counter *counter = &thread->counts.udp;
	bool any = false;

	if (count > 1 && count <= DNS_BATCH)
		look_ahead(thread, count);
	for (unsigned i = 0; i < count; i++) {
		struct mh_datagram *datagram = mh_batch_at(thread->base.batch, i);

		answer(thread, socket, datagram);
		any = any || datagram->answer;
	}
	if (any)
		mh_udp_answer(&socket->socket, thread->base.batch);
	for (unsigned i = 0; i < count; i++) {
		const struct mh_datagram *datagram = mh_batch_at(thread->base.batch, i);

		counter->asked++;
		counter->answered += datagram->answered;
		counter->failed += datagram->failed;
		counter->dropped += !datagram->answer;
	}
}

bool dns_udp_serve(struct crew_thread *base, struct crew_socket *socket)
{
	struct dns_thread *thread = dns_thread(base);
	bool more = true;

	if (!thread->setup)
		return false;
	dns_thread_clock(thread);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int count = mh_udp_receive(&socket->socket, base->batch);

		/*
		 * An error of the network that somebody's earlier answer raised is read, and so
		 * over.
		 */
		more = count >= 0;
		if (!more)
			break;
		serve_batch(thread, socket, (unsigned)count);
		if (count >= HOT_BATCH)
			socket->heat = HEAT;
		else if (socket->heat)
			socket->heat--;
		more = socket->heat || mh_batch_full(base->batch);
		if (!more)
			break;
	}
	dns_thread_told(thread);
	return more;
}
