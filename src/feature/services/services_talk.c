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

/*
 * Reads into @buffer. Returns the bytes, 0 at the peer's end, or -EAGAIN; -errno ends the
 * connection.
 */
static ssize_t hear(const struct services_connection *connection, char *buffer, size_t room)
{
	ssize_t got = recv(connection->with.fd, buffer, room, 0);

	return got < 0 ? -(errno == EINTR ? EAGAIN : errno) : got;
}

/* As much as the peer takes now: maybe 0. -errno when it takes nothing any more. */
static ssize_t say(const struct services_connection *connection, const char *bytes, size_t length)
{
	ssize_t sent = send(connection->with.fd, bytes, length, MSG_NOSIGNAL);

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
		services_connection_wait(thread, connection, connection->service);
	if (connection->length) {
		services_connection_poll(thread, connection, EPOLLOUT);
		return false;
	}
	services_connection_buffer(thread, connection, false);
	services_connection_poll(thread, connection, EPOLLIN);
	return true;
}

static void echo(struct services_thread *thread, struct services_connection *connection)
{
	if (connection->length && !buffer_flush(thread, connection))
		return;
	for (unsigned round = 0; round < ROUNDS; round++) {
		ssize_t got = hear(connection, thread->scratch, SERVICES_BUFFER), sent;

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
		services_connection_wait(thread, connection, connection->service);
		if (sent < got) {
			services_connection_buffer(thread, connection, true);
			connection->length = (size_t)(got - sent);
			memcpy(connection->buffer, thread->scratch + sent, connection->length);
			services_connection_poll(thread, connection, EPOLLOUT);
			return;
		}
		if (got < SERVICES_BUFFER)
			return;
	}
}

/* Discard, and what comes after whoami's answer. */
static void discard(struct services_thread *thread, struct services_connection *connection,
		    bool patient)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		ssize_t got = hear(connection, thread->scratch, SERVICES_BUFFER);

		if (got == -EAGAIN)
			return;
		if (got <= 0) {
			services_connection_end(thread, connection, got < 0);
			return;
		}
		if (patient)
			services_connection_wait(thread, connection, connection->service);
	}
}

static void tell(struct services_thread *thread, struct services_connection *connection)
{
	if (!buffer_flush(thread, connection))
		return;
	if (connection->ended || shutdown(connection->with.fd, SHUT_WR) < 0) {
		services_connection_end(thread, connection, false);
		return;
	}
	connection->talk = SERVICES_TALK_LINGER;
	services_connection_wait(thread, connection, services_queue_linger(thread));
}

static void answer(struct services_thread *thread, struct services_connection *connection,
		   enum services_http request)
{
	struct services_who who = {
		.port = connection->port,
		.link = services_thread_link(thread, connection->with.link),
		.protocol = "tcp",
		.service = thread->setup->services[connection->service].name,
	};
	char body[SERVICES_WHO_SIZE];

	who.asked.family = connection->with.asked.family;
	memcpy(who.asked.bytes, connection->with.asked.bytes, sizeof(who.asked.bytes));
	if (address_from_sockaddr(&connection->with.peer, &who.peer, &who.peer_port) < 0) {
		services_connection_end(thread, connection, true);
		return;
	}
	services_connection_buffer(thread, connection, true);
	connection->start = 0;
	if (request == SERVICES_HTTP_NONE) {
		connection->length = services_who_line(&who, connection->buffer);
	} else {
		services_who_json(&who, body);
		connection->length = services_http_write(request, body, time(NULL),
							 connection->buffer, SERVICES_BUFFER);
	}
	connection->talk = SERVICES_TALK_TELL;
	services_connection_wait(thread, connection, connection->service);
	tell(thread, connection);
}

static void listen_on(struct services_thread *thread, struct services_connection *connection)
{
	enum services_http request;
	ssize_t got;

	services_connection_buffer(thread, connection, true);
	got = hear(connection, connection->buffer + connection->length,
		   SERVICES_BUFFER - connection->length);
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
		services_connection_wait(thread, connection, services_queue_silence(thread));
	else if (request != SERVICES_HTTP_PARTIAL)
		answer(thread, connection, request);
	else if (connection->queue == services_queue_silence(thread))
		/* From here on the clock runs once: bytes that trickle in do not buy more time. */
		services_connection_wait(thread, connection, connection->service);
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
		services_connection_wait(thread, connection, services_queue_silence(thread));
		break;
	case SERVICES_KINDS:
		break;
	}
}

void services_talk(struct services_thread *thread, struct services_connection *connection)
{
	/* Ended earlier in this round. */
	if (connection->with.fd < 0)
		return;
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

void services_talk_timeout(struct services_thread *thread, struct services_connection *connection)
{
	if (connection->talk != SERVICES_TALK_HEAR) {
		services_connection_end(thread, connection, connection->length > 0);
		return;
	}
	answer(thread, connection,
	       connection->queue == services_queue_silence(thread) ? SERVICES_HTTP_NONE :
								     SERVICES_HTTP_SLOW);
}
