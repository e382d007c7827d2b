/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_PACKET_H
#define MH_FEATURE_CHECKS_PROBE_PACKET_H

#include "net/address.h"

#include <stdbool.h>

/* Packets of ping, ARP and neighbour discovery as bytes. Pure. */

/*
 * An echo, and who asked for it: answers to others come in as well, and what is not the whole of
 * this is not ours.
 */
struct probe_echo {
	uint16_t id, sequence;
	uint64_t secret; /* nobody who did not see the question can make up the answer */
	uint32_t slot, turn;
};

#define PROBE_ECHO_SIZE 24

/* ICMP's checksum is worked out here; the kernel does it for ICMPv6 (RFC 3542, 3.1). */
void probe_echo_request(const struct probe_echo *echo, uint8_t family,
			uint8_t bytes[PROBE_ECHO_SIZE]);
/*
 * What a raw socket of @family received: with the header of IPv4, without that of IPv6. False when
 * it is no sound echo reply of our shape.
 */
bool probe_echo_reply(const void *bytes, size_t length, uint8_t family, struct probe_echo *ret_echo);

#define PROBE_ARP_SIZE 28

/* "Who has @target? Tell @source" (RFC 826); source 0.0.0.0 is a probe (RFC 5227). */
void probe_arp_request(const uint8_t hardware[6], const struct address *source,
		       const struct address *target, uint8_t bytes[PROBE_ARP_SIZE]);
/* False when it is no reply. */
bool probe_arp_reply(const void *bytes, size_t length, struct address *ret_sender);

#define PROBE_NS_SIZE 32

/* Neighbour solicitation (RFC 4861, 4.3), with the sender's hardware address. */
void probe_nd_request(const uint8_t hardware[6], const struct address *target,
		      uint8_t bytes[PROBE_NS_SIZE]);
/* Where it is sent to: the target's solicited-node group (RFC 4291, 2.7.1). */
struct address probe_nd_group(const struct address *target);
/* False when it is no sound advertisement; one with another hop limit than 255 came through a router. */
bool probe_nd_reply(const void *bytes, size_t length, int hop_limit, struct address *ret_target);

#endif
