/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The main thread of a worker. What the threads must know is handed to each as a call, and once
 * all have carried it out, what was before is freed: no packet waits for that, and none is
 * answered by half a configuration.
 *
 *	report	u8 length, key, u64 asked, answered, dropped, failed; until the end
 */
#include "feature/crew.h"

#include "base/clock.h"
#include "net/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 400
#define RETIRING_MS 50 /* between two looks at whether connections are left */

void crew_log(int channel, enum log_level level, const char *text)
{
	char line[1 + LINE_MAX_LENGTH] = { (char)level };
	struct channel_message message = { .type = WORKER_LOG, .bytes = line };

	snprintf(line + 1, sizeof(line) - 1, "%s", text);
	message.length = 1 + strlen(line + 1);
	/* An engine that does not listen has worse troubles than a lost line. */
	channel_send(channel, &message);
}

void crew_call(const struct crew *crew, crew_call_fn *fn, void *data)
{
	for (unsigned i = 0; i < crew->count; i++)
		crew_thread_post(crew->threads[i], fn, data);
	for (unsigned i = 0; i < crew->count; i++)
		crew_thread_await(crew->threads[i]);
}

/* Sockets that cannot be served are closed, and the engine's log says so. */
static int socket_new(const struct crew_role *role, const struct crew_socket *like, int fd,
		      struct crew_socket **ret_socket)
{
	struct crew_socket *socket = mem_alloc(role->socket_size);
	int r;

	*socket = *like;
	if (like->protocol == IPPROTO_UDP)
		r = mh_udp_adopt(fd, NULL, role->udp_flags, &socket->socket);
	else
		r = mh_tcp_adopt(fd, NULL, 0, &socket->socket);
	if (r < 0) {
		mem_freep(&socket);
		return r;
	}
	*ret_socket = socket;
	return 0;
}

static void refuse(const struct crew *crew, const struct crew_socket *like, int error)
{
	char line[120];

	snprintf(line, sizeof(line), "port %u cannot be served: %s", like->port, strerror(-error));
	crew_log(crew->channel, LOG_ERROR, line);
}

static int listener_of(const struct channel_message *message, struct crew_socket *ret_like)
{
	return crew_listener_read(message->bytes, message->length, &ret_like->protocol,
				  &ret_like->address, &ret_like->port);
}

static int listener_open(const struct crew *crew, struct channel_message *message)
{
	struct crew_socket like = { 0 }, *socket;
	int r = listener_of(message, &like);

	if (r < 0 || message->fd_count != crew->count)
		return -EPROTO;
	for (unsigned i = 0; i < crew->count; i++) {
		r = socket_new(crew->role, &like, message->fds[i], &socket);
		if (r < 0) {
			refuse(crew, &like, r);
			continue;
		}
		message->fds[i] = -1;
		crew_thread_post(crew->threads[i], crew_thread_open, socket);
		crew_thread_await(crew->threads[i]);
	}
	return 0;
}

static int listener_close(const struct crew *crew, const struct channel_message *message)
{
	struct crew_socket like = { 0 };
	int r = listener_of(message, &like);

	if (!r)
		crew_call(crew, crew_thread_close, &like);
	return r;
}

