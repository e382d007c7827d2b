/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_H
#define MH_FEATURE_ROUTING_H

#include "feature/feature.h"
#include "feature/routing/routing_words.h"

/* The configuration of `routing`, as the tables in routing_config.c read it. */
struct resilient {
	struct config_record record;
	uint32_t buckets, idle_ms, unbalanced_ms;
};

struct hop {
	struct config_record record;
	struct gateway via;
	const char *link;
	uint32_t weight;
};

struct named_hop {
	struct config_record record;
	const char *name;
	struct gateway via;
	const char *link;
	struct config_list hops; /* of struct hop */
	struct resilient resilient;
};

enum route_word_type { WORD_UNICAST, WORD_UNREACHABLE, WORD_BLACKHOLE, WORD_PROHIBIT, WORD_THROW };

struct route_config {
	struct config_record record;
	struct config_list to, hops; /* of struct prefix, struct hop */
	struct gateway via;
	const char *link;
	struct resilient resilient;
	struct address source;
	uint32_t metric, mtu, window, initcwnd;
	uint32_t type; /* enum route_word_type */
};

struct table_config {
	struct config_record record;
	const char *name;
	uint32_t id;
	struct config_list routes; /* of struct route_config */
};

enum family_word { FAMILY_BOTH, FAMILY_IPV4, FAMILY_IPV6 };
enum action_word { ACTION_TABLE, ACTION_UNREACHABLE, ACTION_BLACKHOLE, ACTION_PROHIBIT };

struct rule_config {
	struct config_record record;
	const char *in, *out;
	struct config_list from, to; /* of struct prefix */
	struct mark_word mark;
	uint8_t protocol, tos;
	struct config_ports sport, dport;
	struct span uid;
	struct clock_word between;
	struct config_list days; /* of struct days_word */
	const char *table;
	uint32_t action, family; /* enum action_word, enum family_word */
};

struct forward_config {
	struct config_record record;
	const char *in, *out;
	struct prefix from, to;
	uint8_t protocol;
	struct config_ports sport, dport;
	uint32_t family; /* enum family_word */
};

struct nat_config {
	struct config_record record;
	const char *out;
	struct prefix from;
	struct nat_word to;
	struct config_list except; /* of struct prefix */
};

struct host_config {
	struct config_record record;
	const char *out;
};

/* A prefix of this host that arrives over one link. */
struct arrival_config {
	struct config_record record;
	struct prefix prefix;
	const char *link;
};

struct routing {
	struct config_record record;
	struct config_list tables, routes, nexthops, rules, forwarding;
	struct host_config host;
	struct config_list symmetric;	  /* of const char *: links; "true" = all, "false" = none */
	struct config_list arrivals, nat; /* symmetric-prefixes */
	bool compat;			  /* net.ipv4.nexthop_compat_mode */
	struct config_list asserts;	  /* of struct assert_config: routing_assert.h */
};

extern const struct config_field routing_fields[], table_fields[], route_fields[], rule_fields[],
	named_hop_fields[], hop_fields[], forward_fields[], host_fields[], arrival_fields[],
	nat_fields[];
extern const struct feature routing_feature;

#define ROUTING_PLACE(record, table, type, member)                                                 \
	config_place(record, table, offsetof(struct type, member))

void routing_check(const void *config, struct diags *diags);
void routing_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void routing_interest(const void *config, struct interest *interest);
void routing_status(const void *config, const struct facts *facts, const struct counters *counters,
		    struct json_t *status);

#endif
