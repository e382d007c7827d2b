/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What engine and worker tell each other, as bytes in network order. Both are one program, so there
 * is no version. Neither side trusts the other: the worker reads the wire of the whole world, and
 * may be anybody's one day; so every length, index and enum is checked here.
 *
 *	orders	u16 count of services: u8 length, name, u8 kind, u32 most connections, u32 idle ms
 *		u32 count of rules: u8 protocol, u16 first, u16 last, prefix, u16 service
 *		u32 count of claims: prefix
 *	prefix	u8 family (4, 6), u8 length, 16 bytes
 */
#include "feature/services/services_wire.h"

#include "net/wire.h"

#include <errno.h>
#include <string.h>

#define PREFIX_SIZE 18
#define RULE_SIZE (5 + PREFIX_SIZE + 2)
#define ORDER_SIZE (1 + SERVICES_NAME_SIZE + 9)

static void prefix_put(struct wire_writer *writer, const struct prefix *prefix)
{
	wire_put_u8(writer, prefix->family == AF_INET ? 4 : 6);
	wire_put_u8(writer, prefix->length);
	wire_put_bytes(writer, prefix->bytes, sizeof(prefix->bytes));
}

/* Breaks @reader when what is there is no clean prefix. */
static struct prefix prefix_get(struct wire_reader *reader)
{
	struct prefix prefix = { 0 };
	uint8_t family = wire_get_u8(reader);

	prefix.family = family == 4 ? AF_INET : AF_INET6;
	prefix.length = wire_get_u8(reader);
	wire_get_bytes(reader, prefix.bytes, sizeof(prefix.bytes));
	if ((family != 4 && family != 6) || prefix.length > address_bits(prefix.family) ||
	    !prefix_is_clean(&prefix)) {
		reader->broken = true;
		return (struct prefix){ .family = AF_INET };
	}
	return prefix;
}

static void services_put(const struct config_list *services, struct text *message)
{
	const struct services_item *item = services ? services->items : NULL;
	uint8_t buffer[ORDER_SIZE];
	struct wire_writer writer = wire_writer(buffer, sizeof(buffer));

	wire_put_u16(&writer, services ? (uint16_t)services->count : 0);
	text_append(message, buffer, wire_written(&writer));
	for (unsigned i = 0; services && i < services->count; i++, item++) {
		writer = wire_writer(buffer, sizeof(buffer));
		wire_put_u8(&writer, (uint8_t)strlen(item->name));
		wire_put_bytes(&writer, item->name, strlen(item->name));
		wire_put_u8(&writer, (uint8_t)item->kind);
		wire_put_u32(&writer, item->max_connections);
		wire_put_u32(&writer, item->idle_ms);
		text_append(message, buffer, wire_written(&writer));
	}
}

static void rules_put(const struct services_rules *rules, struct text *message)
{
	uint8_t buffer[RULE_SIZE];
	struct wire_writer writer = wire_writer(buffer, sizeof(buffer));

	wire_put_u32(&writer, (uint32_t)rules->items.count);
	text_append(message, buffer, wire_written(&writer));
	for (size_t i = 0; i < rules->items.count; i++) {
		const struct services_rule *rule = &rules->items.items[i];

		writer = wire_writer(buffer, sizeof(buffer));
		wire_put_u8(&writer, rule->protocol);
		wire_put_u16(&writer, rule->first);
		wire_put_u16(&writer, rule->last);
		prefix_put(&writer, &rule->on);
		wire_put_u16(&writer, (uint16_t)rule->service);
		text_append(message, buffer, wire_written(&writer));
	}
}

