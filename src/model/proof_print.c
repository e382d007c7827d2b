/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A finding, in words for somebody who was woken up by it. */
#include "model/proof.h"

#include "base/mem.h"
#include "host/protocols.h"

#include <string.h>

struct writer {
	const struct state *state;
	proof_place_fn *place;
	void *data;
	struct text *text;
};

static void put_place(const struct writer *writer, const struct object *object)
{
	if (!writer->place || !place_known(object->place))
		return;
	text_puts(writer->text, " of ");
	writer->place(writer->data, object->place, writer->text);
}

static const char *word_of(const struct word *words, uint32_t value, char buffer[16])
{
	struct text number = { 0 };

	for (; words->text; words++)
		if (words->value == value)
			return words->text;
	text_printf(&number, "%u", value);
	strncpy(buffer, text_string(&number), 15);
	buffer[15] = 0;
	text_free(&number);
	return buffer;
}

/* "a packet in bond0 from 10.16.0.1 to 192.0.2.1" */
static void put_packet(const struct writer *writer, const struct flow *packet)
{
	char buffer[ADDRESS_TEXT_SIZE], number[16];
	struct text *text = writer->text;
	const struct host_link *in = state_link(writer->state, packet->in);

	if (packet->in)
		text_printf(text, "a packet in %s", in ? in->name : "?");
	else
		text_puts(text, "a packet of this host");
	if (packet->from.family)
		text_printf(text, " from %s", address_text(&packet->from, buffer));
	text_printf(text, " to %s", address_text(&packet->to, buffer));
	if (packet->ip_protocol)
		text_printf(text, " proto %s", word_of(transport_words, packet->ip_protocol, number));
	if (packet->sport)
		text_printf(text, " sport %u", packet->sport);
	if (packet->dport)
		text_printf(text, " dport %u", packet->dport);
	if (packet->mark)
		text_printf(text, " mark 0x%x", packet->mark);
	if (packet->uid)
		text_printf(text, " uid %u", packet->uid);
	if (packet->tos)
		text_printf(text, " tos 0x%x", packet->tos);
}

/* What a route says, without the words that say of which kind and table it is. */
static void put_route(const struct writer *writer, const struct host_route *route)
{
	struct host_route plain = *route;

	plain.table = RT_TABLE_MAIN;
	object_print(OBJECT_ROUTE, &plain, writer->state, writer->text);
	put_place(writer, &route->object);
}

/* "(rule 2001 of FILE:12, table main, route 0.0.0.0/0 via 10.2.2.254 link eth0)" */
static void put_reasons(const struct writer *writer, const struct proof_finding *finding)
{
	struct text *text = writer->text;
	char number[16];

	if (!finding->rule) {
		text_puts(text, " (no rule leads to a route)");
		return;
	}
	text_printf(text, " (rule %u", finding->rule->preference);
	put_place(writer, &finding->rule->object);
	if (finding->table)
		text_printf(text, ", table %s", word_of(route_tables, finding->table, number));
	if (finding->route) {
		text_puts(text, ", ");
		put_route(writer, finding->route);
	}
	if (finding->filter) {
		text_printf(text, ", filter %u", finding->filter->order);
		put_place(writer, &finding->filter->object);
	}
	text_puts(text, ")");
}

static void put_doubt(const struct writer *writer, const struct proof_finding *finding)
{
	const struct host_rule *doubt = finding->doubt;

	text_puts(writer->text, "; it cannot be told: ");
	if (!doubt)
		text_puts(writer->text, "not all its next hops are known");
	else if (doubt->opaque)
		text_printf(writer->text, "rule %u says more than is known of rules",
			    doubt->preference);
	else
		text_printf(writer->text, "of two rules of preference %u the older one counts",
			    doubt->preference);
}

void proof_print(const struct state *state, const struct proof_finding *finding,
		 proof_place_fn *place, void *data, struct text *text)
{
	const struct writer writer = { state, place, data, text };
	bool maybe = finding->result == PROOF_UNKNOWN;

	if (finding->why[0] || finding->result == PROOF_HOLDS) {
		text_puts(text, finding->why);
		return;
	}
	put_packet(&writer, &finding->packet);
	if (finding->leaves[0])
		text_printf(text, maybe ? " may leave %s" : " leaves %s", finding->leaves);
	else
		text_puts(text, maybe ? " may go another way" : " goes nowhere");
	if (finding->wanted[0])
		text_printf(text, ", not %s", finding->wanted);
	put_reasons(&writer, finding);
	if (maybe)
		put_doubt(&writer, finding);
}
