/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of connections. All that wait for the same time stand in one queue, by age, so that
 * the first of each queue is the only one that can have waited too long: no heap, no timer
 * for each. A connection costs a slot from a pool, and a buffer only while something is in it.
 *
 * Where descriptors run out, connections wait in the kernel until one ends here, or a tenth of a
 * second has passed: they are served late instead of being refused, and nothing spins.
 */
#include "feature/services/services_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Connections accepted from one socket before the others get their turn. */
#define ROUNDS 64
#define SLAB 64
#define SPARE_BUFFERS 64
#define STARVED_US 100000
#define SILENCE_US 250000
#define LINGER_US 2000000

static void queue_remove(struct services_thread *thread, struct services_connection *connection)
{
	struct services_queue *queue = &thread->queues[connection->queue];

	if (connection->before)
		connection->before->after = connection->after;
	else
		queue->first = connection->after;
	if (connection->after)
		connection->after->before = connection->before;
	else
		queue->last = connection->before;
}

static void queue_append(struct services_thread *thread, struct services_connection *connection,
			 uint32_t index)
{
	struct services_queue *queue = &thread->queues[index];

	connection->queue = index;
	connection->deadline_us = thread->now_us + queue->patience_us;
	connection->after = NULL;
	connection->before = queue->last;
	if (queue->last)
		queue->last->after = connection;
	else
		queue->first = connection;
	queue->last = connection;
	if (connection->deadline_us < thread->next_deadline_us)
		thread->next_deadline_us = connection->deadline_us;
}

void services_connection_wait(struct services_thread *thread,
			      struct services_connection *connection, uint32_t queue)
{
	queue_remove(thread, connection);
	queue_append(thread, connection, queue);
}

void services_connection_poll(struct services_thread *thread,
			      struct services_connection *connection, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };

	if (connection->polled == events)
		return;
	connection->polled = events;
	epoll_ctl(thread->epoll, EPOLL_CTL_MOD, connection->with.fd, &event);
}

void services_connection_buffer(struct services_thread *thread,
				struct services_connection *connection, bool wanted)
{
	if (wanted == (connection->buffer != NULL))
		return;
	if (wanted && thread->spare_buffers) {
		connection->buffer = thread->spare_buffers;
		memcpy(&thread->spare_buffers, connection->buffer, sizeof(thread->spare_buffers));
		thread->spare_buffer_count--;
	} else if (wanted) {
		connection->buffer = mem_alloc(SERVICES_BUFFER);
	} else if (thread->spare_buffer_count < SPARE_BUFFERS) {
		memcpy(connection->buffer, &thread->spare_buffers, sizeof(thread->spare_buffers));
		thread->spare_buffers = connection->buffer;
		thread->spare_buffer_count++;
		connection->buffer = NULL;
	} else {
		mem_freep(&connection->buffer);
	}
	connection->start = connection->length = 0;
}

void services_connection_end(struct services_thread *thread, struct services_connection *connection,
			     bool reset)
{
	if (connection->with.fd < 0)
		return;
	/* Before the peer can know: it may come back at once, to another thread. */
	atomic_fetch_sub_explicit(&thread->setup->services[connection->service].live->connections,
				  1, memory_order_release);
	if (reset)
		mh_tcp_reset(connection->with.fd);
	else
		close(connection->with.fd);
	connection->with.fd = -1;
	services_connection_buffer(thread, connection, false);
	queue_remove(thread, connection);
	connection->after = thread->gone;
	thread->gone = connection;
	thread->connections--;
	if (thread->starved_until_us)
		thread->starved_until_us = thread->now_us;
}

void services_tcp_sweep(struct services_thread *thread)
{
	while (thread->gone) {
		struct services_connection *connection = thread->gone;

		thread->gone = connection->after;
		connection->after = thread->spare;
		thread->spare = connection;
	}
}

void services_tcp_expire(struct services_thread *thread)
{
	int64_t next = INT64_MAX;

	if (!thread->connections || thread->now_us < thread->next_deadline_us)
		return;
	for (uint32_t i = 0; i < thread->queue_count; i++) {
		struct services_connection *first;

		/*
		 * What times out ends, or waits in another queue, or at the end of this one with a
		 * later deadline.
		 */
		while ((first = thread->queues[i].first) && first->deadline_us <= thread->now_us)
			services_talk_timeout(thread, first);
	}
	for (uint32_t i = 0; i < thread->queue_count; i++)
		if (thread->queues[i].first && thread->queues[i].first->deadline_us < next)
			next = thread->queues[i].first->deadline_us;
	thread->next_deadline_us = next;
}

static struct services_connection *connection_take(struct services_thread *thread)
{
	struct services_connection *connection;

	if (!thread->spare) {
		struct services_connection *slab = mem_alloc(SLAB * sizeof(*slab));

		*VEC_PUSH(&thread->slabs) = slab;
		for (unsigned i = 0; i < SLAB; i++) {
			slab[i].after = thread->spare;
			thread->spare = &slab[i];
		}
	}
	connection = thread->spare;
	thread->spare = connection->after;
	*connection = (struct services_connection){ .watch = SERVICES_WATCH_CONNECTION };
	return connection;
}

/* One more connection of @service, unless it has its fill. */
static bool live_add(const struct services_service *service)
{
	if (atomic_fetch_add_explicit(&service->live->connections, 1, memory_order_acquire) <
	    service->max_connections)
		return true;
	atomic_fetch_sub_explicit(&service->live->connections, 1, memory_order_relaxed);
	return false;
}

