/* SPDX-License-Identifier: MIT */
/*
 * What libmultihome reads of others; the first byte chooses: ancillary data; the text of a prefix,
 * whose socket filter is then run on an address and compared with the plain question whether the
 * prefix holds it.
 */
#include "../../lib/private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void fuzz_control(const uint8_t *bytes, size_t size)
{
	/* A copy of exactly that size, so that a read beyond it is seen. */
	uint8_t *control = malloc(size ? size : 1);
	struct mh_arrival arrival;

	if (size)
		memcpy(control, bytes, size);
	mh_control_read(control, size, &arrival);
	free(control);
	require(!mh_address_is_multicast(&arrival.source));
	require(arrival.segment <= 65535);
	/* Only what was sent to a group is answered from another address. */
	require(arrival.group || !arrival.source.family ||
		memcmp(&arrival.asked, &arrival.source, sizeof(arrival.asked)) == 0);
	require(mh_address_bits(arrival.asked.family) || arrival.asked.family == 0);
}

/* The three instructions that our filters are made of. Returns what is passed: 0 is dropped. */
static uint32_t filter_run(const struct sock_filter *filter, unsigned count, const uint8_t header[40])
{
	uint32_t accumulator = 0;

	for (unsigned at = 0;; at++) {
		require(at < count);
		switch (filter[at].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			require(filter[at].k - (uint32_t)SKF_NET_OFF <= 36);
			memcpy(&accumulator, header + (filter[at].k - (uint32_t)SKF_NET_OFF), 4);
			accumulator = ntohl(accumulator);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			accumulator &= filter[at].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == filter[at].k ? filter[at].jt : filter[at].jf;
			break;
		case BPF_RET | BPF_K:
			return filter[at].k;
		default:
			abort();
		}
	}
}

static void filter_compare(const struct mh_prefix *prefix, struct mh_address address)
{
	struct sock_filter filter[MH_FILTER_MAX];
	unsigned count = mh_filter_build(prefix, filter);
	uint8_t header[40] = { 0 };

	address.family = prefix->address.family;
	if (address.family == AF_INET) {
		memset(address.bytes + 4, 0, 12);
		memcpy(header + 16, address.bytes, 4);
	} else {
		memcpy(header + 24, address.bytes, 16);
	}
	require(count <= MH_FILTER_MAX);
	require((filter_run(filter, count, header) != 0) == mh_prefix_holds(prefix, &address));
}

static void fuzz_prefix(const uint8_t *bytes, size_t size)
{
	struct mh_address address = { 0 };
	struct mh_prefix prefix;
	char text[128] = "";

	if (size < 18)
		return;
	memcpy(address.bytes, bytes + 1, 16);
	size = size - 17 < sizeof(text) ? size - 17 : sizeof(text) - 1;
	memcpy(text, bytes + 17, size);
	if (mh_prefix_parse(text, &prefix) < 0)
		return;
	require(prefix.length <= mh_address_bits(prefix.address.family));
	require(mh_prefix_holds(&prefix, &prefix.address));
	require(!prefix.link == !strchr(text, '%'));
	filter_compare(&prefix, prefix.address);
	filter_compare(&prefix, address);
	/* The address with one bit turned: the last of the prefix, or the first behind it. */
	address = prefix.address;
	address.bytes[bytes[0] % 16] ^= (uint8_t)(1 << (bytes[0] >> 4) % 8);
	filter_compare(&prefix, address);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (!size)
		return 0;
	if (bytes[0] % 2)
		fuzz_control(bytes + 1, size - 1);
	else
		fuzz_prefix(bytes + 1, size - 1);
	return 0;
}
