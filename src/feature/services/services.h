/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_H
#define MH_FEATURE_SERVICES_H

#include "feature/feature.h"
#include "feature/worker.h"

/*
 * Small built-in services on addresses, whole prefixes and ports, answered from the address asked.
 */
enum services_kind { SERVICES_ECHO, SERVICES_DISCARD, SERVICES_WHOAMI, SERVICES_KINDS };

/* Bits of a set of protocols, by index of the words "udp", "tcp". */
enum services_protocol { SERVICES_UDP, SERVICES_TCP };

struct services_item {
	struct config_record record;
	const char *name;
	uint32_t kind;
	struct config_list listen;    /* of struct prefix; an address is one of full length */
	struct config_list ports;     /* of struct config_ports */
	struct config_list protocols; /* of uint32_t, enum services_protocol; empty: both */
	uint32_t max_connections;
	uint32_t idle_ms;
};

/* What may be asked for in all: each listener costs a socket for every thread of the worker. */
#define SERVICES_MAX 256u
#define SERVICES_MAX_LISTENERS 1024u
#define SERVICES_MAX_ENDPOINTS 65536u

extern const struct config_field services_fields[];
extern const char *const services_kind_words[];
extern const char *const services_protocol_words[];
extern const struct feature services_feature;
extern const struct worker services_worker;

/*
 * Protocol, ports and addresses that belong to a service: its listen, ports and protocols
 * multiplied out.
 */
struct services_rule {
	uint8_t protocol; /* IPPROTO_UDP, IPPROTO_TCP */
	uint16_t first, last;
	struct prefix on;	/* the wildcard as /0 */
	uint32_t service;	/* index in the list */
	uint32_t listen, ports; /* indices of the items that ask for it */
};

struct services_rules {
	VEC(struct services_rule) items;
};

/* The rules of all that could be read of @services (NULL: none), in the order of the file. */
void services_rules_make(const struct config_list *services, struct services_rules *ret_rules);
/* Protocol, address and port that a rule covers, summed over all rules. */
size_t services_rules_endpoints(const struct services_rules *rules);

/* The sockets that @rules need, sorted; each with the rule that asks for it first. */
struct services_listener {
	uint8_t protocol;
	struct address address; /* the unspecified one of its family: the wildcard */
	uint16_t port;
	uint32_t rule;
};

struct services_listeners {
	VEC(struct services_listener) items;
};

void services_listeners_make(const struct services_rules *rules,
			     struct services_listeners *ret_listeners);

void services_check(const void *config, struct diags *diags);
void services_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void services_status(const void *config, const struct facts *facts, const struct counters *counters,
		     struct json_t *status);

#endif
