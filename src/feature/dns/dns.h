/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_H
#define MH_FEATURE_DNS_H

#include "dns/name.h"
#include "feature/dns/dns_own.h"
#include "feature/feature.h"
#include "feature/worker.h"

/*
 * An authoritative name server on addresses and whole prefixes. Names may be answered with this
 * server's own addresses while its service is well: dns_self.h.
 */
struct dns_transfer {
	struct config_record record;
	struct prefix from; /* family 0: anybody */
	const char *key;    /* or NULL */
};

struct dns_zone {
	struct config_record record;
	const char *name;
	struct config_file file;
	struct dns_self self;
	struct config_list names;     /* of struct dns_self_name */
	struct config_list transfers; /* of struct dns_transfer */
	struct config_list notify;    /* of struct dns_endpoint */
	const char *notify_key;	      /* or NULL */
};

struct dns_key {
	struct config_record record;
	const char *name;
	uint32_t algorithm; /* index of dns_key_words */
	const char *secret; /* base64 */
};

struct dns_rate_limit {
	struct config_record record;
	uint32_t per_second, slip;
};

struct dns_cookies {
	struct config_record record;
	struct config_file secrets;
};

struct dns_log {
	struct config_record record;
	const char *file;
	uint32_t sample, max_rate;
	bool addresses;
};

struct dns_tcp {
	struct config_record record;
	uint32_t idle_ms, max_connections, per_client;
};

struct dns_config {
	struct config_record record;
	struct config_list listen; /* of struct prefix; an address is one of full length */
	uint32_t port, udp_size;
	const char *nsid, *identity; /* or NULL */
	struct config_list zones;    /* of struct dns_zone */
	struct config_list keys;     /* of struct dns_key */
	struct dns_rate_limit rate_limit;
	struct dns_cookies cookies;
	struct dns_log log;
	struct dns_tcp tcp;
};

#define DNS_MAX_LISTEN 256u

extern const struct feature dns_feature;
extern const struct worker dns_worker;

void dns_check(const void *config, struct diags *diags);
void dns_check_together(const struct config *all, const void *config, struct diags *diags);
void dns_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void dns_checks(const void *config, struct check_list *list);
bool dns_files(const void *config, const char *name, const struct source *source,
	       void (*told)(void *data, unsigned number), void *data);
void dns_status(const void *config, const struct facts *facts, const struct counters *counters,
		struct json_t *status);

#endif
