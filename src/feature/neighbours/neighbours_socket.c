/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/neighbours/neighbours_socket.h"

#include "base/fd.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <stdbool.h>
#include <string.h>

#define RECEIVE_BUFFER (4 << 20)
#define FILTERED_LINKS 64 /* more of them are told apart by a look-up here */
#define OFFSET_NEXT_HEADER (ETH_HLEN + 6)
#define OFFSET_ICMPV6 (ETH_HLEN + 40)
#define WHOLE 0xffffffff

struct program {
	struct sock_filter steps[3 * FILTERED_LINKS + 16];
	unsigned short count;
};

static void add(struct program *program, struct sock_filter step)
{
	program->steps[program->count++] = step;
}

/* What @offset holds; one of the kernel's own when it is SKF_AD_*. */
static void load(struct program *program, uint16_t width, uint32_t offset)
{
	add(program, (struct sock_filter)BPF_STMT((uint16_t)(BPF_LD | width | BPF_ABS), offset));
}

/* Drops unless what was loaded is @value. */
static void require(struct program *program, uint32_t value)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

static void require_advertisement_or_solicitation(struct program *program)
{
	load(program, BPF_B, OFFSET_NEXT_HEADER);
	require(program, IPPROTO_ICMPV6);
	load(program, BPF_B, OFFSET_ICMPV6);
	add(program,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 2, 0));
	require(program, ND_NEIGHBOR_ADVERT);
}

/* Accepts what came on one of the links. */
static void accept_links(struct program *program, const uint32_t *links, size_t count)
{
	load(program, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	for (size_t i = 0; i < count; i++) {
		add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, links[i], 0, 1));
		add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, WHOLE));
	}
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

int neighbours_socket_hear(int fd, uint16_t protocol, const uint32_t *links, size_t count)
{
	struct program program = { .count = 0 };
	struct sock_fprog filter = { .filter = program.steps };

	/* To this host, to all, to a group: the first three of PACKET_*. */
	load(&program, BPF_B, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	add(&program,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 0, 1));
	add(&program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
	load(&program, BPF_B, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	require(&program, 0);
	if (protocol == ETH_P_IPV6)
		require_advertisement_or_solicitation(&program);
	if (count > FILTERED_LINKS)
		add(&program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, WHOLE));
	else
		accept_links(&program, links, count);
	filter.len = program.count;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ? -errno : 0;
}

/* The filter comes before the protocol, so that no frame gets in that nobody asked for. */
int neighbours_socket_open(uint16_t protocol)
{
	AUTO_FD fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int size = RECEIVE_BUFFER, r;

	if (fd < 0)
		return -errno;
	r = neighbours_socket_hear(fd, protocol, NULL, 0);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return fd_take(&fd);
}

struct neighbours_batch *neighbours_batch_new(void)
{
	struct neighbours_batch *batch = mem_alloc(sizeof(*batch));

	for (unsigned i = 0; i < NEIGHBOURS_BATCH; i++) {
		batch->items[i].frame = &batch->frames[i];
		batch->headers[i].msg_hdr = (struct msghdr){ .msg_name = &batch->peers[i],
							     .msg_iov = &batch->vectors[i],
							     .msg_iovlen = 1 };
	}
	batch->count = NEIGHBOURS_BATCH;
	return batch;
}

/* What was used last is as it was before again. */
static void make_room(struct neighbours_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		batch->vectors[i] = (struct iovec){ frame_bytes(&batch->frames[i]), NEIGHBOURS_FRAME };
		batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->peers[i]);
	}
	batch->count = 0;
}

int neighbours_batch_receive(struct neighbours_batch *batch, int fd)
{
	int count;

	make_room(batch);
	count = recvmmsg(fd, batch->headers, NEIGHBOURS_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		batch->items[i] = (struct neighbours_buffer){
			.link = (uint32_t)batch->peers[i].sll_ifindex,
			.length = batch->headers[i].msg_len,
			.frame = &batch->frames[i],
		};
	}
	batch->count = (unsigned)count;
	return count;
}

void neighbours_batch_send(struct neighbours_batch *batch, int fd, unsigned count)
{
	unsigned done = 0;

	for (unsigned i = 0; i < count; i++) {
		batch->vectors[i] = (struct iovec){ frame_bytes(batch->items[i].frame),
						    batch->items[i].length };
		batch->peers[i] = (struct sockaddr_ll){ .sll_family = AF_PACKET,
							.sll_ifindex = (int)batch->items[i].link };
		batch->headers[i].msg_hdr.msg_namelen = sizeof(batch->peers[i]);
	}
	if (batch->count < count)
		batch->count = count;
	while (done < count) {
		int sent = sendmmsg(fd, batch->headers + done, count - done, MSG_DONTWAIT);

		/* A link that is down refuses the first of what is left; the others have their turn. */
		done += sent > 0 ? (unsigned)sent : 1;
	}
}
