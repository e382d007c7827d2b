/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_RRL_H
#define MH_DNS_RRL_H

#include "net/address.h"

/*
 * The limit on answers to those who may not have asked: the sender of a datagram is easily forged,
 * and then our answers hit somebody else. Each asker's address, and some prefixes that it lies in, has a
 * counter that decays: a prefix may have more than an address, since many live there. When any of them
 * is full, the query is over the limit.
 *
 * The table has a fixed size. Where it is too small for all who ask at once, they share counters with
 * strangers only when their whole hash is equal; else the counter that matters least is given up.
 */
struct rrl;

struct rrl_options {
	uint32_t per_second; /* answers to one address, lasting */
	uint32_t burst;	     /* at once, after silence; 0: two and a half seconds' worth */
	uint32_t slip;	  /* one in so many of the others is told to come by TCP; 0: none, 1: all */
	uint32_t entries; /* 0: RRL_ENTRIES */
};

#define RRL_ENTRIES 65536 /* of 8 bytes */

enum rrl_verdict { RRL_ANSWER, RRL_SLIP, RRL_DROP };

/* Of one thread. Rates are of what this one answers: a worker of four threads gives each a quarter. */
struct rrl *rrl_new(const struct rrl_options *options, const uint8_t key[16]);
void rrl_free(struct rrl *rrl);

/* Counts one answer to @peer; @now_us never goes back. */
enum rrl_verdict rrl_ask(struct rrl *rrl, const struct address *peer, uint64_t now_us);

#endif
