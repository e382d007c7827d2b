/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others do to what is ours. Where events tell of nothing but a few objects of ours, all that
 * can have changed is whether they are as desired: those are compared and mended at once, without
 * asking every feature again, so that one route among a hundred thousand is back before anybody
 * misses it. Everything else takes the long way: the engine becomes dirty, and a repair decides.
 *
 * Mending at once is done some dozens of times in a second; then the long way, too, with its ever
 * longer steps: `ip route flush` goes on for as long as it finds anything.
 */
#include "daemon/drift.h"

#include "base/clock.h"
#include "host/kind.h"

#include <linux/neighbour.h>
#include <string.h>

#define MENDS_MOST 8
#define SINGLED_OUT 256	      /* of one repair: told of, and counted against flapping */
#define MENDS_REFILL_US 20000 /* one more */

/* Kinds that only the kernel's events change, and that nobody desires by what is ours of them. */
static bool is_simple(enum object_kind kind)
{
	return kind == OBJECT_FILTER || kind == OBJECT_NEIGHBOUR || kind == OBJECT_NEXTHOP ||
	       kind == OBJECT_ROUTE || kind == OBJECT_RULE;
}

static bool is_ours(const void *object)
{
	return ((const struct object *)object)->ours;
}

/* Whether all that events told of are simple objects of ours; then they are in @keys. */
static bool only_ours(const struct host_touched *items, size_t count, struct plan_key *keys)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_simple(items[i].kind) || !is_ours(&items[i].object))
			return false;
		keys[i] = (struct plan_key){ items[i].kind, &items[i].object };
	}
	return true;
}

static bool may_mend_now(struct engine *engine)
{
	int64_t now = clock_now_us(), more = (now - engine->mends_since_us) / MENDS_REFILL_US;

	if (more > 0) {
		engine->mends_left = more > MENDS_MOST - engine->mends_left ?
					     MENDS_MOST :
					     engine->mends_left + (unsigned)more;
		engine->mends_since_us = now;
	}
	if (!engine->mends_left)
		return false;
	engine->mends_left--;
	return true;
}

void drift_look(struct engine *engine)
{
	const struct host_touched *items;
	struct plan_key *keys;
	struct plan plan;
	size_t count;
	bool few;

	job_settle(engine);
	engine->told = false;
	few = host_touched(engine->host, &items, &count);
	if (!few && !engine->flood_us)
		engine->flood_us = clock_now_us();
	if (few && !count)
		return;
	keys = mem_alloc((count + 1) * sizeof(*keys));
	if (!few || engine->failing.items.count || !only_ours(items, count, keys)) {
		engine->dirty = true;
		host_touched_forget(engine->host);
	} else {
		plan_make_some(&engine->desired.state, host_observed(engine->host), keys, count,
			       &plan);
		drift_hold_back(engine, &plan);
		/* Before the job, at whose end more may have been settled. */
		host_touched_forget(engine->host);
		if (plan.count && may_mend_now(engine))
			job_mend(engine, &plan);
		else
			engine->dirty = engine->dirty || plan.count > 0;
		plan_free(&plan);
	}
	mem_freep(&keys);
}

/* The kernel itself forgets what it resolved on a link, whenever the link loses its carrier. */
static bool goes_by_itself(const struct operation *operation)
{
	const struct host_neighbour *neighbour = operation->after;

	return operation->kind == OBJECT_NEIGHBOUR && operation->type == OPERATION_ADD &&
	       !(neighbour->state & NUD_PERMANENT);
}

bool drift_is(const struct engine *engine, const struct operation *operation)
{
	const void *object = operation->after ? operation->after : operation->before;
	bool was_wanted = state_find(&engine->desired.state, operation->kind, object) != NULL;

	return operation->kind != OBJECT_LISTENER && !goes_by_itself(operation) &&
	       (operation->type == OPERATION_DELETE ? !was_wanted : was_wanted);
}

void drift_print(const struct engine *engine, const struct operation *operation, struct text *text)
{
	object_print(operation->kind, operation->after ? operation->after : operation->before,
		     host_observed(engine->host), text);
}

static void print_protocol(enum object_kind kind, const void *object, struct text *text)
{
	const struct kind *of = kind_of(kind);

	for (size_t i = 0; i < of->row_count; i++) {
		if (strcmp(of->rows[i].word, "protocol") != 0)
			continue;
		text_puts(text, "protocol ");
		property_print(&of->rows[i], object, NULL, text);
	}
}

/* Whether @other stands where @object should: of a route that is any metric. */
static bool stands_there(enum object_kind kind, const void *object, const void *other)
{
	const struct host_route *route = object, *instead = other;

	if (kind == OBJECT_ROUTE)
		return route->table == instead->table && !prefix_compare(&route->to, &instead->to);
	return kind_compare(kind_of(kind), object, other) == 0;
}

/* Who has put something of his own there; "somebody" when nothing is. */
static void print_who(const struct engine *engine, const struct operation *operation,
		      struct text *text)
{
	const struct state *observed = host_observed(engine->host);
	const void *object = operation->after;
	union host_object like = { 0 };
	size_t at;

	if (object) {
		memcpy(&like, object, kind_of(operation->kind)->size);
		if (operation->kind == OBJECT_ROUTE)
			like.route.metric = 0;
		at = state_lower_bound(observed, operation->kind, &like);
		for (; at < state_count(observed, operation->kind); at++) {
			const void *other = state_at(observed, operation->kind, at);

			if (!stands_there(operation->kind, object, other))
				break;
			if (!is_ours(other) && !text->length)
				print_protocol(operation->kind, other, text);
		}
	}
	if (!text->length)
		text_puts(text, "somebody");
}

static bool is_let_be(struct engine *engine, const struct operation *operation)
{
	AUTO_TEXT object = { 0 }, who = { 0 };
	enum guard_verdict verdict;
	struct fight *fight = NULL;
	int64_t now = clock_now_us();

	if (!drift_is(engine, operation))
		return false;
	drift_print(engine, operation, &object);
	verdict = guard_ask(&engine->guard, text_string(&object), now, &fight);
	if (verdict != GUARD_STOP)
		return verdict == GUARD_LEAVE;
	print_who(engine, operation, &who);
	fight->who = mem_strdup(text_string(&who));
	tell(engine, LOG_ERROR, "fight",
	     "'%s' is removed or altered again and again, by %s; it is let be for %lld s "
	     "(mhctl apply mends it at once)",
	     text_string(&object), text_string(&who), (long long)(fight->until_us - now) / 1000000);
	return true;
}

void drift_hold_back(struct engine *engine, struct plan *plan)
{
	size_t kept = 0, opens = 0;

	if (!engine->guard.fights.count)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		if (is_let_be(engine, &plan->items[i]))
			engine->held_back = true;
		else
			plan->items[kept++] = plan->items[i];
		opens = i < plan->opens ? kept : opens;
	}
	plan->count = kept;
	plan->opens = opens;
	engine->clean = engine->clean && !engine->held_back;
}

void drift_mended(struct engine *engine, const struct operation *operation)
{
	AUTO_TEXT object = { 0 };

	/* A whole table that is flushed is no fight for each of its routes. */
	if (engine->job.drifted >= SINGLED_OUT) {
		engine->job.drifted++;
		engine->repaired++;
		return;
	}
	drift_print(engine, operation, &object);
	guard_note(&engine->guard, text_string(&object), clock_now_us());
	tell_repair(engine, operation);
}
