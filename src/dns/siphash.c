/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/siphash.h"

#include <endian.h>
#include <string.h>

struct siphash {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t value, unsigned by)
{
	return value << by | value >> (64 - by);
}

static void siphash_rounds(struct siphash *sip, unsigned rounds)
{
	while (rounds--) {
		sip->a += sip->b;
		sip->c += sip->d;
		sip->b = rotate(sip->b, 13) ^ sip->a;
		sip->d = rotate(sip->d, 16) ^ sip->c;
		sip->a = rotate(sip->a, 32);
		sip->c += sip->b;
		sip->a += sip->d;
		sip->b = rotate(sip->b, 17) ^ sip->c;
		sip->d = rotate(sip->d, 21) ^ sip->a;
		sip->c = rotate(sip->c, 32);
	}
}

static uint64_t load(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

static void siphash_word(struct siphash *sip, uint64_t word)
{
	sip->d ^= word;
	siphash_rounds(sip, 2);
	sip->a ^= word;
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t length)
{
	uint64_t low = load(key), high = load(key + 8), last = (uint64_t)length << 56;
	struct siphash sip = {
		.a = low ^ UINT64_C(0x736f6d6570736575),
		.b = high ^ UINT64_C(0x646f72616e646f6d),
		.c = low ^ UINT64_C(0x6c7967656e657261),
		.d = high ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *at = bytes;
	size_t left = length;

	for (; left >= 8; left -= 8, at += 8)
		siphash_word(&sip, load(at));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)at[i] << (8 * i);
	siphash_word(&sip, last);
	sip.c ^= 0xff;
	siphash_rounds(&sip, 4);
	return sip.a ^ sip.b ^ sip.c ^ sip.d;
}
