/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread owns one socket of every listener, and everything that comes of it. Locks were not
 * needed and atomic counters not wanted on the way of a packet, so whatever changes is done by the
 * thread itself: the main thread posts a call, wakes it, and waits until it is done. A thread that
 * has carried out "adopt" cannot hold the setup before any more, which is when that one may be
 * freed.
 *
 * A socket in an epoll set pays for it with every datagram sent and received: its wait queue is not
 * empty, so that each one takes two locks there. A busy UDP socket is therefore hot: it leaves the
 * set, is asked in every round, and is waited for by poll(2), whose entries are in its queue only
 * while the thread sleeps (so much as NAPI does for a network card).
 *
 * A round: wait, serve every ready descriptor, end what has waited too long, free what ended in
 * this round (not before: a later event of the round may still name it), carry out the call.
 */
#include "feature/services/services_thread.h"

#include "base/clock.h"
#include "feature/services/services_connection.h"
#include "feature/services/services_udp.h"
#include "io/channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVENTS 64
#define LINK_NAME_VALID_US 1000000
#define LOG_PAUSE_US 10000000
#define LINE_MAX_LENGTH 200

const char *services_thread_link(struct services_thread *thread, unsigned index)
{
	struct services_link *link = &thread->links[index % SERVICES_LINKS];
	struct ifreq request = { .ifr_ifindex = (int)index };

	if (link->index == index && link->until_us > thread->now_us)
		return link->name;
	if (!index || ioctl(thread->names, SIOCGIFNAME, &request) < 0)
		strcpy(request.ifr_name, "?");
	link->index = index;
	link->until_us = thread->now_us + LINK_NAME_VALID_US;
	memcpy(link->name, request.ifr_name, sizeof(link->name));
	link->name[sizeof(link->name) - 1] = '\0';
	return link->name;
}

void services_thread_log(struct services_thread *thread, enum log_level level, const char *format, ...)
{
	char line[1 + LINE_MAX_LENGTH];
	struct channel_message message = { .type = WORKER_LOG, .bytes = line };
	va_list args;

	if (thread->logged_us && thread->now_us - thread->logged_us < LOG_PAUSE_US)
		return;
	thread->logged_us = thread->now_us;
	line[0] = (char)level;
	va_start(args, format);
	vsnprintf(line + 1, sizeof(line) - 1, format, args);
	va_end(args);
	message.length = 1 + strlen(line + 1);
	/* An engine that does not listen has worse troubles than a lost line. */
	channel_send(thread->channel, &message);
}

void services_thread_poll(struct services_thread *thread, struct services_socket *socket, bool wanted)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = socket };

	if (wanted == socket->polled)
		return;
	if (epoll_ctl(thread->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, socket->socket.fd,
		      &event) < 0) {
		services_thread_log(thread, LOG_ERROR, "port %u cannot be served: %s", socket->port,
				    strerror(errno));
		return;
	}
	socket->polled = wanted;
}

static void socket_heat(struct services_thread *thread, struct services_socket *socket)
{
	if (thread->hot_count == SERVICES_HOT || !socket->polled) {
		socket->heat = 0;
		return;
	}
	services_thread_poll(thread, socket, false);
	thread->hot[thread->hot_count++] = socket;
}

/* Gives the hot sockets back to epoll: those that have cooled down, or all. */
static void cool(struct services_thread *thread, bool all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < thread->hot_count; i++) {
		struct services_socket *socket = thread->hot[i];

		if (socket->heat && !all) {
			thread->hot[kept++] = socket;
			continue;
		}
		socket->heat = 0;
		services_thread_poll(thread, socket, true);
	}
	thread->hot_count = kept;
}

static void socket_adopt(struct services_thread *thread, struct services_socket *socket)
{
	socket->memo.family = 0;
	socket->by_address = thread->setup ? services_setup_port(thread->setup, socket->protocol,
								 socket->port) :
					     NULL;
	services_thread_poll(thread, socket, socket->by_address && !socket->starved);
}

void services_thread_adopt(struct services_thread *thread, void *data)
{
	struct services_setup *setup = data;

	cool(thread, true);
	services_tcp_adopt(thread, setup);
	thread->setup = setup;
	thread->counters = setup->counters[thread->index];
	for (struct services_socket *socket = thread->sockets; socket; socket = socket->next)
		socket_adopt(thread, socket);
}

void services_thread_open(struct services_thread *thread, void *data)
{
	struct services_socket *socket = data;

	socket->next = thread->sockets;
	thread->sockets = socket;
	socket_adopt(thread, socket);
}

static void socket_free(struct services_thread *thread, struct services_socket *socket)
{
	services_thread_poll(thread, socket, false);
	mh_close(&socket->socket);
	mem_freep(&socket);
}

/* What still waits in the socket was sent while it was served. */
static void socket_drain(struct services_thread *thread, struct services_socket *socket)
{
	if (!socket->by_address)
		return;
	if (socket->protocol == IPPROTO_UDP)
		services_udp_serve(thread, socket);
	else
		services_tcp_accept(thread, socket);
}

void services_thread_close(struct services_thread *thread, void *data)
{
	const struct services_socket *like = data;
	struct services_socket **place = &thread->sockets, *socket;

	cool(thread, true);
	while ((socket = *place)) {
		if (socket->protocol != like->protocol || socket->port != like->port ||
		    !address_equal(&socket->address, &like->address)) {
			place = &socket->next;
			continue;
		}
		socket_drain(thread, socket);
		*place = socket->next;
		socket_free(thread, socket);
	}
}

static void carry_out(struct services_thread *thread)
{
	services_call_fn *call = atomic_exchange_explicit(&thread->call, NULL, memory_order_acquire);

	if (!call)
		return;
	call(thread, thread->call_data);
	sem_post(&thread->called);
}

