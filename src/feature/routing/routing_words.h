/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_WORDS_H
#define MH_FEATURE_ROUTING_WORDS_H

#include "config/config.h"

/* Scalars of the configuration of `routing`: routing_words.c reads and prints them. */

/* Where a route leads; .length == TO_DEFAULT: "default", of the families that its way has. */
#define TO_DEFAULT 255

/* "192.0.2.1", or the name of one of `nexthops`. */
struct gateway {
	struct address address;
	const char *name; /* or NULL */
};

struct mark_word {
	uint32_t mark, mask; /* mask 0 = not given */
};

/* Minutes of the day; .to == 0: not given. .to <= .from: it passes midnight. */
struct clock_word {
	uint16_t from, to; /* 0-1439, 1-1440 */
};

/* Days of the week, Monday = 1; .last may lie before .first. */
struct days_word {
	uint8_t first, last;
};

struct nat_word {
	struct address first, last;
	bool masquerade;
};

extern const struct config_word to_word, gateway_word, mark_word, clock_word, days_word, nat_word,
	protocol_word, tos_word, uid_word;

#endif
