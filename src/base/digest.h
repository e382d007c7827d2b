/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_DIGEST_H
#define MH_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * 128 bits by which a content is known: equal ones are taken for the same content. For contents
 * that their owner has no reason to forge; whoever may write one of ours may write the other, too.
 */
#define DIGEST_SIZE 16

void digest_of(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE]);

/* SipHash-2-4 with 128 bits of result and a key of the caller's: for what strangers may choose. */
void siphash_128(const uint8_t key[16], const void *bytes, size_t length, uint8_t ret_hash[16]);

#endif
