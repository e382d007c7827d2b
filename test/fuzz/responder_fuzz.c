/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the worker of ARP and neighbour discovery reads of others; the first byte chooses: the engine's
 * rules, its announcements, frames of the wire (two bytes of length before each).
 */
#include "feature/neighbours/neighbours_announce.h"
#include "feature/neighbours/neighbours_answer.h"

#include <stdlib.h>
#include <string.h>

#define LINK 7

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* What was understood is written and read again as the same, and the table takes it as it is. */
static void fuzz_orders(const uint8_t *bytes, size_t size)
{
	struct neighbours_orders orders;
	struct neighbours_table *table, *next;
	AUTO_TEXT one = { 0 };
	AUTO_TEXT other = { 0 };

	if (neighbours_orders_read(bytes, size, &orders) < 0)
		return;
	neighbours_orders_put(&orders, &one);
	table = neighbours_table_new(&orders, NULL);
	require(neighbours_orders_read(one.data, one.length, &orders) == 0);
	neighbours_orders_put(&orders, &other);
	require(one.length == other.length && memcmp(one.data, other.data, one.length) == 0);
	next = neighbours_table_new(&orders, table);
	for (uint32_t i = 0; i < next->orders.rule_count; i++) {
		const struct neighbours_rule *rule = &next->orders.rules[i];
		const struct neighbours_place *place = neighbours_table_place(next, rule->link);
		struct address address = prefix_address(&rule->prefix);

		require(!place || neighbours_table_rule(next, place, &address));
	}
	neighbours_table_free(table);
	neighbours_table_free(next);
}

static void fuzz_notes(const uint8_t *bytes, size_t size)
{
	struct neighbours_announcer announcer = { .next_us = INT64_MAX };
	uint8_t frame[NEIGHBOURS_ANNOUNCEMENT_SIZE];
	const struct neighbours_news *news;
	struct neighbours_notes notes;
	AUTO_TEXT text = { 0 };

	if (neighbours_notes_read(bytes, size, &notes) < 0)
		return;
	neighbours_notes_put(&notes, &text);
	neighbours_announcer_take(&announcer, &notes, 1000);
	arena_free(notes.arena);
	while ((news = neighbours_announcer_due(&announcer, 1000)))
		require(neighbours_announcement(news, frame) ==
			(news->address.family == AF_INET ? 42 : 86));
	require(neighbours_notes_read(text.data, text.length, &notes) == 0);
	neighbours_announcer_take(&announcer, &notes, 2000);
	require(announcer.next_us > 2000);
	arena_free(notes.arena);
	neighbours_announcer_free(&announcer);
}

static void add_rule(struct neighbours_orders *orders, const char *prefix, uint8_t verdict,
		     uint8_t flags)
{
	struct neighbours_rule *rule = &orders->rules[orders->rule_count++];

	*rule = (struct neighbours_rule){
		.link = LINK, .verdict = verdict, .flags = flags, .owner = 17
	};
	rule->mac[0] = 2;
	require(prefix_parse(prefix, &rule->prefix) == 0);
}

static struct neighbours_table *make_table(bool guard)
{
	struct neighbours_orders orders = { .arena = arena_new(), .port_count = 1 };

	orders.rules = arena_alloc(orders.arena, 4 * sizeof(*orders.rules));
	orders.ports = arena_alloc(orders.arena, sizeof(*orders.ports));
	*orders.ports = (struct neighbours_port){ LINK, "eth3", { .mac = { 2, 1 }, .guard = guard } };
	add_rule(&orders, "10.1.2.0/24", NEIGHBOURS_ANSWER, 0);
	add_rule(&orders, "10.1.2.5/32", NEIGHBOURS_OWN, NEIGHBOURS_BOUND);
	add_rule(&orders, "2001:db8::/64", NEIGHBOURS_ANSWER, NEIGHBOURS_OVERRIDE);
	add_rule(&orders, "2001:db8::5/128", NEIGHBOURS_OWN, 0);
	return neighbours_table_new(&orders, NULL);
}

/* Whatever came: what leaves is a whole answer that bears our MAC, to somebody. */
static void check_answer(const struct neighbours_buffer *buffer)
{
	static const uint8_t ours[6] = { 2, 1 };
	const uint8_t *bytes = frame_bytes(buffer->frame);

	require(buffer->link == LINK);
	require(buffer->length == NEIGHBOURS_ARP || buffer->length == NEIGHBOURS_ADVERTISEMENT);
	require(memcmp(bytes + 6, ours, sizeof(ours)) == 0);
	if (buffer->length == NEIGHBOURS_ARP)
		require(bytes[21] == ARP_TELLS && memcmp(bytes + 28, "\x0a\x01\x02", 3) == 0);
	else
		require(bytes[21] == 255 && bytes[54] == ND_ADVERTISEMENT &&
			memcmp(bytes + 62, "\x20\x01\x0d\xb8\0\0\0\0", 8) == 0);
}

static void fuzz_frames(const uint8_t *bytes, size_t size)
{
	struct neighbours_batch *batch = neighbours_batch_new();
	struct neighbours_answerer *answerer = mem_alloc(sizeof(*answerer));
	unsigned answers;
	AUTO_TEXT report = { 0 };

	answerer->table = make_table(size % 2);
	batch->count = 0;
	while (size >= 2 && batch->count < NEIGHBOURS_BATCH) {
		struct neighbours_buffer *buffer = &batch->items[batch->count++];
		size_t length = (size_t)(bytes[0] << 8 | bytes[1]), there;

		length = length < size - 2 ? length : size - 2;
		there = length < NEIGHBOURS_FRAME ? length : NEIGHBOURS_FRAME;
		*buffer = (struct neighbours_buffer){ LINK, (uint32_t)length,
						      &batch->frames[batch->count - 1] };
		memcpy(frame_bytes(buffer->frame), bytes + 2, there);
		bytes += 2 + length;
		size -= 2 + length;
	}
	answers = neighbours_answer_batch(answerer, batch);
	require(answers <= batch->count);
	for (unsigned i = 0; i < answers; i++)
		check_answer(&batch->items[i]);
	neighbours_answerer_report(answerer, &report);
	neighbours_table_free(answerer->table);
	mem_freep(&answerer);
	mem_freep(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const targets[])(const uint8_t *bytes, size_t size) = {
		fuzz_orders,
		fuzz_notes,
		fuzz_frames,
	};

	if (size)
		targets[bytes[0] % ARRAY_SIZE(targets)](bytes + 1, size - 1);
	return 0;
}
