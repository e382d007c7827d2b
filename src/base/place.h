/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_PLACE_H
#define MH_BASE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* A place in the configuration of one generation: where an object was asked for. */
struct place {
	uint32_t line;	 /* from 1; 0 = nowhere */
	uint16_t column; /* from 1, in characters */
	uint16_t file;	 /* which of the generation's files, from 0 */
};

static inline bool place_known(struct place place)
{
	return place.line != 0;
}

#endif
