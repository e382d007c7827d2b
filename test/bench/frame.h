/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_FRAME_H
#define MH_BENCH_FRAME_H

#include "net/address.h"

#include <stddef.h>
#include <stdint.h>

/*
 * One question of the load generator, or its answer, as an Ethernet frame: Ethernet, IPv4 or IPv6,
 * UDP, and a payload that says which question it is and whose bytes can be checked.
 */
#define FRAME_MAX_PAYLOAD 1400
#define FRAME_MIN_PAYLOAD 20
#define FRAME_MAX_BYTES (14 + 40 + 8 + FRAME_MAX_PAYLOAD)

struct frame {
	uint8_t to_mac[6], from_mac[6];
	struct address to, from;
	uint16_t to_port, from_port;
	uint32_t run;	  /* tells the answers of this run from those of another */
	uint32_t slot;	  /* place in the window of questions in flight */
	uint64_t number;  /* of the question */
	uint16_t payload; /* its length in bytes */
};

/* Writes @frame with both checksums. Returns its bytes, or 0 when it does not fit into @room. */
size_t frame_put(const struct frame *frame, uint8_t *buffer, size_t room);

/*
 * Reads a frame. Returns 0; -ENOMSG when it is no datagram of this generator; -EBADMSG when it is
 * one whose payload was changed or cut. Checksums are not looked at: on a veth pair the kernel
 * leaves those of its own datagrams unfinished.
 */
int frame_get(const uint8_t *bytes, size_t length, struct frame *ret_frame);

#endif
