/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/neighbours/neighbours_answer.h"

#include "feature/crew.h"

#include <string.h>
#include <time.h>

/* Where the core looks things up. */
struct world {
	const struct neighbours_table *table;
	const struct neighbours_place *place;
};

static struct address address_of(const struct neighbours_address *words)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	struct address address = { .family = AF_INET6 };

	memcpy(address.bytes, words, sizeof(address.bytes));
	if (memcmp(address.bytes, mapped, sizeof(mapped)) != 0)
		return address;
	address = (struct address){ .family = AF_INET };
	memcpy(address.bytes, &words->words[3], 4);
	return address;
}

static inline const struct neighbours_value *neighbours_find(void *data,
							     const struct neighbours_key *key)
{
	const struct world *world = data;
	struct address address = address_of(&key->address);

	return neighbours_table_rule(world->table, world->place, &address);
}

static inline const struct neighbours_who_value *neighbours_who(void *data,
								const struct neighbours_who_key *key)
{
	const struct world *world = data;

	return neighbours_table_who(world->place, key->mac);
}

#include "bpf/neighbours_core.h"

static void count_in(struct counter *counter, const struct neighbours_view *view)
{
	counter->asked += view->asked;
	counter->answered += view->counter == COUNT_ANSWERED;
	counter->dropped += view->counter == COUNT_SPOOFED;
	counter->failed += view->counter == COUNT_MALFORMED;
}

/* For the link, and for the owner if there is one. */
static void count(const struct world *world, const struct neighbours_view *view)
{
	struct counter *owner;

	if (!view->asked && view->counter == COUNTERS)
		return;
	count_in(&world->table->counters.entries.items[world->place->counter].counter, view);
	owner = view->owner ? neighbours_table_counter(world->table, view->owner) : NULL;
	if (owner)
		count_in(owner, view);
}

/* Whether there is something to be sent: the answer, in place of the question. */
static bool answer(struct neighbours_answerer *answerer, struct neighbours_buffer *buffer)
{
	struct world world = { answerer->table,
			       neighbours_table_place(answerer->table, buffer->link) };
	struct neighbours_view view = { .world = &world, .frame = buffer->frame, .link = buffer->link };
	int act;

	if (!world.place || !neighbours_is_for(buffer->frame, world.place->settings.mac))
		return false;
	view.settings = &world.place->settings;
	act = neighbours_decide(&view, buffer->length);
	if (view.claims) {
		struct address claimed = address_of(&view.claimed);

		neighbours_seen_note(&answerer->seen, buffer->link, &claimed, buffer->frame->from,
				     time(NULL));
	}
	count(&world, &view);
	if (act != ACT_ANSWER || view.flags & NEIGHBOURS_BY_KERNEL)
		return false;
	buffer->length = neighbours_reply(&view, buffer->frame);
	return true;
}

unsigned neighbours_answer_batch(struct neighbours_answerer *answerer, struct neighbours_batch *batch)
{
	unsigned answers = 0;

	for (unsigned i = 0; i < batch->count; i++)
		if (answer(answerer, &batch->items[i]))
			batch->items[answers++] = batch->items[i];
	return answers;
}

static bool has_counted(const struct counter *counter)
{
	return counter->asked || counter->answered || counter->dropped || counter->failed;
}

static void put_claimant(const struct neighbours_port *port,
			 const struct neighbours_claimant *claimant, struct text *report)
{
	const struct counter counter = { .asked = claimant->count,
					 .answered = (uint64_t)claimant->first,
					 .dropped = (uint64_t)claimant->last };
	char address[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];
	AUTO_MEM char *key = mem_printf("claimant %s %s %s", port->name,
					address_text(&claimant->address, address),
					mac_text(claimant->mac, mac));

	crew_report_put(report, key, &counter);
}

void neighbours_answerer_report(const struct neighbours_answerer *answerer, struct text *report)
{
	const struct neighbours_table *table = answerer->table;

	for (size_t i = 0; table && i < table->counters.entries.count; i++)
		if (has_counted(&table->counters.entries.items[i].counter))
			crew_report_put(report, table->counters.entries.items[i].key,
					&table->counters.entries.items[i].counter);
	for (uint32_t i = 0; i < answerer->seen.count; i++) {
		const struct neighbours_claimant *claimant = &answerer->seen.items[i];
		const struct neighbours_place *place = neighbours_table_place(table, claimant->link);

		if (place)
			put_claimant(&table->orders.ports[place - table->places], claimant, report);
	}
}
