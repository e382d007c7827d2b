/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What counts is a bout, and there is one in a second at most: `ip route flush` goes round until
 * nothing is left, and so removes what was mended meanwhile once more, some milliseconds later. That
 * is no fight.
 */
#include "daemon/guard.h"

#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000ll
#define MINUTE_US (60 * SECOND_US)
#define BOUT_US SECOND_US
#define MOST_BOUTS 6 /* in a minute */
#define PAUSE_FIRST_US MINUTE_US
#define PAUSE_MOST_US (60 * MINUTE_US)
/* So many objects are kept in mind; when there are more, those that nobody fights for go. */
#define MOST_FIGHTS 65536

/* Two objects of one number would share their count, which does no harm. */
static uint64_t text_key(const char *text)
{
	return fnv_64(FNV_64, text, strlen(text));
}

static void fight_free(struct fight *fight)
{
	mem_freep(&fight->object);
	mem_freep(&fight->who);
}

void guard_forgive(struct guard *guard)
{
	for (size_t i = 0; i < guard->fights.count; i++)
		fight_free(&guard->fights.items[i]);
	guard->fights.count = 0;
	mem_freep(&guard->slots);
	guard->slot_count = 0;
}

void guard_free(struct guard *guard)
{
	guard_forgive(guard);
	VEC_FREE(&guard->fights);
}

static uint32_t *slot_of(const struct guard *guard, uint64_t key)
{
	size_t at = key & (guard->slot_count - 1);

	while (guard->slots[at] && guard->fights.items[guard->slots[at] - 1].key != key)
		at = (at + 1) & (guard->slot_count - 1);
	return &guard->slots[at];
}

/* Makes the hash anew, with room for twice as many. */
static void spread(struct guard *guard)
{
	mem_freep(&guard->slots);
	guard->slot_count = 64;
	while (guard->slot_count < 4 * guard->fights.count)
		guard->slot_count *= 2;
	guard->slots = mem_alloc(guard->slot_count * sizeof(*guard->slots));
	for (size_t i = 0; i < guard->fights.count; i++)
		*slot_of(guard, guard->fights.items[i].key) = (uint32_t)i + 1;
}

static struct fight *find(const struct guard *guard, const char *object)
{
	uint32_t number = guard->slot_count ? *slot_of(guard, text_key(object)) : 0;

	return number ? &guard->fights.items[number - 1] : NULL;
}

/* The longer it was let be, the longer it is remembered. */
static bool is_over(const struct fight *fight, int64_t now_us)
{
	return now_us > fight->until_us && now_us - fight->last_us > MINUTE_US + 2 * fight->pause_us;
}

static void forget_old(struct guard *guard, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->fights.count; i++) {
		struct fight *fight = &guard->fights.items[i];

		if (is_over(fight, now_us) || (guard->fights.count >= MOST_FIGHTS && !fight->object))
			fight_free(fight);
		else
			guard->fights.items[kept++] = *fight;
	}
	guard->fights.count = kept;
	spread(guard);
}

static struct fight *make(struct guard *guard, const char *object, int64_t now_us)
{
	struct fight *fight;

	if (2 * (guard->fights.count + 1) > guard->slot_count)
		forget_old(guard, now_us);
	fight = VEC_PUSH(&guard->fights);
	*fight = (struct fight){ .key = text_key(object), .since_us = now_us };
	*slot_of(guard, fight->key) = (uint32_t)guard->fights.count;
	return fight;
}

static void let_be(struct fight *fight, const char *object, int64_t now_us)
{
	int64_t pause = fight->pause_us ? fight->pause_us : PAUSE_FIRST_US;

	fight->until_us = now_us + pause;
	fight->pause_us = 2 * pause < PAUSE_MOST_US ? 2 * pause : PAUSE_MOST_US;
	fight_free(fight);
	fight->object = mem_strdup(object);
}

enum guard_verdict guard_ask(struct guard *guard, const char *object, int64_t now_us,
			     struct fight **ret_fight)
{
	struct fight *fight = find(guard, object);

	if (!fight)
		return GUARD_MEND;
	if (fight->until_us > now_us)
		return GUARD_LEAVE;
	if (fight->bouts < MOST_BOUTS || now_us - fight->since_us > MINUTE_US)
		return GUARD_MEND;
	let_be(fight, object, now_us);
	/* When that is over it is mended once, and let be at the next bout. */
	fight->bouts = 0;
	*ret_fight = fight;
	return GUARD_STOP;
}

void guard_note(struct guard *guard, const char *object, int64_t now_us)
{
	struct fight *fight = find(guard, object);
	bool was_let_be;

	if (fight && is_over(fight, now_us)) {
		fight_free(fight);
		*fight = (struct fight){ .key = fight->key, .since_us = now_us };
	}
	if (!fight)
		fight = make(guard, object, now_us);
	was_let_be = fight->until_us != 0;
	if (was_let_be || now_us - fight->since_us > MINUTE_US) {
		fight->since_us = now_us;
		fight->bouts = was_let_be ? MOST_BOUTS : 1;
		fight->bout_us = now_us;
	} else if (!fight->bouts || now_us - fight->bout_us >= BOUT_US) {
		fight->bouts++;
		fight->bout_us = now_us;
	}
	fight->until_us = 0;
	fight->last_us = now_us;
	fight_free(fight);
}

int64_t guard_due(const struct guard *guard, int64_t now_us)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < guard->fights.count; i++)
		if (guard->fights.items[i].until_us > now_us && guard->fights.items[i].until_us < due)
			due = guard->fights.items[i].until_us;
	return due;
}
