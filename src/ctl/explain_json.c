/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The story for programs: what was found, and the sentences that people are told. */
#include "ctl/explain.h"

#include <jansson.h>
#include <string.h>

/* Bytes of names may be anything; JSON takes only UTF-8. */
static json_t *text_json(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : json_string("(not UTF-8)");
}

static void add_address(json_t *object, const char *name, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address->family)
		json_object_set_new(object, name, json_string(address_text(address, text)));
}

static void add_number(json_t *object, const char *name, uint32_t number)
{
	if (number)
		json_object_set_new(object, name, json_integer(number));
}

static void add_link(json_t *object, const char *name, const struct state *state, uint32_t index)
{
	if (index)
		json_object_set_new(object, name, text_json(words_link(state, index)));
}

/* An object, as a plan shows it. */
static void add_object(json_t *object, const char *name, const struct state *state,
		       enum object_kind kind, const void *what)
{
	AUTO_TEXT text = { 0 };

	if (!what)
		return;
	object_print(kind, what, state, &text);
	json_object_set_new(object, name, text_json(text_string(&text)));
}

static json_t *flow_json(const struct state *state, const struct flow *flow)
{
	json_t *object = json_object();
	char protocol[8];

	add_address(object, "from", &flow->from);
	add_address(object, "to", &flow->to);
	add_link(object, "in", state, flow->in);
	add_link(object, "out", state, flow->out);
	if (flow->ip_protocol)
		json_object_set_new(object, "protocol",
				    json_string(transport_text(flow->ip_protocol, protocol)));
	add_number(object, "sport", flow->sport);
	add_number(object, "dport", flow->dport);
	add_number(object, "mark", flow->mark);
	add_number(object, "uid", flow->uid);
	add_number(object, "tos", flow->tos);
	return object;
}

static json_t *hop_json(const struct state *state, const struct verdict_hop *hop)
{
	json_t *object = json_object();

	add_link(object, "link", state, hop->link);
	add_address(object, "via", &hop->via);
	add_number(object, "weight", hop->weight);
	add_object(object, "nexthop", state, OBJECT_NEXTHOP, hop->object);
	add_object(object, "filter", state, OBJECT_FILTER, hop->filter);
	add_object(object, "nat", state, OBJECT_FILTER, hop->nat);
	json_object_set_new(object, "verdict", json_string(verdict_end_name(hop->end)));
	return object;
}

static json_t *hops_json(const struct state *state, const struct verdict *verdict)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < verdict->hop_count && i < NEXTHOP_MEMBERS; i++)
		json_array_append_new(list, hop_json(state, &verdict->hops[i]));
	return list;
}

static json_t *doubts_json(const struct verdict *verdict)
{
	json_t *list = json_array();

	for (unsigned doubt = 1; doubt && doubt <= verdict->doubts; doubt <<= 1)
		if (verdict->doubts & doubt)
			json_array_append_new(list, json_string(verdict_doubt_text(doubt)));
	return list;
}

static json_t *verdict_json(const struct state *state, const struct flow *flow,
			    const struct verdict *verdict)
{
	json_t *object = json_object();

	json_object_set_new(object, "packet", flow_json(state, flow));
	json_object_set_new(object, "verdict", json_string(verdict_end_name(verdict->end)));
	if (verdict->error)
		json_object_set_new(object, "error", json_string(strerror(-verdict->error)));
	add_object(object, "rule", state, OBJECT_RULE, verdict->rule);
	if (verdict->rule)
		json_object_set_new(object, "preference", json_integer(verdict->rule->preference));
	add_number(object, "table", verdict->table);
	add_object(object, "route", state, OBJECT_ROUTE, verdict->route);
	add_address(object, "source", &verdict->source);
	json_object_set_new(object, "hops", hops_json(state, verdict));
	if (verdict->rp_filter >= 0)
		json_object_set_new(object, "rp_filter", json_integer(verdict->rp_filter));
	json_object_set_new(object, "doubts", doubts_json(verdict));
	return object;
}

static json_t *sentence_json(const struct state *state, const struct sentence *sentence)
{
	json_t *object = json_object();

	json_object_set_new(object, "text", text_json(sentence->text));
	if (sentence->object)
		add_object(object, "object", state, sentence->kind, sentence->object);
	json_object_set_new(object, "reply", json_boolean(sentence->reply));
	if (!sentence->file)
		return object;
	json_object_set_new(object, "file", text_json(sentence->file));
	json_object_set_new(object, "line", json_integer(sentence->line));
	json_object_set_new(object, "column", json_integer(sentence->column));
	return object;
}

/* Who answers ARP or neighbour discovery. */
static json_t *asked_json(const struct state *state, const struct story *story)
{
	json_t *object = json_object(), *packet = flow_json(state, &story->question.flow);

	json_object_set_new(packet, "protocol",
			    json_string(story->question.flow.to.family == AF_INET ? "arp" : "nd"));
	json_object_set_new(object, "packet", packet);
	json_object_set_new(object, "verdict", json_string(story->answered));
	json_object_set_new(object, "doubts", json_array());
	return object;
}

json_t *story_json(const struct subject *subject, const struct story *story)
{
	const struct state *state = subject->state;
	json_t *object = story->answered ? asked_json(state, story) :
					   verdict_json(state, &story->question.flow, &story->there);
	json_t *steps = json_array(), *reply;

	if (subject->others && !story->answered && story->there.end == END_LEAVES)
		json_array_append_new(
			json_object_get(object, "doubts"),
			json_sprintf("other nftables tables see it, too, and may drop "
				     "or change it: %s",
				     subject->others));
	json_object_set_new(object, "conclusion", text_json(story->conclusion));
	for (size_t i = 0; i < story->sentences.count; i++)
		json_array_append_new(steps, sentence_json(state, &story->sentences.items[i]));
	json_object_set_new(object, "steps", steps);
	if (story->replied) {
		reply = verdict_json(state, &story->reply, &story->back);
		json_object_set_new(reply, "symmetric", json_boolean(story->symmetric));
		json_object_set_new(object, "reply", reply);
	}
	if (story->kernel)
		json_object_set_new(object, "kernel",
				    json_pack("{s:b,s:b,s:o}", "asked", story->asked, "agrees",
					      story->agrees, "text", text_json(story->kernel)));
	return object;
}
