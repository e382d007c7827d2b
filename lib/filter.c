/* SPDX-License-Identifier: MIT */
/*
 * A socket on a prefix is bound to the wildcard, since bind(2) knows single addresses only. What is
 * sent to other addresses must then not even cost a wakeup: a classic BPF filter looks at the
 * destination in the network header and drops it in the kernel. It is attached before the socket is
 * bound, so there is no moment without it.
 */
#include "private.h"

#include <arpa/inet.h>
#include <string.h>

/* Where the destination stands behind the start of the network header. */
#define DESTINATION_V4 16
#define DESTINATION_V6 24

unsigned mh_filter_build(const struct mh_prefix *prefix, struct sock_filter filter[MH_FILTER_MAX])
{
	unsigned start = prefix->address.family == AF_INET ? DESTINATION_V4 : DESTINATION_V6;
	unsigned words = (prefix->length + 31) / 32, count = 0;

	for (unsigned i = 0; i < words; i++) {
		unsigned bits = prefix->length - i * 32;
		uint32_t value, mask = bits >= 32 ? 0xffffffff : ~(0xffffffffu >> bits);
		/* Over the three instructions of each word after this one, and over "pass". */
		uint8_t to_drop = (uint8_t)((words - 1 - i) * 3 + 1);

		memcpy(&value, prefix->address.bytes + i * 4, 4);
		filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							       SKF_NET_OFF + start + i * 4);
		filter[count++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask);
		filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							       ntohl(value) & mask, 0, to_drop);
	}
	filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
	filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return count;
}
