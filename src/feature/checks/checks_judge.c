/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two things make a check flap that a count of failures alone does not tell apart: a service that
 * comes and goes, and a path that loses packets. A refusal is certain, so `fall` of them are enough.
 * Silence is not: at 30 % lost packets three in a row happen every minute. So silences weigh less
 * (`lost` of them are as much as `fall` refusals), and come quicker: after the first one probes
 * follow each other at an eighth of the interval, so that a dead host is known to be dead as soon
 * as by three slow probes, and a lossy path is not mistaken for it.
 *
 * Hold-down: what was down is up only when it was well for so long without interruption. Damping
 * is RFC 2439 in small: a fall costs 1000, which halves with each half-life; above `suppress` it
 * stays down until below `reuse`.
 */
#include "feature/checks/checks_judge.h"

#include <stdio.h>
#include <string.h>

#define PENALTY 1000
#define PENALTY_CAP 4 /* times suppress: what a flap that goes on for hours costs at most */
#define QUICKER 8     /* times as often while in doubt */
#define QUICK_LEAST_US 10000
#define FULL_TIME_EACH                                                                             \
	5 /* of quick probes one in so many may take its full time: slow is not dead */

/* The penalty at @now_us: whole half-lives by shifts, the rest of one along its chord. */
static uint32_t penalty_now(const struct judge *judge, const struct check_rules *rules, int64_t now_us)
{
	int64_t half_us = (int64_t)rules->half_life_ms * 1000, passed = now_us - judge->penalty_us;
	int64_t halves, penalty = judge->penalty;

	if (!penalty || !half_us)
		return 0;
	halves = passed > 0 ? passed / half_us : 0;
	if (halves > 31)
		return 0;
	penalty >>= halves;
	if (passed > 0)
		penalty -= penalty * (passed % half_us) / (2 * half_us);
	return (uint32_t)penalty;
}

static void note_fall(struct judge *judge, const struct check_rules *rules, int64_t now_us)
{
	uint64_t penalty, most = (uint64_t)rules->suppress * PENALTY_CAP;

	if (!rules->suppress)
		return;
	penalty = penalty_now(judge, rules, now_us) + PENALTY;
	judge->penalty = (uint32_t)(penalty < most ? penalty : most);
	judge->penalty_us = now_us;
	judge->suppressed = judge->suppressed || judge->penalty > rules->suppress;
}

static void bare_becomes(struct judge *judge, const struct check_rules *rules,
			 enum health_state state, int64_t now_us)
{
	if (state == HEALTH_DOWN && judge->bare == HEALTH_UP)
		note_fall(judge, rules, now_us);
	judge->bare = state;
	judge->bare_us = now_us;
	judge->points = judge->risen = 0;
}

/* Rise and fall. The first good result of all is enough, since nothing speaks against it. */
static void count_good(struct judge *judge, const struct check_rules *rules, int64_t now_us)
{
	judge->points = judge->silent = 0;
	if (judge->bare == HEALTH_UP)
		return;
	judge->risen++;
	if (judge->bare == HEALTH_UNKNOWN || judge->risen >= rules->rise)
		bare_becomes(judge, rules, HEALTH_UP, now_us);
}

static void count_bad(struct judge *judge, const struct check_rules *rules, bool silent,
		      int64_t now_us)
{
	uint64_t limit = (uint64_t)rules->fall * rules->lost, points = judge->points;

	judge->risen = 0;
	judge->silent = silent ? judge->silent + 1 : 0;
	if (judge->bare == HEALTH_DOWN)
		return;
	points += silent ? rules->fall : rules->lost;
	judge->points = (uint32_t)(points < limit ? points : limit);
	if (points >= limit)
		bare_becomes(judge, rules, HEALTH_DOWN, now_us);
}

static void remember(struct judge *judge, const struct judge_result *result, int64_t now_us)
{
	judge->last_us = now_us;
	judge->took_us = result->took_us;
	snprintf(judge->reason, sizeof(judge->reason), "%s", result->reason ? result->reason : "");
	if (result->word != JUDGE_GOOD)
		return;
	judge->usual_us = judge->usual_us ?
				  (uint32_t)(((uint64_t)judge->usual_us * 7 + result->took_us) / 8) :
				  result->took_us + !result->took_us;
}

