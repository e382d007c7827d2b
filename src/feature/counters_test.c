/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MANY 10000

static void each_key_has_a_counter_of_its_own(void **state)
{
	struct counters counters = { 0 };
	char key[32];

	assert_null(counters_find(&counters, "service who"));
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "prefix %u", i);
		counters_get(&counters, key)->asked = i;
	}
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "prefix %u", i);
		assert_int_equal(counters_find(&counters, key)->asked, i);
		assert_int_equal(counters_get(&counters, key)->asked, i);
	}
	assert_int_equal(counters.entries.count, MANY);
	assert_null(counters_find(&counters, "prefix x"));
	counters_free(&counters);
	assert_null(counters_find(&counters, "prefix 1"));
}

static void adding_sums_what_both_have(void **state)
{
	struct counters sum = { 0 }, more = { 0 };

	counters_get(&sum, "service who")->asked = 3;
	counters_get(&more, "service who")->asked = 4;
	counters_get(&more, "service who")->failed = 1;
	counters_get(&more, "service echo")->answered = 5;
	counters_add(&sum, &more);
	assert_int_equal(counters_find(&sum, "service who")->asked, 7);
	assert_int_equal(counters_find(&sum, "service who")->failed, 1);
	assert_int_equal(counters_find(&sum, "service echo")->answered, 5);
	counters_free(&sum);
	counters_free(&more);
}

static void of_a_claimant_the_first_and_the_last_time_are_kept(void **state)
{
	struct counters sum = { 0 }, more = { 0 };
	const char *key = "claimant eth3 192.0.2.1 02:00:00:00:00:07";

	*counters_get(&more, key) = (struct counter){ .asked = 2, .answered = 1000, .dropped = 1010 };
	counters_add(&sum, &more);
	*counters_get(&more, key) = (struct counter){ .asked = 1, .answered = 1020, .dropped = 1020 };
	counters_add(&sum, &more);
	assert_int_equal(counters_find(&sum, key)->asked, 3);
	assert_int_equal(counters_find(&sum, key)->answered, 1000);
	assert_int_equal(counters_find(&sum, key)->dropped, 1020);
	counters_free(&sum);
	counters_free(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_a_counter_of_its_own),
		cmocka_unit_test(adding_sums_what_both_have),
		cmocka_unit_test(of_a_claimant_the_first_and_the_last_time_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
