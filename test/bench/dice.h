/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_DICE_H
#define MH_BENCH_DICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* xorshift64* (Marsaglia; Vigna 2014): the same numbers everywhere, unlike rand(3). */
static inline uint64_t dice_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* Reads the number @text of a command line within its bounds. */
static inline bool number_read(const char *text, unsigned min, unsigned max, unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || end == text || number < min || number > max)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

#endif
