/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_IO_CHANNEL_H
#define MH_IO_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Messages between processes: SOCK_SEQPACKET, {type, number, length}, payload. A payload that
 * does not fit into a packet travels in a sealed memfd, which the receiver never sees: it gets
 * the bytes. Descriptors may come along. What is malformed ends its sender: -EPROTO.
 */
#define CHANNEL_INLINE 4096	       /* bytes of payload within a packet */
#define CHANNEL_MAX_BYTES (640u << 20) /* of a payload in a memfd */
#define CHANNEL_MAX_FDS 64

struct channel_message {
	uint16_t type;
	uint32_t number; /* of the request; its answers bear the same */
	void *bytes; /* received: freed by channel_message_free(); NUL-terminated beyond .length */
	size_t length;
	/* Received: closed by channel_message_free() unless taken (set to -1). */
	int fds[CHANNEL_MAX_FDS + 1];
	unsigned fd_count;
};

/* Sends; never blocks on a non-blocking socket. Returns 0, -EAGAIN, -EPIPE, or -errno. */
int channel_send(int fd, const struct channel_message *message);
/* Receives one. Returns 1, 0 at the end of the peer, -EAGAIN, -EPROTO, or -errno. */
int channel_receive(int fd, struct channel_message *ret_message);
void channel_message_free(struct channel_message *message);

#endif
