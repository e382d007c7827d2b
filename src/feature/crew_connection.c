/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of connections. All that wait for the same time stand in one queue, by age, so that
 * the first of each queue is the only one that can have waited too long: no heap, no timer
 * for each. A connection costs a slot from a pool, and a buffer only while something is in it.
 */
#include "feature/crew_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SLAB 64
#define SPARE_BUFFERS 64

static void queue_remove(struct crew_thread *thread, struct crew_connection *connection)
{
	struct crew_queue *queue = &thread->queues[connection->queue];

	if (connection->before)
		connection->before->after = connection->after;
	else
		queue->first = connection->after;
	if (connection->after)
		connection->after->before = connection->before;
	else
		queue->last = connection->before;
}

static void queue_append(struct crew_thread *thread, struct crew_connection *connection,
			 uint32_t index)
{
	struct crew_queue *queue = &thread->queues[index];

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

void crew_connection_wait(struct crew_thread *thread, struct crew_connection *connection,
			  uint32_t queue)
{
	queue_remove(thread, connection);
	queue_append(thread, connection, queue);
}

void crew_connection_poll(struct crew_thread *thread, struct crew_connection *connection,
			  uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };

	if (connection->polled == events)
		return;
	connection->polled = events;
	epoll_ctl(thread->epoll, EPOLL_CTL_MOD, connection->with.fd, &event);
}

/* A spare buffer's first bytes are where the next one is. */
char *crew_buffer_take(struct crew_thread *thread)
{
	char *buffer = thread->spare_buffers;

	if (!buffer)
		return mem_alloc(CREW_BUFFER);
	memcpy(&thread->spare_buffers, buffer, sizeof(thread->spare_buffers));
	thread->spare_buffer_count--;
	return buffer;
}

void crew_buffer_give(struct crew_thread *thread, char *buffer)
{
	if (!buffer)
		return;
	if (thread->spare_buffer_count >= SPARE_BUFFERS) {
		mem_freep(&buffer);
		return;
	}
	memcpy(buffer, &thread->spare_buffers, sizeof(thread->spare_buffers));
	thread->spare_buffers = buffer;
	thread->spare_buffer_count++;
}

static void on_ready(struct crew_thread *thread, struct crew_watch *watch)
{
	struct crew_connection *connection = (struct crew_connection *)(void *)watch;

	/* Or ended earlier in this round. */
	if (connection->with.fd >= 0)
		thread->role->talk(thread, connection);
}

static void pool_fill(struct crew_thread *thread)
{
	size_t size = thread->role->connection_size;
	char *slab = mem_alloc(SLAB * size);

	*VEC_PUSH(&thread->slabs) = slab;
	for (unsigned i = 0; i < SLAB; i++) {
		struct crew_connection *connection = (void *)(slab + i * size);

		connection->after = thread->spare;
		thread->spare = connection;
	}
}

static void pool_give(struct crew_thread *thread, struct crew_connection *connection)
{
	connection->after = thread->spare;
	thread->spare = connection;
}

static struct crew_connection *pool_take(struct crew_thread *thread)
{
	struct crew_connection *connection;

	if (!thread->spare)
		pool_fill(thread);
	connection = thread->spare;
	thread->spare = connection->after;
	memset(connection, 0, thread->role->connection_size);
	return connection;
}

struct crew_connection *crew_connection_begin(struct crew_thread *thread,
					      const struct mh_connection *with, uint32_t queue)
{
	struct crew_connection *connection = pool_take(thread);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	if (epoll_ctl(thread->epoll, EPOLL_CTL_ADD, with->fd, &event) < 0) {
		pool_give(thread, connection);
		return NULL;
	}
	connection->watch.ready = on_ready;
	connection->with = *with;
	connection->polled = EPOLLIN;
	thread->connections++;
	queue_append(thread, connection, queue);
	return connection;
}

void crew_connection_end(struct crew_thread *thread, struct crew_connection *connection, bool reset)
{
	if (connection->with.fd < 0)
		return;
	/* Before the peer can know: it may come back at once, to another thread. */
	thread->role->ended(thread, connection);
	if (reset)
		mh_tcp_reset(connection->with.fd);
	else
		close(connection->with.fd);
	connection->with.fd = -1;
	queue_remove(thread, connection);
	connection->after = thread->gone;
	thread->gone = connection;
	thread->connections--;
	if (thread->starved_until_us)
		thread->starved_until_us = thread->now_us;
}

void crew_connections_sweep(struct crew_thread *thread)
{
	while (thread->gone) {
		struct crew_connection *connection = thread->gone;

		thread->gone = connection->after;
		pool_give(thread, connection);
	}
}

void crew_connections_expire(struct crew_thread *thread)
{
	int64_t next = INT64_MAX;

	if (!thread->connections || thread->now_us < thread->next_deadline_us)
		return;
	for (uint32_t i = 0; i < thread->queue_count; i++) {
		struct crew_connection *first;

		/*
		 * What times out ends, or waits in another queue, or at the end of this one with a
		 * later deadline.
		 */
		while ((first = thread->queues[i].first) && first->deadline_us <= thread->now_us)
			thread->role->timeout(thread, first);
	}
	for (uint32_t i = 0; i < thread->queue_count; i++)
		if (thread->queues[i].first && thread->queues[i].first->deadline_us < next)
			next = thread->queues[i].first->deadline_us;
	thread->next_deadline_us = next;
}

void crew_connections_each(struct crew_thread *thread,
			   void (*fn)(struct crew_thread *, struct crew_connection *, void *data),
			   void *data)
{
	for (uint32_t i = 0; i < thread->queue_count; i++)
		for (struct crew_connection *next, *at = thread->queues[i].first; at; at = next) {
			next = at->after;
			fn(thread, at, data);
		}
}

void crew_queues_set(struct crew_thread *thread, const int64_t *patience_us, uint32_t count,
		     uint32_t (*queue_of)(struct crew_thread *, struct crew_connection *))
{
	struct crew_queue *before = thread->queues;
	uint32_t before_count = thread->queue_count;

	thread->queues = mem_alloc((count + 1) * sizeof(*thread->queues));
	thread->queue_count = count;
	thread->next_deadline_us = INT64_MAX;
	for (uint32_t i = 0; i < count; i++)
		thread->queues[i].patience_us = patience_us[i];
	for (uint32_t i = 0; i < before_count; i++)
		for (struct crew_connection *next, *at = before[i].first; at; at = next) {
			next = at->after;
			queue_append(thread, at, queue_of(thread, at));
		}
	mem_freep(&before);
}

void crew_connections_stop(struct crew_thread *thread)
{
	for (uint32_t i = 0; i < thread->queue_count; i++)
		while (thread->queues[i].first)
			crew_connection_end(thread, thread->queues[i].first, true);
	for (size_t i = 0; i < thread->slabs.count; i++)
		mem_freep(&thread->slabs.items[i]);
	VEC_FREE(&thread->slabs);
	while (thread->spare_buffers) {
		char *buffer = crew_buffer_take(thread);

		mem_freep(&buffer);
	}
	mem_freep(&thread->queues);
}
