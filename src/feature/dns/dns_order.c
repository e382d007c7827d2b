/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the worker is told: the configuration with the digests of its zone files, these as blobs, and
 * the small table of own addresses, which is all that changes when a service dies.
 */
#include "feature/dns/dns_seen.h"
#include "feature/dns/dns_self.h"
#include "feature/dns/dns_worker.h"

#include "base/digest.h"
#include "feature/crew.h"
#include "feature/listen.h"

#include <assert.h>
#include <string.h>

static_assert(DIGEST_SIZE == DNS_DIGEST_SIZE && DIGEST_SIZE == WORKER_DIGEST_SIZE, "one digest");

#define SECRET_MAX 512

static const struct dns_config *dns_of(const struct config *all)
{
	return feature_value(all, &dns_feature);
}

static char *copy_of(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

struct file_orders {
	struct arena *arena;
	struct dns_order_zone *order;
};

static void count_file(void *data, const struct config_file *file)
{
	++*(uint32_t *)data;
}

static void order_file(void *data, const struct config_file *file)
{
	const struct file_orders *orders = data;
	struct dns_order_zone *order = orders->order;

	order->files[order->file_count].name = file->source->files[file->number].name;
	memcpy(order->files[order->file_count++].digest, file->digest, DNS_DIGEST_SIZE);
}

static void order_files(const struct dns_zone *zone, struct arena *arena, struct dns_order_zone *order)
{
	struct file_orders orders = { arena, order };
	uint32_t count = 0;

	dns_zone_files(zone, count_file, &count);
	order->files = arena_alloc(arena, count * sizeof(*order->files));
	order->file_count = 0;
	dns_zone_files(zone, order_file, &orders);
}

static uint32_t key_index(const struct dns_config *config, const char *name)
{
	const struct dns_key *keys = config->keys.items;

	for (uint32_t i = 0; name && i < config->keys.count; i++)
		if (!strcmp(keys[i].name, name))
			return i;
	return DNS_NO_KEY;
}

static void order_zone(const struct dns_config *config, const struct dns_zone *zone,
		       struct arena *arena, struct dns_order_zone *order)
{
	const struct dns_transfer *transfers = zone->transfers.items;
	const struct dns_endpoint *notify = zone->notify.items;
	char text[NAME_TEXT_SIZE];
	struct dns_name name;

	(void)dns_zone_name(zone, &name);
	order->name = copy_of(arena, name_text(name.wire, text));
	order_files(zone, arena, order);
	order->transfer_count = zone->transfers.count;
	order->transfers = arena_alloc(arena, zone->transfers.count * sizeof(*order->transfers) + 1);
	for (unsigned i = 0; i < zone->transfers.count; i++)
		order->transfers[i] = (struct dns_order_transfer){
			.from = transfers[i].from,
			.key = key_index(config, transfers[i].key),
		};
	order->notify_count = zone->notify.count;
	order->notifies = arena_alloc(arena, zone->notify.count * sizeof(*order->notifies) + 1);
	for (unsigned i = 0; i < zone->notify.count; i++)
		order->notifies[i] = (struct dns_order_notify){
			.to = notify[i].address,
			.port = notify[i].port,
			.key = key_index(config, zone->notify_key),
		};
}

static void order_key(const struct dns_key *key, struct arena *arena, struct dns_order_key *order)
{
	uint8_t secret[SECRET_MAX];
	char text[NAME_TEXT_SIZE];
	struct dns_name name;
	int length = dns_base64(key->secret, secret, sizeof(secret));

	(void)name_parse(key->name, &name);
	order->name = copy_of(arena, name_text(name.wire, text));
	order->algorithm = dns_key_words[key->algorithm];
	order->secret.length = length > 0 ? (uint32_t)length : 0;
	order->secret.bytes = (uint8_t *)arena_copy(arena, (char *)secret, order->secret.length);
}

static void order_lists(const struct dns_config *config, struct arena *arena,
			struct dns_orders *orders)
{
	const struct prefix *listen = config->listen.items;
	const struct dns_zone *zones = config->zones.items;
	const struct dns_key *keys = config->keys.items;

	orders->listen_count = config->listen.count;
	orders->listen = arena_alloc(arena, config->listen.count * sizeof(*orders->listen) + 1);
	for (unsigned i = 0; i < config->listen.count; i++)
		orders->listen[i] = listen_wildcard_or(&listen[i]);
	orders->key_count = config->keys.count;
	orders->keys = arena_alloc(arena, config->keys.count * sizeof(*orders->keys) + 1);
	for (unsigned i = 0; i < config->keys.count; i++)
		order_key(&keys[i], arena, &orders->keys[i]);
	orders->zone_count = config->zones.count;
	orders->zones = arena_alloc(arena, config->zones.count * sizeof(*orders->zones) + 1);
	for (unsigned i = 0; i < config->zones.count; i++)
		order_zone(config, &zones[i], arena, &orders->zones[i]);
}

static void order_settings(const struct dns_config *config, struct dns_orders *orders)
{
	orders->port = (uint16_t)config->port;
	orders->udp_size = (uint16_t)config->udp_size;
	orders->identity = config->identity;
	if (config->nsid)
		orders->nsid = (struct dns_bytes){ (const uint8_t *)config->nsid,
						   (uint32_t)strlen(config->nsid) };
	if (config->cookies.secrets.name)
		orders->cookie_secret_count = (uint32_t)dns_cookie_secrets(
			&config->cookies.secrets, orders->cookie_secrets, DNS_COOKIE_SECRETS);
	if (dns_given(&config->rate_limit.record))
		orders->rate_per_second = config->rate_limit.per_second;
	orders->slip = config->rate_limit.slip;
	orders->tcp_idle_ms = config->tcp.idle_ms;
	orders->tcp_connections = config->tcp.max_connections;
	orders->tcp_per_client = config->tcp.per_client;
	orders->log_path = config->log.file;
	orders->log_sample = config->log.sample;
	orders->log_rate = config->log.max_rate;
	orders->log_answers = !config->log.addresses;
}

static void dns_configure(const struct config *all, const struct facts *facts, struct text *message)
{
	const struct dns_config *config = dns_of(all);
	struct arena *arena = arena_new();
	struct dns_orders orders = { 0 };

	if (config) {
		order_settings(config, &orders);
		order_lists(config, arena, &orders);
	}
	dns_orders_put(&orders, message);
	arena_free(arena);
}

static void dns_update(const struct config *all, const struct facts *facts, struct text *message)
{
	struct dns_self_orders orders;

	dns_selves_make(dns_of(all), facts, &orders);
	dns_selves_put(&orders, message);
	dns_selves_free(&orders);
}

struct blobs {
	worker_blob_fn *told;
	void *data;
};

static void tell_blob(void *data, const struct config_file *file)
{
	const struct blobs *blobs = data;

	blobs->told(blobs->data, file->digest, file->text, file->length);
}

static void dns_blobs(const struct config *all, worker_blob_fn *told, void *data)
{
	const struct dns_config *config = dns_of(all);
	const struct dns_zone *zones = config ? config->zones.items : NULL;
	struct blobs blobs = { told, data };

	for (unsigned i = 0; config && i < config->zones.count; i++)
		dns_zone_files(&zones[i], tell_blob, &blobs);
}

static void dns_logs(const struct config *all, worker_file_fn *told, void *data)
{
	const struct dns_config *config = dns_of(all);

	if (config && config->log.file)
		told(data, config->log.file);
}

const struct worker dns_worker = {
	.name = "dns",
	.configure = dns_configure,
	.heeds_no_facts = true,
	.update = dns_update,
	.blobs = dns_blobs,
	.files = dns_logs,
	.main = dns_worker_main,
	.system_calls = dns_worker_calls,
	.report = crew_report,
};
