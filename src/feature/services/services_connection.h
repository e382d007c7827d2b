/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_CONNECTION_H
#define MH_FEATURE_SERVICES_CONNECTION_H

#include "feature/crew_connection.h"
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
	struct crew_connection base;
	enum services_talk talk;
	uint16_t port;
	uint32_t service; /* in the setup in force */
	char *buffer;	  /* of CREW_BUFFER bytes, or NULL: held only while something is in it */
	size_t start, length;
	bool ended; /* the peer has said all */
	uint32_t from_last; /* while a setup is adopted: the queue, counted from the last; 0: its service's */
};

/* services_tcp.c: who is taken in. The thread's queues: of each service, silence, lingering. */
int services_tcp_start(struct services_thread *thread);
void services_tcp_admit(struct crew_thread *thread, struct crew_socket *socket,
			const struct mh_connection *with);
/* Gives every connection its service in @setup, or ends it. */
void services_tcp_adopt(struct services_thread *thread, const struct services_setup *setup);
void services_tcp_ended(struct crew_thread *thread, struct crew_connection *connection);

static inline void services_connection_end(struct services_thread *thread,
					   struct services_connection *connection, bool reset)
{
	crew_connection_end(&thread->base, &connection->base, reset);
}

static inline uint32_t services_queue_silence(const struct services_thread *thread)
{
	return thread->base.queue_count - 2;
}

static inline uint32_t services_queue_linger(const struct services_thread *thread)
{
	return thread->base.queue_count - 1;
}

/* services_talk.c: what is said. The connection may be gone afterwards. */
void services_talk_begin(struct services_thread *thread, struct services_connection *connection);
void services_talk(struct crew_thread *thread, struct crew_connection *connection);
void services_talk_timeout(struct crew_thread *thread, struct crew_connection *connection);

#endif
