/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_CONNECTION_H
#define MH_FEATURE_CREW_CONNECTION_H

#include "feature/crew_thread.h"

/*
 * A connection, or what a role makes of it (.connection_size): a slot of its thread's pool. Each
 * stands in one of the thread's queues, by how long it may wait.
 */
struct crew_connection {
	struct crew_watch watch;
	struct mh_connection with; /* .fd -1: ended */
	uint32_t polled;	   /* EPOLLIN or EPOLLOUT */
	uint32_t queue;
	int64_t deadline_us;
	struct crew_connection *before, *after;
};

/*
 * Takes @with over, at the end of a queue, polled for what comes in. NULL when the kernel cannot poll
 * any more: it is still the caller's.
 */
struct crew_connection *crew_connection_begin(struct crew_thread *thread,
					      const struct mh_connection *with, uint32_t queue);
void crew_connection_end(struct crew_thread *thread, struct crew_connection *connection, bool reset);
void crew_connection_poll(struct crew_thread *thread, struct crew_connection *connection,
			  uint32_t events);
/* Puts a connection to the end of a queue: its patience starts anew. */
void crew_connection_wait(struct crew_thread *thread, struct crew_connection *connection,
			  uint32_t queue);

/* One of CREW_BUFFER bytes, from the thread's spare ones where there are some. */
char *crew_buffer_take(struct crew_thread *thread);
/* NULL is fine. */
void crew_buffer_give(struct crew_thread *thread, char *buffer);

/*
 * Other queues from now on, as patient as @patience_us says; @queue_of: in which of them each
 * connection waits, from now, in the order in which it waited.
 */
void crew_queues_set(struct crew_thread *thread, const int64_t *patience_us, uint32_t count,
		     uint32_t (*queue_of)(struct crew_thread *, struct crew_connection *));
void crew_connections_each(struct crew_thread *thread,
			   void (*fn)(struct crew_thread *, struct crew_connection *, void *data),
			   void *data);

/* crew_thread.c's: ends what has waited too long; frees what was ended in this round; all. */
void crew_connections_expire(struct crew_thread *thread);
void crew_connections_sweep(struct crew_thread *thread);
void crew_connections_stop(struct crew_thread *thread);

#endif
