/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_THREAD_H
#define MH_FEATURE_CREW_THREAD_H

#include "base/log.h"
#include "base/mem.h"
#include "feature/crew_role.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* Connections that wait equally long, the one that waits longest first. */
struct crew_queue {
	struct crew_connection *first, *last;
	int64_t patience_us;
};

struct crew_link {
	unsigned index;
	char name[16]; /* IFNAMSIZ: its two headers do not bear each other */
	int64_t until_us;
};

#define CREW_BUFFER 16384
#define CREW_LINKS 64
#define CREW_HOT 8

/*
 * One of the worker's threads. It shares nothing with the others but what its role gives it, and is
 * told everything by calls, which it carries out between two rounds of its loop: so it takes no
 * lock, and nothing goes away under its hands.
 */
struct crew_thread {
	const struct crew_role *role;
	unsigned index;
	int channel;		/* for log lines only */
	int epoll, wake, names; /* names: a socket to ask for the names of links */
	bool started, running, stop;
	pthread_t pthread;
	crew_call_fn *_Atomic call;
	void *call_data;
	sem_t called;

	struct crew_socket *sockets;
	struct crew_socket *hot[CREW_HOT];
	unsigned hot_count;
	int64_t now_us, logged_us, starved_until_us;
	struct mh_batch *batch;
	struct crew_link links[CREW_LINKS];

	/* crew_connection.h */
	struct crew_queue *queues;
	uint32_t queue_count;
	int64_t next_deadline_us; /* none is earlier */
	unsigned connections;
	struct crew_connection *spare, *gone;
	VEC(void *) slabs;
	char *spare_buffers;
	unsigned spare_buffer_count;
};

/* Returns 0 or -errno. The thread ends, and frees what it holds, at crew_thread_end(). */
int crew_thread_start(const struct crew *crew, unsigned index, struct crew_thread **ret_thread);
void crew_thread_end(struct crew_thread *thread);

/* Has @fn carried out by the thread; crew_thread_await() returns when it is done. */
void crew_thread_post(struct crew_thread *thread, crew_call_fn *fn, void *data);
void crew_thread_await(struct crew_thread *thread);

/*
 * Calls: @data is a struct crew_socket to own, one that is like the one to close. To be called
 * within a call: the setup is another one, so every socket is asked about anew.
 */
void crew_thread_open(struct crew_thread *thread, void *data);
void crew_thread_close(struct crew_thread *thread, void *data);
void crew_thread_adopt(struct crew_thread *thread);
/* A call: closes all sockets; connections live on. */
void crew_thread_retire(struct crew_thread *thread, void *data);

/* The name of a link, from memory for up to a second. "?" when it has gone. */
const char *crew_thread_link(struct crew_thread *thread, unsigned index);
/* A line for the engine's log, at most one in ten seconds. */
void crew_thread_log(struct crew_thread *thread, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds to a counter of the calling thread: nobody else writes it, but others read it. */
static inline void crew_count(uint64_t *number, uint64_t more)
{
	__atomic_store_n(number, *number + more, __ATOMIC_RELAXED);
}

#endif
