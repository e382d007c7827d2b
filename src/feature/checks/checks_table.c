/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Thousands of results a second change nothing: what costs a walk over all checks is done only when
 * one of them changed, or when the time has come that was worked out then.
 */
#include "feature/checks/checks_table.h"

#include <stdlib.h>
#include <string.h>

struct name_index {
	const char *name;
	uint32_t index;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name_index *)a)->name, ((const struct name_index *)b)->name);
}

static void sort_names(struct checks_table *table)
{
	struct name_index *names = mem_alloc((table->count + 1) * sizeof(*names));

	for (uint32_t i = 0; i < table->count; i++)
		names[i] = (struct name_index){ table->entries[i].spec->name, i };
	qsort(names, table->count, sizeof(*names), by_name);
	table->by_name = mem_alloc((table->count + 1) * sizeof(*table->by_name));
	for (uint32_t i = 0; i < table->count; i++)
		table->by_name[i] = names[i].index;
	mem_freep(&names);
}

struct checks_entry *checks_table_find(const struct checks_table *table, const char *name)
{
	uint32_t low = 0, high = table->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct checks_entry *entry = &table->entries[table->by_name[middle]];
		int order = strcmp(entry->spec->name, name);

		if (order == 0)
			return entry;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool same_spec(const struct check_spec *a, const struct check_spec *b)
{
	AUTO_TEXT one = { 0 };
	AUTO_TEXT other = { 0 };

	checks_spec_put(a, &one);
	checks_spec_put(b, &other);
	return one.length == other.length && memcmp(one.data, other.data, one.length) == 0;
}

static void inherit(struct checks_entry *entry, struct checks_entry *former)
{
	const struct check_spec *spec = entry->spec;
	bool same = same_spec(spec, former->spec);

	*entry = *former;
	entry->spec = spec;
	entry->own = NULL;
	if (!same) {
		/* What an event showed of another file or port says nothing of this one. */
		entry->sight = HEALTH_UNSEEN;
		entry->next_us = 0;
		return;
	}
	entry->own = former->own;
	former->own = NULL;
}

void checks_table_adopt(struct checks_table *table, struct checks_orders *orders,
			struct checks_table *ret_former)
{
	*ret_former = *table;
	*table = (struct checks_table){
		.orders = *orders, .count = orders->count, .combines = true, .due_us = 0
	};
	*orders = (struct checks_orders){ 0 };
	table->entries = mem_alloc((table->count + 1) * sizeof(*table->entries));
	for (uint32_t i = 0; i < table->count; i++) {
		struct checks_entry *entry = &table->entries[i], *former;

		entry->spec = &table->orders.specs[i];
		former = checks_table_find(ret_former, entry->spec->name);
		if (former)
			inherit(entry, former);
		table->news += entry->news;
	}
	sort_names(table);
}

void checks_table_free(struct checks_table *table)
{
	mem_freep(&table->entries);
	mem_freep(&table->by_name);
	if (table->orders.arena)
		arena_free(table->orders.arena);
	*table = (struct checks_table){ 0 };
}

static void note_change(struct checks_table *table, struct checks_entry *entry)
{
	table->news += !entry->news;
	entry->news = true;
	table->combines = true;
}

bool checks_table_hear(struct checks_table *table, struct checks_entry *entry,
		       const struct judge_result *result, int64_t now_us)
{
	bool changed = judge_hear(&entry->judge, &entry->spec->rules, result, now_us);
	int64_t due = judge_due(&entry->judge, &entry->spec->rules);

	entry->heard = true;
	if (due < table->due_us)
		table->due_us = due;
	if (changed)
		note_change(table, entry);
	return changed;
}

/* One event is one result; the same once more is none. */
static void see(struct checks_table *table, struct checks_entry *entry,
		const struct checks_note *note, int64_t now_us)
{
	const struct judge_result result = { .word = note->sight == HEALTH_WELL ? JUDGE_GOOD :
										  JUDGE_BAD,
					     .weight = -1,
					     .reason = note->reason };
	bool known = entry->sight == note->sight && strcmp(entry->judge.reason, note->reason) == 0;

	entry->sight = note->sight;
	if (note->sight != HEALTH_UNSEEN && !known)
		checks_table_hear(table, entry, &result, now_us);
}

void checks_table_note(struct checks_table *table, const struct checks_notes *notes, int64_t now_us)
{
	for (uint32_t i = 0; i < table->count; i++)
		table->entries[i].hand = HEALTH_AUTO;
	for (uint32_t i = 0; i < notes->count; i++) {
		struct checks_entry *entry = checks_table_find(table, notes->items[i].name);

		if (!entry)
			continue;
		entry->hand = notes->items[i].hand;
		if (check_is_local(entry->spec))
			see(table, entry, &notes->items[i], now_us);
	}
	table->combines = true;
}

static enum health_state state_by_hand(const struct checks_entry *entry)
{
	switch (entry->hand) {
	case HEALTH_AUTO:
		break;
	case HEALTH_FORCED_UP:
		return HEALTH_UP;
	case HEALTH_DRAINED:
	case HEALTH_FORCED_DOWN:
		return HEALTH_DOWN;
	}
	return entry->judge.state;
}

/* The reason of a combination: who of its members is not up. */
static void combine_one(struct checks_table *table, struct checks_entry *entry, int64_t now_us)
{
	const struct check_spec *spec = entry->spec;
	unsigned up = 0, unknown = 0;
	enum health_state state;
	AUTO_TEXT reason = { 0 };

	for (unsigned i = 0; i < spec->word_count; i++) {
		const struct checks_entry *member = checks_table_find(table, spec->words[i]);

		state = member ? state_by_hand(member) : HEALTH_UNKNOWN;
		up += state == HEALTH_UP;
		unknown += state == HEALTH_UNKNOWN;
		if (state != HEALTH_UP)
			text_printf(&reason, "%s%s is %s", reason.length ? ", " : "",
				    spec->words[i], health_state_word(state));
	}
	state = judge_combine(spec->need, up, unknown);
	if (state == HEALTH_UNKNOWN)
		return;
	if (!reason.length)
		text_puts(&reason, "all are up");
	see(table, entry,
	    &(struct checks_note){ .sight = state == HEALTH_UP ? HEALTH_WELL : HEALTH_ILL,
				   .reason = text_string(&reason) },
	    now_us);
}

static void wake_all(struct checks_table *table, int64_t now_us)
{
	table->due_us = INT64_MAX;
	for (uint32_t i = 0; i < table->count; i++) {
		struct checks_entry *entry = &table->entries[i];
		int64_t due;

		if (judge_wake(&entry->judge, &entry->spec->rules, now_us))
			note_change(table, entry);
		due = judge_due(&entry->judge, &entry->spec->rules);
		if (due < table->due_us)
			table->due_us = due;
	}
}

int64_t checks_table_settle(struct checks_table *table, int64_t now_us)
{
	if (now_us >= table->due_us)
		wake_all(table, now_us);
	/* Members stand before what is made of them: one walk is enough. */
	for (uint32_t i = 0; table->combines && i < table->count; i++)
		if (table->entries[i].spec->kind == CHECK_COMBINED)
			combine_one(table, &table->entries[i], now_us);
	table->combines = false;
	return table->due_us;
}

static void put_fact(const struct checks_entry *entry, struct text *message)
{
	const struct judge *judge = &entry->judge;
	const struct health health = {
		.name = (char *)entry->spec->name,
		.state = judge->state,
		.weight = judge->weight,
		.since_us = judge->since_us,
		.last_us = judge->last_us,
		.next_us = entry->next_us,
		.took_us = judge->took_us,
		.flips = judge->flips,
		.reason = (char *)judge->reason,
	};

	checks_fact_put(&health, message);
}

bool checks_table_facts(struct checks_table *table, bool all, size_t limit, struct text *message)
{
	if (!table->news && !all)
		return false;
	for (uint32_t i = 0; i < table->count; i++) {
		struct checks_entry *entry = &table->entries[i];

		if (!entry->news && !(all && entry->heard))
			continue;
		if (message->length >= limit)
			return true;
		put_fact(entry, message);
		table->news -= entry->news;
		entry->news = entry->heard = false;
	}
	return false;
}
