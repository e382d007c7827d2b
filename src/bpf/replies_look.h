/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_LOOK_H
#define MH_BPF_REPLIES_LOOK_H

#include "replies_push.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/*
 * What the hooks are not told, read from the kernel's memory: the first packet in a receive queue,
 * the link that a link-local peer is on, the birth of a thread. Only these fields are named; where
 * they are is found when the programs are loaded. It needs CAP_PERFMON and the kernel's type
 * information (BTF).
 */
#define kernel_type __attribute__((preserve_access_index))

struct sk_buff;
struct sk_buff_head {
	struct sk_buff *next;
} kernel_type;
struct sk_buff {
	unsigned char *head;
	__u16 network_header, transport_header;
	__u8 pkt_type : 3;
} kernel_type;
struct sock {
	struct sk_buff_head sk_receive_queue;
} kernel_type;
struct udp_sock {
	struct sk_buff_head reader_queue;
} kernel_type;
struct in6_socket_address { /* struct sockaddr_in6, whose shape is fixed */
	__u16 family, port;
	__u32 flow;
	__u32 address[4];
	__u32 scope;
};
struct bpf_sock_addr_kern {
	void *uaddr;
} kernel_type;
struct task_struct {
	__u64 start_time;
} kernel_type;

/*
 * Addresses are aligned and reused only after their packet is gone: the middle bits tell packets in
 * one queue apart.
 */
#define LOOK_PACKET(address) ((__u32)((__u64)(address) >> 6) | 1u << 31)

static __always_inline struct sk_buff *look_head(const struct sk_buff_head *queue)
{
	struct sk_buff *first = BPF_CORE_READ(queue, next);

	return first == (void *)queue ? 0 : first;
}

/* A queue of two: what the readers have moved to theirs, then what has arrived since. */
static __always_inline struct sk_buff *look_first(struct sock *sk)
{
	struct sk_buff *first = look_head(&((struct udp_sock *)sk)->reader_queue);

	return first ? first : look_head(&sk->sk_receive_queue);
}

static __always_inline __u32 look_scope(struct bpf_sock_addr *ctx)
{
	struct in6_socket_address *address = BPF_CORE_READ((struct bpf_sock_addr_kern *)ctx, uaddr);
	__u32 scope = 0;

	bpf_probe_read_kernel(&scope, sizeof(scope), &address->scope);
	return scope;
}

static __always_inline __u64 look_birth(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), start_time);
}

#endif
