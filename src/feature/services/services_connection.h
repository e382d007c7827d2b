/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_CONNECTION_H
#define MH_FEATURE_SERVICES_CONNECTION_H

#include "feature/services/services_thread.h"

/* What a connection is about. */
enum services_talk {
	SERVICES_TALK_ECHO,
	SERVICES_TALK_DISCARD,
	SERVICES_TALK_HEAR,   /* whoami: is this HTTP? */
	SERVICES_TALK_TELL,   /* whoami: the answer is being sent */
	SERVICES_TALK_LINGER, /* all is said; a reset now could eat the answer */
};

struct services_connection {
	enum services_watch watch;
	enum services_talk talk;
	struct mh_connection with;
	uint16_t port;
	uint32_t service; /* in the setup in force */
	uint32_t polled;  /* EPOLLIN or EPOLLOUT */
	char *buffer; /* of SERVICES_BUFFER bytes, or NULL: held only while something is in it */
	size_t start, length;
	bool ended; /* the peer has said all */
	uint32_t queue;
	int64_t deadline_us;
	struct services_connection *before, *after;
};

/* services_tcp.c: the life of connections. */
int services_tcp_start(struct services_thread *thread);
void services_tcp_stop(struct services_thread *thread);
void services_tcp_accept(struct services_thread *thread, struct services_socket *socket);
/* Gives every connection its service in @setup, or ends it. */
void services_tcp_adopt(struct services_thread *thread, const struct services_setup *setup);
/* Ends what has waited too long. */
void services_tcp_expire(struct services_thread *thread);
/* Frees what was ended in this round. */
void services_tcp_sweep(struct services_thread *thread);

void services_connection_end(struct services_thread *thread, struct services_connection *connection,
			     bool reset);
void services_connection_poll(struct services_thread *thread,
			      struct services_connection *connection, uint32_t events);
/* Puts a connection to the end of a queue: its patience starts anew. */
void services_connection_wait(struct services_thread *thread,
			      struct services_connection *connection, uint32_t queue);
/* Has a buffer from now on, or none. */
void services_connection_buffer(struct services_thread *thread,
				struct services_connection *connection, bool wanted);

static inline uint32_t services_queue_silence(const struct services_thread *thread)
{
	return thread->queue_count - 2;
}

static inline uint32_t services_queue_linger(const struct services_thread *thread)
{
	return thread->queue_count - 1;
}

/* services_talk.c: what is said. The connection may be gone afterwards. */
void services_talk_begin(struct services_thread *thread, struct services_connection *connection);
void services_talk(struct services_thread *thread, struct services_connection *connection);
void services_talk_timeout(struct services_thread *thread, struct services_connection *connection);

#endif
