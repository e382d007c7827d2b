/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Both sides are one program, so there is no version; but the worker reads the wire of the whole
 * world, and the engine does not trust it, nor it the engine: every count is checked against what is
 * left, every index against what there is.
 */
#include "feature/dns/dns_wire.h"

#include "feature/code.h"

#include <errno.h>
#include <string.h>

static void code_dns_bytes(struct codec *codec, struct dns_bytes *value)
{
	code_bytes(codec, &value->bytes, &value->length);
}

static void code_file(struct codec *codec, void *item)
{
	struct dns_order_file *file = item;

	code_string(codec, &file->name);
	code_fixed(codec, file->digest, sizeof(file->digest));
}

static void code_key(struct codec *codec, void *item)
{
	struct dns_order_key *key = item;

	code_string(codec, &key->name);
	code_string(codec, &key->algorithm);
	code_dns_bytes(codec, &key->secret);
}

static void code_transfer(struct codec *codec, void *item)
{
	struct dns_order_transfer *transfer = item;

	code_prefix(codec, &transfer->from);
	code_u32(codec, &transfer->key);
}

static void code_notify(struct codec *codec, void *item)
{
	struct dns_order_notify *notify = item;

	code_address(codec, &notify->to);
	code_u16(codec, &notify->port);
	code_u32(codec, &notify->key);
	if (!notify->to.family || !notify->port)
		codec->in.broken = true;
}

static void code_zone(struct codec *codec, void *item)
{
	struct dns_order_zone *zone = item;

	code_string(codec, &zone->name);
	code_array(codec, &zone->files, &zone->file_count, sizeof(*zone->files), code_file);
	code_array(codec, &zone->transfers, &zone->transfer_count, sizeof(*zone->transfers),
		   code_transfer);
	code_array(codec, &zone->notifies, &zone->notify_count, sizeof(*zone->notifies), code_notify);
	if (!zone->file_count)
		codec->in.broken = true;
}

static void code_settings(struct codec *codec, struct dns_orders *orders)
{
	code_u16(codec, &orders->port);
	code_u16(codec, &orders->udp_size);
	code_dns_bytes(codec, &orders->nsid);
	code_string(codec, &orders->identity);
	code_fixed(codec, orders->cookie_secrets, sizeof(orders->cookie_secrets));
	code_u32(codec, &orders->cookie_secret_count);
	code_u32(codec, &orders->rate_per_second);
	code_u32(codec, &orders->slip);
	code_u32(codec, &orders->tcp_idle_ms);
	code_u32(codec, &orders->tcp_connections);
	code_u32(codec, &orders->tcp_per_client);
	code_string(codec, &orders->log_path);
	code_u32(codec, &orders->log_sample);
	code_u32(codec, &orders->log_rate);
	code_bool(codec, &orders->log_answers);
}

static void code_orders(struct codec *codec, struct dns_orders *orders)
{
	code_settings(codec, orders);
	code_array(codec, &orders->listen, &orders->listen_count, sizeof(*orders->listen),
		   code_prefix);
	code_array(codec, &orders->keys, &orders->key_count, sizeof(*orders->keys), code_key);
	code_array(codec, &orders->zones, &orders->zone_count, sizeof(*orders->zones), code_zone);
}

static void code_self_address(struct codec *codec, void *item)
{
	struct address *address = item;

	code_address(codec, address);
	if (!address->family)
		codec->in.broken = true;
}

static void code_self(struct codec *codec, void *item)
{
	struct dns_order_self *self = item;

	code_string(codec, &self->zone);
	code_string(codec, &self->name);
	code_u8(codec, &self->mode);
	code_bool(codec, &self->not_ready);
	code_u32(codec, &self->ttl);
	code_array(codec, &self->addresses, &self->address_count, sizeof(*self->addresses),
		   code_self_address);
	if (self->mode >= DNS_SELF_MODES)
		codec->in.broken = true;
}

static void code_selves(struct codec *codec, struct dns_self_orders *orders)
{
	code_array(codec, &orders->selves, &orders->self_count, sizeof(*orders->selves), code_self);
}

void dns_orders_put(const struct dns_orders *orders, struct text *message)
{
	struct codec codec = { .out = message };
	struct dns_orders copy = *orders;

	code_orders(&codec, &copy);
}

static bool key_exists(const struct dns_orders *orders, uint32_t key)
{
	return key == DNS_NO_KEY || key < orders->key_count;
}

static bool makes_sense(const struct dns_orders *orders)
{
	if (orders->cookie_secret_count > DNS_COOKIE_SECRETS)
		return false;
	for (uint32_t i = 0; i < orders->listen_count; i++)
		if (!orders->listen[i].family)
			return false;
	for (uint32_t i = 0; i < orders->zone_count; i++) {
		const struct dns_order_zone *zone = &orders->zones[i];

		for (uint32_t j = 0; j < zone->transfer_count; j++)
			if (!key_exists(orders, zone->transfers[j].key))
				return false;
		for (uint32_t j = 0; j < zone->notify_count; j++)
			if (!key_exists(orders, zone->notifies[j].key))
				return false;
	}
	return true;
}

int dns_orders_read(const void *bytes, size_t length, struct dns_orders *ret_orders)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct dns_orders orders = { .arena = codec.arena };

	code_orders(&codec, &orders);
	if (!wire_done(&codec.in) || !makes_sense(&orders)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_orders = orders;
	return 0;
}

void dns_orders_free(struct dns_orders *orders)
{
	if (orders->arena)
		arena_free(orders->arena);
	*orders = (struct dns_orders){ 0 };
}

void dns_selves_put(const struct dns_self_orders *orders, struct text *message)
{
	struct codec codec = { .out = message };
	struct dns_self_orders copy = *orders;

	code_selves(&codec, &copy);
}

int dns_selves_read(const void *bytes, size_t length, struct dns_self_orders *ret_orders)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct dns_self_orders orders = { .arena = codec.arena };

	code_selves(&codec, &orders);
	if (!wire_done(&codec.in)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_orders = orders;
	return 0;
}

void dns_selves_free(struct dns_self_orders *orders)
{
	if (orders->arena)
		arena_free(orders->arena);
	*orders = (struct dns_self_orders){ 0 };
}
