/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000

static const struct check_rules usual = { .rise = 2, .fall = 3, .lost = 15, .half_life_ms = 60000 };

static bool hear(struct judge *judge, const struct check_rules *rules, char word, int64_t now_us)
{
	const struct judge_result result = {
		.word = word == 'g' ? JUDGE_GOOD :
			word == 'b' ? JUDGE_BAD :
				      JUDGE_SILENT,
		.weight = -1,
		.took_us = 1000,
		.reason = word == 'g' ? "fine" : "not fine",
	};

	return judge_hear(judge, rules, &result, now_us);
}

/* One second apart: g good, b bad, s silence, '.' nothing is heard, and the states that follow. */
static void a_sequence_of_results_has_these_states(void **state)
{
	static const struct {
		const char *what;
		struct check_rules rules;
		const char *results, *states; /* ?, U, D */
	} cases[] = {
		{ "the first good result is enough", { 2, 3, .lost = 15 }, "g", "U" },
		{ "bad ones are counted from the start", { 2, 3, .lost = 15 }, "bbbb", "??DD" },
		{ "three refusals in a row", { 2, 3, .lost = 15 }, "gbbgbbb", "UUUUUUD" },
		{ "two good ones bring it back", { 2, 3, .lost = 15 }, "bbbgbgg", "??DDDDU" },
		{ "silences weigh a fifth",
		  { 2, 3, .lost = 15 },
		  "gssssssssssssssss",
		  "UUUUUUUUUUUUUUUDD" },
		{ "and add to refusals", { 2, 3, .lost = 15 }, "gbbsssss", "UUUUUUUD" },
		{ "one of each is enough if so asked", { 1, 1, .lost = 1 }, "gsgbg", "UDUDU" },
		{ "well for three seconds before it is up",
		  { 1, 1, .lost = 1, .hold_ms = 3000 },
		  "gbgggg",
		  "UDDDDU" },
		{ "without interruption", { 1, 1, .lost = 1, .hold_ms = 3000 }, "gbggbgggg", "UDDDDDDDU" },
		{ "time alone ends a hold", { 1, 1, .lost = 1, .hold_ms = 3000 }, "gbg...", "UDDDDU" },
		{ "no hold at the start", { 1, 1, .lost = 1, .hold_ms = 3000 }, "g", "U" },
		{ "nor after unknown and bad ones", { 2, 3, .lost = 15, .hold_ms = 3000 }, "bbg", "??U" },
		{ "flaps end in being down, until it calms",
		  { 1, 1, .lost = 1, .half_life_ms = 2000, .suppress = 1400, .reuse = 500 },
		  "gbgbgg......",
		  "UDUDDDDUUUUU" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct judge judge = { 0 };
		char states[40] = "";

		for (size_t at = 0; cases[i].results[at]; at++) {
			int64_t now = SECOND * (int64_t)(at + 1);

			if (cases[i].results[at] != '.')
				hear(&judge, &cases[i].rules, cases[i].results[at], now);
			else if (judge_due(&judge, &cases[i].rules) <= now)
				judge_wake(&judge, &cases[i].rules, now);
			states[at] = "?UD"[judge.state];
		}
		if (strcmp(states, cases[i].states) != 0)
			fail_msg("%s: %s gave %s, not %s", cases[i].what, cases[i].results, states,
				 cases[i].states);
	}
}

/* xorshift64: the same everywhere. */
static uint64_t dice(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static unsigned flips_at_loss(unsigned percent, uint64_t seed)
{
	struct judge judge = { 0 };

	for (unsigned i = 0; i < 1000000; i++)
		hear(&judge, &usual, dice(&seed) % 100 < percent ? 's' : 'g',
		     SECOND * (int64_t)(i + 1));
	return judge.flips;
}

static void thirty_percent_of_lost_probes_are_no_flap(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		assert_int_equal(flips_at_loss(30, seed * 0x9e3779b97f4a7c15), 0);
	/* The test can fail: with two of three lost it flaps. */
	assert_true(flips_at_loss(66, 1) > 0);
}

/* How long it takes from the death of what is checked to a state of down, as paced. */
static int64_t time_to_death(const struct check_spec *spec, char word, uint32_t took_us)
{
	struct judge judge = { 0 };
	int64_t now = SECOND;

	hear(&judge, &spec->rules, 'g', now);
	for (unsigned i = 0; i < 100 && judge.state == HEALTH_UP; i++) {
		struct judge_pace pace = judge_pace(&judge, spec, UINT32_MAX / 2);
		uint32_t spent = word == 's' ? pace.timeout_us : took_us;

		now += i ? (pace.after_us > spent ? pace.after_us : spent) : spent;
		hear(&judge, &spec->rules, word, now);
	}
	assert_int_equal(judge.state, HEALTH_DOWN);
	return now - SECOND;
}

static void doubt_makes_probes_quick(void **state)
{
	struct check_spec spec = {
		.every_ms = 2000, .timeout_ms = 1000, .jitter_percent = 10, .rules = usual
	};

	/* Beside these comes what is left of the interval, 2 s at most. */
	assert_true(time_to_death(&spec, 'b', 1000) <= SECOND);
	assert_true(time_to_death(&spec, 's', 0) <= 8 * SECOND);
	spec.rules.lost = 3;
	assert_true(time_to_death(&spec, 's', 0) <= 2 * SECOND);
}

static void calm_probes_keep_their_interval_and_scatter(void **state)
{
	const struct check_spec spec = {
		.every_ms = 2000, .timeout_ms = 1000, .jitter_percent = 10, .rules = usual
	};
	struct judge judge = { 0 };

	hear(&judge, &usual, 'g', SECOND);
	assert_int_equal(judge_pace(&judge, &spec, 0).after_us, 1800000);
	assert_int_equal(judge_pace(&judge, &spec, UINT32_MAX).after_us, 2200000);
	assert_int_equal(judge_pace(&judge, &spec, 0).timeout_us, 1000000);
	/* Down and silent is calm, too: a dead host is not asked more often. */
	for (unsigned i = 0; i < 20; i++)
		hear(&judge, &usual, 's', SECOND * (int64_t)(i + 2));
	assert_int_equal(judge.state, HEALTH_DOWN);
	assert_int_equal(judge_pace(&judge, &spec, 0).after_us, 1800000);
}

static void what_is_slow_gets_its_full_time_now_and_then(void **state)
{
	const struct check_spec spec = { .every_ms = 2000, .timeout_ms = 1000, .rules = usual };
	struct judge judge = { 0 };
	unsigned full = 0;

	hear(&judge, &usual, 'g', SECOND);
	for (unsigned i = 0; i < 14; i++) {
		hear(&judge, &usual, 's', SECOND * (int64_t)(i + 2));
		full += judge_pace(&judge, &spec, 0).timeout_us == 1000000;
	}
	assert_int_equal(judge.state, HEALTH_UP);
	assert_int_equal(full, 2);
}

static void damping_has_an_end(void **state)
{
	static const struct check_rules rules = {
		1, 1, .lost = 1, .half_life_ms = 60000, .suppress = 2000, .reuse = 750
	};
	struct judge judge = { 0 };
	int64_t now = SECOND;

	for (unsigned i = 0; i < 1000; i++, now += SECOND)
		hear(&judge, &rules, i % 2 ? 'b' : 'g', now);
	hear(&judge, &rules, 'g', now);
	assert_true(judge.suppressed);
	assert_int_equal(judge.state, HEALTH_DOWN);
	/* However long it flapped: four times suppress, and so less than four half-lives. */
	assert_true(judge_due(&judge, &rules) - now < (int64_t)240 * SECOND);
	assert_false(judge_wake(&judge, &rules, judge_due(&judge, &rules) - 1));
	assert_true(judge_wake(&judge, &rules, judge_due(&judge, &rules)));
	assert_int_equal(judge.state, HEALTH_UP);
	assert_int_equal(judge_due(&judge, &rules), INT64_MAX);
}

static void an_agents_weight_is_news(void **state)
{
	struct judge judge = { 0 };
	struct judge_result result = { .word = JUDGE_GOOD, .weight = 50, .reason = "50%" };

	assert_true(judge_hear(&judge, &usual, &result, SECOND));
	assert_int_equal(judge.weight, 50);
	assert_false(judge_hear(&judge, &usual, &result, 2 * SECOND));
	result.weight = -1;
	assert_false(judge_hear(&judge, &usual, &result, 3 * SECOND));
	result.weight = 250;
	assert_true(judge_hear(&judge, &usual, &result, 4 * SECOND));
	assert_int_equal(judge.weight, 100);
}

static void a_combination_is_unknown_while_the_unknown_decide(void **state)
{
	assert_int_equal(judge_combine(2, 2, 0), HEALTH_UP);
	assert_int_equal(judge_combine(2, 2, 5), HEALTH_UP);
	assert_int_equal(judge_combine(2, 1, 1), HEALTH_UNKNOWN);
	assert_int_equal(judge_combine(2, 1, 0), HEALTH_DOWN);
	assert_int_equal(judge_combine(1, 0, 0), HEALTH_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequence_of_results_has_these_states),
		cmocka_unit_test(thirty_percent_of_lost_probes_are_no_flap),
		cmocka_unit_test(doubt_makes_probes_quick),
		cmocka_unit_test(calm_probes_keep_their_interval_and_scatter),
		cmocka_unit_test(what_is_slow_gets_its_full_time_now_and_then),
		cmocka_unit_test(damping_has_an_end),
		cmocka_unit_test(an_agents_weight_is_news),
		cmocka_unit_test(a_combination_is_unknown_while_the_unknown_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
