/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_FRAME_H
#define MH_BPF_NEIGHBOURS_FRAME_H

#include "neighbours_shared.h"

#include <stdbool.h>

/* The beginning of an Ethernet frame, as much of it as the longest question has that is answered. */

#define neighbours_inline static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET16(number) ((__u16)__builtin_bswap16((__u16)(number)))
#define NET32(number) ((__u32)__builtin_bswap32((__u32)(number)))
#else
#define NET16(number) ((__u16)(number))
#define NET32(number) ((__u32)(number))
#endif

/*
 * Options of a solicitation, in units of 8 bytes. Hosts send one or two; with more than these (RFC
 * 3971 signs with some 40) it is for the kernel to answer.
 */
#define NEIGHBOURS_OPTIONS 16
#define NEIGHBOURS_HEADER 14
#define NEIGHBOURS_IPV4 (NEIGHBOURS_HEADER + 20)
#define NEIGHBOURS_ARP (NEIGHBOURS_HEADER + 28)
#define NEIGHBOURS_IPV6 (NEIGHBOURS_HEADER + 40)
#define NEIGHBOURS_ADVERTISEMENT (NEIGHBOURS_IPV6 + 32)
#define NEIGHBOURS_FRAME (NEIGHBOURS_IPV6 + 24 + 8 * NEIGHBOURS_OPTIONS)

enum { ETHERTYPE_IS_IPV4 = 0x0800, ETHERTYPE_IS_ARP = 0x0806, ETHERTYPE_IS_IPV6 = 0x86dd };
enum { ETHERTYPE_IS_TAG = 0x8100, ETHERTYPE_IS_SERVICE_TAG = 0x88a8 };
enum { ARP_ASKS = 1, ARP_TELLS = 2 };
enum { ICMPV6 = 58, ND_SOLICITATION = 135, ND_ADVERTISEMENT = 136 };
enum { ND_SOURCE_LINK = 1, ND_TARGET_LINK = 2 };
/* Of an advertisement, RFC 4861, section 4.4. */
#define ND_ROUTER 0x80000000u
#define ND_SOLICITED 0x40000000u
#define ND_OVERRIDE 0x20000000u

struct neighbours_arp {
	__u16 hardware, protocol;
	__u8 hardware_size, protocol_size;
	__u16 operation;
	__u8 sender_mac[6];
	__u16 sender[2];
	__u8 target_mac[6];
	__u16 target[2];
};

struct neighbours_ipv4 {
	__u8 version, service; /* the length of the header in the low half of the version */
	__u16 length, number, fragment;
	__u8 hops, protocol;
	__u16 checksum;
	__u32 from, to;
};

struct neighbours_ipv6 {
	__u32 version;
	__u16 length;
	__u8 next, hops;
	struct neighbours_address from, to;
	__u8 type, code;
	__u16 checksum;
	__u32 flags;
	struct neighbours_address target;
	__u8 options[8 * NEIGHBOURS_OPTIONS];
};

struct neighbours_tag {
	__u16 number, type;
};

/* Two bytes in front let the numbers of IP stand where the machine wants them. */
struct neighbours_frame {
	__u8 unused[2];
	__u8 to[6], from[6];
	__u16 type;
	union {
		struct neighbours_arp arp;
		struct neighbours_ipv4 ipv4;
		struct neighbours_ipv6 ipv6;
		struct neighbours_tag tag;
		__u32 words[(NEIGHBOURS_FRAME - NEIGHBOURS_HEADER) / 4];
	};
};

/* Where the frame itself begins: NEIGHBOURS_FRAME bytes of room. */
neighbours_inline __u8 *frame_bytes(struct neighbours_frame *frame)
{
	return (__u8 *)frame + sizeof(frame->unused);
}

neighbours_inline bool mac_equal(const __u8 *left, const __u8 *right)
{
	return left[0] == right[0] && left[1] == right[1] && left[2] == right[2] &&
	       left[3] == right[3] && left[4] == right[4] && left[5] == right[5];
}

/* To this link, or to everybody or a group on it. */
neighbours_inline bool neighbours_is_for(const struct neighbours_frame *frame, const __u8 *mac)
{
	return frame->to[0] & 1 || mac_equal(frame->to, mac);
}

#endif
