/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECK_H
#define MH_FEATURE_CHECK_H

#include "base/mem.h"
#include "base/place.h"
#include "config/config.h"
#include "fact/health.h"
#include "net/address.h"

/*
 * A check as it is to be done, from whichever feature: those of `checks`, and those that others
 * imply (feature.checks). Names of implied ones hold a space, so that they cannot clash. Strings
 * belong to the configuration, but for what check_list_name() makes.
 */
enum check_kind {
	CHECK_PING,	/* .at */
	CHECK_ARP,	/* .at, IPv4, on .link */
	CHECK_ND,	/* .at, IPv6, on .link */
	CHECK_TCP,	/* .at, .port */
	CHECK_HTTP,	/* .url; .at where to connect to, if given; .expect, .tls */
	CHECK_DNS,	/* .at, .port, .name, .type, .addresses */
	CHECK_UDP,	/* .at, .port, .send, .answer */
	CHECK_SCRIPT,	/* .words */
	CHECK_AGENT,	/* .at, .port */
	CHECK_PORT,	/* .protocol, .port, .at (any family: any): somebody listens here */
	CHECK_PROCESS,	/* .path of its pid-file, or .cgroup */
	CHECK_FILE,	/* .path, .absent */
	CHECK_CARRIER,	/* .link */
	CHECK_COMBINED, /* .words are names of checks, .need of which are to be up */
};
#define CHECK_KINDS (CHECK_COMBINED + 1)

/* Bytes as a text, or as pairs of hexadecimal digits; none = NULL. */
struct check_bytes {
	const char *text;
	bool hex;
};

/* What an answer over HTTP must be; what is not given is not looked at. */
struct check_http {
	const char *url;
	const struct config_ports *status; /* none = 200-399 */
	unsigned status_count;
	const char *header; /* "Name: value", or "Name": is there */
	const char *body;   /* a part of it, */
	const char *match;  /* a POSIX extended regular expression */
	const char *sni;    /* instead of the name in the URL */
	const char *method; /* GET or HEAD */
	bool http2, verify, redirects;
	const struct config_file *certificate, *key, *authority; /* blobs, by digest; or NULL */
};

/* How results become a state: checks_judge.h. */
struct check_rules {
	uint32_t rise, fall;
	uint32_t lost;	  /* so many probes without any answer weigh as much as .fall that fail */
	uint32_t hold_ms; /* at least so long down, and well for as long before it is up again */
	enum health_state start;
	enum health_old when_old;
	/* RFC 2439 in small: each flip costs 1000. suppress 0 = no damping. */
	uint32_t half_life_ms, suppress, reuse;
};

struct check_spec {
	const char *name;
	struct place place;
	enum check_kind kind;
	uint32_t every_ms, timeout_ms, jitter_percent;
	struct check_rules rules;
	const char *link;      /* or NULL */
	struct address source; /* family 0 = none */
	uint32_t mark;	       /* 0 = none */
	struct address at;     /* family 0 = none */
	uint16_t port;
	uint8_t protocol;		 /* IPPROTO_TCP, IPPROTO_UDP */
	const char *query;		 /* DNS: the name asked for, */
	uint16_t type;			 /* its type, */
	const struct address *addresses; /* of which at least one must be in the answer; or none */
	unsigned address_count;
	struct check_bytes send, answer; /* UDP: a part of the answer; none = any */
	const char *const *words;	 /* of a script; of a combination */
	unsigned word_count, need;
	const char *path, *cgroup;
	bool absent;
	struct check_http http;
};

struct check_list {
	VEC(struct check_spec) items;
	VEC(char *) names;
	uint32_t *sorted; /* indices by name, once check_list_index() was called; else NULL */
};

const char *check_kind_word(enum check_kind kind); /* "http" */
/* A check with the defaults of `checks`, added; its name is copied. Valid until the next one is added. */
struct check_spec *check_list_add(struct check_list *list, enum check_kind kind, const char *name);
/* Makes finding quick; to be called again when some were added. */
void check_list_index(struct check_list *list);
const struct check_spec *check_list_find(const struct check_list *list, const char *name);
void check_list_free(struct check_list *list);

/* The bytes that are meant, at most @room of them; returns how many. */
size_t check_bytes_read(const struct check_bytes *bytes, uint8_t *buffer, size_t room);

/* What is seen by events of this host instead of being asked for. */
bool check_is_local(const struct check_spec *spec);

/*
 * Refuses @name at @place unless it is in @list (feature_checks()): "there is no check 'web-pu'; did
 * you mean 'web-up'?". For the check_together() of features that depend on checks.
 */
bool check_verify_name(const struct check_list *list, const char *name, struct place place,
		       struct diags *diags);

#endif
