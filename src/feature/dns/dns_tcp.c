/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages over TCP (RFC 7766, RFC 9210): each with its length before it, any number one after the
 * other, answered in their order. What a connection costs: a slot; memory for a message that has come
 * in part; memory for answers that the peer has not taken yet, as long as it has not. While there are
 * some, nothing more is read: whoever asks and does not listen is stopped by its own window.
 *
 * Three patiences, and none is renewed by a trickle: for the next question; for the rest of one
 * that has begun; for answers to be taken, all of them.
 */
#include "feature/dns/dns_thread.h"
#include "feature/dns/dns_transfer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* Reads from one connection before the others get their turn. */
#define ROUNDS 4
#define HEAD_SIZE 12
#define BEGUN_US 10000000
#define TAKEN_US 10000000
/* What a peer may leave untaken: so much, and one answer. */
#define SAID_AT_ONCE 16384
/* With no place left, a connection that was silent for so long gives way to a new one. */
#define GIVES_WAY_US 1000000

enum { QUEUE_IDLE, QUEUE_BEGUN, QUEUE_TAKEN, QUEUES };

struct dns_connection {
	struct crew_connection base;
	struct dns_talk talk;
	uint16_t port;
	uint32_t client; /* its slot in the live table */
	uint8_t *in;	 /* a message that has come in part, and what follows it; or NULL */
	uint32_t have, room;
	uint8_t *out; /* what the peer has not taken yet, or NULL */
	uint32_t out_start, out_length;
	struct dns_transfer *transfer; /* or NULL */
};

size_t dns_tcp_connection_size(void)
{
	return sizeof(struct dns_connection);
}

static struct dns_connection *connection_of(struct crew_connection *base)
{
	return (struct dns_connection *)(void *)base;
}

static uint32_t client_slot(const struct dns_live *live, const struct address *peer)
{
	uint64_t halves[2];

	/* A host of IPv6 has a network's worth of addresses. */
	memcpy(halves, peer->bytes, sizeof(halves));
	halves[0] = (halves[0] ^ live->key) * 0x9e3779b97f4a7c15u;
	halves[0] = (halves[0] ^ halves[0] >> 29) * 0xff51afd7ed558ccdu;
	return (uint32_t)(halves[0] >> 32) % DNS_CLIENT_SLOTS;
}

static void in_free(struct dns_thread *thread, struct dns_connection *connection)
{
	if (connection->room == CREW_BUFFER)
		crew_buffer_give(&thread->base, (char *)connection->in);
	else
		mem_freep(&connection->in);
	connection->in = NULL;
	connection->have = connection->room = 0;
}

/* Room for @wanted bytes: a spare buffer does for all but rare messages. */
static void in_hold(struct dns_thread *thread, struct dns_connection *connection, uint32_t wanted)
{
	uint32_t have = connection->have;
	uint8_t *bigger;

	if (connection->room >= wanted)
		return;
	if (wanted <= CREW_BUFFER) {
		connection->in = (uint8_t *)crew_buffer_take(&thread->base);
		connection->room = CREW_BUFFER;
		return;
	}
	bigger = mem_alloc(DNS_STREAM_SIZE);
	if (have)
		memcpy(bigger, connection->in, have);
	in_free(thread, connection);
	connection->in = bigger;
	connection->have = have;
	connection->room = DNS_STREAM_SIZE;
}

void dns_tcp_ended(struct crew_thread *base, struct crew_connection *with)
{
	struct dns_connection *connection = connection_of(with);
	struct dns_thread *thread = dns_thread(base);

	atomic_fetch_sub(&thread->live->clients[connection->client], 1);
	atomic_fetch_sub(&thread->live->connections, 1);
	in_free(thread, connection);
	mem_freep(&connection->out);
	dns_transfer_end(thread, connection->transfer);
}

static void end(struct dns_thread *thread, struct dns_connection *connection, bool reset)
{
	crew_connection_end(&thread->base, &connection->base, reset);
}

