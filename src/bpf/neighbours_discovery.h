/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_DISCOVERY_H
#define MH_BPF_NEIGHBOURS_DISCOVERY_H

#include "neighbours_read.h"

/* IPv6: which packets are neighbour discovery, and whether they are valid (RFC 4861, 7.1). */

/* Of the pseudo-header (RFC 8200, section 8.1) and the fixed part of the message, unfolded. */
neighbours_inline __u64 sum_begin(const struct neighbours_frame *frame, __u32 payload)
{
	__u64 sum = (__u64)NET32(payload) + NET32(ICMPV6);

	for (int i = 2; i < 16; i++)
		sum += frame->words[i];
	return sum;
}

neighbours_inline __u16 sum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

/*
 * Walks the options by units of 8 bytes, which each of them is some of, and so needs no jump by a
 * length that somebody sent. Returns whether they fill the message and its checksum is right.
 */
neighbours_inline bool read_options(const struct neighbours_frame *frame, __u32 units, __u64 sum,
				    bool *ret_source)
{
	__u32 left = 0; /* units of the option that we are in */

	*ret_source = false;
	for (__u32 i = 0; i < NEIGHBOURS_OPTIONS; i++) {
		const __u8 *unit = frame->ipv6.options + 8 * i;

		if (i >= units)
			break;
		if (!left) {
			left = unit[1];
			if (!left)
				return false;
			if (unit[0] == ND_SOURCE_LINK)
				*ret_source = true;
		}
		left--;
		sum += frame->words[16 + 2 * i];
		sum += frame->words[17 + 2 * i];
	}
	return !left && sum_fold(sum) == 0xffff;
}

/* ff02::1:ff00:0/104. */
neighbours_inline bool is_solicited_group(const struct neighbours_address *address)
{
	return address->words[0] == NET32(0xff020000) && !address->words[1] &&
	       address->words[2] == NET32(1) &&
	       (address->words[3] & NET32(0xff000000)) == NET32(0xff000000);
}

neighbours_inline void read_discovery(const struct neighbours_frame *frame, __u32 length,
				      struct neighbours_said *said)
{
	const struct neighbours_ipv6 *ip = &frame->ipv6;
	__u32 payload = NET16(ip->length);
	bool tells = ip->type == ND_ADVERTISEMENT, source;

	said->what = SAYS_MALFORMED;
	if (ip->hops != 255 || ip->code || payload < 24 || payload & 7 ||
	    payload > 24 + 8 * NEIGHBOURS_OPTIONS || length < NEIGHBOURS_IPV6 + payload ||
	    is_group6(&ip->target) || is_group6(&ip->from))
		return;
	if (!read_options(frame, (payload - 24) / 8, sum_begin(frame, payload), &source))
		return;
	if (tells && is_group6(&ip->to) && ip->flags & NET32(ND_SOLICITED))
		return;
	if (!tells && said->nobody && (source || !is_solicited_group(&ip->to)))
		return;
	said->target = ip->target;
	said->what = tells ? SAYS_ADVERTISEMENT : SAYS_SOLICITATION;
}

neighbours_inline void read_ipv6(const struct neighbours_frame *frame, __u32 length,
				 struct neighbours_said *said)
{
	const struct neighbours_ipv6 *ip = &frame->ipv6;

	said->what = SAYS_BROKEN;
	if (length < NEIGHBOURS_IPV6 || (ip->version & NET32(0xf0000000)) != NET32(0x60000000))
		return;
	said->what = SAYS_PACKET;
	said->sender = ip->from;
	said->nobody = is_zero(&ip->from);
	said->link_local = (ip->from.words[0] & NET32(0xffc00000)) == NET32(0xfe800000);
	/* Reports of groups have a header of options in front: RFC 3810, section 5. */
	said->may_be_nobody = said->nobody &&
			      (ip->next == ICMPV6 ||
			       (!ip->next && length > NEIGHBOURS_IPV6 && ip->type == ICMPV6));
	if (ip->next == ICMPV6 && length > NEIGHBOURS_IPV6 &&
	    (ip->type == ND_SOLICITATION || ip->type == ND_ADVERTISEMENT))
		read_discovery(frame, length, said);
}

#endif