/* When a check that is well may count as up; what was never down waits for nothing. */
static int64_t up_from(const struct judge *judge, const struct check_rules *rules)
{
	return judge->state == HEALTH_DOWN ? judge->bare_us + (int64_t)rules->hold_ms * 1000 :
					     judge->bare_us;
}

static enum health_state seen_state(struct judge *judge, const struct check_rules *rules,
				    int64_t now_us)
{
	if (judge->suppressed && penalty_now(judge, rules, now_us) < rules->reuse)
		judge->suppressed = false;
	if (judge->bare == HEALTH_UP && judge->suppressed)
		return HEALTH_DOWN;
	if (judge->bare == HEALTH_UP && now_us < up_from(judge, rules))
		return judge->state;
	return judge->bare;
}

bool judge_wake(struct judge *judge, const struct check_rules *rules, int64_t now_us)
{
	enum health_state state = seen_state(judge, rules, now_us);

	if (state == judge->state)
		return false;
	judge->flips += judge->state != HEALTH_UNKNOWN;
	judge->state = state;
	judge->since_us = now_us;
	return true;
}

bool judge_hear(struct judge *judge, const struct check_rules *rules,
		const struct judge_result *result, int64_t now_us)
{
	uint8_t weight = judge->last_us ? judge->weight : 100, before = weight;

	if (result->weight >= 0)
		weight = (uint8_t)(result->weight > 100 ? 100 : result->weight);
	if (result->word == JUDGE_GOOD)
		count_good(judge, rules, now_us);
	else
		count_bad(judge, rules, result->word == JUDGE_SILENT, now_us);
	remember(judge, result, now_us);
	judge->weight = weight;
	return judge_wake(judge, rules, now_us) || weight != before;
}

/* When the penalty falls below reuse: found by halving, since the decay is one of chords. */
static int64_t calm_from(const struct judge *judge, const struct check_rules *rules)
{
	int64_t low = judge->penalty_us, high = low + (int64_t)rules->half_life_ms * 1000 * 32;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (penalty_now(judge, rules, middle) < rules->reuse)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int64_t judge_due(const struct judge *judge, const struct check_rules *rules)
{
	int64_t due;

	if (judge->bare != HEALTH_UP || judge->state == HEALTH_UP)
		return INT64_MAX;
	due = up_from(judge, rules);
	if (judge->suppressed && calm_from(judge, rules) > due)
		due = calm_from(judge, rules);
	return due;
}

static bool in_doubt(const struct judge *judge)
{
	return judge->bare == HEALTH_DOWN ? judge->risen > 0 : judge->points > 0;
}

/* An answer that usually comes at once is not waited for as long as one that never did. */
static uint32_t quick_timeout(const struct judge *judge, const struct check_spec *spec)
{
	uint64_t full = (uint64_t)spec->timeout_ms * 1000, quick = full / 4;

	if (!judge->silent || !judge->usual_us || judge->silent % FULL_TIME_EACH == 0)
		return (uint32_t)full;
	if (quick < (uint64_t)judge->usual_us * 4)
		quick = (uint64_t)judge->usual_us * 4;
	return (uint32_t)(quick < full ? quick : full);
}

struct judge_pace judge_pace(const struct judge *judge, const struct check_spec *spec, uint32_t dice)
{
	uint64_t every = (uint64_t)spec->every_ms * 1000, spread;
	struct judge_pace pace = { .timeout_us = spec->timeout_ms * 1000 };

	if (in_doubt(judge)) {
		uint64_t quick = every / QUICKER;

		quick = quick < QUICK_LEAST_US ? QUICK_LEAST_US : quick;
		every = quick < every ? quick : every;
		pace.timeout_us = quick_timeout(judge, spec);
	}
	spread = every * spec->jitter_percent / 100;
	every = every - spread + 2 * spread * dice / UINT32_MAX;
	pace.after_us = (uint32_t)(every < UINT32_MAX ? every : UINT32_MAX);
	return pace;
}

enum health_state judge_combine(unsigned need, unsigned up, unsigned unknown)
{
	return up >= need ? HEALTH_UP : up + unknown >= need ? HEALTH_UNKNOWN : HEALTH_DOWN;
}
