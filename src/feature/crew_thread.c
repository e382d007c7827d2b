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
 * Where descriptors run out, connections wait in the kernel until one ends here, or a tenth of a
 * second has passed: they are served late instead of being refused, and nothing spins.
 *
 * A round: wait, serve every ready descriptor, end what has waited too long, free what ended in
 * this round (not before: a later event of the round may still name it), carry out the call.
 */
#include "feature/crew_thread.h"

#include "base/clock.h"
#include "feature/crew.h"
#include "feature/crew_connection.h"
#include "io/channel.h"

#include <assert.h>
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

static_assert(sizeof(((struct crew_link *)0)->name) == IFNAMSIZ, "the name of a link");

#define EVENTS 64
#define LINK_NAME_VALID_US 1000000
#define LOG_PAUSE_US 10000000
#define LINE_MAX_LENGTH 200
/* Connections accepted from one socket before the others get their turn. */
#define ROUNDS 64
#define STARVED_US 100000

const char *crew_thread_link(struct crew_thread *thread, unsigned index)
{
	struct crew_link *link = &thread->links[index % CREW_LINKS];
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

void crew_thread_log(struct crew_thread *thread, enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_LENGTH];
	va_list args;

	if (thread->logged_us && thread->now_us - thread->logged_us < LOG_PAUSE_US)
		return;
	thread->logged_us = thread->now_us;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	crew_log(thread->channel, level, line);
}

/* Polls a listening socket, or not. */
static void socket_poll(struct crew_thread *thread, struct crew_socket *socket, bool wanted)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = socket };

	if (wanted == socket->polled)
		return;
	if (epoll_ctl(thread->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, socket->socket.fd,
		      &event) < 0) {
		crew_thread_log(thread, LOG_ERROR, "port %u cannot be served: %s", socket->port,
				strerror(errno));
		return;
	}
	socket->polled = wanted;
}

static void socket_heat(struct crew_thread *thread, struct crew_socket *socket)
{
	if (thread->hot_count == CREW_HOT || !socket->polled) {
		socket->heat = 0;
		return;
	}
	socket_poll(thread, socket, false);
	thread->hot[thread->hot_count++] = socket;
}

/* Gives the hot sockets back to epoll: those that have cooled down, or all. */
static void cool(struct crew_thread *thread, bool all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < thread->hot_count; i++) {
		struct crew_socket *socket = thread->hot[i];

		if (socket->heat && !all) {
			thread->hot[kept++] = socket;
			continue;
		}
		socket->heat = 0;
		socket_poll(thread, socket, true);
	}
	thread->hot_count = kept;
}

static void socket_adopt(struct crew_thread *thread, struct crew_socket *socket)
{
	socket->served = thread->role->adopt(thread, socket);
	socket_poll(thread, socket, socket->served && !socket->starved);
}

void crew_thread_adopt(struct crew_thread *thread)
{
	cool(thread, true);
	for (struct crew_socket *socket = thread->sockets; socket; socket = socket->next)
		socket_adopt(thread, socket);
}

static void socket_free(struct crew_thread *thread, struct crew_socket *socket)
{
	socket_poll(thread, socket, false);
	mh_close(&socket->socket);
	mem_freep(&socket);
}

static void starve(struct crew_thread *thread, struct crew_socket *socket, int error)
{
	crew_thread_log(thread, LOG_WARNING,
			"connections to port %u wait: %s; raise the limit of open files, or lower "
			"max-connections",
			socket->port, strerror(-error));
	socket->starved = true;
	socket_poll(thread, socket, false);
	thread->starved_until_us = thread->now_us + STARVED_US;
}

static void socket_accept(struct crew_thread *thread, struct crew_socket *socket)
{
	struct mh_connection with;

	for (unsigned round = 0; round < ROUNDS; round++) {
		int r = mh_tcp_accept(&socket->socket, &with);

		if (r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM) {
			starve(thread, socket, r);
			return;
		}
		if (r < 0 && r != -ECONNABORTED)
			return;
		if (!r)
			thread->role->admit(thread, socket, &with);
	}
}

static void on_udp(struct crew_thread *thread, struct crew_watch *watch)
{
	struct crew_socket *socket = (struct crew_socket *)(void *)watch;

	thread->role->udp(thread, socket);
	if (socket->heat)
		socket_heat(thread, socket);
}

static void on_tcp(struct crew_thread *thread, struct crew_watch *watch)
{
	socket_accept(thread, (struct crew_socket *)(void *)watch);
}

void crew_thread_open(struct crew_thread *thread, void *data)
{
	struct crew_socket *socket = data;

	socket->watch.ready = socket->protocol == IPPROTO_UDP ? on_udp : on_tcp;
	socket->next = thread->sockets;
	thread->sockets = socket;
	socket_adopt(thread, socket);
}

static void on_wake(struct crew_thread *thread, struct crew_watch *watch)
{
	uint64_t wakes;

	/* The number does not matter: the call is looked for after every round. */
	if (read(thread->wake, &wakes, sizeof(wakes)) < 0)
		return;
}

/* What still waits in the socket was sent while it was served. */
static void socket_drain(struct crew_thread *thread, struct crew_socket *socket)
{
	if (!socket->served)
		return;
	if (socket->protocol == IPPROTO_UDP)
		thread->role->udp(thread, socket);
	else
		socket_accept(thread, socket);
}