static void wait_in(struct dns_thread *thread, struct dns_connection *connection, uint32_t queue)
{
	/* The patience for what has begun, or is to be taken, runs once. */
	if (queue == QUEUE_IDLE || connection->base.queue != queue)
		crew_connection_wait(&thread->base, &connection->base, queue);
}

/* As much as the peer takes now: maybe 0. -errno when it takes nothing any more. */
static ssize_t say(const struct dns_connection *connection, const uint8_t *bytes, size_t length)
{
	ssize_t sent = send(connection->base.with.fd, bytes, length, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return sent < 0 ? -errno : sent;
}

/* Sends @length bytes of the stream, and keeps what the peer does not take. False: it is over. */
static bool out_put(struct dns_thread *thread, struct dns_connection *connection, size_t length)
{
	ssize_t sent = length ? say(connection, thread->stream, length) : 0;

	if (sent < 0) {
		end(thread, connection, true);
		return false;
	}
	if ((size_t)sent == length)
		return true;
	connection->out_length = (uint32_t)(length - (size_t)sent);
	connection->out_start = 0;
	connection->out = mem_alloc(connection->out_length);
	memcpy(connection->out, thread->stream + sent, connection->out_length);
	crew_connection_poll(&thread->base, &connection->base, EPOLLOUT);
	wait_in(thread, connection, QUEUE_TAKEN);
	return true;
}

/* True when all was taken. */
static bool out_flush(struct dns_thread *thread, struct dns_connection *connection)
{
	ssize_t sent;

	if (!connection->out)
		return true;
	sent = say(connection, connection->out + connection->out_start, connection->out_length);
	if (sent < 0) {
		end(thread, connection, true);
		return false;
	}
	connection->out_start += (uint32_t)sent;
	connection->out_length -= (uint32_t)sent;
	if (connection->out_length)
		return false;
	mem_freep(&connection->out);
	/* What follows is to be taken anew. */
	crew_connection_wait(&thread->base, &connection->base, QUEUE_IDLE);
	return true;
}

/* The next messages of a transfer, as much as goes out at once. True when it is over and taken. */
static bool transfer_go(struct dns_thread *thread, struct dns_connection *connection)
{
	size_t length = 0, more = 1;

	while (more && length < SAID_AT_ONCE) {
		uint8_t *at = thread->stream + length;
		struct dns_room room = { at + 2, DNS_MESSAGE_SIZE };

		more = dns_transfer_next(thread, connection->transfer, &room);
		at[0] = (uint8_t)(more >> 8);
		at[1] = (uint8_t)more;
		length += more ? 2 + more : 0;
	}
	if (!more) {
		dns_transfer_end(thread, connection->transfer);
		connection->transfer = NULL;
	}
	if (!out_put(thread, connection, length))
		return false;
	if (!connection->transfer)
		return !connection->out;
	/* Others have their turn; it goes on when this was taken. */
	crew_connection_poll(&thread->base, &connection->base, EPOLLOUT);
	crew_connection_wait(&thread->base, &connection->base, QUEUE_TAKEN);
	return false;
}

/* Answers one message into the stream at @at. Returns the bytes, with the length before them. */
static size_t message(struct dns_thread *thread, struct dns_connection *connection,
		      const struct dns_bytes *query, uint8_t *at)
{
	struct counter *counter = &thread->counts.tcp;
	size_t length;
	struct dns_room room = { at + 2, DNS_MESSAGE_SIZE };

	length = dns_thread_answer(thread, &connection->talk, query, &room);
	if (thread->scratch->outcome.transfer)
		length = dns_transfer_begin(thread, &connection->talk, &room, &connection->transfer);
	dns_thread_done(thread, &connection->talk, length || connection->transfer);
	counter->asked++;
	if (!length && !connection->transfer) {
		counter->dropped++;
		return 0;
	}
	counter->answered++;
	if (!length)
		return 0;
	at[0] = (uint8_t)(length >> 8);
	at[1] = (uint8_t)length;
	return 2 + length;
}

/*
 * Answers all whole messages of @bytes, until the peer does not take what is said or a transfer
 * begins. *ret_used: so many bytes are done with. False: the connection is over.
 */
static bool messages(struct dns_thread *thread, struct dns_connection *connection,
		     const struct dns_bytes *bytes, uint32_t *ret_used)
{
	uint32_t used = 0;
	size_t length = 0;

	while (!connection->out && !connection->transfer && bytes->length - used >= 2) {
		struct dns_bytes query = { bytes->bytes + used + 2, (uint32_t)bytes->bytes[used] << 8 |
									    bytes->bytes[used + 1] };

		/* Nobody who speaks DNS sends that, and what follows is anybody's guess. */
		if (query.length < HEAD_SIZE) {
			end(thread, connection, false);
			return false;
		}
		if (bytes->length - used - 2 < query.length)
			break;
		length += message(thread, connection, &query, thread->stream + length);
		used += 2 + query.length;
		if (length >= SAID_AT_ONCE) {
			if (!out_put(thread, connection, length))
				return false;
			length = 0;
		}
	}
	*ret_used = used;
	return out_put(thread, connection, length);
}

/* Keeps what is left of @bytes for later, in the connection's own memory. */
static void keep(struct dns_thread *thread, struct dns_connection *connection,
		 const struct dns_bytes *bytes, uint32_t used)
{
	uint32_t left = bytes->length - used;

	if (!left) {
		in_free(thread, connection);
		return;
	}
	if (bytes->bytes != connection->in)
		in_hold(thread, connection, left);
	memmove(connection->in, bytes->bytes + used, left);
	connection->have = left;
	/* A large message gets its room when so much of it has come, not when it is announced. */
	if (left == connection->room)
		in_hold(thread, connection, DNS_STREAM_SIZE);
}

/* Answers what is there. False: the connection is over, or can take no more now. */
static bool digest(struct dns_thread *thread, struct dns_connection *connection,
		   const struct dns_bytes *bytes)
{
	uint32_t used = 0;

	if (!messages(thread, connection, bytes, &used))
		return false;
	keep(thread, connection, bytes, used);
	if (connection->transfer && !connection->out)
		crew_connection_poll(&thread->base, &connection->base, EPOLLOUT);
	if (connection->transfer || connection->out) {
		wait_in(thread, connection, QUEUE_TAKEN);
		return false;
	}
	if (used || !connection->have)
		wait_in(thread, connection, QUEUE_IDLE);
	if (connection->have)
		wait_in(thread, connection, QUEUE_BEGUN);
	return true;
}

/* Reads once. False: nothing waits, or the connection is over or can take no more now. */
static bool hear(struct dns_thread *thread, struct dns_connection *connection)
{
	uint8_t fresh[CREW_BUFFER];
	uint8_t *into = connection->in ? connection->in + connection->have : fresh;
	size_t room = connection->in ? connection->room - connection->have : sizeof(fresh);
	ssize_t got = recv(connection->base.with.fd, into, room, 0);
	struct dns_bytes bytes = { into, (uint32_t)got };

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		end(thread, connection, got < 0);
		return false;
	}
	if (connection->in) {
		connection->have += (uint32_t)got;
		bytes = (struct dns_bytes){ connection->in, connection->have };
	}
	return digest(thread, connection, &bytes) && (size_t)got == room;
}

