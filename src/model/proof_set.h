/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_SET_H
#define MH_MODEL_PROOF_SET_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sets of numbers, as sorted ranges that neither touch nor overlap: addresses of one family, ports,
 * links, classes of marks. A set never changes and stands only once: two are equal when their
 * addresses are, so that what was once worked out for two of them is remembered.
 */
typedef unsigned __int128 proof_number;

struct proof_range {
	proof_number first, last;
};

struct proof_set {
	size_t count;
	uint64_t hash;
	struct proof_set *next; /* of the same hash */
	struct proof_range ranges[];
};

/* All sets of one proof; they go with it. */
struct proof_sets;

struct proof_sets *proof_sets_new(void);
void proof_sets_free(struct proof_sets *sets);
/* How much memory they take. */
size_t proof_sets_bytes(const struct proof_sets *sets);

/* The set of @ranges, which are in order and disjoint; those that touch are joined. */
const struct proof_set *proof_set_of(struct proof_sets *sets, const struct proof_range *ranges,
				     size_t count);
const struct proof_set *proof_set_range(struct proof_sets *sets, proof_number first,
					proof_number last);
const struct proof_set *proof_set_none(struct proof_sets *sets);
/* The addresses of @prefix. */
const struct proof_set *proof_set_prefix(struct proof_sets *sets, const struct prefix *prefix);

/* In both; in @a and not in @b; in one of them. */
const struct proof_set *proof_set_and(struct proof_sets *sets, const struct proof_set *a,
				      const struct proof_set *b);
const struct proof_set *proof_set_without(struct proof_sets *sets, const struct proof_set *a,
					  const struct proof_set *b);
const struct proof_set *proof_set_or(struct proof_sets *sets, const struct proof_set *a,
				     const struct proof_set *b);

bool proof_set_holds(const struct proof_set *set, proof_number number);
/* @a and @b have something in common; quick, and makes no set. */
bool proof_set_meet(const struct proof_set *a, const struct proof_set *b);

proof_number proof_number_of(const struct address *address);
struct address proof_address(uint8_t family, proof_number number);
struct proof_range proof_range_of(const struct prefix *prefix);

#endif
