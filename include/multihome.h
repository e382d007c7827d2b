/* SPDX-License-Identifier: MIT */
#ifndef MULTIHOME_H
#define MULTIHOME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * libmultihome: UDP and TCP servers that answer from the address that was asked. Descriptors are
 * the caller's to poll. No global state, no locks: a batch belongs to one thread at a time.
 * Functions return 0 (or a count) or -errno, and write ret_ arguments only on success.
 */
#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)
struct mh_address {
	uint8_t family;	   /* AF_INET, AF_INET6, or 0 for none */
	uint8_t bytes[16]; /* in network order; unused ones are zero */
};

struct mh_prefix {
	struct mh_address address;
	uint8_t length;
	unsigned link; /* 0: any; else its index, and only what comes in on it is served */
};

union mh_endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "2001:db8::/64", "192.0.2.1", "fe80::1%eth0", "::/0". -EINVAL for bits beyond, -ENODEV for links. */
int mh_prefix_parse(const char *text, struct mh_prefix *ret_prefix);
bool mh_prefix_holds(const struct mh_prefix *prefix, const struct mh_address *address);

#define MH_SHARE_PORT 1 /* several sockets of one port and one prefix, a thread each */
#define MH_JOINED 2	/* UDP: take datagrams joined (UDP_GRO): see mh_datagram.segment */
#define MH_ONE_BY_ONE 4 /* UDP: never join answers (UDP_SEGMENT); set by itself on old kernels */
#define MH_BARE 8 /* UDP: answers without flow label and, where possible, IPv4 identification */

/* An open server. .fd is non-blocking, unless it was adopted and is not. */
struct mh_socket {
	int fd;
	unsigned flags;
	struct mh_prefix on; /* what is served; address.family 0: whatever arrives */
};

/*
 * 0.0.0.0 or :: alone is the wildcard, one of fe80::/10 needs its link; @port is in host order. A
 * prefix needs a route of type local: ip route add local 2001:db8:1:1::/64 dev lo. Adopting takes
 * over an open, bound descriptor, which stays the caller's on failure; @on NULL: serve everything.
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

unsigned mh_datagram_count(const struct mh_datagram *datagram); /* 1, or those of the train */

/* For @count (1 to 1024) datagrams of up to @room bytes (65535 for MH_JOINED), allocated once. */
struct mh_batch;
int mh_batch_new(unsigned count, size_t room, struct mh_batch **ret_batch);
void mh_batch_free(struct mh_batch *batch);
struct mh_datagram *mh_batch_at(struct mh_batch *batch, unsigned index);
bool mh_batch_full(const struct mh_batch *batch); /* every slot was filled: more may be waiting */

/*
 * Fills @batch anew. Returns how many datagrams are in it (0: all that came were not for the prefix
 * served), -EAGAIN when none waits, -EINVAL when trains (MH_JOINED) have no room, or -errno.
 */
int mh_udp_receive(const struct mh_socket *socket, struct mh_batch *batch);
/*
 * Sends the answers; none leaves from another address than its .source, which the socket must serve
 * (but see MH_GROUP). Waits at most some milliseconds for a full send buffer. Returns how many
 * datagrams left; the rest is told in each mh_datagram.
 */
int mh_udp_answer(const struct mh_socket *socket, struct mh_batch *batch);
/* The same for copies of .peer, .source, .link and .flags, later, or for what nobody asked for. */
int mh_udp_send(const struct mh_socket *socket, struct mh_datagram *datagrams, unsigned count);

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
