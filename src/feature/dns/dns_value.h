/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_VALUE_H
#define MH_FEATURE_DNS_VALUE_H

#include "feature/dns/dns.h"

/* The tables of fields, and values that are more than their text. */
extern const struct config_field dns_fields[], dns_zone_fields[], dns_self_fields[],
	dns_self_name_fields[], dns_peer_fields[], dns_transfer_fields[], dns_key_fields[],
	dns_cookies_fields[], dns_log_fields[];
extern const char *const dns_key_words[], *const dns_down_words[];

/* Was the key of @record given at all? */
static inline bool dns_given(const struct config_record *record)
{
	return place_known(record->place);
}

/* The name of a zone, and of a name of its own addresses. Returns 0, or -EINVAL. */
int dns_zone_name(const struct dns_zone *zone, struct dns_name *ret_name);
int dns_self_name_of(const struct dns_zone *zone, const char *relative, struct dns_name *ret_name);

/* Tells the files that a zone file includes, and perhaps more. */
config_includes dns_zone_includes;
/* The bytes of @base64, RFC 4648. Returns how many, or -EINVAL when it is none or has more than @room. */
int dns_base64(const char *base64, uint8_t *ret_bytes, size_t room);
/* The secrets of a cookie file, in hexadecimal, a line each. Returns how many, or -EINVAL. */
int dns_cookie_secrets(const struct config_file *file, uint8_t ret_secrets[][16], size_t room);

#endif
