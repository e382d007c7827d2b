/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Equal sets are one: each new one is looked for in a hash table by its content first. That costs a
 * walk over what has just been written anyway, and buys the memory of answers: a thousand rules that
 * all lead to one table ask a hundred times for the same intersection of two sets of a hundred
 * thousand ranges, and get it once.
 */
#include "model/proof_set.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum operation { OPERATION_AND, OPERATION_WITHOUT, OPERATION_OR };

/* An answer that is remembered, until another one takes its place. */
struct answer {
	const struct proof_set *a, *b, *result;
	enum operation operation;
};

#define ANSWERS (1 << 14)
/* What is worked out of so few ranges is not worth the place of an answer that cost more. */
#define CHEAP 8

struct proof_sets {
	struct proof_set **buckets;
	size_t bucket_count, set_count, bytes;
	struct answer answers[ANSWERS];
	VEC(struct proof_range) work; /* the set that is being written */
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct proof_range *ranges, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		hash = mix(hash, (uint64_t)ranges[i].first);
		hash = mix(hash, (uint64_t)(ranges[i].first >> 64));
		hash = mix(hash, (uint64_t)ranges[i].last);
		hash = mix(hash, (uint64_t)(ranges[i].last >> 64));
	}
	return hash;
}

struct proof_sets *proof_sets_new(void)
{
	struct proof_sets *sets = mem_alloc(sizeof(*sets));

	sets->bucket_count = 1024;
	sets->buckets = mem_alloc(sets->bucket_count * sizeof(struct proof_set *));
	return sets;
}

void proof_sets_free(struct proof_sets *sets)
{
	if (!sets)
		return;
	for (size_t i = 0; i < sets->bucket_count; i++) {
		for (struct proof_set *set = sets->buckets[i], *next; set; set = next) {
			next = set->next;
			free(set);
		}
	}
	free(sets->buckets);
	VEC_FREE(&sets->work);
	free(sets);
}

size_t proof_sets_bytes(const struct proof_sets *sets)
{
	return sets->bytes;
}

/* Twice as many buckets, so that a chain stays short. */
static void grow(struct proof_sets *sets)
{
	size_t count = sets->bucket_count * 2;
	struct proof_set **buckets = mem_alloc(count * sizeof(struct proof_set *));

	for (size_t i = 0; i < sets->bucket_count; i++) {
		for (struct proof_set *set = sets->buckets[i], *next; set; set = next) {
			next = set->next;
			set->next = buckets[set->hash % count];
			buckets[set->hash % count] = set;
		}
	}
	free(sets->buckets);
	sets->buckets = buckets;
	sets->bucket_count = count;
}

/* The one set with the ranges that were written into the work. */
static const struct proof_set *written(struct proof_sets *sets)
{
	size_t count = sets->work.count, bytes = count * sizeof(struct proof_range);
	uint64_t hash = hash_of(sets->work.items, count);
	struct proof_set *set = sets->buckets[hash % sets->bucket_count];

	for (; set; set = set->next)
		if (set->hash == hash && set->count == count &&
		    (!count || !memcmp(set->ranges, sets->work.items, bytes)))
			return set;
	if (sets->set_count++ > sets->bucket_count)
		grow(sets);
	set = mem_alloc(sizeof(*set) + bytes);
	set->count = count;
	set->hash = hash;
	if (count)
		memcpy(set->ranges, sets->work.items, bytes);
	set->next = sets->buckets[hash % sets->bucket_count];
	sets->buckets[hash % sets->bucket_count] = set;
	sets->bytes += sizeof(*set) + bytes;
	return set;
}

/* Adds a range behind those that are written; one that touches the last one makes it longer. */
static void write_range(struct proof_sets *sets, proof_number first, proof_number last)
{
	struct proof_range *before = sets->work.count ? &sets->work.items[sets->work.count - 1] :
							NULL;

	if (before && (before->last >= first || before->last == first - 1)) {
		if (last > before->last)
			before->last = last;
		return;
	}
	*VEC_PUSH(&sets->work) = (struct proof_range){ first, last };
}

const struct proof_set *proof_set_of(struct proof_sets *sets, const struct proof_range *ranges,
				     size_t count)
{
	sets->work.count = 0;
	for (size_t i = 0; i < count; i++)
		write_range(sets, ranges[i].first, ranges[i].last);
	return written(sets);
}

const struct proof_set *proof_set_range(struct proof_sets *sets, proof_number first, proof_number last)
{
	return proof_set_of(sets, &(struct proof_range){ first, last }, 1);
}

const struct proof_set *proof_set_none(struct proof_sets *sets)
{
	return proof_set_of(sets, NULL, 0);
}

const struct proof_set *proof_set_prefix(struct proof_sets *sets, const struct prefix *prefix)
{
	struct proof_range range = proof_range_of(prefix);

	return proof_set_of(sets, &range, 1);
}

/* The first range from @from on that does not end before @number. */
static size_t seek(const struct proof_set *set, size_t from, proof_number number)
{
	size_t low = from, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What seek() says, where it is probably near: step by step, then by halves. */
static size_t advance(const struct proof_set *set, size_t from, proof_number number)
{
	for (size_t steps = 0; steps < 4; steps++, from++)
		if (from == set->count || set->ranges[from].last >= number)
			return from;
	return seek(set, from, number);
}

bool proof_set_holds(const struct proof_set *set, proof_number number)
{
	size_t at = seek(set, 0, number);

	return at < set->count && set->ranges[at].first <= number;
}

bool proof_set_meet(const struct proof_set *a, const struct proof_set *b)
{
	if (a == b)
		return a->count > 0;
	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		if (a->ranges[i].last < b->ranges[j].first)
			i = advance(a, i + 1, b->ranges[j].first);
		else if (b->ranges[j].last < a->ranges[i].first)
			j = advance(b, j + 1, a->ranges[i].first);
		else
			return true;
	}
	return false;
}

