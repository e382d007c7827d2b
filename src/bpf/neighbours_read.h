/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_READ_H
#define MH_BPF_NEIGHBOURS_READ_H

#include "neighbours_frame.h"

/* What a frame says. Whatever is not right in every detail is malformed, and never answered. */

enum neighbours_message {
	SAYS_NOTHING,	/* of this matter */
	SAYS_MALFORMED, /* ARP, or neighbour discovery */
	SAYS_BROKEN,	/* another packet that has no sender to look at */
	SAYS_PACKET,
	SAYS_ARP,      /* anything but a question */
	SAYS_QUESTION, /* of ARP */
	SAYS_SOLICITATION,
	SAYS_ADVERTISEMENT,
};

struct neighbours_said {
	__u8 what;
	__u8 nobody; /* the sender is 0.0.0.0 or ::, as in a probe, or before there is an address */
	__u8 may_be_nobody; /* of a packet: it is sent before there is an address */
	__u8 link_local;    /* the sender, fe80::/10 */
	struct neighbours_address sender, target;
};

neighbours_inline bool is_zero(const struct neighbours_address *address)
{
	return !(address->words[0] | address->words[1] | address->words[2] | address->words[3]);
}

neighbours_inline bool is_group6(const struct neighbours_address *address)
{
	return (address->words[0] & NET32(0xff000000)) == NET32(0xff000000);
}

/* 224.0.0.0/4 and 255.255.255.255. */
neighbours_inline bool is_group4(__u32 address)
{
	return (address & NET32(0xf0000000)) == NET32(0xe0000000) || address == 0xffffffff;
}

neighbours_inline void map_ipv4(struct neighbours_address *address, __u32 ipv4)
{
	address->words[0] = address->words[1] = 0;
	address->words[2] = NET32(0xffff);
	address->words[3] = ipv4;
}

/* RFC 826, and RFC 5227, section 1.1: a sender of 0.0.0.0 probes. */
neighbours_inline void read_arp(const struct neighbours_frame *frame, __u32 length,
				struct neighbours_said *said)
{
	const struct neighbours_arp *arp = &frame->arp;
	const __u8 *mac = arp->sender_mac;
	__u32 sender, target;

	said->what = SAYS_MALFORMED;
	if (length < NEIGHBOURS_ARP || arp->hardware != NET16(1) ||
	    arp->protocol != NET16(ETHERTYPE_IS_IPV4) || arp->hardware_size != 6 ||
	    arp->protocol_size != 4)
		return;
	__builtin_memcpy(&sender, arp->sender, sizeof(sender));
	__builtin_memcpy(&target, arp->target, sizeof(target));
	if (mac[0] & 1 || !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) ||
	    !mac_equal(mac, frame->from) || is_group4(sender) || is_group4(target))
		return;
	map_ipv4(&said->sender, sender);
	map_ipv4(&said->target, target);
	said->nobody = !sender;
	said->what = arp->operation == NET16(ARP_ASKS) ? SAYS_QUESTION : SAYS_ARP;
}

/* Whether the packet is a DHCP client's, whose address is yet to come: UDP from 68 to 67. */
neighbours_inline bool is_dhcp4(const struct neighbours_frame *frame, __u32 length, __u32 header)
{
	const struct neighbours_ipv4 *ip = &frame->ipv4;

	if (ip->protocol != 17 || ip->fragment & NET16(0x1fff) || header < 5 || header > 15 ||
	    length < NEIGHBOURS_HEADER + 4 * header + 8)
		return false;
	return frame->words[header] == NET32(68u << 16 | 67);
}

neighbours_inline void read_ipv4(const struct neighbours_frame *frame, __u32 length,
				 struct neighbours_said *said)
{
	const struct neighbours_ipv4 *ip = &frame->ipv4;

	said->what = SAYS_BROKEN;
	if (length < NEIGHBOURS_IPV4 || ip->version >> 4 != 4)
		return;
	said->what = SAYS_PACKET;
	map_ipv4(&said->sender, ip->from);
	said->nobody = !ip->from;
	said->may_be_nobody = said->nobody && is_dhcp4(frame, length, ip->version & 15);
}

#endif
