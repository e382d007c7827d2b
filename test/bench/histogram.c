/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram.h"

/* Below 64 a cell is a number; above, each doubling has 64 cells. */
static unsigned cell_of(uint64_t value)
{
	unsigned doublings;

	if (value < HISTOGRAM_STEPS)
		return (unsigned)value;
	doublings = 63u - (unsigned)__builtin_clzll(value) - 6u;
	return doublings * HISTOGRAM_STEPS + (unsigned)(value >> doublings);
}

/* The greatest value of a cell. */
static uint64_t cell_end(unsigned cell)
{
	unsigned doublings;

	if (cell < HISTOGRAM_STEPS)
		return cell;
	doublings = cell / HISTOGRAM_STEPS - 1;
	return (((uint64_t)cell - doublings * HISTOGRAM_STEPS + 1) << doublings) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->cells[cell_of(value)]++;
	histogram->count++;
	if (value > histogram->greatest)
		histogram->greatest = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)histogram->count + 0.5), seen = 0;

	for (unsigned cell = 0; cell < HISTOGRAM_CELLS; cell++) {
		seen += histogram->cells[cell];
		if (seen && seen >= wanted)
			return cell_end(cell) < histogram->greatest ? cell_end(cell) :
								      histogram->greatest;
	}
	return 0;
}
