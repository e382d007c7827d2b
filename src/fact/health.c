/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fact/health.h"

#include <string.h>

/* The index of the first one that does not sort before @name. */
static size_t lower_bound(const struct healths *healths, const char *name)
{
	size_t low = 0, high = healths->items.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(healths->items.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct health *healths_find(const struct healths *healths, const char *name)
{
	size_t at = healths ? lower_bound(healths, name) : 0;

	if (!healths || at == healths->items.count || strcmp(healths->items.items[at].name, name) != 0)
		return NULL;
	return &healths->items.items[at];
}

struct health *healths_get(struct healths *healths, const char *name)
{
	size_t at = lower_bound(healths, name);
	struct health *items = healths->items.items;

	if (at < healths->items.count && strcmp(items[at].name, name) == 0)
		return &items[at];
	VEC_PUSH(&healths->items);
	items = healths->items.items;
	memmove(&items[at + 1], &items[at], (healths->items.count - 1 - at) * sizeof(*items));
	items[at] = (struct health){ .name = mem_strdup(name),
				     .reason = mem_strdup(""),
				     .sight_reason = mem_strdup(""),
				     .weight = 100 };
	return &items[at];
}

void healths_tell(struct healths *healths, const struct health *health)
{
	struct health *into = healths_get(healths, health->name);

	mem_freep(&into->reason);
	into->reason = mem_strdup(health->reason ? health->reason : "");
	into->state = health->state;
	into->old = health->old;
	into->weight = health->weight;
	into->since_us = health->since_us;
	into->last_us = health->last_us;
	into->next_us = health->next_us;
	into->took_us = health->took_us;
	into->flips = health->flips;
}

bool healths_see(struct healths *healths, const char *name, enum health_sight sight,
		 const char *reason)
{
	struct health *health = healths_find(healths, name);

	if (!health || (health->sight == sight && strcmp(health->sight_reason, reason) == 0))
		return false;
	health->sight = sight;
	mem_freep(&health->sight_reason);
	health->sight_reason = mem_strdup(reason);
	return true;
}

void healths_free(struct healths *healths)
{
	for (size_t i = 0; i < healths->items.count; i++) {
		mem_freep(&healths->items.items[i].name);
		mem_freep(&healths->items.items[i].reason);
		mem_freep(&healths->items.items[i].sight_reason);
	}
	VEC_FREE(&healths->items);
	mem_freep(&healths->ports_by);
}

static bool state_usable(const struct health *health)
{
	enum health_state state = health->state;

	if (state == HEALTH_UNKNOWN)
		state = health->start;
	else if (health->old && health->when_old != HEALTH_OLD_KEEP)
		state = health->when_old == HEALTH_OLD_UP ? HEALTH_UP : HEALTH_DOWN;
	return state == HEALTH_UP;
}

bool health_usable(const struct health *health)
{
	if (!health)
		return false;
	switch (health->hand) {
	case HEALTH_AUTO:
		break;
	case HEALTH_FORCED_UP:
		return true;
	case HEALTH_DRAINED:
	case HEALTH_FORCED_DOWN:
		return false;
	}
	return state_usable(health);
}

const char *health_state_word(enum health_state state)
{
	static const char *const words[HEALTH_STATES] = { "unknown", "up", "down" };

	return words[state];
}

const char *health_hand_word(enum health_hand hand)
{
	static const char *const words[HEALTH_HANDS] = { "auto", "drained", "forced up",
							 "forced down" };

	return words[hand];
}
