/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The difference of two sorted states: one walk beside one another for each kind, then the order.
 *
 * Three lists are kept while walking, so that no sort by rank is needed: what is added or changed,
 * kind by kind as the enum lists them, and what is deleted, put behind it backwards. Within a
 * kind, kind.turn puts first what others of the kind lean on.
 */
#include "host/plan.h"

#include "base/mem.h"
#include "host/kind.h"

#include <stdlib.h>
#include <string.h>

/* The most turns that a kind may have: one for each length of a prefix. */
#define TURNS 129

/* Two sets side by side. */
struct walk {
	enum object_kind kind;
	const struct kind *of;
	const struct object_set *desired, *observed;
	struct plan *opens, *closes;
};

static const void *item(const struct walk *walk, const struct object_set *set, size_t index)
{
	return set_at(set, walk->of, index);
}

static bool is_ours(const void *object)
{
	return ((const struct object *)object)->ours;
}

static void push(const struct walk *walk, enum operation_type type, const void *before,
		 const void *after)
{
	struct plan *plan = type == OPERATION_DELETE ? walk->closes : walk->opens;
	struct operation *operation = VEC_PUSH(plan);

	*operation = (struct operation){
		.type = type, .kind = walk->kind, .before = before, .after = after
	};
}

/* @before is ours and nobody desires it. */
static void let_go(const struct walk *walk, const void *before)
{
	void *after;

	if (walk->of->explained && walk->of->explained(before, walk->desired))
		return;
	if (!walk->of->released) {
		push(walk, OPERATION_DELETE, before, NULL);
		return;
	}
	after = mem_alloc(walk->of->size);
	if (!walk->of->released(before, walk->observed, after)) {
		push(walk, OPERATION_DELETE, before, NULL);
		free(after);
		return;
	}
	*VEC_PUSH(&walk->closes->released) = after;
	if (!kind_satisfies(walk->of, after, before))
		*VEC_PUSH(walk->closes) = (struct operation){
			.type = OPERATION_CHANGE, .kind = walk->kind, .before = before, .after = after
		};
}

static size_t run_end(const struct walk *walk, size_t start)
{
	size_t end = start + 1;

	while (end < walk->observed->count && kind_compare(walk->of, item(walk, walk->observed, start),
							   item(walk, walk->observed, end)) == 0)
		end++;
	return end;
}

/* What somebody else holds is enough when it gives all that is asked for. */
static bool run_satisfies(const struct walk *walk, const void *after, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (kind_satisfies(walk->of, after, item(walk, walk->observed, i)))
			return true;
	return false;
}

/*
 * @after (NULL = nothing) is desired where the observed objects from @start to @end, ours first,
 * have its key.
 */
static void compare_run(const struct walk *walk, const void *after, size_t start, size_t end)
{
	const void *before = start < end ? item(walk, walk->observed, start) : NULL;
	bool ours = before && is_ours(before);

	if (after && ours && !kind_satisfies(walk->of, after, before))
		push(walk, OPERATION_CHANGE, before, after);
	else if (after && !ours && !run_satisfies(walk, after, start, end) && before &&
		 walk->of->anyones)
		push(walk, OPERATION_CHANGE, before, after);
	else if (after && !ours && !run_satisfies(walk, after, start, end))
		push(walk, OPERATION_ADD, NULL, after);
	for (size_t i = start + (after && ours); i < end && is_ours(item(walk, walk->observed, i));
	     i++)
		let_go(walk, item(walk, walk->observed, i));
}

static void walk_both(const struct walk *walk)
{
	size_t i = 0, j = 0;

	while (i < walk->desired->count || j < walk->observed->count) {
		const void *after = i < walk->desired->count ? item(walk, walk->desired, i) : NULL;
		const void *before = j < walk->observed->count ? item(walk, walk->observed, j) : NULL;
		int order = !after ? 1 : !before ? -1 : kind_compare(walk->of, after, before);
		size_t end = order >= 0 ? run_end(walk, j) : j;

		compare_run(walk, order <= 0 ? after : NULL, j, end);
		i += order <= 0;
		j = end;
	}
}

/* The last first. What is deleted is turned round once more afterwards. */
static void turn_round(const struct plan *plan, size_t first)
{
	for (size_t i = first, j = plan->count; i + 1 < j; i++, j--) {
		struct operation operation = plan->items[i];

		plan->items[i] = plan->items[j - 1];
		plan->items[j - 1] = operation;
	}
}

