/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_SEEN_H
#define MH_FEATURE_DNS_SEEN_H

#include "feature/dns/dns_value.h"

/*
 * What is known of zones by the content of their files: the same content says the same, so that a
 * zone which did not change is not read again with every change elsewhere, and status can tell its serial.
 */
struct dns_seen {
	uint8_t digest[DIGEST_SIZE]; /* of the name of the zone and all its files */
	uint32_t serial, names, records;
	bool is_signed;
	bool clean; /* there was nothing to tell */
	bool plain; /* of the digest of one file: it includes nothing */
	unsigned round;
};

/* The digest of a zone with everything that it includes. */
void dns_seen_digest(const struct dns_zone *zone, uint8_t ret_digest[DIGEST_SIZE]);
/* What is known of it, or NULL. Valid until the next one is remembered. */
const struct dns_seen *dns_seen_find(const uint8_t digest[DIGEST_SIZE]);
void dns_seen_remember(const struct dns_seen *seen);
/* A configuration has been looked through: what none of the last ones had is forgotten. */
void dns_seen_round(void);

/* Told of each file of a zone, its own first. */
typedef void dns_file_fn(void *data, const struct config_file *file);
void dns_zone_files(const struct dns_zone *zone, dns_file_fn *told, void *data);

#endif
