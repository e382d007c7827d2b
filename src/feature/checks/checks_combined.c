/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Combinations name other checks, which may be combinations. One that would depend on itself is
 * refused; all others have an order in which members stand before what is made of them.
 */
#include "feature/checks/checks_combined.h"

#include <errno.h>
#include <string.h>

const struct config_list *checks_members(const struct checks_item *item)
{
	return item->all.count ? &item->all :
	       item->any.count ? &item->any :
	       item->of.count  ? &item->of.checks :
				 NULL;
}

struct walk {
	const struct config_list *checks;
	const struct check_list *specs; /* of these, in their order */
	enum { UNSEEN, BUSY, DONE } * states;
	unsigned *path, depth; /* those that are busy, in the order in which they name each other */
	struct diags *diags;
};

/* Which of the checks is called @name, or -1. */
static int index_of(const struct walk *walk, const char *name)
{
	const struct check_spec *spec = check_list_find(walk->specs, name);

	return spec ? (int)(spec - walk->specs->items.items) : -1;
}

static void tell_cycle(const struct walk *walk, unsigned from, struct place place)
{
	const struct checks_item *items = walk->checks->items;
	AUTO_TEXT way = { 0 };
	unsigned start = 0;

	while (walk->path[start] != from)
		start++;
	for (unsigned i = start; i < walk->depth; i++)
		text_printf(&way, "'%s' depends on ", items[walk->path[i]].name);
	diag_at(walk->diags, place, -EINVAL,
		"%s'%s': nothing can depend on itself; leave one of them out", text_string(&way),
		items[from].name);
}

/* One member after the other, by hand: a chain may be as long as there are checks. */
static void walk_from(struct walk *walk, unsigned first, unsigned *next)
{
	walk->path[walk->depth++] = first;
	walk->states[first] = BUSY;
	while (walk->depth) {
		unsigned at = walk->path[walk->depth - 1];
		const struct checks_item *item = (const struct checks_item *)walk->checks->items + at;
		const struct config_list *members = checks_members(item);
		int member;

		if (!members || next[at] == members->count) {
			walk->states[at] = DONE;
			walk->depth--;
			continue;
		}
		member = index_of(walk, ((const char *const *)members->items)[next[at]]);
		if (member >= 0 && walk->states[member] == BUSY)
			tell_cycle(walk, (unsigned)member, members->places[next[at]]);
		next[at]++;
		if (member >= 0 && walk->states[member] == UNSEEN) {
			walk->states[member] = BUSY;
			walk->path[walk->depth++] = (unsigned)member;
		}
	}
}

static void check_cycles(const struct config_list *checks, struct diags *diags)
{
	size_t count = checks->count + 1;
	struct check_list specs = { 0 };
	struct walk walk = { .checks = checks,
			     .specs = &specs,
			     .states = mem_alloc(count * sizeof(*walk.states)),
			     .path = mem_alloc(count * sizeof(*walk.path)),
			     .diags = diags };
	unsigned *next = mem_alloc(count * sizeof(*next));

	checks_specs(checks, &specs);
	check_list_index(&specs);
	for (unsigned i = 0; i < checks->count; i++)
		if (walk.states[i] == UNSEEN)
			walk_from(&walk, i, next);
	mem_freep(&walk.states);
	mem_freep(&walk.path);
	mem_freep(&next);
	check_list_free(&specs);
}

static void check_members(const struct check_list *all, const struct checks_item *item,
			  struct diags *diags)
{
	const struct config_list *members = checks_members(item);
	const char *const *names = members ? members->items : NULL;

	for (unsigned i = 0; members && i < members->count; i++) {
		check_verify_name(all, names[i], members->places[i], diags);
		for (unsigned j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0) {
				diag_between(diags, members->places[i], members->places[j], -EINVAL,
					     "'%s' is named twice; leave one of them out", names[i]);
				break;
			}
	}
}

void checks_check_together(const struct config *all, const void *config, struct diags *diags)
{
	const struct config_list *checks = config;
	const struct checks_item *items = checks->items;
	struct check_list list;

	feature_checks(all, &list);
	for (unsigned i = 0; i < checks->count; i++)
		check_members(&list, &items[i], diags);
	check_cycles(checks, diags);
	check_list_free(&list);
}
