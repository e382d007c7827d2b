/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/rrl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000
static const uint8_t key[16] = "one that is made";

static struct address address(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

/* @per_second times a second for @seconds seconds, from @hosts addresses in turn. */
struct flood {
	const char *from;
	unsigned hosts, per_second, seconds;
	uint64_t start; /* seconds */
};

struct verdicts {
	unsigned answered, slipped, dropped;
};

static struct verdicts flood(struct rrl *rrl, const struct flood *f)
{
	struct verdicts verdicts = { 0 };
	struct address peer = address(f->from);
	size_t last = address_size(peer.family) - 1;

	for (unsigned i = 0; i < f->per_second * f->seconds; i++) {
		peer.bytes[last] = (uint8_t)(i % f->hosts);
		switch (rrl_ask(rrl, &peer, f->start * SECOND + (uint64_t)i * SECOND / f->per_second)) {
		case RRL_ANSWER:
			verdicts.answered++;
			break;
		case RRL_SLIP:
			verdicts.slipped++;
			break;
		case RRL_DROP:
			verdicts.dropped++;
			break;
		}
	}
	return verdicts;
}

static void who_asks_within_the_rate_is_always_answered(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 50, .slip = 2 }, key);
	struct verdicts v4 = flood(rrl, &(struct flood){ "192.0.2.1", 1, 45, 60, 0 });
	struct verdicts v6 = flood(rrl, &(struct flood){ "2001:db8::1", 1, 45, 60, 60 });

	assert_int_equal(v4.answered, 45 * 60);
	assert_int_equal(v6.answered, 45 * 60);
	rrl_free(rrl);
}

static void a_flood_gets_the_rate_and_one_in_two_of_the_rest_a_slip(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 50, .slip = 2 }, key);
	struct verdicts v = flood(rrl, &(struct flood){ "192.0.2.1", 1, 10000, 20, 0 });

	assert_in_range(v.answered, 20 * 50, 20 * 50 + 250);
	assert_in_range(v.slipped, v.dropped - 1, v.dropped + 1);
	rrl_free(rrl);
}

static void after_silence_a_burst_is_answered_again(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 10, .burst = 100 }, key);
	assert_int_equal(flood(rrl, &(struct flood){ "2001:db8::1", 1, 1000, 1, 0 }).answered / 10,
			 10);
	assert_in_range(flood(rrl, &(struct flood){ "2001:db8::1", 1, 1000, 1, 100 }).answered, 100,
			112);
	/* Nor does it when the table's clock of 16 bits has come round. */
	assert_in_range(flood(rrl, &(struct flood){ "2001:db8::1", 1, 1000, 1, 100 + 4096 }).answered,
			0, 112);
	rrl_free(rrl);
}

static void a_whole_network_has_a_limit_of_its_own(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 10 }, key);
	/* 256 addresses of 10 each would be 2560; a /24 may have 32 times an address. */
	struct verdicts v4 = flood(rrl, &(struct flood){ "192.0.2.0", 256, 20000, 20, 0 });
	/* A /64 is one customer: twice. */
	struct verdicts v6 = flood(rrl, &(struct flood){ "2001:db8::", 256, 20000, 20, 0 });

	assert_in_range(v4.answered, 20 * 320, 20 * 320 * 5 / 4);
	assert_in_range(v6.answered, 20 * 20, 20 * 20 * 5 / 4);
	assert_int_equal(v6.slipped, 0);
	rrl_free(rrl);
}

static void others_are_answered_while_a_flood_is_on(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 50, .slip = 1 }, key);
	struct address flooded = address("198.51.100.7"), other = address("203.0.113.9");
	unsigned answered = 0;

	for (unsigned i = 0; i < 100000; i++) {
		assert_int_not_equal(rrl_ask(rrl, &flooded, i * 20ull), RRL_DROP);
		if (i % 1000 == 0)
			answered += rrl_ask(rrl, &other, i * 20ull) == RRL_ANSWER;
	}
	assert_int_equal(answered, 100);
	rrl_free(rrl);
}

/* A million senders through a table of 1024: the one that really floods stays limited. */
static void a_small_table_holds_on_to_those_who_ask_most(void **state)
{
	struct rrl *rrl = rrl_new(&(struct rrl_options){ .per_second = 50, .entries = 1024 }, key);
	struct address noise = { .family = AF_INET }, flooded = address("198.51.100.7");
	unsigned answered = 0;

	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t sender = i * 2654435761u;

		memcpy(noise.bytes, &sender, sizeof(sender));
		rrl_ask(rrl, &noise, i * 10ull);
		answered += rrl_ask(rrl, &flooded, i * 10ull) == RRL_ANSWER;
	}
	assert_in_range(answered, 100, 10 * 50 + 250);
	rrl_free(rrl);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_within_the_rate_is_always_answered),
		cmocka_unit_test(a_flood_gets_the_rate_and_one_in_two_of_the_rest_a_slip),
		cmocka_unit_test(after_silence_a_burst_is_answered_again),
		cmocka_unit_test(a_whole_network_has_a_limit_of_its_own),
		cmocka_unit_test(others_are_answered_while_a_flood_is_on),
		cmocka_unit_test(a_small_table_holds_on_to_those_who_ask_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
