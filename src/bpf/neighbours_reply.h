/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_REPLY_H
#define MH_BPF_NEIGHBOURS_REPLY_H

#include "neighbours_decide.h"

/* The answer, written over the question. */

neighbours_inline void write_ethernet(struct neighbours_frame *frame, const __u8 *mac)
{
	__builtin_memcpy(frame->to, frame->from, sizeof(frame->to));
	__builtin_memcpy(frame->from, mac, sizeof(frame->from));
}

neighbours_inline void write_arp(const struct neighbours_view *view, struct neighbours_frame *frame)
{
	struct neighbours_arp *arp = &frame->arp;
	__u16 target[2] = { arp->target[0], arp->target[1] };

	__builtin_memcpy(arp->target_mac, arp->sender_mac, sizeof(arp->target_mac));
	__builtin_memcpy(arp->target, arp->sender, sizeof(arp->target));
	__builtin_memcpy(arp->sender_mac, view->settings->mac, sizeof(arp->sender_mac));
	__builtin_memcpy(arp->sender, target, sizeof(arp->sender));
	arp->operation = NET16(ARP_TELLS);
}

/* RFC 4861, section 7.2.4: to who asked, or to all nodes where nobody asked. */
neighbours_inline void write_receiver(const struct neighbours_view *view,
				      struct neighbours_frame *frame)
{
	struct neighbours_ipv6 *ip = &frame->ipv6;

	if (!view->said.nobody) {
		ip->to = view->said.sender;
		return;
	}
	ip->to.words[0] = NET32(0xff020000);
	ip->to.words[1] = ip->to.words[2] = 0;
	ip->to.words[3] = NET32(1);
	frame->to[0] = frame->to[1] = 0x33;
	frame->to[2] = frame->to[3] = frame->to[4] = 0;
	frame->to[5] = 1;
}

neighbours_inline void write_advertisement(const struct neighbours_view *view,
					   struct neighbours_frame *frame)
{
	const struct neighbours_settings *settings = view->settings;
	struct neighbours_ipv6 *ip = &frame->ipv6;
	bool by_target = view->flags & RULE_TARGET_SOURCE || is_zero(&settings->link_local);
	__u64 sum;

	write_receiver(view, frame);
	ip->version = NET32(0x60000000);
	ip->length = NET16(32);
	ip->next = ICMPV6;
	ip->hops = 255;
	ip->from = by_target ? view->said.target : settings->link_local;
	ip->type = ND_ADVERTISEMENT;
	ip->code = 0;
	ip->checksum = 0;
	ip->flags = (settings->router ? NET32(ND_ROUTER) : 0) |
		    (view->said.nobody ? 0 : NET32(ND_SOLICITED)) |
		    (view->flags & RULE_OVERRIDE ? NET32(ND_OVERRIDE) : 0);
	ip->target = view->said.target;
	ip->options[0] = ND_TARGET_LINK;
	ip->options[1] = 1;
	__builtin_memcpy(ip->options + 2, settings->mac, sizeof(settings->mac));
	sum = sum_begin(frame, 32) + frame->words[16] + frame->words[17];
	ip->checksum = (__u16)~sum_fold(sum);
	/* Not zero: with addresses that are not, the sum of all cannot be all ones by RFC 1071. */
}

/* Returns how many bytes of @frame were written; of a solicitation they are the whole answer. */
neighbours_inline __u32 neighbours_reply(const struct neighbours_view *view,
					 struct neighbours_frame *frame)
{
	write_ethernet(frame, view->settings->mac);
	if (view->said.what == SAYS_QUESTION) {
		write_arp(view, frame);
		return NEIGHBOURS_ARP;
	}
	write_advertisement(view, frame);
	return NEIGHBOURS_ADVERTISEMENT;
}

#endif
