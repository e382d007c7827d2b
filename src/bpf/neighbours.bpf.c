/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The responder on a link: the same decision (neighbours_core.h) behind two hooks.
 *
 * XDP sees a frame before the kernel has made a packet of it, and so answers at the lowest price, but
 * is there only where a driver has it. tc sees what the kernel itself would see next, of any link:
 * bridges, bonds, VLANs, macvlan. A frame that bears the tag of a VLAN is that VLAN's, which has a
 * responder of its own, or none; the kernel takes a tag of VLAN 0 (a priority alone) for none, and so
 * do we, since what is guarded would be open to whoever tags his frames so.
 *
 * An answer is written over its question and sent back out of the same link. Where a program of
 * somebody else stands in the same hook it goes on with what we let pass.
 *
 * No row of a count is made here: what a stranger sends takes no memory but a claim's, of which
 * there is a fixed number.
 */
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include "neighbours_frame.h"

char neighbours_license[] SEC("license") = "Dual MIT/GPL";

/*
 * What hash tables may hold at most they take room for at once, 16 bytes each, a trie does not. These
 * are for 131072 subscribers, and 7 megabytes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct neighbours_key);
	__type(value, struct neighbours_value);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct neighbours_settings);
} links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct neighbours_counts_key);
	__type(value, struct neighbours_counts_value);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct neighbours_who_key);
	__type(value, struct neighbours_who_value);
} who SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct neighbours_claim_key);
	__type(value, struct neighbours_claim_value);
} claims SEC(".maps");

/* The programs do not read it; it is here so that it is pinned with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct neighbours_about);
} about SEC(".maps");

/* Too much for the stack. No frame is interrupted by another one on its processor. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct neighbours_frame);
} frames SEC(".maps");

static __always_inline const struct neighbours_value *neighbours_find(void *world,
								      const struct neighbours_key *key)
{
	return bpf_map_lookup_elem(&rules, key);
}

static __always_inline const struct neighbours_who_value *neighbours_who(
	void *world, const struct neighbours_who_key *key)
{
	return bpf_map_lookup_elem(&who, key);
}

#include "neighbours_core.h"

/* How much of a frame is looked at: all that is there, if it may be ours to answer. */
static __always_inline __u32 bytes_of(__u32 length)
{
	/* What the verifier saw is to be what is used. */
	asm volatile("" : "+r"(length));
	return length < NEIGHBOURS_FRAME ? length : NEIGHBOURS_FRAME;
}

/* Most frames are packets that somebody sends who has an address: of these the headers will do. */
static __always_inline bool is_plain(const struct neighbours_frame *frame)
{
	if (frame->type == NET16(ETHERTYPE_IS_IPV4))
		return frame->ipv4.from;
	return frame->type == NET16(ETHERTYPE_IS_IPV6) && frame->ipv6.next != ICMPV6 &&
	       frame->ipv6.next && !is_zero(&frame->ipv6.from);
}

static __always_inline void count(__u32 link, __u32 owner, __u32 asked, __u32 counter)
{
	struct neighbours_counts_key key = { .link = link, .owner = owner };
	struct neighbours_counts_value *row = bpf_map_lookup_elem(&counts, &key);

	if (!row)
		return;
	if (asked)
		row->counters[COUNT_ASKED]++;
	if (counter < COUNTERS)
		row->counters[counter]++;
}

static __always_inline void remember_claim(const struct neighbours_view *view)
{
	struct neighbours_claim_key key = { .link = view->link, .address = view->claimed };
	struct neighbours_claim_value *known, first = { .count = 1 };

	__builtin_memcpy(key.mac, view->frame->from, sizeof(key.mac));
	first.first = first.last = bpf_ktime_get_boot_ns();
	known = bpf_map_lookup_elem(&claims, &key);
	if (!known) {
		bpf_map_update_elem(&claims, &key, &first, BPF_ANY);
		return;
	}
	known->last = first.first;
	__sync_fetch_and_add(&known->count, 1);
}

/* Decides, and does what does not depend on the hook. */
static __always_inline int consider(struct neighbours_view *view, __u32 length)
{
	int act = neighbours_decide(view, length);

	if (view->asked || view->counter < COUNTERS)
		count(view->link, view->owner, view->asked, view->counter);
	if (view->claims)
		remember_claim(view);
	return act;
}

static __always_inline struct neighbours_frame *own_frame(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&frames, &zero);
}

