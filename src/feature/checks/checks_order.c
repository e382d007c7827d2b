/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the engine tells the worker: all checks of all features, those first of which others are made;
 * and what it sees of this host, and was asked to do.
 */
#include "feature/checks/checks_wire.h"
#include "feature/checks/checks_work.h"
#include "feature/feature.h"

#include <string.h>

struct order {
	const struct check_list *list;
	bool *placed; /* by index in the list */
	VEC(struct check_spec) specs;
};

static bool members_are_placed(const struct order *order, const struct check_spec *spec)
{
	for (unsigned i = 0; spec->kind == CHECK_COMBINED && i < spec->word_count; i++) {
		const struct check_spec *member = check_list_find(order->list, spec->words[i]);

		/* One that is not there at all was refused before. */
		if (member && !order->placed[member - order->list->items.items])
			return false;
	}
	return true;
}

/* Returns whether there was any to place. */
static bool place_some(struct order *order)
{
	bool some = false;

	for (size_t i = 0; i < order->list->items.count; i++) {
		const struct check_spec *spec = &order->list->items.items[i];

		if (order->placed[i] || !members_are_placed(order, spec))
			continue;
		order->placed[i] = some = true;
		*VEC_PUSH(&order->specs) = *spec;
	}
	return some;
}

void checks_configure(const struct config *all, const struct facts *facts, struct text *message)
{
	struct check_list list;
	struct order order = { .list = &list };

	feature_checks(all, &list);
	order.placed = mem_alloc((list.items.count + 1) * sizeof(*order.placed));
	while (place_some(&order))
		;
	checks_orders_put(order.specs.items, (uint32_t)order.specs.count, message);
	VEC_FREE(&order.specs);
	mem_freep(&order.placed);
	check_list_free(&list);
}

/* A carrier is a fact of the host like others. */
static void see_carrier(const struct facts *facts, const char *name, struct checks_note *note)
{
	bool there = facts_link(facts, name) != NULL, up = there && facts_link_up(facts, name);

	note->sight = up ? HEALTH_WELL : HEALTH_ILL;
	note->reason = up ? "the link is up" : there ? "the link is down" : "there is no such link";
}

struct notes {
	VEC(struct checks_note) items;
};

static struct checks_note note_of(const struct health *health)
{
	return (struct checks_note){
		.name = health->name,
		.hand = health->hand,
		.sight = health->sight,
		.reason = health->sight_reason,
	};
}

static void add_carriers(const struct check_list *list, const struct facts *facts, struct notes *notes)
{
	for (size_t i = 0; i < list->items.count; i++) {
		const struct check_spec *spec = &list->items.items[i];
		const struct health *health;
		struct checks_note note = { .name = spec->name };

		if (spec->kind != CHECK_CARRIER)
			continue;
		health = facts_health(facts, spec->name);
		if (health)
			note = note_of(health);
		see_carrier(facts, spec->link, &note);
		*VEC_PUSH(&notes->items) = note;
	}
}

/* Not check by check: of ten thousand, those are few that are seen here or were decided by hand. */
void checks_update(const struct config *all, const struct facts *facts, struct text *message)
{
	const char *carrier = check_kind_word(CHECK_CARRIER);
	const struct healths *healths = facts->health;
	struct notes notes = { 0 };
	struct check_list list;
	bool carriers = false;

	for (size_t i = 0; healths && i < healths->items.count; i++) {
		const struct health *health = &healths->items.items[i];

		if (health->kind && !strcmp(health->kind, carrier))
			carriers = true;
		else if (health->hand != HEALTH_AUTO || health->sight != HEALTH_UNSEEN)
			*VEC_PUSH(&notes.items) = note_of(health);
	}
	if (carriers) {
		feature_checks(all, &list);
		add_carriers(&list, facts, &notes);
		check_list_free(&list);
	}
	checks_notes_put(notes.items.items, (uint32_t)notes.items.count, message);
	VEC_FREE(&notes.items);
}

bool checks_needed(const struct config *all, const struct facts *facts)
{
	struct check_list list;
	bool any;

	feature_checks(all, &list);
	any = list.items.count > 0;
	check_list_free(&list);
	return any;
}

void checks_blobs(const struct config *all, worker_blob_fn *told, void *data)
{
	struct check_list list;

	feature_checks(all, &list);
	for (size_t i = 0; i < list.items.count; i++) {
		const struct check_http *http = &list.items.items[i].http;
		const struct config_file *files[] = { http->certificate, http->key, http->authority };

		for (size_t j = 0; j < ARRAY_SIZE(files); j++)
			if (files[j] && files[j]->digest)
				told(data, files[j]->digest, files[j]->text, files[j]->length);
	}
	check_list_free(&list);
}
