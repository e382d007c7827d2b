/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said on a connection. Reading stops while an answer waits to be taken, so a peer that
 * sends and never reads fills its own window and one buffer here, and nothing else (RFC 862 says
 * nothing of that; memory does).
 *
 * After whoami's answer the connection lingers, half closed: closing it with unread bytes would
 * send a reset, which may overtake the answer (RFC 9112, 9.6).
 */
#include "feature/services/services_connection.h"
#include "feature/services/services_http.h"
#include "feature/services/services_who.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* Reads from one connection before the others get their turn. */
#define ROUNDS 4

static void wait_in(struct services_thread *thread, struct services_connection *connection,
		    uint32_t queue)
{
	crew_connection_wait(&thread->base, &connection->base, queue);
}

static void poll_for(struct services_thread *thread, struct services_connection *connection,
		     uint32_t events)
{
	crew_connection_poll(&thread->base, &connection->base, events);
}

/* Has a buffer from now on, or none. */
static void buffer_want(struct services_thread *thread, struct services_connection *connection,
			bool wanted)
{
	if (wanted == (connection->buffer != NULL))
		return;
	if (wanted)
		connection->buffer = crew_buffer_take(&thread->base);
	else
		crew_buffer_give(&thread->base, connection->buffer);
	if (!wanted)
		connection->buffer = NULL;
	connection->start = connection->length = 0;
}

/*
 * Reads into @buffer. Returns the bytes, 0 at the peer's end, or -EAGAIN; -errno ends the
 * connection.
 */
static ssize_t hear(const struct services_connection *connection, char *buffer, size_t room)
{
	ssize_t got = recv(connection->base.with.fd, buffer, room, 0);

	return got < 0 ? -(errno == EINTR ? EAGAIN : errno) : got;
}

/* As much as the peer takes now: maybe 0. -errno when it takes nothing any more. */
static ssize_t say(const struct services_connection *connection, const char *bytes, size_t length)
{
	ssize_t sent = send(connection->base.with.fd, bytes, length, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return sent < 0 ? -errno : sent;
}

/*
 * Sends what is in the buffer. Returns true when it is empty; false when it is not, or the
 * connection ended.
 */
static bool buffer_flush(struct services_thread *thread, struct services_connection *connection)
{
	ssize_t sent = say(connection, connection->buffer + connection->start, connection->length);

	if (sent < 0) {
		services_connection_end(thread, connection, true);
		return false;
	}
	connection->start += (size_t)sent;
	connection->length -= (size_t)sent;
	if (sent)
		wait_in(thread, connection, connection->service);
	if (connection->length) {
		poll_for(thread, connection, EPOLLOUT);
		return false;
	}
	buffer_want(thread, connection, false);
	poll_for(thread, connection, EPOLLIN);
	return true;
}

static void echo(struct services_thread *thread, struct services_connection *connection)
{
	if (connection->length && !buffer_flush(thread, connection))
		return;
	for (unsigned round = 0; round < ROUNDS; round++) {
		ssize_t got = hear(connection, thread->scratch, CREW_BUFFER), sent;

		if (got == -EAGAIN)
			return;
		/*
		 * At the end of what the peer says all of it has been sent back: nothing is read
		 * before that.
		 */
		sent = got > 0 ? say(connection, thread->scratch, (size_t)got) : got;
		if (got <= 0 || sent < 0) {
			services_connection_end(thread, connection, got < 0 || sent < 0);
			return;
		}
		wait_in(thread, connection, connection->service);
		if (sent < got) {
			buffer_want(thread, connection, true);
			connection->length = (size_t)(got - sent);
			memcpy(connection->buffer, thread->scratch + sent, connection->length);
			poll_for(thread, connection, EPOLLOUT);
			return;
		}
		if (got < CREW_BUFFER)
			return;
	}
}

/* Discard, and what comes after whoami's answer. */
static void discard(struct services_thread *thread, struct services_connection *connection,
		    bool patient)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		ssize_t got = hear(connection, thread->scratch, CREW_BUFFER);

		if (got == -EAGAIN)
			return;
		if (got <= 0) {
			services_connection_end(thread, connection, got < 0);
			return;
		}
		if (patient)
			wait_in(thread, connection, connection->service);
	}
}