static int report(struct crew *crew, uint32_t number)
{
	AUTO_TEXT bytes = { 0 };
	struct channel_message message = { .type = WORKER_REPORT, .number = number };
	int r;

	crew->role->report(crew, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	r = channel_send(crew->channel, &message);
	/* An engine that is too busy to take a report asks again. */
	return r == -EAGAIN ? 0 : r;
}

static int obey(struct crew *crew, struct channel_message *message)
{
	switch (message->type) {
	case WORKER_RETIRE:
		crew->retiring = true;
		crew_call(crew, crew_thread_retire, NULL);
		return 0;
	case WORKER_LISTENER:
		return listener_open(crew, message);
	case WORKER_CLOSE:
		return listener_close(crew, message);
	case WORKER_ASK:
		return report(crew, message->number);
	}
	return crew->role->obey(crew, message);
}

void crew_wake(const struct crew *crew)
{
	uint64_t one = 1;

	/* Only a counter that is full, and so has woken already, refuses this. */
	while (write(crew->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Returns whether the engine has said something. */
static bool crew_wait(const struct crew *crew, int milliseconds)
{
	struct pollfd polled[] = { { .fd = crew->channel, .events = POLLIN },
				   { .fd = crew->wake, .events = POLLIN },
				   { .fd = crew->also, .events = POLLIN } };
	uint64_t wakes;

	if (poll(polled, ARRAY_SIZE(polled), milliseconds) <= 0)
		return false;
	/* The number does not matter: what there is to do is looked for in every round. */
	if (polled[1].revents && read(crew->wake, &wakes, sizeof(wakes)) < 0)
		return false;
	return polled[0].revents;
}

static void add_connections(struct crew_thread *thread, void *data)
{
	*(unsigned *)data += thread->connections;
}

static bool is_done(const struct crew *crew)
{
	unsigned connections = 0;

	for (unsigned i = 0; crew->retiring && i < crew->count; i++) {
		crew_thread_post(crew->threads[i], add_connections, &connections);
		crew_thread_await(crew->threads[i]);
	}
	return crew->retiring && !connections;
}

static int patience(struct crew *crew)
{
	int idle = crew->role->idle ? crew->role->idle(crew) : -1;

	return crew->retiring && (idle < 0 || idle > RETIRING_MS) ? RETIRING_MS : idle;
}

/*
 * Until the engine ends the conversation, or nothing is left to be done in retirement: 0; or says
 * what makes no sense: -EPROTO.
 */
static int listen_to_engine(struct crew *crew)
{
	struct channel_message message;
	int r;

	while (!is_done(crew)) {
		if (!crew_wait(crew, patience(crew)))
			continue;
		r = channel_receive(crew->channel, &message);
		if (r == -EAGAIN || r == -EINTR)
			continue;
		if (r <= 0)
			return r;
		r = obey(crew, &message);
		channel_message_free(&message);
		if (r < 0)
			return r;
	}
	return 0;
}

static int crew_start(struct crew *crew, unsigned threads)
{
	crew->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!threads || crew->wake < 0)
		return threads ? -errno : -EINVAL;
	for (unsigned i = 0; i < threads; i++) {
		int r = crew_thread_start(crew, i, &crew->threads[i]);

		if (r < 0)
			return r;
		crew->count++;
	}
	return crew->role->begin ? crew->role->begin(crew) : 0;
}

int crew_main(const struct crew_role *role, void *data, int channel, unsigned threads)
{
	struct crew crew = { .role = role,
			     .data = data,
			     .channel = channel,
			     .also = -1,
			     .threads = mem_alloc((threads + 1) * sizeof(*crew.threads)) };
	int r = crew_start(&crew, threads);

	if (r < 0)
		log_error("a thread cannot be started: %s", strerror(-r));
	else
		r = listen_to_engine(&crew);
	for (unsigned i = 0; i < crew.count; i++)
		crew_thread_end(crew.threads[i]);
	if (crew.wake >= 0)
		close(crew.wake);
	mem_freep(&crew.threads);
	/* An engine that was killed looks like one that ended the conversation. */
	return r < 0 && r != -EPIPE && r != -ECONNRESET;
}

void crew_report_put(struct text *report, const char *key, const struct counter *counter)
{
	uint8_t buffer[1 + 255 + 4 * 8];
	struct wire_writer writer = wire_writer(buffer, sizeof(buffer));
	size_t length = strlen(key);

	wire_put_u8(&writer, (uint8_t)(length < 255 ? length : 255));
	wire_put_bytes(&writer, key, length < 255 ? length : 255);
	wire_put_u64(&writer, counter->asked);
	wire_put_u64(&writer, counter->answered);
	wire_put_u64(&writer, counter->dropped);
	wire_put_u64(&writer, counter->failed);
	text_append(report, buffer, wire_written(&writer));
}

/* One counter, or a broken reader. */
static struct counter counter_get(struct wire_reader *reader, char key[256])
{
	uint8_t length = wire_get_u8(reader);
	struct counter counter;

	memset(key, 0, 256);
	wire_get_bytes(reader, key, length);
	counter.asked = wire_get_u64(reader);
	counter.answered = wire_get_u64(reader);
	counter.dropped = wire_get_u64(reader);
	counter.failed = wire_get_u64(reader);
	if (!length || strlen(key) != length)
		reader->broken = true;
	return counter;
}

int crew_report(const void *bytes, size_t length, struct counters *counters)
{
	struct wire_reader check = wire_reader(bytes, length), reader = check;
	char key[256];

	while (!check.broken && wire_left(&check))
		counter_get(&check, key);
	if (!wire_done(&check))
		return -EPROTO;
	while (wire_left(&reader)) {
		struct counter more = counter_get(&reader, key), *sum = counters_get(counters, key);

		sum->asked += more.asked;
		sum->answered += more.answered;
		sum->dropped += more.dropped;
		sum->failed += more.failed;
	}
	return 0;
}

int crew_listener_read(const void *bytes, size_t length, uint8_t *ret_protocol,
		       struct address *ret_address, uint16_t *ret_port)
{
	struct wire_reader reader = wire_reader(bytes, length);
	uint8_t protocol = wire_get_u8(&reader);
	struct address address = { .family = wire_get_u8(&reader) };
	uint16_t port;

	wire_get_bytes(&reader, address.bytes, sizeof(address.bytes));
	port = wire_get_u16(&reader);
	if (!wire_done(&reader) || !address_size(address.family) || !port ||
	    (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP))
		return -EPROTO;
	*ret_protocol = protocol;
	*ret_address = address;
	*ret_port = port;
	return 0;
}
