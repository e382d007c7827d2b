/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_H
#define MH_FEATURE_CHECKS_H

#include "feature/check.h"
#include "feature/feature.h"

#define CHECKS_MAX 20000

/* The address and port that a check asks: "192.0.2.1:80", "[2001:db8::1]:80". */
struct checks_endpoint {
	struct address address;
	uint16_t port;
};

struct checks_expect {
	struct config_record record;
	struct config_list status; /* of struct config_ports */
	const char *header, *body, *match;
};

struct checks_dns {
	struct config_record record;
	struct address server;
	uint32_t port;
	const char *name;
	uint32_t type;		   /* index of checks_dns_words */
	struct config_list expect; /* of struct address */
};

struct checks_udp {
	struct config_record record;
	struct checks_endpoint to;
	const char *send, *send_hex, *expect, *expect_hex;
};

struct checks_port {
	struct config_record record;
	uint32_t tcp, udp; /* 0 = not given */
	struct address address;
};

struct checks_process {
	struct config_record record;
	const char *pid_file, *cgroup;
};

struct checks_of {
	struct config_record record;
	uint32_t count;
	struct config_list checks; /* of const char * */
};

struct checks_damping {
	struct config_record record;
	uint32_t half_life_ms, suppress, reuse;
};

struct checks_item {
	struct config_record record;
	const char *name;
	/* What is done: exactly one of these is given. */
	struct address ping, arp, nd;
	struct checks_endpoint tcp, agent;
	const char *http;
	struct checks_dns dns;
	struct checks_udp udp;
	struct config_list script; /* of const char * */
	struct checks_port port;
	struct checks_process process;
	const char *file, *carrier;
	struct config_list all, any; /* of const char * */
	struct checks_of of;
	/* When, and how often it takes. */
	uint32_t every_ms, timeout_ms, jitter, rise, fall, lost, hold_ms, start, when_old;
	struct checks_damping damping;
	/* The way there. */
	const char *link;
	struct address source;
	uint32_t mark;
	/* Of single kinds. */
	struct checks_expect expect;
	struct address at;
	const char *sni;
	uint32_t method;
	struct config_file certificate, key, authority;
	bool verify, http2, redirects, absent;
};

extern const struct config_field checks_fields[];
extern const char *const checks_dns_words[], *const checks_method_words[];
extern const struct feature checks_feature;

/* What a URL says; strings lie in it. */
struct checks_url {
	bool secure;
	const char *host; /* without brackets */
	size_t host_length;
	struct address address; /* of the host; family 0: it is a name */
	uint16_t port;
};
/* Returns 0, or -EINVAL with what is wrong and the way out. */
int checks_url_parse(const char *text, struct checks_url *ret_url, struct text *ret_error);

/* The key that says what is done, "ping"; NULL where none or several do. */
const char *checks_item_kind(const struct checks_item *item);
bool checks_item_given(const struct checks_item *item, size_t offset);

void checks_check(const void *config, struct diags *diags);
void checks_check_together(const struct config *all, const void *config, struct diags *diags);
/* feature.checks: the checks that the section asks for. */
void checks_specs(const void *config, struct check_list *list);

void checks_status(const void *config, const struct facts *facts, const struct counters *counters,
		   struct json_t *status);

#endif
