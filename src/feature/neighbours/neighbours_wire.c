/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/neighbours/neighbours_wire.h"

#include "base/mem.h"
#include "feature/code.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>

static void code_port(struct codec *codec, void *item)
{
	struct neighbours_port *port = item;

	code_u32(codec, &port->index);
	code_string(codec, &port->name);
	code_fixed(codec, port->link.mac, sizeof(port->link.mac));
	code_address(codec, &port->link.link_local);
	code_bool(codec, &port->link.guard);
	code_bool(codec, &port->link.router);
	code_u32(codec, &port->link.owner);
}

static void code_rule(struct codec *codec, void *item)
{
	struct neighbours_rule *rule = item;

	code_u32(codec, &rule->link);
	code_prefix(codec, &rule->prefix);
	code_u8(codec, &rule->verdict);
	code_u8(codec, &rule->flags);
	code_u32(codec, &rule->owner);
	code_fixed(codec, rule->mac, sizeof(rule->mac));
}

static void code_news(struct codec *codec, void *item)
{
	struct neighbours_news *news = item;

	code_u32(codec, &news->link);
	code_address(codec, &news->address);
	code_address(codec, &news->source);
	code_fixed(codec, news->mac, sizeof(news->mac));
	code_bool(codec, &news->up);
	code_bool(codec, &news->router);
	code_bool(codec, &news->override);
	code_u64(codec, &news->stamp);
}

void neighbours_orders_put(const struct neighbours_orders *orders, struct text *message)
{
	struct codec codec = { .out = message };
	struct neighbours_orders copy = *orders;

	code_array(&codec, &copy.ports, &copy.port_count, sizeof(*copy.ports), code_port);
	code_array(&codec, &copy.rules, &copy.rule_count, sizeof(*copy.rules), code_rule);
}

void neighbours_notes_put(const struct neighbours_notes *notes, struct text *message)
{
	struct codec codec = { .out = message };
	struct neighbours_notes copy = *notes;

	code_array(&codec, &copy.items, &copy.count, sizeof(*copy.items), code_news);
}

static bool port_makes_sense(const struct neighbours_port *port, const struct neighbours_port *before)
{
	uint8_t family = port->link.link_local.family;

	if (!port->index || !port->name[0] || strlen(port->name) >= IFNAMSIZ)
		return false;
	return (!family || family == AF_INET6) && (!before || before->index < port->index);
}

static bool rule_makes_sense(const struct neighbours_rule *rule, const struct neighbours_rule *before)
{
	if (!rule->prefix.family || rule->verdict < NEIGHBOURS_ANSWER ||
	    rule->verdict > NEIGHBOURS_OWN)
		return false;
	if (!before || before->link < rule->link)
		return true;
	return before->link == rule->link && prefix_compare(&before->prefix, &rule->prefix) < 0;
}

static bool orders_make_sense(const struct neighbours_orders *orders)
{
	for (uint32_t i = 0; i < orders->port_count; i++)
		if (!port_makes_sense(&orders->ports[i], i ? &orders->ports[i - 1] : NULL))
			return false;
	for (uint32_t i = 0; i < orders->rule_count; i++)
		if (!rule_makes_sense(&orders->rules[i], i ? &orders->rules[i - 1] : NULL))
			return false;
	return true;
}

int neighbours_news_compare(const struct neighbours_news *a, const struct neighbours_news *b)
{
	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	return address_compare(&a->address, &b->address);
}

static bool notes_make_sense(const struct neighbours_notes *notes)
{
	for (uint32_t i = 0; i < notes->count; i++) {
		const struct neighbours_news *news = &notes->items[i];
		uint8_t source = news->address.family == AF_INET6 ? AF_INET6 : 0;

		if (!news->link || !news->address.family || news->source.family != source)
			return false;
		if (i && neighbours_news_compare(news - 1, news) >= 0)
			return false;
	}
	return true;
}

int neighbours_orders_read(const void *bytes, size_t length, struct neighbours_orders *ret_orders)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct neighbours_orders orders = { .arena = codec.arena };

	code_array(&codec, &orders.ports, &orders.port_count, sizeof(*orders.ports), code_port);
	code_array(&codec, &orders.rules, &orders.rule_count, sizeof(*orders.rules), code_rule);
	if (!wire_done(&codec.in) || !orders_make_sense(&orders)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_orders = orders;
	return 0;
}

int neighbours_notes_read(const void *bytes, size_t length, struct neighbours_notes *ret_notes)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct neighbours_notes notes = { .arena = codec.arena };

	code_array(&codec, &notes.items, &notes.count, sizeof(*notes.items), code_news);
	if (!wire_done(&codec.in) || !notes_make_sense(&notes)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_notes = notes;
	return 0;
}