/* tc. */

static __always_inline int answer_skb(struct __sk_buff *skb, const struct neighbours_view *view,
				      struct neighbours_frame *frame)
{
	const __u64 flags = BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH;
	__u32 link = skb->ifindex, length;
	int code = 0;

	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	length = neighbours_reply(view, frame);
	if (length == NEIGHBOURS_ADVERTISEMENT && skb->len != NEIGHBOURS_ADVERTISEMENT)
		code = bpf_skb_change_tail(skb, NEIGHBOURS_ADVERTISEMENT, 0);
	if (!code)
		code = bpf_skb_store_bytes(skb, 0, frame_bytes(frame), length, flags);
	return code ? TC_ACT_SHOT : bpf_redirect(link, 0);
}

SEC("tc")
int neighbours_tc(struct __sk_buff *skb)
{
	struct neighbours_view view = { .link = skb->ifindex };
	struct neighbours_frame *frame = own_frame();
	__u32 length = skb->len, there = NEIGHBOURS_IPV6;
	int act;

	view.settings = bpf_map_lookup_elem(&links, &view.link);
	if (!view.settings || !frame || skb->pkt_type == PACKET_OTHERHOST ||
	    (skb->vlan_present && skb->vlan_tci & 0xfff))
		return TC_ACT_UNSPEC;
	view.frame = frame;
	if (length < NEIGHBOURS_IPV6 ||
	    bpf_skb_load_bytes(skb, 0, frame_bytes(frame), NEIGHBOURS_IPV6) || !is_plain(frame)) {
		there = bytes_of(length);
		if (there < NEIGHBOURS_HEADER ||
		    bpf_skb_load_bytes(skb, 0, frame_bytes(frame), there))
			return TC_ACT_UNSPEC;
	}
	act = consider(&view, length);
	if (act == ACT_ANSWER)
		return answer_skb(skb, &view, frame);
	return act == ACT_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* XDP. */

static __always_inline int answer_xdp(struct xdp_md *xdp, const struct neighbours_view *view,
				      struct neighbours_frame *frame, __u32 length)
{
	int code;

	if (neighbours_reply(view, frame) == NEIGHBOURS_ARP) {
		code = bpf_xdp_store_bytes(xdp, 0, frame_bytes(frame), NEIGHBOURS_ARP);
	} else {
		code = bpf_xdp_adjust_tail(xdp, NEIGHBOURS_ADVERTISEMENT - (int)length);
		if (!code)
			code = bpf_xdp_store_bytes(xdp, 0, frame_bytes(frame),
						   NEIGHBOURS_ADVERTISEMENT);
	}
	return code ? XDP_DROP : XDP_TX;
}

/* Takes a tag off that bears a priority alone. Returns whether there was one. */
static __always_inline bool take_tag_off(struct xdp_md *xdp, struct neighbours_frame *frame)
{
	if (frame->type != NET16(ETHERTYPE_IS_TAG) || frame->tag.number & NET16(0xfff))
		return false;
	return !bpf_xdp_adjust_head(xdp, sizeof(frame->tag)) &&
	       !bpf_xdp_store_bytes(xdp, 0, frame_bytes(frame), 2 * sizeof(frame->to));
}

SEC("xdp")
int neighbours_xdp(struct xdp_md *xdp)
{
	struct neighbours_view view = { .link = xdp->ingress_ifindex };
	struct neighbours_frame *frame = own_frame();
	__u32 length = bpf_xdp_get_buff_len(xdp), there = bytes_of(length);
	int act;

	view.settings = bpf_map_lookup_elem(&links, &view.link);
	if (!view.settings || !frame || there < NEIGHBOURS_HEADER + sizeof(frame->tag) ||
	    bpf_xdp_load_bytes(xdp, 0, frame_bytes(frame), there) ||
	    !neighbours_is_for(frame, view.settings->mac))
		return XDP_PASS;
	view.frame = frame;
	if (take_tag_off(xdp, frame)) {
		length -= sizeof(frame->tag);
		there = bytes_of(length);
		if (there < NEIGHBOURS_HEADER ||
		    bpf_xdp_load_bytes(xdp, 0, frame_bytes(frame), there))
			return XDP_DROP;
	}
	act = consider(&view, length);
	if (act == ACT_ANSWER)
		return answer_xdp(xdp, &view, frame, length);
	return act == ACT_DROP ? XDP_DROP : XDP_PASS;
}
