/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/base32.h"

void base32_put(const uint8_t hash[20], char ret_text[BASE32_HASH_SIZE])
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";

	/* Five bytes are eight letters. */
	for (unsigned i = 0; i < 4; i++, hash += 5, ret_text += 8) {
		uint64_t bits = (uint64_t)hash[0] << 32 | (uint64_t)hash[1] << 24 |
				(uint64_t)hash[2] << 16 | (uint64_t)hash[3] << 8 | hash[4];

		for (unsigned j = 0; j < 8; j++)
			ret_text[j] = letters[bits >> (35 - 5 * j) & 31];
	}
}

bool base32_is_hash(const uint8_t *label)
{
	if (*label != BASE32_HASH_SIZE)
		return false;
	for (unsigned i = 1; i <= BASE32_HASH_SIZE; i++)
		if (!((label[i] >= '0' && label[i] <= '9') || (label[i] >= 'a' && label[i] <= 'v')))
			return false;
	return true;
}
