/* SPDX-License-Identifier: MIT */
#ifndef MULTIHOME_H
#define MULTIHOME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * libmultihome: UDP and TCP servers on an address, a whole prefix or the wildcard, which answer
 * from the address that was asked. Descriptors are the caller's to poll, in any event loop. No
 * global state, no locks: a batch belongs to one thread at a time. Functions return 0 (or a
 * count) or -errno, and write ret_ arguments only on success; nothing is printed, nothing aborts.
 */
#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)
/* In network order; family AF_INET, AF_INET6, or 0 for none. Unused bytes are zero. */
struct mh_address {
	uint8_t family;
	uint8_t bytes[16];
};

struct mh_prefix {
	struct mh_address address;
	uint8_t length;
};

union mh_endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "2001:db8::/64", "192.0.2.1" (alone), "::/0" (the wildcard). -EINVAL also for bits beyond it. */
int mh_prefix_parse(const char *text, struct mh_prefix *ret_prefix);
bool mh_prefix_holds(const struct mh_prefix *prefix, const struct mh_address *address);

#define MH_SHARE_PORT 1 /* several sockets of one port, a thread each (SO_REUSEPORT) */
#define MH_JOINED 2	/* UDP: take datagrams joined (UDP_GRO): see mh_datagram.segment */
#define MH_ONE_BY_ONE 4 /* UDP: never join answers (UDP_SEGMENT) */

/* An open server. .fd is non-blocking, unless it was adopted and is not. */
struct mh_socket {
	int fd;
	unsigned flags;
	struct mh_prefix on; /* what is served; address.family 0: whatever arrives */
};

/*
 * The address or prefix need not be configured on a link yet. A prefix needs a route of type local
 * to bring its packets here: ip route add local 2001:db8:1:1::/64 dev lo. Adopting takes over an
 * open (and bound) descriptor; @on may be NULL. It stays the caller's on failure.
 */
int mh_udp_open(const struct mh_prefix *on, uint16_t port, unsigned flags, struct mh_socket *ret);
int mh_udp_adopt(int fd, const struct mh_prefix *on, unsigned flags, struct mh_socket *ret);
int mh_tcp_open(const struct mh_prefix *on, uint16_t port, unsigned flags, struct mh_socket *ret);
int mh_tcp_adopt(int fd, const struct mh_prefix *on, unsigned flags, struct mh_socket *ret);
void mh_close(struct mh_socket *socket);

#define MH_GROUP 1     /* sent to a broadcast or multicast address: think first (RFC 2644) */
#define MH_TRUNCATED 2 /* was longer than the room for it */

/* What came, and what shall go back. .data may be overwritten, up to .room, and be the answer. */
struct mh_datagram {
	void *data;
	size_t length, room;
	unsigned segment;     /* 0: one; else a train, each this long, the last may be shorter */
	unsigned flags, link; /* MH_...; the index of the link it came in on */
	union mh_endpoint peer;
	struct mh_address asked;  /* its destination; family 0: the kernel did not tell */
	struct mh_address source; /* an answer's: the address asked; never a group; 0: any of ours */
	const void *answer;	  /* NULL: none */
	size_t answer_length;
	unsigned answer_segment;   /* as .segment */
	unsigned answered, failed; /* after mh_udp_answer(): how many datagrams left, and did not */
	int error;		   /* ... and the last reason, -errno */
};

/* How many datagrams @datagram is: 1, or those of the train. */
unsigned mh_datagram_count(const struct mh_datagram *datagram);

/* For @count (1 to 1024) datagrams of up to @room bytes (65535 for MH_JOINED), allocated once. */
struct mh_batch;
int mh_batch_new(unsigned count, size_t room, struct mh_batch **ret_batch);
void mh_batch_free(struct mh_batch *batch);
struct mh_datagram *mh_batch_at(struct mh_batch *batch, unsigned index);
bool mh_batch_full(const struct mh_batch *batch); /* every slot was filled: more may be waiting */

/*
 * Fills @batch anew. Returns how many datagrams are in it (0 when all that came were not for
 * the prefix served), -EAGAIN when none waits, or -errno.
 */
int mh_udp_receive(const struct mh_socket *socket, struct mh_batch *batch);
/*
 * Sends the answers. One that cannot leave from its .source is not sent at all. Never blocks longer
 * than some milliseconds for a full send buffer. Returns how many datagrams left; the rest is told
 * in each mh_datagram.
 */
int mh_udp_answer(const struct mh_socket *socket, struct mh_batch *batch);

struct mh_connection {
	int fd;	       /* non-blocking, close-on-exec */
	unsigned link; /* index of the link it came in on; 0: unknown */
	union mh_endpoint peer;
	struct mh_address asked;
};

/* -EAGAIN: none waits. -ECONNABORTED: one was not for this prefix, or is gone; call again. */
int mh_tcp_accept(const struct mh_socket *socket, struct mh_connection *ret_connection);
void mh_tcp_reset(int fd); /* closes with RST */
#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
