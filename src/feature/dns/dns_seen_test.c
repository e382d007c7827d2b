/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_seen.h"

#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000u

static struct dns_seen seen_of(uint32_t number)
{
	struct dns_seen seen = { .serial = number };

	digest_of(&number, sizeof(number), seen.digest);
	return seen;
}

static bool is_known(uint32_t number)
{
	const struct dns_seen wanted = seen_of(number), *found = dns_seen_find(wanted.digest);

	assert_true(!found || found->serial == number);
	return found;
}

static void what_was_remembered_is_found(void **state)
{
	struct dns_seen changed = seen_of(7);

	assert_false(is_known(1));
	for (uint32_t i = 0; i < MANY; i++) {
		struct dns_seen seen = seen_of(i);

		dns_seen_remember(&seen);
	}
	for (uint32_t i = 0; i < MANY * 2; i++)
		assert_int_equal(is_known(i), i < MANY);
	changed.clean = true;
	dns_seen_remember(&changed);
	assert_true(dns_seen_find(changed.digest)->clean);
}

static void what_is_asked_for_stays_and_the_rest_goes(void **state)
{
	for (unsigned round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < MANY; i += 3)
			assert_true(is_known(i));
		dns_seen_round();
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(is_known(i), i % 3 == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_remembered_is_found),
		cmocka_unit_test(what_is_asked_for_stays_and_the_rest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