/* Sockets that starved are tried again after a while, or as soon as a connection ends. */
static void feed(struct services_thread *thread)
{
	if (!thread->starved_until_us || thread->now_us < thread->starved_until_us)
		return;
	thread->starved_until_us = 0;
	for (struct services_socket *socket = thread->sockets; socket; socket = socket->next) {
		socket->starved = false;
		services_thread_poll(thread, socket, socket->by_address != NULL);
	}
}

static int milliseconds_to_wait(const struct services_thread *thread)
{
	int64_t until = thread->connections ? thread->next_deadline_us : INT64_MAX;

	if (thread->starved_until_us && thread->starved_until_us < until)
		until = thread->starved_until_us;
	if (until == INT64_MAX)
		return -1;
	return until <= thread->now_us ? 0 : (int)((until - thread->now_us + 999) / 1000);
}

static void serve(struct services_thread *thread, void *watched)
{
	uint64_t wakes;

	switch (*(const enum services_watch *)watched) {
	case SERVICES_WATCH_WAKE:
		/* The number does not matter: the call is looked for after every round. */
		if (read(thread->wake, &wakes, sizeof(wakes)) < 0)
			return;
		break;
	case SERVICES_WATCH_UDP:
		services_udp_serve(thread, watched);
		if (((struct services_socket *)watched)->heat)
			socket_heat(thread, watched);
		break;
	case SERVICES_WATCH_TCP:
		services_tcp_accept(thread, watched);
		break;
	case SERVICES_WATCH_CONNECTION:
		services_talk(thread, watched);
		break;
	}
}

/* Returns whether a hot socket may hold more. */
static bool serve_hot(struct services_thread *thread)
{
	bool more = false;

	for (unsigned i = 0; i < thread->hot_count; i++)
		more = services_udp_serve(thread, thread->hot[i]) || more;
	cool(thread, false);
	return more;
}

/* Sleeps until a hot socket or the set has something. Returns whether the set has. */
static bool wait_hot(const struct services_thread *thread)
{
	struct pollfd polled[1 + SERVICES_HOT] = { { .fd = thread->epoll, .events = POLLIN } };

	for (unsigned i = 0; i < thread->hot_count; i++)
		polled[1 + i] = (struct pollfd){ .fd = thread->hot[i]->socket.fd, .events = POLLIN };
	return poll(polled, 1 + thread->hot_count, milliseconds_to_wait(thread)) > 0 &&
	       polled[0].revents;
}

static void *thread_main(void *data)
{
	struct services_thread *thread = data;
	struct epoll_event events[EVENTS];

	while (!thread->stop) {
		bool more = serve_hot(thread);
		int count = 0;

		if (!thread->hot_count)
			count = epoll_wait(thread->epoll, events, EVENTS,
					   milliseconds_to_wait(thread));
		else if (more || wait_hot(thread))
			count = epoll_wait(thread->epoll, events, EVENTS, 0);

		thread->now_us = clock_now_us();
		for (int i = 0; i < count; i++)
			serve(thread, events[i].data.ptr);
		services_tcp_expire(thread);
		services_tcp_sweep(thread);
		feed(thread);
		carry_out(thread);
	}
	return NULL;
}

static void thread_free(struct services_thread *thread)
{
	while (thread->sockets) {
		struct services_socket *socket = thread->sockets;

		thread->sockets = socket->next;
		socket_free(thread, socket);
	}
	services_tcp_stop(thread);
	mh_batch_free(thread->batch);
	if (thread->names >= 0)
		close(thread->names);
	if (thread->wake >= 0)
		close(thread->wake);
	if (thread->epoll >= 0)
		close(thread->epoll);
	sem_destroy(&thread->called);
	mem_freep(&thread);
}

static void call_stop(struct services_thread *thread, void *data)
{
	thread->stop = true;
}

void services_thread_post(struct services_thread *thread, services_call_fn *fn, void *data)
{
	uint64_t one = 1;

	thread->call_data = data;
	atomic_store_explicit(&thread->call, fn, memory_order_release);
	/* Only a counter that is full, and so has woken already, refuses this. */
	while (write(thread->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void services_thread_await(struct services_thread *thread)
{
	while (sem_wait(&thread->called) < 0)
		;
}

void services_thread_end(struct services_thread *thread)
{
	if (!thread)
		return;
	if (thread->started) {
		services_thread_post(thread, call_stop, NULL);
		services_thread_await(thread);
		pthread_join(thread->pthread, NULL);
	}
	thread_free(thread);
}

static int thread_prepare(struct services_thread *thread)
{
	static enum services_watch wake = SERVICES_WATCH_WAKE;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &wake };
	int r;

	thread->epoll = epoll_create1(EPOLL_CLOEXEC);
	thread->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread->names = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (thread->names < 0)
		thread->names = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (thread->epoll < 0 || thread->wake < 0 || thread->names < 0)
		return -errno;
	if (epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->wake, &event) < 0)
		return -errno;
	r = mh_batch_new(SERVICES_BATCH, 65535, &thread->batch);
	return r < 0 ? r : services_tcp_start(thread);
}

int services_thread_start(unsigned index, int channel, struct services_thread **ret_thread)
{
	struct services_thread *thread = mem_alloc(sizeof(*thread));
	int r;

	*thread = (struct services_thread){
		.index = index, .channel = channel, .epoll = -1, .wake = -1, .names = -1
	};
	sem_init(&thread->called, 0, 0);
	r = thread_prepare(thread);
	if (!r)
		r = -pthread_create(&thread->pthread, NULL, thread_main, thread);
	if (r < 0) {
		thread_free(thread);
		return r;
	}
	thread->started = true;
	*ret_thread = thread;
	return 0;
}
