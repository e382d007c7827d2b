/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_RDATA_H
#define MH_DNS_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The data of a record by its type. A zone file may give the data of every type as bytes (RFC 3597,
 * 5), so what is to be read as numbers and names later is looked at once, when a zone is loaded.
 */
bool rdata_is_valid(uint16_t type, const uint8_t *data, size_t length);

/* Types that only messages have, and such as are reserved: never in a zone (RFC 6895, 3.1). */
bool rdata_is_meta(uint16_t type);

/* Where the name begins that a record of @type points to (NS, CNAME, MX, SRV...); -1 for none. */
int rdata_target(uint16_t type);

/*
 * How many bytes before the names that a message may compress, and how many names they are (RFC
 * 3597, 4: those of RFC 1035 alone). Returns 0 for all other types.
 */
unsigned rdata_compressible(uint16_t type, unsigned *ret_before);

/*
 * Writes the canonical form of RFC 4034, 6.2: some types' names in lower case. @ret_data may be
 * @data.
 */
void rdata_canonical(uint16_t type, const uint8_t *data, size_t length, uint8_t *ret_data);

#endif