static void talk(struct dns_thread *thread, struct dns_connection *connection)
{
	if (!out_flush(thread, connection))
		return;
	if (connection->transfer && !transfer_go(thread, connection))
		return;
	crew_connection_poll(&thread->base, &connection->base, EPOLLIN);
	if (connection->have) {
		struct dns_bytes bytes = { connection->in, connection->have };

		if (!digest(thread, connection, &bytes))
			return;
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		if (!hear(thread, connection))
			return;
}

void dns_tcp_talk(struct crew_thread *base, struct crew_connection *with)
{
	struct dns_thread *thread = dns_thread(base);

	dns_thread_clock(thread);
	talk(thread, connection_of(with));
	dns_thread_told(thread);
}

void dns_tcp_timeout(struct crew_thread *base, struct crew_connection *with)
{
	crew_connection_end(base, with, with->queue != QUEUE_IDLE);
}

/* The one that was silent longest gives way, if it was silent long enough. */
static bool make_place(struct dns_thread *thread)
{
	const struct crew_queue *queue = &thread->base.queues[QUEUE_IDLE];

	if (!queue->first ||
	    queue->first->deadline_us - queue->patience_us + GIVES_WAY_US > thread->base.now_us)
		return false;
	crew_connection_end(&thread->base, queue->first, false);
	return true;
}

/* One more connection of all, and of its client. */
static bool live_add(struct dns_thread *thread, uint32_t client)
{
	const struct dns_orders *orders = &thread->setup->orders;
	struct dns_live *live = thread->live;

	if (atomic_fetch_add(&live->clients[client], 1) >= orders->tcp_per_client) {
		atomic_fetch_sub(&live->clients[client], 1);
		return false;
	}
	if (atomic_fetch_add(&live->connections, 1) < orders->tcp_connections || make_place(thread))
		return true;
	atomic_fetch_sub(&live->connections, 1);
	atomic_fetch_sub(&live->clients[client], 1);
	return false;
}

static bool begin(struct dns_thread *thread, const struct crew_socket *socket,
		  const struct mh_connection *with)
{
	struct dns_connection *connection;
	struct dns_talk talk = { .asker = { .tcp = true } };
	uint32_t client;

	memcpy(&talk.asker.asked, &with->asked, sizeof(talk.asker.asked));
	if (!thread->setup ||
	    address_from_sockaddr(&with->peer, &talk.asker.peer, &talk.asker.peer_port) < 0 ||
	    !dns_thread_serves(thread, socket->port, &talk.asker.asked, &talk.prefix))
		return false;
	client = client_slot(thread->live, &talk.asker.peer);
	if (!live_add(thread, client))
		return false;
	connection = connection_of(crew_connection_begin(&thread->base, with, QUEUE_IDLE));
	if (!connection) {
		atomic_fetch_sub(&thread->live->connections, 1);
		atomic_fetch_sub(&thread->live->clients[client], 1);
		return false;
	}
	connection->talk = talk;
	connection->port = socket->port;
	connection->client = client;
	return true;
}

void dns_tcp_admit(struct crew_thread *base, struct crew_socket *socket,
		   const struct mh_connection *with)
{
	struct dns_thread *thread = dns_thread(base);
	struct counter *counter = &thread->counts.connections;

	counter->asked++;
	if (begin(thread, socket, with)) {
		counter->answered++;
		return;
	}
	counter->dropped++;
	mh_tcp_reset(with->fd);
}

static void succeed(struct crew_thread *base, struct crew_connection *with, void *data)
{
	struct dns_connection *connection = connection_of(with);

	if (!dns_thread_serves(dns_thread(base), connection->port, &connection->talk.asker.asked,
			       &connection->talk.prefix))
		crew_connection_end(base, with, true);
}

static uint32_t queue_of(struct crew_thread *base, struct crew_connection *with)
{
	return with->queue;
}

void dns_tcp_adopt(struct dns_thread *thread)
{
	int64_t patience[QUEUES] = { 0, BEGUN_US, TAKEN_US };
	int64_t idle_us = thread->setup ? (int64_t)thread->setup->orders.tcp_idle_ms * 1000 : 0;

	patience[QUEUE_IDLE] = idle_us;
	if (idle_us < BEGUN_US)
		patience[QUEUE_BEGUN] = idle_us;
	crew_connections_each(&thread->base, succeed, NULL);
	crew_queues_set(&thread->base, patience, QUEUES, queue_of);
}
