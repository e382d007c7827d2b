/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_CLOCK_H
#define MH_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds of CLOCK_MONOTONIC. */
int64_t clock_now_us(void);

#endif