static void claims_put(const struct facts *facts, struct text *message)
{
	uint8_t buffer[PREFIX_SIZE];
	struct wire_writer writer = wire_writer(buffer, sizeof(buffer));
	VEC(struct prefix) claims = { 0 };

	STATE_EACH(facts->observed, OBJECT_ROUTE, const struct host_route, route)
		if (route->object.ours && route->type == RTN_LOCAL && route->table == RT_TABLE_LOCAL)
			*VEC_PUSH(&claims) = route->to;
	wire_put_u32(&writer, (uint32_t)claims.count);
	text_append(message, buffer, wire_written(&writer));
	for (size_t i = 0; i < claims.count; i++) {
		writer = wire_writer(buffer, sizeof(buffer));
		prefix_put(&writer, &claims.items[i]);
		text_append(message, buffer, wire_written(&writer));
	}
	VEC_FREE(&claims);
}

void services_configure(const void *config, const struct facts *facts, struct text *message)
{
	struct services_rules rules = { 0 };

	services_rules_make(config, &rules);
	services_put(config, message);
	rules_put(&rules, message);
	claims_put(facts, message);
	VEC_FREE(&rules.items);
}

static bool name_known(const struct services_orders *orders, const char *name, size_t length)
{
	for (size_t i = 0; i < orders->services.count; i++)
		if (strlen(orders->services.items[i].name) == length &&
		    memcmp(orders->services.items[i].name, name, length) == 0)
			return true;
	return false;
}

static void services_get(struct wire_reader *reader, struct services_orders *orders)
{
	unsigned count = wire_get_u16(reader);

	if (count > SERVICES_MAX)
		reader->broken = true;
	for (unsigned i = 0; i < count && !reader->broken; i++) {
		struct services_order order = { 0 };
		uint8_t length = wire_get_u8(reader), kind;
		const char *name = wire_get_view(reader, length);

		kind = wire_get_u8(reader);
		order.max_connections = wire_get_u32(reader);
		order.idle_ms = wire_get_u32(reader);
		if (!name || !length || length >= SERVICES_NAME_SIZE || memchr(name, '\0', length) ||
		    kind >= SERVICES_KINDS || name_known(orders, name, length)) {
			reader->broken = true;
			return;
		}
		memcpy(order.name, name, length);
		order.kind = (enum services_kind)kind;
		*VEC_PUSH(&orders->services) = order;
	}
}

static void rules_get(struct wire_reader *reader, struct services_orders *orders)
{
	uint32_t count = wire_get_u32(reader);
	size_t endpoints = 0;

	if (count > wire_left(reader) / RULE_SIZE)
		reader->broken = true;
	for (uint32_t i = 0; i < count && !reader->broken; i++) {
		struct services_rule *rule = VEC_PUSH(&orders->rules);

		rule->protocol = wire_get_u8(reader);
		rule->first = wire_get_u16(reader);
		rule->last = wire_get_u16(reader);
		rule->on = prefix_get(reader);
		rule->service = wire_get_u16(reader);
		endpoints += (size_t)rule->last + 1 - rule->first;
		if ((rule->protocol != IPPROTO_UDP && rule->protocol != IPPROTO_TCP) ||
		    !rule->first || rule->last < rule->first ||
		    rule->service >= orders->services.count || endpoints > SERVICES_MAX_ENDPOINTS)
			reader->broken = true;
	}
}

static void claims_get(struct wire_reader *reader, struct services_orders *orders)
{
	uint32_t count = wire_get_u32(reader);

	if (count > wire_left(reader) / PREFIX_SIZE)
		reader->broken = true;
	for (uint32_t i = 0; i < count && !reader->broken; i++)
		*VEC_PUSH(&orders->claims) = prefix_get(reader);
}

void services_orders_free(struct services_orders *orders)
{
	VEC_FREE(&orders->services);
	VEC_FREE(&orders->rules);
	VEC_FREE(&orders->claims);
}

int services_orders_read(const void *bytes, size_t length, struct services_orders *ret_orders)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct services_orders orders = { 0 };

	services_get(&reader, &orders);
	rules_get(&reader, &orders);
	claims_get(&reader, &orders);
	if (!wire_done(&reader)) {
		services_orders_free(&orders);
		return -EPROTO;
	}
	*ret_orders = orders;
	return 0;
}
