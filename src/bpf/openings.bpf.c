/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hooks on the top cgroup that tell when a port is opened: a TCP socket begins to listen or ceases to
 * (by shutdown(2), which destroys no socket), a UDP socket is bound. They tell nothing but that, and
 * change nothing.
 *
 * Connections inherit the flag that asks for changes of state from the socket that listens, and it
 * is one flag for all programs. It is set for wanted ports alone, and never taken away: it may be
 * somebody else's as well.
 *
 * The field `reply` of a sock_ops is not written: what stands there is another program's answer.
 */
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <stdbool.h>

#define ALLOW 1

char openings_license[] SEC("license") = "Dual MIT/GPL";

/* Set by the loader. */
const volatile __u64 own_netns;

/* Protocol * 65536 + port; the loader makes it as large as need be. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wanted SEC(".maps");

/* One that is full is no loss: its reader was woken already. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static __always_inline bool is_wanted(__u32 protocol, __u32 port)
{
	__u32 key = protocol << 16 | port;

	return bpf_map_lookup_elem(&wanted, &key);
}

static __always_inline void tell(void)
{
	__u32 event = 0;

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

SEC("sockops")
int openings_listen(struct bpf_sock_ops *ctx)
{
	bool begins = ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB;

	if (!begins && (ctx->op != BPF_SOCK_OPS_STATE_CB || ctx->args[0] != BPF_TCP_LISTEN))
		return ALLOW;
	if (!is_wanted(IPPROTO_TCP, ctx->local_port) || bpf_get_netns_cookie(ctx) != own_netns)
		return ALLOW;
	if (begins)
		bpf_sock_ops_cb_flags_set(ctx,
					  ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	tell();
	return ALLOW;
}

static __always_inline int bound(struct bpf_sock *ctx)
{
	if (ctx->protocol == IPPROTO_UDP && is_wanted(IPPROTO_UDP, ctx->src_port) &&
	    bpf_get_netns_cookie(ctx) == own_netns)
		tell();
	return ALLOW;
}

SEC("cgroup/post_bind4")
int openings_bind4(struct bpf_sock *ctx)
{
	return bound(ctx);
}

SEC("cgroup/post_bind6")
int openings_bind6(struct bpf_sock *ctx)
{
	return bound(ctx);
}