static void tell(struct services_thread *thread, struct services_connection *connection)
{
	if (!buffer_flush(thread, connection))
		return;
	if (connection->ended || shutdown(connection->base.with.fd, SHUT_WR) < 0) {
		services_connection_end(thread, connection, false);
		return;
	}
	connection->talk = SERVICES_TALK_LINGER;
	wait_in(thread, connection, services_queue_linger(thread));
}

static void answer(struct services_thread *thread, struct services_connection *connection,
		   enum services_http request)
{
	struct services_who who = {
		.port = connection->port,
		.link = crew_thread_link(&thread->base, connection->base.with.link),
		.protocol = "tcp",
		.service = thread->setup->services[connection->service].name,
	};
	char body[SERVICES_WHO_SIZE];

	who.asked.family = connection->base.with.asked.family;
	memcpy(who.asked.bytes, connection->base.with.asked.bytes, sizeof(who.asked.bytes));
	if (address_from_sockaddr(&connection->base.with.peer, &who.peer, &who.peer_port) < 0) {
		services_connection_end(thread, connection, true);
		return;
	}
	buffer_want(thread, connection, true);
	connection->start = 0;
	if (request == SERVICES_HTTP_NONE) {
		connection->length = services_who_line(&who, connection->buffer);
	} else {
		services_who_json(&who, body);
		connection->length = services_http_write(request, body, time(NULL),
							 connection->buffer, CREW_BUFFER);
	}
	connection->talk = SERVICES_TALK_TELL;
	wait_in(thread, connection, connection->service);
	tell(thread, connection);
}

static void listen_on(struct services_thread *thread, struct services_connection *connection)
{
	enum services_http request;
	ssize_t got;

	buffer_want(thread, connection, true);
	got = hear(connection, connection->buffer + connection->length,
		   CREW_BUFFER - connection->length);
	if (got == -EAGAIN)
		return;
	if (got < 0) {
		services_connection_end(thread, connection, true);
		return;
	}
	connection->length += (size_t)got;
	connection->ended = got == 0;
	request = services_http_read(connection->buffer, connection->length, connection->ended);
	if (request == SERVICES_HTTP_MAYBE)
		wait_in(thread, connection, services_queue_silence(thread));
	else if (request != SERVICES_HTTP_PARTIAL)
		answer(thread, connection, request);
	else if (connection->base.queue == services_queue_silence(thread))
		/* From here on the clock runs once: bytes that trickle in do not buy more time. */
		wait_in(thread, connection, connection->service);
}

void services_talk_begin(struct services_thread *thread, struct services_connection *connection)
{
	switch (thread->setup->services[connection->service].kind) {
	case SERVICES_ECHO:
		connection->talk = SERVICES_TALK_ECHO;
		break;
	case SERVICES_DISCARD:
		connection->talk = SERVICES_TALK_DISCARD;
		break;
	case SERVICES_WHOAMI:
		connection->talk = SERVICES_TALK_HEAR;
		wait_in(thread, connection, services_queue_silence(thread));
		break;
	case SERVICES_KINDS:
		break;
	}
}

void services_talk(struct crew_thread *base, struct crew_connection *with)
{
	struct services_connection *connection = (struct services_connection *)(void *)with;
	struct services_thread *thread = services_thread(base);

	switch (connection->talk) {
	case SERVICES_TALK_ECHO:
		echo(thread, connection);
		break;
	case SERVICES_TALK_DISCARD:
		discard(thread, connection, true);
		break;
	case SERVICES_TALK_HEAR:
		listen_on(thread, connection);
		break;
	case SERVICES_TALK_TELL:
		tell(thread, connection);
		break;
	case SERVICES_TALK_LINGER:
		discard(thread, connection, false);
		break;
	}
}

void services_talk_timeout(struct crew_thread *base, struct crew_connection *with)
{
	struct services_connection *connection = (struct services_connection *)(void *)with;
	struct services_thread *thread = services_thread(base);

	if (connection->talk != SERVICES_TALK_HEAR) {
		services_connection_end(thread, connection, connection->length > 0);
		return;
	}
	answer(thread, connection,
	       connection->base.queue == services_queue_silence(thread) ? SERVICES_HTTP_NONE :
									  SERVICES_HTTP_SLOW);
}
