/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is promised, proven on the host as it will be: right after a plan, and at each time at which time
 * alone changes what is desired, so that nobody learns at six in the evening what could have been said
 * at noon. The host is taken to be then what it is now, for want of anything better. Times at which
 * the same is desired as before are not proven again.
 */
#include "feature/feature.h"

#include "host/foresee.h"
#include "host/kind.h"
#include "host/paper.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* How far and how often one looks ahead: a week has all the variants of times of day and days. */
#define AHEAD_SECONDS (8 * 24 * 3600)
#define AHEAD_TIMES 32

struct seen {
	uint64_t *items;
	size_t count, room;
};

struct ahead {
	const struct config *config;
	const struct facts *facts;
	struct diags *diags;
	struct seen seen;
};

static void prove_after(const struct config *config, const struct facts *facts,
			const struct desired *desired, const struct plan *plan, struct diags *diags)
{
	struct state after;

	state_after(&desired->state, facts->observed, plan, &after);
	state_foresee(facts->observed, &after);
	feature_prove(config, facts, &after, diags);
	state_free(&after);
}

/* What is desired as a number: FNV-1a over all objects. */
static uint64_t hash_of(const struct state *state)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		const struct object_set *set = &state->sets[kind];
		size_t size = set->count * kind_of((enum object_kind)kind)->size;

		for (size_t i = 0; i < size; i++)
			hash = (hash ^ (uint8_t)set->items[i]) * UINT64_C(0x100000001b3);
		hash = (hash ^ set->count) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static bool is_new(struct seen *seen, const struct state *desired)
{
	uint64_t hash = hash_of(desired);

	for (size_t i = 0; i < seen->count; i++)
		if (seen->items[i] == hash)
			return false;
	*VEC_PUSH(seen) = hash;
	return true;
}

static bool has_place(const struct diags *diags, struct place place)
{
	for (unsigned i = 0; i < diags->count; i++)
		if (!memcmp(&diags->items[i].at, &place, sizeof(place)))
			return true;
	return false;
}

/* Tells what will not hold at @at, but of no promise twice. */
static void tell_later(const struct ahead *ahead, time_t at, const struct diags *later)
{
	char when[64] = "later";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(when, sizeof(when), "%A, %d %B, %H:%M", &tm);
	for (unsigned i = 0; i < later->count; i++) {
		const struct diag *diag = &later->items[i];

		if (diag->level == DIAG_ERROR && !has_place(ahead->diags, diag->at))
			diag_between(ahead->diags, diag->at, diag->other, -EINVAL, "from %s on: %s",
				     when, diag->text);
	}
}

/* Proves what will be desired at @at; returns when time changes it again, or 0. */
static time_t prove_at(struct ahead *ahead, time_t at)
{
	struct facts facts = *ahead->facts;
	AUTO_DIAGS mistakes = { 0 }, broken = { 0 };
	struct desired desired;
	struct plan plan;
	time_t again_at;

	facts.now = at;
	desired_init(&desired, &mistakes);
	feature_desire(ahead->config, &facts, &desired);
	again_at = desired.again_at;
	if (!mistakes.errors && is_new(&ahead->seen, &desired.state)) {
		plan_make(&desired.state, facts.observed, &plan);
		prove_after(ahead->config, &facts, &desired, &plan, &broken);
		plan_free(&plan);
		tell_later(ahead, at, &broken);
	}
	desired_free(&desired);
	return again_at;
}

void feature_prove_plan(const struct config *config, const struct facts *facts,
			const struct desired *desired, const struct plan *plan, struct diags *diags)
{
	struct ahead ahead = { .config = config, .facts = facts, .diags = diags };
	time_t at = desired->again_at;

	if (diags->errors || !feature_proves(config))
		return;
	prove_after(config, facts, desired, plan, diags);
	if (at)
		is_new(&ahead.seen, &desired->state);
	for (unsigned i = 0; i < AHEAD_TIMES && at && at < facts->now + AHEAD_SECONDS; i++)
		at = prove_at(&ahead, at);
	VEC_FREE(&ahead.seen);
	diags_sort(diags);
}
