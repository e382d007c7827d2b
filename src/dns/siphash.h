/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_SIPHASH_H
#define MH_DNS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY 16

/* SipHash-2-4 with a result of 64 bits, which stands in a message as its low byte first. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t length);

#endif
