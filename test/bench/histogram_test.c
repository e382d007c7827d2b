/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define VALUES 20001

static int by_size(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void quantiles_are_those_of_the_sorted_values_within_a_64th(void **state)
{
	static uint64_t values[VALUES];
	static struct histogram histogram;
	uint64_t dice = 1;

	for (unsigned i = 0; i < VALUES; i++) {
		values[i] = dice_next(&dice) >> (dice_next(&dice) >> 32 & 63);
		histogram_add(&histogram, values[i]);
	}
	qsort(values, VALUES, sizeof(values[0]), by_size);
	assert_int_equal(histogram.count, VALUES);
	for (unsigned percent = 1; percent <= 100; percent++) {
		uint64_t exact = values[(VALUES * percent + 50) / 100 - 1];
		uint64_t told = histogram_quantile(&histogram, percent / 100.0);

		assert_true(told >= exact);
		assert_true(told - exact <= exact / 64);
	}
}

static void nothing_heard_is_nothing_told(void **state)
{
	static struct histogram histogram;

	assert_int_equal(histogram_quantile(&histogram, 0.99), 0);
	histogram_add(&histogram, 0);
	assert_int_equal(histogram_quantile(&histogram, 0.99), 0);
	histogram_add(&histogram, UINT64_MAX);
	assert_int_equal(histogram_quantile(&histogram, 1), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_those_of_the_sorted_values_within_a_64th),
		cmocka_unit_test(nothing_heard_is_nothing_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
