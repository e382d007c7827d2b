/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_SUM_H
#define MH_BENCH_SUM_H

#include <stddef.h>
#include <stdint.h>

/* The Internet checksum (RFC 1071): what was summed so far, and these bytes as well. */
static inline uint32_t sum_bytes(uint32_t sum, const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return i < length ? sum + ((uint32_t)bytes[i] << 8) : sum;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The checksum of what was summed, stored at @at. */
static inline void sum_store(uint32_t sum, uint8_t *at)
{
	uint16_t folded = (uint16_t)~sum_fold(sum);

	at[0] = (uint8_t)(folded >> 8);
	at[1] = (uint8_t)folded;
}

#endif
