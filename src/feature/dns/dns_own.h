/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_OWN_H
#define MH_FEATURE_DNS_OWN_H

#include "config/config.h"

/* The configuration of names that are answered with addresses of this server's own: dns_self.h. */
enum dns_when_down {
	DNS_DOWN_PEERS,
	DNS_DOWN_REFUSED,
	DNS_DOWN_SERVFAIL,
	DNS_DOWN_NODATA,
	DNS_DOWN_SILENT,
};
enum dns_fail { DNS_FAIL_OPEN, DNS_FAIL_CLOSED };

/* "asked", or an address. */
struct dns_own {
	bool asked;
	struct address address;
};

/* "192.0.2.1", "192.0.2.1:5300", "[2001:db8::1]:5300"; the port is 53 where none is given. */
struct dns_endpoint {
	struct address address;
	uint16_t port;
};

struct dns_peer {
	struct config_record record;
	const char *name;
	struct dns_endpoint server;
	struct config_list addresses; /* of struct address; empty: the server's */
	uint32_t every_ms;
};

struct dns_self {
	struct config_record record;
	uint32_t ttl_ms;
	struct config_list addresses; /* of struct dns_own; empty, and no .link: the address asked */
	const char *link, *check;     /* or NULL */
	struct config_list when_down; /* of uint32_t, enum dns_when_down; empty: peers, refused */
	struct config_list peers;     /* of struct dns_peer */
	uint32_t fail;
};

struct dns_self_name {
	struct config_record record;
	const char *name; /* relative to the zone, unless it ends with a dot */
	struct dns_self self;
};

#endif
