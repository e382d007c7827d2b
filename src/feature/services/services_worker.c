/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker process: the main thread hears the engine, the others hear the world. A listener comes
 * with one socket for each thread; the kernel spreads the clients over them (SO_REUSEPORT), so that
 * threads have nothing to share.
 *
 * A new setup is handed to all threads, and once each has adopted it, the one before is freed: no
 * packet waits for that, and none is answered by half a configuration.
 */
#include "base/clock.h"
#include "feature/services/services_thread.h"
#include "io/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct crew {
	int channel;
	unsigned count;
	struct services_thread **threads;
	struct services_setup *setup;
};

static void crew_call(const struct crew *crew, services_call_fn *fn, void *data)
{
	for (unsigned i = 0; i < crew->count; i++)
		services_thread_post(crew->threads[i], fn, data);
	for (unsigned i = 0; i < crew->count; i++)
		services_thread_await(crew->threads[i]);
}

static int configure(struct crew *crew, const struct channel_message *message)
{
	struct services_setup *before = crew->setup;
	struct services_orders orders;
	int r = services_orders_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	crew->setup = services_setup_new(&orders, crew->count, before);
	services_orders_free(&orders);
	crew_call(crew, services_thread_adopt, crew->setup);
	services_setup_succeed(crew->setup, before);
	return 0;
}

/* Sockets that cannot be served are closed, and the engine's log says so. */
static int socket_new(const struct services_socket *like, int fd, struct services_socket **ret_socket)
{
	struct services_socket *socket = mem_alloc(sizeof(*socket));
	int r;

	*socket = *like;
	if (like->protocol == IPPROTO_UDP)
		r = mh_udp_adopt(fd, NULL, MH_JOINED, &socket->socket);
	else
		r = mh_tcp_adopt(fd, NULL, 0, &socket->socket);
	if (r < 0) {
		mem_freep(&socket);
		return r;
	}
	*ret_socket = socket;
	return 0;
}

static void refuse(const struct crew *crew, const struct services_socket *like, int error)
{
	char line[120] = { LOG_ERROR };
	struct channel_message message = { .type = WORKER_LOG, .bytes = line };

	snprintf(line + 1, sizeof(line) - 1, "port %u cannot be served: %s", like->port,
		 strerror(-error));
	message.length = 1 + strlen(line + 1);
	channel_send(crew->channel, &message);
}

static int listener_of(const struct channel_message *message, struct services_socket *ret_like)
{
	int r = services_listener_read(message->bytes, message->length, &ret_like->protocol,
				       &ret_like->address, &ret_like->port);

	ret_like->watch = ret_like->protocol == IPPROTO_UDP ? SERVICES_WATCH_UDP : SERVICES_WATCH_TCP;
	return r;
}

static int listener_open(const struct crew *crew, struct channel_message *message)
{
	struct services_socket like = { 0 }, *socket;
	int r = listener_of(message, &like);

	if (r < 0 || message->fd_count != crew->count)
		return -EPROTO;
	for (unsigned i = 0; i < crew->count; i++) {
		r = socket_new(&like, message->fds[i], &socket);
		if (r < 0) {
			refuse(crew, &like, r);
			continue;
		}
		message->fds[i] = -1;
		services_thread_post(crew->threads[i], services_thread_open, socket);
		services_thread_await(crew->threads[i]);
	}
	return 0;
}

static int listener_close(const struct crew *crew, const struct channel_message *message)
{
	struct services_socket like = { 0 };
	int r = listener_of(message, &like);

	if (!r)
		crew_call(crew, services_thread_close, &like);
	return r;
}

static int report(const struct crew *crew, uint32_t number)
{
	AUTO_TEXT bytes = { 0 };
	struct channel_message message = { .type = WORKER_REPORT, .number = number };
	int r;

	if (crew->setup)
		services_setup_report(crew->setup, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	r = channel_send(crew->channel, &message);
	/* An engine that is too busy to take a report asks again. */
	return r == -EAGAIN ? 0 : r;
}

static int obey(struct crew *crew, struct channel_message *message)
{
	switch (message->type) {
	case WORKER_CONFIGURE:
		return configure(crew, message);
	case WORKER_LISTENER:
		return listener_open(crew, message);
	case WORKER_CLOSE:
		return listener_close(crew, message);
	case WORKER_ASK:
		return report(crew, message->number);
	}
	return -EPROTO;
}

/* Until the engine ends the conversation: 0; or says what makes no sense: -EPROTO. */
static int listen_to_engine(struct crew *crew)
{
	struct pollfd poller = { .fd = crew->channel, .events = POLLIN };
	struct channel_message message;
	int r;

	for (;;) {
		r = channel_receive(crew->channel, &message);
		if (r == -EAGAIN || r == -EINTR) {
			poll(&poller, 1, -1);
			continue;
		}
		if (r <= 0)
			return r;
		r = obey(crew, &message);
		channel_message_free(&message);
		if (r < 0)
			return r;
	}
}

static int crew_start(struct crew *crew, unsigned threads)
{
	for (unsigned i = 0; i < threads; i++) {
		int r = services_thread_start(i, crew->channel, &crew->threads[i]);

		if (r < 0)
			return r;
		crew->count++;
	}
	return 0;
}

static int worker_main(int channel, unsigned threads)
{
	struct crew crew = { .channel = channel,
			     .threads = mem_alloc(threads * sizeof(*crew.threads)) };
	int r = threads ? crew_start(&crew, threads) : -EINVAL;

	if (r < 0)
		log_error("a thread cannot be started: %s", strerror(-r));
	else
		r = listen_to_engine(&crew);
	for (unsigned i = 0; i < crew.count; i++)
		services_thread_end(crew.threads[i]);
	services_setup_succeed(NULL, crew.setup);
	mem_freep(&crew.threads);
	/* An engine that was killed looks like one that ended the conversation. */
	return r < 0 && r != -EPIPE && r != -ECONNRESET;
}

const struct worker services_worker = {
	.name = "services",
	.configure = services_configure,
	.main = worker_main,
	.report = services_report,
};
