/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SipHash (Aumasson, Bernstein 2012): an add-rotate-xor round over four words, two rounds for each
 * eight bytes, four at each end. It is short, quick enough for files of many megabytes, and good
 * enough for strangers' keys; a cryptographic hash would need a library.
 */
#include "base/digest.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v2 += sip->v3;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v1;
	sip->v0 += sip->v3;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 = rotate(sip->v2, 32);
}

static inline void sip_word(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	sip_round(sip);
	sip_round(sip);
	sip->v0 ^= word;
}

static uint64_t sip_result(struct sip *sip)
{
	for (unsigned i = 0; i < 4; i++)
		sip_round(sip);
	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

static inline uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

void siphash_128(const uint8_t key[16], const void *bytes, size_t length, uint8_t ret_hash[16])
{
	const uint64_t k0 = word_at(key), k1 = word_at(key + 8);
	struct sip sip = {
		.v0 = k0 ^ 0x736f6d6570736575,
		.v1 = k1 ^ 0x646f72616e646f6d ^ 0xee,
		.v2 = k0 ^ 0x6c7967656e657261,
		.v3 = k1 ^ 0x7465646279746573,
	};
	const uint8_t *at = bytes;
	uint8_t last[8] = { 0 };
	uint64_t result;

	for (size_t left = length / 8; left; left--, at += 8)
		sip_word(&sip, word_at(at));
	if (length % 8)
		memcpy(last, at, length % 8);
	last[7] = (uint8_t)length;
	sip_word(&sip, word_at(last));
	sip.v2 ^= 0xee;
	result = htole64(sip_result(&sip));
	memcpy(ret_hash, &result, 8);
	sip.v1 ^= 0xdd;
	result = htole64(sip_result(&sip));
	memcpy(ret_hash + 8, &result, 8);
}

void digest_of(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
	static const uint8_t key[16] = "multihomed files";

	siphash_128(key, bytes, length, ret_digest);
}