/* @outer is one range, and all of @inner lies within it. */
static bool spans(const struct proof_set *outer, const struct proof_set *inner)
{
	return outer->count == 1 && inner->count &&
	       outer->ranges[0].first <= inner->ranges[0].first &&
	       outer->ranges[0].last >= inner->ranges[inner->count - 1].last;
}

static const struct proof_set * and
	(struct proof_sets * sets, const struct proof_set *a, const struct proof_set *b)
{
	if (spans(a, b))
		return b;
	if (spans(b, a))
		return a;
	sets->work.count = 0;
	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		const struct proof_range *x = &a->ranges[i], *y = &b->ranges[j];

		if (x->last < y->first) {
			i = advance(a, i + 1, y->first);
			continue;
		}
		if (y->last < x->first) {
			j = advance(b, j + 1, x->first);
			continue;
		}
		write_range(sets, x->first > y->first ? x->first : y->first,
			    x->last < y->last ? x->last : y->last);
		if (x->last < y->last)
			i++;
		else
			j++;
	}
	return written(sets);
}

/* Writes what of @range is not in @b; *@at moves on to the first range of @b that may matter. */
static void write_rest(struct proof_sets *sets, struct proof_range range, const struct proof_set *b,
		       size_t *at)
{
	for (*at = advance(b, *at, range.first);
	     *at < b->count && b->ranges[*at].first <= range.last; ++*at) {
		const struct proof_range *hole = &b->ranges[*at];

		if (hole->first > range.first)
			write_range(sets, range.first, hole->first - 1);
		if (hole->last >= range.last)
			return;
		range.first = hole->last + 1;
	}
	write_range(sets, range.first, range.last);
}

static const struct proof_set *without(struct proof_sets *sets, const struct proof_set *a,
				       const struct proof_set *b)
{
	size_t at = 0;

	if (!proof_set_meet(a, b))
		return a;
	sets->work.count = 0;
	for (size_t i = 0; i < a->count; i++)
		write_rest(sets, a->ranges[i], b, &at);
	return written(sets);
}

static const struct proof_set * or
	(struct proof_sets * sets, const struct proof_set *a, const struct proof_set *b)
{
	sets->work.count = 0;
	for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
		bool left = j == b->count ||
			    (i < a->count && a->ranges[i].first < b->ranges[j].first);
		const struct proof_range *next = left ? &a->ranges[i++] : &b->ranges[j++];

		write_range(sets, next->first, next->last);
	}
	return written(sets);
}

static const struct proof_set *work_out(struct proof_sets *sets, enum operation operation,
					const struct proof_set *a, const struct proof_set *b)
{
	switch (operation) {
	case OPERATION_AND:
		return and(sets, a, b);
	case OPERATION_WITHOUT:
		return without(sets, a, b);
	case OPERATION_OR:
		return or (sets, a, b);
	}
	return NULL;
}

static const struct proof_set *remember(struct proof_sets *sets, enum operation operation,
					const struct proof_set *a, const struct proof_set *b)
{
	uint64_t hash;
	struct answer *answer;

	if (a->count + b->count <= CHEAP)
		return work_out(sets, operation, a, b);
	hash = mix(mix((uint64_t)operation + 1, (uintptr_t)a), (uintptr_t)b);
	answer = &sets->answers[hash % ANSWERS];
	if (answer->a != a || answer->b != b || answer->operation != operation || !answer->result)
		*answer = (struct answer){ a, b, work_out(sets, operation, a, b), operation };
	return answer->result;
}

const struct proof_set *proof_set_and(struct proof_sets *sets, const struct proof_set *a,
				      const struct proof_set *b)
{
	if (a == b || !a->count)
		return a;
	return !b->count ? b : remember(sets, OPERATION_AND, a, b);
}

const struct proof_set *proof_set_without(struct proof_sets *sets, const struct proof_set *a,
					  const struct proof_set *b)
{
	return !a->count || !b->count ? a : remember(sets, OPERATION_WITHOUT, a, b);
}

const struct proof_set *proof_set_or(struct proof_sets *sets, const struct proof_set *a,
				     const struct proof_set *b)
{
	if (a == b || !b->count)
		return a;
	return !a->count ? b : remember(sets, OPERATION_OR, a, b);
}

proof_number proof_number_of(const struct address *address)
{
	proof_number number = 0;

	for (size_t i = 0; i < address_size(address->family); i++)
		number = number << 8 | address->bytes[i];
	return number;
}

struct address proof_address(uint8_t family, proof_number number)
{
	struct address address = { .family = family };

	for (size_t i = address_size(family); i-- > 0; number >>= 8)
		address.bytes[i] = (uint8_t)number;
	return address;
}

struct proof_range proof_range_of(const struct prefix *prefix)
{
	struct prefix clean = prefix_clean(prefix);
	struct address address = prefix_address(&clean);
	unsigned rest = address_bits(prefix->family) - (unsigned)prefix->length;
	proof_number first = proof_number_of(&address);
	proof_number hosts = rest >= 128 ? ~(proof_number)0 : ((proof_number)1 << rest) - 1;

	return (struct proof_range){ first, first | hosts };
}