/* Orders the operations from @first on by the turns of their objects, stably: a counting sort. */
static void take_turns(const struct plan *plan, size_t first, const struct kind *of)
{
	size_t starts[TURNS + 1] = { 0 }, count = plan->count - first;
	struct operation *operations, *sorted;

	if (!of->turn || count < 2)
		return;
	operations = plan->items + first;
	sorted = mem_alloc(count * sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		starts[of->turn(operations[i].after ? operations[i].after : operations[i].before) + 1]++;
	for (size_t i = 1; i <= TURNS; i++)
		starts[i] += starts[i - 1];
	for (size_t i = 0; i < count; i++)
		sorted[starts[of->turn(operations[i].after ? operations[i].after : operations[i].before)]++] =
			operations[i];
	memcpy(operations, sorted, count * sizeof(*sorted));
	free(sorted);
}

/* Where the walk of a kind began. */
struct starts {
	size_t opens, closes;
};

static struct walk walk_begin(const struct state *desired, const struct state *observed,
			      enum object_kind kind, struct plan lists[2])
{
	return (struct walk){ .kind = kind,
			      .of = kind_of(kind),
			      .desired = &desired->sets[kind],
			      .observed = &observed->sets[kind],
			      .opens = &lists[0],
			      .closes = &lists[1] };
}

static void walk_end(const struct walk *walk, const struct starts *starts)
{
	take_turns(walk->opens, starts->opens, walk->of);
	take_turns(walk->closes, starts->closes, walk->of);
	if (walk->of->backwards) {
		turn_round(walk->opens, starts->opens);
		turn_round(walk->closes, starts->closes);
	}
}

/* One list of both: what opens, then what closes, the last first. */
static void join_lists(struct plan lists[2], struct plan *ret_plan)
{
	lists[0].opens = lists[0].count;
	for (size_t i = lists[1].count; i > 0; i--)
		*VEC_PUSH(&lists[0]) = lists[1].items[i - 1];
	lists[0].released.items = lists[1].released.items;
	lists[0].released.count = lists[1].released.count;
	lists[0].released.room = lists[1].released.room;
	VEC_FREE(&lists[1]);
	*ret_plan = lists[0];
}

void plan_make(const struct state *desired, const struct state *observed, struct plan *ret_plan)
{
	struct plan lists[2] = { 0 };

	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		struct walk walk = walk_begin(desired, observed, (enum object_kind)kind, lists);
		const struct starts starts = { lists[0].count, lists[1].count };

		walk_both(&walk);
		walk_end(&walk, &starts);
	}
	join_lists(lists, ret_plan);
}

static int key_order(const void *left, const void *right)
{
	const struct plan_key *a = left, *b = right;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind :
				    kind_compare(kind_of(a->kind), a->like, b->like);
}

/* What has the key of @like in both sets. */
static void compare_key(const struct walk *walk, const void *like)
{
	size_t i = set_lower_bound(walk->desired, walk->of, like);
	size_t start = set_lower_bound(walk->observed, walk->of, like), end = start;
	const void *after = i < walk->desired->count ? item(walk, walk->desired, i) : NULL;

	if (start < walk->observed->count &&
	    kind_compare(walk->of, item(walk, walk->observed, start), like) == 0)
		end = run_end(walk, start);
	compare_run(walk, after && kind_compare(walk->of, after, like) == 0 ? after : NULL, start,
		    end);
}

void plan_make_some(const struct state *desired, const struct state *observed,
		    const struct plan_key *keys, size_t count, struct plan *ret_plan)
{
	struct plan_key *sorted = mem_alloc((count + 1) * sizeof(*sorted));
	struct plan lists[2] = { 0 };

	memcpy(sorted, keys, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), key_order);
	for (size_t i = 0; i < count;) {
		struct walk walk = walk_begin(desired, observed, sorted[i].kind, lists);
		const struct starts starts = { lists[0].count, lists[1].count };
		size_t first = i;

		for (; i < count && sorted[i].kind == walk.kind; i++)
			if (i == first || key_order(&sorted[i - 1], &sorted[i]) != 0)
				compare_key(&walk, sorted[i].like);
		walk_end(&walk, &starts);
	}
	join_lists(lists, ret_plan);
	free(sorted);
}

void plan_free(struct plan *plan)
{
	VEC_FREE(plan);
	plan->opens = 0;
	for (size_t i = 0; i < plan->released.count; i++)
		free(plan->released.items[i]);
	VEC_FREE(&plan->released);
}

void operation_print(const struct operation *operation, const struct state *links, struct text *text)
{
	switch (operation->type) {
	case OPERATION_ADD:
		text_puts(text, "+ ");
		object_print(operation->kind, operation->after, links, text);
		break;
	case OPERATION_CHANGE:
		text_puts(text, "~ ");
		object_print_change(operation->kind, operation->before, operation->after, links,
				    text);
		break;
	case OPERATION_DELETE:
		text_puts(text, "- ");
		object_print(operation->kind, operation->before, links, text);
		break;
	}
}
