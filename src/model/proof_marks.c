/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Classes of marks. A mask may pick any bits, so that what matches is no range: all marks are cut
 * along what is asked for (value and mask) into parts that are again a value and a mask, and parts
 * that every question answers alike become one class, of which its smallest mark is kept.
 */
#include "model/proof_space.h"

#include <stdlib.h>

struct part {
	uint32_t value, mask;
	uint64_t answers; /* a hash of the questions that it answers with yes */
};

struct parts {
	struct part *items;
	size_t count, room;
};

/* Beyond this, somebody asks for a thousand marks by masks that have nothing in common. */
#define PARTS_MAX 1000000

static uint64_t with_answer(uint64_t answers, uint64_t question)
{
	uint64_t hash = (answers ^ (question + 1)) * UINT64_C(0x9e3779b97f4a7c15);

	return hash ^ hash >> 31;
}

static bool asks_for(const struct proof_mark *mark, const struct part *part)
{
	return !((part->value ^ mark->value) & part->mask & mark->mask);
}

/* What of @part does not match: for each bit of the mask, the bits before it agree and it does not. */
static void cut_off(const struct part *part, const struct proof_mark *mark, struct parts *parts)
{
	struct part rest = *part;

	for (unsigned bit = 32; bit-- > 0;) {
		uint32_t one = UINT32_C(1) << bit;

		if (!(mark->mask & one) || (part->mask & one))
			continue;
		rest.mask |= one;
		rest.value = (rest.value & ~one) | (~mark->value & one);
		*VEC_PUSH(parts) = rest;
		rest.value ^= one;
	}
}

static void cut(struct parts *parts, const struct proof_mark *mark, size_t question)
{
	size_t count = parts->count;

	for (size_t i = 0; i < count; i++) {
		struct part part = parts->items[i];

		if (!asks_for(mark, &part))
			continue;
		cut_off(&part, mark, parts);
		part.value = (part.value & part.mask) | (mark->value & mark->mask & ~part.mask);
		part.mask |= mark->mask;
		part.answers = with_answer(part.answers, question);
		parts->items[i] = part;
	}
}

static int by_answers(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->answers != y->answers)
		return x->answers < y->answers ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool proof_marks_cut(const struct proof_mark *marks, size_t count, struct proof_marks *ret_marks)
{
	struct parts parts = { 0 };

	VEC_PUSH(&parts);
	for (size_t i = 0; i < count && parts.count < PARTS_MAX; i++)
		cut(&parts, &marks[i], i);
	*ret_marks = (struct proof_marks){ 0 };
	qsort(parts.items, parts.count, sizeof(*parts.items), by_answers);
	for (size_t i = 0; i < parts.count; i++)
		if (!i || parts.items[i].answers != parts.items[i - 1].answers)
			*VEC_PUSH(ret_marks) = parts.items[i].value;
	qsort(ret_marks->items, ret_marks->count, sizeof(*ret_marks->items), by_value);
	count = parts.count;
	VEC_FREE(&parts);
	return count < PARTS_MAX;
}
