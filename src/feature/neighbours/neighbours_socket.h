/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_SOCKET_H
#define MH_FEATURE_NEIGHBOURS_SOCKET_H

#include "bpf/neighbours_frame.h"

#include <linux/if_packet.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Packet sockets that hear one protocol on all links, whole frames, in batches. A filter in the kernel
 * lets nothing through but ARP, or neighbour solicitations and advertisements, that came to us, without
 * a VLAN's tag, on the links that are asked for; so others cost no wake-up.
 */
#define NEIGHBOURS_BATCH 64

/* Of a frame that is longer than the longest question the rest is cut off, but its length is told. */
struct neighbours_buffer {
	uint32_t link;
	uint32_t length;
	struct neighbours_frame *frame;
};

struct neighbours_batch {
	struct neighbours_buffer items[NEIGHBOURS_BATCH];
	unsigned count;
	struct mmsghdr headers[NEIGHBOURS_BATCH];
	struct iovec vectors[NEIGHBOURS_BATCH];
	struct sockaddr_ll peers[NEIGHBOURS_BATCH];
	struct neighbours_frame frames[NEIGHBOURS_BATCH];
};

/* ETH_P_ARP or ETH_P_IPV6; hears nothing yet. Needs CAP_NET_RAW. Returns the socket, or -errno. */
int neighbours_socket_open(uint16_t protocol);
/* The links to hear from now on; needs no rights. */
int neighbours_socket_hear(int fd, uint16_t protocol, const uint32_t *links, size_t count);

struct neighbours_batch *neighbours_batch_new(void);
/* Fills the batch; returns how many frames came, 0 when none waits, or -errno. */
int neighbours_batch_receive(struct neighbours_batch *batch, int fd);
/* Sends the first @count items as they are now, each out of its link; what a link refuses is lost. */
void neighbours_batch_send(struct neighbours_batch *batch, int fd, unsigned count);

#endif
