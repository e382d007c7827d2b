/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_WIRE_H
#define MH_FEATURE_DNS_WIRE_H

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/address.h"

#include <stdbool.h>

/*
 * What the engine tells the worker of `dns`, as structs: the feature fills them in and writes them,
 * the worker reads them. Counts are limited by the length of the message alone. Strings and arrays of
 * what was read lie in its arena.
 */
#define DNS_DIGEST_SIZE 16
#define DNS_COOKIE_SECRET_SIZE 16
#define DNS_COOKIE_SECRETS 2

/* Bytes that may hold NULs. */
struct dns_bytes {
	const uint8_t *bytes;
	uint32_t length;
};

/* A zone file or one that it includes: the content comes as the blob of that digest. */
struct dns_order_file {
	const char *name; /* as diagnostics and $INCLUDE name it */
	uint8_t digest[DNS_DIGEST_SIZE];
};

/* TSIG. */
struct dns_order_key {
	const char *name, *algorithm; /* "xfr.example.", "hmac-sha256" */
	struct dns_bytes secret;
};

#define DNS_NO_KEY UINT32_MAX

/* Who may have a zone transferred. */
struct dns_order_transfer {
	struct prefix from; /* family 0: from anywhere */
	uint32_t key;	    /* index, or DNS_NO_KEY */
};

/* Who is told that a zone changed. */
struct dns_order_notify {
	struct address to;
	uint16_t port;
	uint32_t key; /* index, or DNS_NO_KEY */
};

struct dns_order_zone {
	const char *name; /* "example.com." */
	struct dns_order_file *files;
	struct dns_order_transfer *transfers;
	struct dns_order_notify *notifies;
	uint32_t file_count, transfer_count, notify_count; /* files[0] is the zone's own */
};

struct dns_orders {
	struct arena *arena;   /* of dns_orders_read(); NULL when filled in by hand */
	struct prefix *listen; /* an address as one of full length; the wildcard as /0 */
	struct dns_order_zone *zones;
	struct dns_order_key *keys;
	uint32_t listen_count, zone_count, key_count;
	uint16_t port, udp_size;
	struct dns_bytes nsid;
	const char *identity; /* id.server; "" = not told */
	uint8_t cookie_secrets[DNS_COOKIE_SECRETS][DNS_COOKIE_SECRET_SIZE];
	uint32_t cookie_secret_count;	/* 0: one of the worker's own, for its life */
	uint32_t rate_per_second, slip; /* 0: no limit; one in so many is answered TC, 0: none */
	uint32_t tcp_idle_ms, tcp_connections, tcp_per_client;
	const char *log_path; /* "" = no log; the descriptor comes as WORKER_FILE of that path */
	uint32_t log_sample, log_rate; /* one query in so many; lines a second, 0: any */
	bool log_answers; /* also tell rcode and peer; else asked, name and type alone */
};

/*
 * How a name with addresses of this server's own is answered for the time being: worker.update(), so
 * that nothing else is read anew when a service dies.
 */
enum dns_self_mode {
	DNS_SELF_ADDRESSES, /* with .addresses; NODATA for a family that has none */
	DNS_SELF_ASKED,	    /* with the address asked; NODATA for the other family */
	DNS_SELF_REFUSED,
	DNS_SELF_SERVFAIL,
	DNS_SELF_NODATA,
	DNS_SELF_SILENT,
};
#define DNS_SELF_MODES (DNS_SELF_SILENT + 1)

struct dns_order_self {
	const char *zone, *name; /* whole: "example.com.", "www.example.com." */
	uint8_t mode;		 /* enum dns_self_mode */
	bool not_ready; /* an answer for want of a better one: with EDE 14 (RFC 8914, 4.15) */
	uint32_t ttl;
	struct address *addresses;
	uint32_t address_count;
};

struct dns_self_orders {
	struct arena *arena; /* of dns_selves_read(); NULL when filled in by hand */
	struct dns_order_self *selves;
	uint32_t self_count;
};

/* Appends @orders to @message: the end of worker.configure(). */
void dns_orders_put(const struct dns_orders *orders, struct text *message);
/* Back. Returns 0 or -EPROTO; dns_orders_free() it. */
int dns_orders_read(const void *bytes, size_t length, struct dns_orders *ret_orders);
void dns_orders_free(struct dns_orders *orders);

/* The same for worker.update(). */
void dns_selves_put(const struct dns_self_orders *orders, struct text *message);
int dns_selves_read(const void *bytes, size_t length, struct dns_self_orders *ret_orders);
void dns_selves_free(struct dns_self_orders *orders);

#endif
