/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_BASE32_H
#define MH_DNS_BASE32_H

#include <stdbool.h>
#include <stdint.h>

/* Hashes of NSEC3 as labels: base32hex without padding (RFC 4648, 7; RFC 5155, 1.3), in lower case. */
#define BASE32_HASH_SIZE 32 /* letters for the 20 bytes of SHA-1 */

void base32_put(const uint8_t hash[20], char ret_text[BASE32_HASH_SIZE]);
bool base32_is_hash(const uint8_t *label); /* a label, with its length, in lower case */

#endif
