/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What workers tell of health is a fact like others: it is recorded here, and the tick sends what
 * follows from it to all workers before anything else is done, since clients wait for that.
 */
#include "daemon/vitals.h"

#include "daemon/engine_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLIPS_US 1000000 /* in this time, */
#define FLIPS_LINES 20	 /* so many lines */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct check_spec *const *)a)->name,
		      (*(const struct check_spec *const *)b)->name);
}

/* Both sorted by name: what has no check any more goes, before the others are looked up. */
static void forget_others(struct healths *healths, const struct check_spec **checks, size_t count)
{
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < healths->items.count; i++) {
		struct health health = healths->items.items[i];

		while (at < count && strcmp(checks[at]->name, health.name) < 0)
			at++;
		if (at < count && strcmp(checks[at]->name, health.name) == 0) {
			healths->items.items[kept++] = health;
			continue;
		}
		mem_freep(&health.name);
		mem_freep(&health.reason);
		mem_freep(&health.sight_reason);
	}
	healths->items.count = kept;
}

void vitals_follow(struct engine *engine, const struct config *config)
{
	struct check_list list;
	const struct check_spec **sorted;

	feature_checks(config, &list);
	sorted = mem_alloc((list.items.count + 1) * sizeof(*sorted));
	for (size_t i = 0; i < list.items.count; i++)
		sorted[i] = &list.items.items[i];
	qsort(sorted, list.items.count, sizeof(*sorted), by_name);
	forget_others(&engine->health, sorted, list.items.count);
	for (size_t i = 0; i < list.items.count; i++) {
		struct health *health = healths_get(&engine->health, sorted[i]->name);

		health->kind = check_kind_word(sorted[i]->kind);
		health->start = sorted[i]->rules.start;
		health->when_old = sorted[i]->rules.when_old;
		health->hand = hands_get(&engine->hands, health->name);
	}
	sights_follow(engine->sights, &list);
	mem_freep(&sorted);
	check_list_free(&list);
}

static void on_seen(void *data)
{
	struct engine *engine = data;

	engine->health_changed = engine->sights_changed = true;
	loop_again(engine->loop);
}

void vitals_open(struct engine *engine)
{
	const struct engine_options *options = &engine->options;

	hands_open(&engine->hands, options->state_path ?
					   mem_printf("%s/checks", options->state_path) :
					   mem_printf("%s.checks", options->socket_path));
	engine->sights = sights_new(engine->loop, &engine->health, on_seen, engine);
}

int engine_decide(struct engine *engine, const char *name, enum health_hand hand)
{
	struct health *health = healths_find(&engine->health, name);
	int r;

	if (!health && hands_get(&engine->hands, name) == HEALTH_AUTO)
		return -ENOENT;
	r = hands_set(&engine->hands, name, hand);
	if (r < 0 || !health)
		return r;
	if (health->hand != hand)
		tell(engine, LOG_NOTICE, "check", "check %s is %s by hand", name,
		     health_hand_word(hand));
	health->hand = hand;
	on_seen(engine);
	return 0;
}

void vitals_tell_rest(struct engine *engine)
{
	if (engine->flips.more)
		log_line(LOG_WARNING, "%u more checks went up or down at once; see mhctl checks",
			 engine->flips.more);
	engine->flips.more = 0;
}

/* When thousands go down at once the log gets the first of them; who watches gets all. */
static bool is_for_the_log(struct engine *engine)
{
	int64_t now = clock_now_us();

	if (now - engine->flips.since_us >= FLIPS_US) {
		vitals_tell_rest(engine);
		engine->flips.since_us = now;
		engine->flips.lines = 0;
	}
	if (engine->flips.lines++ < FLIPS_LINES)
		return true;
	engine->flips.more++;
	return false;
}

static void tell_change(struct engine *engine, const struct health *news)
{
	AUTO_TEXT line = { 0 };

	if (news->state == HEALTH_UNKNOWN)
		return;
	text_printf(&line, "check %s is %s%s%s", news->name, health_state_word(news->state),
		    news->reason && news->reason[0] ? ": " : "", news->reason ? news->reason : "");
	if (is_for_the_log(engine))
		log_line(news->state == HEALTH_DOWN ? LOG_WARNING : LOG_NOTICE, "%s",
			 text_string(&line));
	if (engine->server)
		server_event(engine->server, "check", text_string(&line));
}

void vitals_told(struct engine *engine, const struct healths *news)
{
	for (size_t i = 0; i < news->items.count; i++) {
		const struct health *one = &news->items.items[i];
		struct health *known = healths_find(&engine->health, one->name);
		struct health before;

		if (!known)
			continue;
		/* One who begins anew does not know yet what is known here. */
		if (one->state == HEALTH_UNKNOWN && known->state != HEALTH_UNKNOWN)
			continue;
		before = *known;
		healths_tell(&engine->health, one);
		if (before.state != known->state)
			tell_change(engine, one);
		if (before.state != known->state || before.old != known->old ||
		    before.weight != known->weight)
			engine->health_changed = true;
	}
	if (engine->health_changed)
		loop_again(engine->loop);
}

void vitals_grow_old(struct engine *engine)
{
	for (size_t i = 0; i < engine->health.items.count; i++)
		engine->health.items.items[i].old = true;
	engine->health_changed = engine->health_changed || engine->health.items.count;
	loop_again(engine->loop);
}