void crew_thread_close(struct crew_thread *thread, void *data)
{
	const struct crew_socket *like = data;
	struct crew_socket **place = &thread->sockets, *socket;

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

static void carry_out(struct crew_thread *thread)
{
	crew_call_fn *call = atomic_exchange_explicit(&thread->call, NULL, memory_order_acquire);

	if (!call)
		return;
	call(thread, thread->call_data);
	sem_post(&thread->called);
}

/* Sockets that starved are tried again after a while, or as soon as a connection ends. */
static void feed(struct crew_thread *thread)
{
	if (!thread->starved_until_us || thread->now_us < thread->starved_until_us)
		return;
	thread->starved_until_us = 0;
	for (struct crew_socket *socket = thread->sockets; socket; socket = socket->next) {
		socket->starved = false;
		socket_poll(thread, socket, socket->served);
	}
}

static int milliseconds_to_wait(const struct crew_thread *thread)
{
	int64_t until = thread->connections ? thread->next_deadline_us : INT64_MAX;

	if (thread->starved_until_us && thread->starved_until_us < until)
		until = thread->starved_until_us;
	if (until == INT64_MAX)
		return -1;
	return until <= thread->now_us ? 0 : (int)((until - thread->now_us + 999) / 1000);
}

/* Returns whether a hot socket may hold more. */
static bool serve_hot(struct crew_thread *thread)
{
	bool more = false;

	for (unsigned i = 0; i < thread->hot_count; i++)
		more = thread->role->udp(thread, thread->hot[i]) || more;
	cool(thread, false);
	return more;
}

/* Sleeps until a hot socket or the set has something. Returns whether the set has. */
static bool wait_hot(const struct crew_thread *thread)
{
	struct pollfd polled[1 + CREW_HOT] = { { .fd = thread->epoll, .events = POLLIN } };

	for (unsigned i = 0; i < thread->hot_count; i++)
		polled[1 + i] = (struct pollfd){ .fd = thread->hot[i]->socket.fd, .events = POLLIN };
	return poll(polled, 1 + thread->hot_count, milliseconds_to_wait(thread)) > 0 &&
	       polled[0].revents;
}

static void serve(struct crew_thread *thread, struct crew_watch *watch)
{
	watch->ready(thread, watch);
}

static void *thread_main(void *data)
{
	struct crew_thread *thread = data;
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
		crew_connections_expire(thread);
		crew_connections_sweep(thread);
		feed(thread);
		carry_out(thread);
	}
	return NULL;
}

void crew_thread_retire(struct crew_thread *thread, void *data)
{
	cool(thread, true);
	while (thread->sockets) {
		struct crew_socket *socket = thread->sockets;

		thread->sockets = socket->next;
		socket_free(thread, socket);
	}
}

static void thread_free(struct crew_thread *thread)
{
	crew_thread_retire(thread, NULL);
	crew_connections_stop(thread);
	if (thread->started)
		thread->role->stop(thread);
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

static void call_stop(struct crew_thread *thread, void *data)
{
	thread->stop = true;
}

void crew_thread_post(struct crew_thread *thread, crew_call_fn *fn, void *data)
{
	uint64_t one = 1;

	thread->call_data = data;
	atomic_store_explicit(&thread->call, fn, memory_order_release);
	/* Only a counter that is full, and so has woken already, refuses this. */
	while (write(thread->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void crew_thread_await(struct crew_thread *thread)
{
	while (sem_wait(&thread->called) < 0)
		;
}

void crew_thread_end(struct crew_thread *thread)
{
	if (!thread)
		return;
	if (thread->running) {
		crew_thread_post(thread, call_stop, NULL);
		crew_thread_await(thread);
		pthread_join(thread->pthread, NULL);
	}
	thread_free(thread);
}

static int thread_prepare(struct crew_thread *thread)
{
	static struct crew_watch wake = { on_wake };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &wake };

	thread->epoll = epoll_create1(EPOLL_CLOEXEC);
	thread->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread->names = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (thread->names < 0)
		thread->names = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (thread->epoll < 0 || thread->wake < 0 || thread->names < 0)
		return -errno;
	if (epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->wake, &event) < 0)
		return -errno;
	return mh_batch_new(thread->role->batch, thread->role->batch_room, &thread->batch);
}

int crew_thread_start(const struct crew *crew, unsigned index, struct crew_thread **ret_thread)
{
	struct crew_thread *thread = mem_alloc(crew->role->thread_size);
	int r;

	*thread = (struct crew_thread){ .role = crew->role,
					.index = index,
					.channel = crew->channel,
					.epoll = -1,
					.wake = -1,
					.names = -1,
					.next_deadline_us = INT64_MAX };
	sem_init(&thread->called, 0, 0);
	r = thread_prepare(thread);
	if (!r)
		r = thread->role->start(thread);
	if (!r) {
		thread->started = true;
		r = -pthread_create(&thread->pthread, NULL, thread_main, thread);
		thread->running = !r;
	}
	if (r < 0) {
		thread_free(thread);
		return r;
	}
	*ret_thread = thread;
	return 0;
}
