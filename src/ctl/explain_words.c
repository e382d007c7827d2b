/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects as parts of a sentence. Their exact form, as a plan shows it, is in the JSON. */
#include "ctl/explain.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

const char *words_link(const struct state *state, uint32_t index)
{
	const struct host_link *link = state_link(state, index);

	return link ? link->name : "(gone)";
}

void words_table(const struct subject *subject, uint32_t table, struct text *text)
{
	char number[16];
	const char *name;

	snprintf(number, sizeof(number), "%u", table);
	name = json_string_value(json_object_get(subject->tables, number));
	if (table == RT_TABLE_MAIN)
		text_puts(text, "table main");
	else if (table == RT_TABLE_LOCAL)
		text_puts(text, "table local");
	else if (table == RT_TABLE_DEFAULT)
		text_puts(text, "table default");
	else if (name)
		text_printf(text, strchr(name, ' ') ? "table '%s' (%s)" : "table %s (%s)", name,
			    number);
	else
		text_printf(text, "table %s", number);
}

static void comma(struct text *text)
{
	if (text->length && text->data[text->length - 1] != '(')
		text_puts(text, ", ");
}

static void put_span(const char *word, const struct span *span, struct text *text)
{
	if (!span->end)
		return;
	comma(text);
	text_printf(text, "%s %u", word, span->first);
	if (span->end - span->first > 1)
		text_printf(text, "-%u", span->end - 1);
}

static void put_prefix(const char *word, const struct prefix *prefix, struct text *text)
{
	char buffer[ADDRESS_TEXT_SIZE];

	if (!prefix->family)
		return;
	comma(text);
	text_printf(text, "%s %s", word, prefix_text(prefix, buffer));
}

void words_rule(const struct host_rule *rule, struct text *text)
{
	struct text parts = { 0 };
	char protocol[8];

	if (rule->in[0])
		text_printf(&parts, !strcmp(rule->in, "lo") ? "sent by this host" : "in by %s",
			    rule->in);
	if (rule->out[0]) {
		comma(&parts);
		text_printf(&parts, "of sockets bound to %s", rule->out);
	}
	put_prefix("from", &rule->from, &parts);
	put_prefix("to", &rule->to, &parts);
	if (rule->mask) {
		comma(&parts);
		text_printf(&parts, "mark 0x%x", rule->mark);
		if (rule->mask != UINT32_MAX)
			text_printf(&parts, "/0x%x", rule->mask);
	}
	if (rule->ip_protocol) {
		comma(&parts);
		text_puts(&parts, transport_text(rule->ip_protocol, protocol));
	}
	put_span("from port", &rule->sport, &parts);
	put_span("to port", &rule->dport, &parts);
	put_span("of user", &rule->uid, &parts);
	if (rule->tos) {
		comma(&parts);
		text_printf(&parts, "tos 0x%02x", rule->tos);
	}
	if (rule->l3mdev) {
		comma(&parts);
		text_puts(&parts, "within a VRF");
	}
	if (!parts.length)
		text_puts(&parts, "all packets");
	text_printf(text, rule->invert ? "all packets but those %s" : "%s", text_string(&parts));
	text_free(&parts);
}

void words_route(const struct host_route *route, struct text *text)
{
	static const char *const types[] = {
		[RTN_LOCAL] = "local ",		[RTN_BROADCAST] = "broadcast ",
		[RTN_ANYCAST] = "anycast ",	[RTN_MULTICAST] = "multicast ",
		[RTN_BLACKHOLE] = "blackhole ", [RTN_UNREACHABLE] = "unreachable ",
		[RTN_PROHIBIT] = "prohibit ",	[RTN_THROW] = "throw "
	};
	char buffer[ADDRESS_TEXT_SIZE];

	if (route->type < sizeof(types) / sizeof(types[0]) && types[route->type])
		text_puts(text, types[route->type]);
	text_puts(text, route->to.length ? prefix_text(&route->to, buffer) : "default");
}

static const struct host_neighbour *neighbour_of(const struct state *state,
						 const struct verdict_hop *hop,
						 const struct flow *flow)
{
	const struct host_neighbour like = { .link = hop->link,
					     .address = hop->via.family ? hop->via : flow->to };

	return state_find(state, OBJECT_NEIGHBOUR, &like);
}

static void put_neighbour(const struct host_neighbour *neighbour, struct text *text)
{
	char mac[MAC_TEXT_SIZE];

	/* What is to be learned from nobody but us may stand there unresolved (NUD_NONE). */
	if (!neighbour || neighbour->state == NUD_NONE) {
		text_puts(text, ", not yet known as a neighbour");
		return;
	}
	if (neighbour->state & NUD_FAILED)
		text_puts(text, ", which does not answer as a neighbour (failed)");
	else if (neighbour->state & NUD_INCOMPLETE)
		text_puts(text, ", which was asked for as a neighbour and has not answered yet");
	else
		text_printf(text, ", a neighbour%s with MAC %s",
			    neighbour->state & NUD_REACHABLE	? " that is reachable" :
			    !(neighbour->state & NUD_PERMANENT) ? " that was reachable (stale)" :
			    neighbour->object.ours		? " that is bound" :
								  " that was set by hand",
			    mac_text(neighbour->mac, mac));
}

/* A link that asks for the MAC of whomever it sends to. */
static bool has_neighbours(const struct state *state, uint32_t index)
{
	const struct host_link *link = state_link(state, index);

	return link && !(link->flags & (IFF_LOOPBACK | IFF_POINTOPOINT | IFF_NOARP));
}

void words_hop(const struct state *state, const struct verdict_hop *hop, const struct flow *flow,
	       struct text *text)
{
	char via[ADDRESS_TEXT_SIZE];

	text_printf(text, "out of %s", words_link(state, hop->link));
	if (hop->via.family)
		text_printf(text, " to the gateway %s", address_text(&hop->via, via));
	else
		text_puts(text, " to the destination itself");
	if (has_neighbours(state, hop->link))
		put_neighbour(neighbour_of(state, hop, flow), text);
}