/* Returns false when the kernel cannot poll any more. */
static bool connection_begin(struct services_thread *thread, const struct services_socket *socket,
			     const struct mh_connection *with, uint32_t service)
{
	struct services_connection *connection = connection_take(thread);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	if (epoll_ctl(thread->epoll, EPOLL_CTL_ADD, with->fd, &event) < 0) {
		connection->after = thread->spare;
		thread->spare = connection;
		return false;
	}
	connection->with = *with;
	connection->port = socket->port;
	connection->service = service;
	connection->polled = EPOLLIN;
	thread->connections++;
	queue_append(thread, connection, service);
	services_talk_begin(thread, connection);
	return true;
}

static const struct lpm_entry *service_of(const struct lpm *by_address, const struct mh_address *asked)
{
	struct address address = { .family = asked->family };

	memcpy(address.bytes, asked->bytes, sizeof(address.bytes));
	return by_address ? lpm_find(by_address, &address) : NULL;
}

/* Takes the connection in, or resets it. */
static void admit(struct services_thread *thread, struct services_socket *socket,
		  const struct mh_connection *with)
{
	const struct services_setup *setup = thread->setup;
	const struct lpm_entry *entry = service_of(socket->by_address, &with->asked);
	const struct lpm_entry *claim = service_of(setup->claim_table, &with->asked);
	uint32_t index = entry ? services_setup_index(entry) : services_setup_counters(setup) - 1;
	struct counter *counters[] = {
		&thread->counters[index],
		claim ? &thread->counters[setup->service_count + services_setup_index(claim)] : NULL
	};
	bool taken = entry && live_add(&setup->services[index]);

	if (taken && !connection_begin(thread, socket, with, index)) {
		atomic_fetch_sub_explicit(&setup->services[index].live->connections, 1,
					  memory_order_relaxed);
		taken = false;
	}
	if (!taken)
		mh_tcp_reset(with->fd);
	for (size_t i = 0; i < ARRAY_SIZE(counters) && counters[i]; i++) {
		services_count(&counters[i]->asked, 1);
		services_count(taken ? &counters[i]->answered : &counters[i]->dropped, 1);
	}
}

static void starve(struct services_thread *thread, struct services_socket *socket, int error)
{
	services_thread_log(
		thread, LOG_WARNING,
		"connections to port %u wait: %s; raise the limit of open files, or lower "
		"max-connections",
		socket->port, strerror(-error));
	socket->starved = true;
	services_thread_poll(thread, socket, false);
	thread->starved_until_us = thread->now_us + STARVED_US;
}

void services_tcp_accept(struct services_thread *thread, struct services_socket *socket)
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
			admit(thread, socket, &with);
	}
}

/* The same service, by name and kind, still answers where the connection was made. */
static int successor(const struct services_thread *thread,
		     const struct services_connection *connection, const struct services_setup *setup)
{
	const struct services_service *old = &thread->setup->services[connection->service];
	const struct lpm_entry *entry = service_of(
		services_setup_port(setup, IPPROTO_TCP, connection->port), &connection->with.asked);
	const struct services_service *next = entry ? &setup->services[services_setup_index(entry)] :
						      NULL;

	if (!next || next->kind != old->kind || strcmp(next->name, old->name) != 0)
		return -1;
	return (int)services_setup_index(entry);
}

static struct services_queue *queues_new(const struct services_setup *setup)
{
	uint32_t services = setup ? setup->service_count : 0;
	struct services_queue *queues = mem_alloc((services + 2) * sizeof(*queues));

	for (uint32_t i = 0; i < services; i++)
		queues[i].patience_us = setup->services[i].idle_us;
	queues[services].patience_us = SILENCE_US;
	queues[services + 1].patience_us = LINGER_US;
	return queues;
}

void services_tcp_adopt(struct services_thread *thread, const struct services_setup *setup)
{
	struct services_queue *before = thread->queues;
	uint32_t before_count = thread->queue_count;
	struct services_connection *moving = NULL;

	/* Those that go end under the old setup, whose live numbers they are in. */
	for (uint32_t i = 0; i < before_count; i++)
		for (struct services_connection *next, *at = before[i].first; at; at = next) {
			int service = successor(thread, at, setup);

			next = at->after;
			if (service < 0) {
				services_connection_end(thread, at, true);
				continue;
			}
			queue_remove(thread, at);
			at->service = (uint32_t)service;
			at->queue = i + 2 >= before_count ?
					    i + setup->service_count + 2 - before_count :
					    at->service;
			at->after = moving;
			moving = at;
		}
	thread->queues = queues_new(setup);
	thread->queue_count = setup->service_count + 2;
	thread->next_deadline_us = INT64_MAX;
	while (moving) {
		struct services_connection *at = moving;

		moving = at->after;
		queue_append(thread, at, at->queue);
	}
	mem_freep(&before);
}

int services_tcp_start(struct services_thread *thread)
{
	thread->scratch = mem_alloc(SERVICES_BUFFER);
	thread->queues = queues_new(NULL);
	thread->queue_count = 2;
	thread->next_deadline_us = INT64_MAX;
	return 0;
}

void services_tcp_stop(struct services_thread *thread)
{
	for (uint32_t i = 0; i < thread->queue_count; i++)
		while (thread->queues[i].first)
			services_connection_end(thread, thread->queues[i].first, true);
	for (size_t i = 0; i < thread->slabs.count; i++)
		mem_freep(&thread->slabs.items[i]);
	VEC_FREE(&thread->slabs);
	while (thread->spare_buffers) {
		char *buffer = thread->spare_buffers;

		memcpy(&thread->spare_buffers, buffer, sizeof(thread->spare_buffers));
		mem_freep(&buffer);
	}
	mem_freep(&thread->queues);
	mem_freep(&thread->scratch);
}
