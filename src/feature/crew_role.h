/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_ROLE_H
#define MH_FEATURE_CREW_ROLE_H

#include "base/text.h"
#include "multihome.h"
#include "net/address.h"

#include <stdbool.h>

struct crew;
struct crew_thread;
struct crew_connection;
struct channel_message;
typedef void crew_call_fn(struct crew_thread *thread, void *data);

/* What epoll knows of a descriptor: the first member of everything that is polled. */
struct crew_watch {
	void (*ready)(struct crew_thread *thread, struct crew_watch *watch);
};

/* A listening socket of one thread; the role may have more behind it (.socket_size). */
struct crew_socket {
	struct crew_watch watch;
	struct mh_socket socket;
	uint8_t protocol;
	struct address address;
	uint16_t port;
	bool served;	      /* the role's adopt() said so; else it is not polled */
	bool polled, starved; /* starved: no descriptors were left for what waits to be accepted */
	unsigned heat; /* not 0: so busy that it is asked in every round instead of being polled */
	struct crew_socket *next;
};

/* What a worker does with its sockets. */
struct crew_role {
	size_t thread_size, socket_size, connection_size; /* each begins with the crew's part */
	unsigned udp_flags;				  /* MH_... */
	unsigned batch;					  /* datagrams */
	size_t batch_room;				  /* bytes for each */

	/* Of the process, when all threads run; or NULL. Returns 0 or -errno. */
	int (*begin)(struct crew *crew);
	/* Of a thread, before it runs and after it has ended. start() returns 0 or -errno. */
	int (*start)(struct crew_thread *thread);
	void (*stop)(struct crew_thread *thread);
	/* Whether anybody is served on @socket, which is new, or the setup is. */
	bool (*adopt)(struct crew_thread *thread, struct crew_socket *socket);
	/* Answers what waits in the socket. Returns whether more may wait. */
	bool (*udp)(struct crew_thread *thread, struct crew_socket *socket);
	/* Takes the connection in, or resets it. */
	void (*admit)(struct crew_thread *thread, struct crew_socket *socket,
		      const struct mh_connection *with);
	/* Of connections: bytes came or may go; it has waited too long; it is being ended. */
	void (*talk)(struct crew_thread *thread, struct crew_connection *connection);
	void (*timeout)(struct crew_thread *thread, struct crew_connection *connection);
	void (*ended)(struct crew_thread *thread, struct crew_connection *connection);

	/* The main thread: messages other than of listeners, and a report. 0 or -errno. */
	int (*obey)(struct crew *crew, struct channel_message *message);
	void (*report)(struct crew *crew, struct text *report);
	/* Or NULL: called in every round of the main thread; milliseconds until the next, or -1. */
	int (*idle)(struct crew *crew);
};

#endif
