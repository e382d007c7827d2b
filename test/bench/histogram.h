/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_HISTOGRAM_H
#define MH_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Times to within 1/64 of themselves, however many and however long, without keeping each. */
#define HISTOGRAM_STEPS 64u
#define HISTOGRAM_CELLS (HISTOGRAM_STEPS * 59u)

struct histogram {
	uint64_t cells[HISTOGRAM_CELLS];
	uint64_t count, greatest;
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* What @share of the values (0.99) do not exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
