/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_JUDGE_H
#define MH_FEATURE_CHECKS_JUDGE_H

#include "feature/check.h"

/*
 * From results to a state: the one place for rise, fall, hold-down and damping. Pure: no clock, no
 * sockets; times are clock_now_us() as the caller has it.
 */
#define JUDGE_REASON_SIZE 160

enum judge_word {
	JUDGE_GOOD,
	JUDGE_BAD,    /* refused, or not as expected: there was an answer, and it says no */
	JUDGE_SILENT, /* no answer in time, which may be a lost packet */
};

struct judge_result {
	enum judge_word word;
	int weight; /* percent, or -1: not told */
	uint32_t took_us;
	const char *reason;
};

/* All zero: nothing is known yet. */
struct judge {
	enum health_state state; /* what others see */
	enum health_state bare;	 /* by rise and fall alone: before hold-down and damping */
	bool suppressed;	 /* flapped too much, and is down until it has calmed */
	uint32_t points;	 /* towards down, while it is not */
	uint32_t risen;		 /* good results in a row, while it is down */
	uint32_t silent;	 /* unanswered probes in a row */
	uint32_t flips;
	uint32_t usual_us; /* how long good results take, smoothed; 0 = not known */
	uint32_t penalty;  /* at .penalty_us */
	int64_t penalty_us, bare_us, since_us, last_us;
	uint32_t took_us;
	uint8_t weight; /* percent; valid once .last_us */
	char reason[JUDGE_REASON_SIZE];
};

/* Both return whether the state, or the weight, changed. */
bool judge_hear(struct judge *judge, const struct check_rules *rules,
		const struct judge_result *result, int64_t now_us);
bool judge_wake(struct judge *judge, const struct check_rules *rules, int64_t now_us);
/* When time alone changes the state: judge_wake() then. INT64_MAX = never. */
int64_t judge_due(const struct judge *judge, const struct check_rules *rules);

/*
 * The pace of probes: how long after the start of the last one the next one starts (with jitter drawn
 * from @dice, any 32 bits), and how long that one may take. While the last results speak against the
 * state they follow one another quickly, so that few of them decide soon.
 */
struct judge_pace {
	uint32_t after_us, timeout_us;
};
struct judge_pace judge_pace(const struct judge *judge, const struct check_spec *spec, uint32_t dice);

/*
 * What a combination of which @need are to be up is, with @up up and @unknown unknown: unknown while
 * the unknown ones decide.
 */
enum health_state judge_combine(unsigned need, unsigned up, unsigned unknown);

#endif
