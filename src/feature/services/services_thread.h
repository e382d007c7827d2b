/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_THREAD_H
#define MH_FEATURE_SERVICES_THREAD_H

#include "base/log.h"
#include "feature/services/services_setup.h"
#include "multihome.h"

#include <pthread.h>
#include <semaphore.h>

/* What epoll knows of a descriptor: the first member of everything that is polled. */
enum services_watch {
	SERVICES_WATCH_WAKE,
	SERVICES_WATCH_UDP,
	SERVICES_WATCH_TCP,
	SERVICES_WATCH_CONNECTION
};

/* A listening socket of one thread. */
struct services_socket {
	enum services_watch watch;
	struct mh_socket socket;
	uint8_t protocol;
	struct address address;
	uint16_t port;
	const struct lpm *by_address; /* of the setup in force; NULL: nobody is served, so it is not polled */
	struct services_memo memo;
	bool polled, starved; /* starved: no descriptors were left for what waits to be accepted */
	unsigned heat; /* not 0: so busy that it is asked in every round instead of being polled */
	struct services_socket *next;
};

struct services_connection;

/* Connections that wait equally long, the one that waits longest first. */
struct services_queue {
	struct services_connection *first, *last;
	int64_t patience_us;
};

#define SERVICES_BATCH 64
#define SERVICES_BUFFER 16384
#define SERVICES_LINKS 64
#define SERVICES_HOT 8

struct services_link {
	unsigned index;
	char name[IFNAMSIZ];
	int64_t until_us;
};

struct services_thread;
typedef void services_call_fn(struct services_thread *thread, void *data);

/*
 * One of the worker's threads. It shares nothing with the others but what the setup says, and is
 * told everything by calls, which it carries out between two rounds of its loop: so it takes no
 * lock, and nothing goes away under its hands.
 */
struct services_thread {
	unsigned index;
	int channel;		/* for log lines only */
	int epoll, wake, names; /* names: a socket to ask for the names of links */
	bool started, stop;
	pthread_t pthread;
	services_call_fn *_Atomic call;
	void *call_data;
	sem_t called;

	struct services_setup *setup;
	struct counter *counters; /* setup->counters of this thread */
	struct services_socket *sockets;
	struct services_socket *hot[SERVICES_HOT];
	unsigned hot_count;
	int64_t now_us, logged_us, starved_until_us;

	struct mh_batch *batch;
	struct services_link links[SERVICES_LINKS];

	struct services_queue *queues; /* of each service, then for silence, then for lingering */
	uint32_t queue_count;
	int64_t next_deadline_us; /* none is earlier */
	unsigned connections;
	struct services_connection *spare, *gone;
	VEC(void *) slabs;
	char *spare_buffers;
	unsigned spare_buffer_count;
	char *scratch;
};

/* Returns 0 or -errno. The thread ends, and frees what it holds, at services_thread_end(). */
int services_thread_start(unsigned index, int channel, struct services_thread **ret_thread);
void services_thread_end(struct services_thread *thread);

/* Has @fn carried out by the thread; services_thread_await() returns when it is done. */
void services_thread_post(struct services_thread *thread, services_call_fn *fn, void *data);
void services_thread_await(struct services_thread *thread);

/*
 * Calls: @data is a struct services_setup, a struct services_socket to own, one that is like the
 * one to close.
 */
void services_thread_adopt(struct services_thread *thread, void *data);
void services_thread_open(struct services_thread *thread, void *data);
void services_thread_close(struct services_thread *thread, void *data);

/* The name of a link, from memory for up to a second. "?" when it has gone. */
const char *services_thread_link(struct services_thread *thread, unsigned index);
/* A line for the engine's log, at most one in ten seconds. */
void services_thread_log(struct services_thread *thread, enum log_level level, const char *format,
			 ...) __attribute__((format(printf, 3, 4)));
/* Polls a listening socket, or not. */
void services_thread_poll(struct services_thread *thread, struct services_socket *socket,
			  bool wanted);

#endif
