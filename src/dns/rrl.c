/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/rrl.h"
#include "base/mem.h"
#include "dns/siphash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row is a line of the processor's cache; a counter may stand in any place of its row. */
#define ROW 8
/* Counters decay in steps: 1/16 of a second apart, so that one multiplication by a table does. */
#define TICK_US 62500
#define DECAYS 256 /* ticks after which nothing is left */
#define BURST_SECONDS 2.5f

struct counter {
	uint16_t tag;  /* what tells those of one row apart; 0: free */
	uint16_t tick; /* when .load was true */
	float load;    /* answers, the old ones counting ever less */
};

struct rrl {
	struct counter *counters;
	uint32_t row_mask;
	uint32_t slip, slipped;
	float burst;
	float decays[DECAYS];
	uint8_t key[SIPHASH_KEY];
};

/* How much more than an address a prefix may have. What others found to be fair to big resolvers. */
struct level {
	uint8_t bits;
	uint16_t times;
};

static const struct level levels4[] = { { 32, 1 }, { 24, 32 }, { 20, 256 }, { 18, 768 } };
static const struct level levels6[] = { { 128, 1 }, { 64, 2 }, { 56, 3 }, { 48, 4 }, { 32, 64 } };

struct rrl *rrl_new(const struct rrl_options *options, const uint8_t key[16])
{
	uint32_t entries = options->entries ? options->entries : RRL_ENTRIES, rows = 1;
	struct rrl *rrl = mem_alloc(sizeof(*rrl));
	float rate = (float)options->per_second;

	while (rows * ROW < entries && rows < 1u << 24)
		rows *= 2;
	rrl->counters = mem_alloc((size_t)rows * ROW * sizeof(struct counter));
	rrl->row_mask = rows - 1;
	rrl->slip = options->slip;
	rrl->burst = options->burst ? (float)options->burst : rate * BURST_SECONDS;
	if (rrl->burst < 1)
		rrl->burst = 1;
	/*
	 * At a steady rate a counter settles where one tick's decay takes what one tick's answers
	 * bring: the decay is chosen so that this is the burst when the rate is the one allowed.
	 */
	for (unsigned i = 0; i < DECAYS; i++)
		rrl->decays[i] = expf(-rate / rrl->burst * (float)i * TICK_US / 1e6f);
	memcpy(rrl->key, key, sizeof(rrl->key));
	return rrl;
}

void rrl_free(struct rrl *rrl)
{
	if (!rrl)
		return;
	free(rrl->counters);
	free(rrl);
}

static float load_now(const struct rrl *rrl, const struct counter *counter, uint16_t tick)
{
	uint16_t age = (uint16_t)(tick - counter->tick);

	return age < DECAYS ? counter->load * rrl->decays[age] : 0;
}

/* The counter of @hash, or the one of its row that holds least, which it then is. */
static struct counter *find_counter(struct rrl *rrl, uint64_t hash, uint16_t tick)
{
	struct counter *row = &rrl->counters[((uint32_t)hash & rrl->row_mask) * ROW], *least = row;
	uint16_t tag = (uint16_t)(hash >> 48) | 1;
	float least_load = INFINITY;

	for (unsigned i = 0; i < ROW; i++) {
		float load = row[i].tag ? load_now(rrl, &row[i], tick) : -1;

		if (row[i].tag == tag) {
			row[i].load = load;
			row[i].tick = tick;
			return &row[i];
		}
		if (load < least_load) {
			least_load = load;
			least = &row[i];
		}
	}
	*least = (struct counter){ .tag = tag, .tick = tick };
	return least;
}

static uint64_t hash_prefix(const struct rrl *rrl, const struct address *peer, uint8_t bits)
{
	struct prefix prefix = { .family = peer->family, .length = bits };

	memcpy(prefix.bytes, peer->bytes, sizeof(prefix.bytes));
	prefix = prefix_clean(&prefix);
	return siphash(rrl->key, &prefix, sizeof(prefix));
}

enum rrl_verdict rrl_ask(struct rrl *rrl, const struct address *peer, uint64_t now_us)
{
	const struct level *levels = peer->family == AF_INET ? levels4 : levels6;
	unsigned count = peer->family == AF_INET ? ARRAY_SIZE(levels4) : ARRAY_SIZE(levels6);
	uint16_t tick = (uint16_t)(now_us / TICK_US);
	struct counter *found[ARRAY_SIZE(levels6)];
	bool over = false;

	for (unsigned i = 0; i < count; i++) {
		found[i] = find_counter(rrl, hash_prefix(rrl, peer, levels[i].bits), tick);
		over = over || found[i]->load + 1 > rrl->burst * levels[i].times;
	}
	/* What is not answered does not count: who asks too much gets the rate allowed, not nothing. */
	if (!over) {
		for (unsigned i = 0; i < count; i++)
			found[i]->load += 1;
		return RRL_ANSWER;
	}
	return rrl->slip && ++rrl->slipped % rrl->slip == 0 ? RRL_SLIP : RRL_DROP;
}
