/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_THREAD_H
#define MH_FEATURE_DNS_THREAD_H

#include "feature/crew_connection.h"
#include "feature/dns/dns_log.h"
#include "feature/dns/dns_setup.h"
#include "feature/dns/dns_top.h"

/* What a thread counts: it alone writes, and tells within a call. */
#define DNS_CLIENT_SLOTS 16384

struct dns_counts {
	struct counter udp, tcp, connections, transfers;
	uint64_t rcodes[DNS_RCODES];
};

/* Connections of all threads. */
struct dns_live {
	atomic_uint connections;
	atomic_ushort clients[DNS_CLIENT_SLOTS]; /* by a keyed hash: who shares a slot shares its limit */
	uint64_t key;
	uint8_t secret[16];	 /* of the table of limits */
	const struct crew *crew; /* to wake the main thread */
};

#define DNS_BATCH 64
#define DNS_UDP_ROOM                                                                               \
	4160 /* not 4096: or the same bytes of each would share a few lines of the cache */
#define DNS_MESSAGE_SIZE 65535
#define DNS_STREAM_SIZE (2 + DNS_MESSAGE_SIZE)

struct dns_thread {
	struct crew_thread base;
	struct dns_live *live;
	struct dns_setup *setup;     /* NULL: nothing is served */
	struct dns_server server;    /* the setup's, with the selves */
	struct dns_scratch *scratch; /* with this thread's limits */
	struct rrl_options limits;
	struct dns_counts counts;
	struct dns_top addresses, names; /* that are asked most */
	uint32_t last;		   /* the prefix asked last: most are asked many times in a row */
	struct dns_log_ring *ring; /* NULL: no log */
	struct dns_log_limit limit;
	bool ring_filled; /* the main thread is to be woken */
	int64_t clock_us; /* since 1970, of this round */
	uint8_t *stream;  /* what goes out over TCP at once: room for two messages */
};

static inline struct dns_thread *dns_thread(struct crew_thread *base)
{
	return (struct dns_thread *)(void *)base;
}

/* Who asks, and the prefix that was asked. */
struct dns_talk {
	struct dns_asker asker;
	uint32_t prefix; /* index of its counter */
};

/* Where an answer goes. */
struct dns_room {
	uint8_t *bytes;
	size_t length;
};

/*
 * The answer to one message, which may be written over it; 0: none, or the transfer that begins
 * (thread->scratch->outcome). dns_thread_done() counts and logs it.
 */
size_t dns_thread_answer(struct dns_thread *thread, struct dns_talk *talk,
			 const struct dns_bytes *query, const struct dns_room *room);
void dns_thread_done(struct dns_thread *thread, const struct dns_talk *talk, bool answered);
/* Which of the prefixes that are listened on holds @asked; false: none, so that it is not answered. */
bool dns_thread_serves(struct dns_thread *thread, uint16_t port, const struct address *asked,
		       uint32_t *ret_prefix);
struct dns_tops {
	struct dns_top_list addresses, names;
};

void dns_thread_clock(struct dns_thread *thread);
/* Wakes the main thread if there is something new for it. */
void dns_thread_told(struct dns_thread *thread);

/* For the role, and calls: @data is a setup, selves, rings or NULL, counters, a struct dns_tops. */
int dns_thread_start(struct crew_thread *thread);
void dns_thread_stop(struct crew_thread *thread);
void dns_thread_adopt(struct crew_thread *thread, void *data);
void dns_thread_selves(struct crew_thread *thread, void *data);
void dns_thread_rings(struct crew_thread *thread, void *data);
void dns_thread_tell(struct crew_thread *thread, void *data);
void dns_thread_top(struct crew_thread *thread, void *data);

/* dns_udp.c, dns_tcp.c: for the role. */
bool dns_udp_serve(struct crew_thread *thread, struct crew_socket *socket);
void dns_tcp_admit(struct crew_thread *thread, struct crew_socket *socket,
		   const struct mh_connection *with);
void dns_tcp_talk(struct crew_thread *thread, struct crew_connection *connection);
void dns_tcp_timeout(struct crew_thread *thread, struct crew_connection *connection);
void dns_tcp_ended(struct crew_thread *thread, struct crew_connection *connection);
/* The queues as the setup says; connections that it does not serve any more are ended. */
void dns_tcp_adopt(struct dns_thread *thread);
size_t dns_tcp_connection_size(void);

#endif
