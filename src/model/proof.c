/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/proof.h"

#include "model/proof_judge.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct marks {
	struct proof_mark *items;
	size_t count, room;
};

static void add_mark(struct marks *marks, uint32_t value, uint32_t mask)
{
	if (mask)
		*VEC_PUSH(marks) = (struct proof_mark){ value & mask, mask };
}

static int by_mark(const void *a, const void *b)
{
	const struct proof_mark *x = a, *y = b;

	if (x->mask != y->mask)
		return x->mask < y->mask ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* Each question about marks that anybody asks, once. */
static struct marks all_marks(const struct state *state, const struct proof_claim *claims,
			      size_t count)
{
	struct marks marks = { 0 };
	size_t kept = 0;

	STATE_EACH(state, OBJECT_RULE, const struct host_rule, rule) {
		add_mark(&marks, rule->mark, rule->mask);
	}
	STATE_EACH(state, OBJECT_FILTER, const struct host_filter, filter) {
		add_mark(&marks, filter->mark, filter->mask);
	}
	for (size_t i = 0; i < count; i++)
		add_mark(&marks, claims[i].mark, claims[i].mask);
	if (marks.count)
		qsort(marks.items, marks.count, sizeof(*marks.items), by_mark);
	for (size_t i = 0; i < marks.count; i++)
		if (!kept || by_mark(&marks.items[kept - 1], &marks.items[i]) != 0)
			marks.items[kept++] = marks.items[i];
	marks.count = kept;
	return marks;
}

static bool speaks_of(const struct proof_claim *claim, uint8_t family)
{
	return (!claim->family || claim->family == family) &&
	       (!claim->from.family || claim->from.family == family) &&
	       (!claim->to.family || claim->to.family == family);
}

/* What was found for another family as well: the worse one stays. */
static void join(struct proof_finding *finding, const struct proof_finding *other)
{
	static const int weights[] = {
		[PROOF_EMPTY] = 0, [PROOF_HOLDS] = 1, [PROOF_UNKNOWN] = 2, [PROOF_VIOLATED] = 3
	};

	if (weights[other->result] > weights[finding->result] ||
	    (finding->result == PROOF_EMPTY && !finding->why[0]))
		*finding = *other;
}

static void check_family(const struct state *state, uint8_t family, const struct proof_claim *claims,
			 size_t count, struct proof_finding *findings)
{
	struct marks marks = all_marks(state, claims, count);
	struct proof_judge *judge = proof_judge_new(state, family, marks.items, marks.count);
	struct proof_finding finding;

	for (size_t i = 0; i < count; i++) {
		if (!speaks_of(&claims[i], family))
			continue;
		proof_judge_claim(judge, &claims[i], &finding);
		join(&findings[i], &finding);
	}
	proof_judge_free(judge);
	VEC_FREE(&marks);
}

void proof_check(const struct state *state, const struct proof_claim *claims, size_t count,
		 struct proof_finding *ret_findings)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < count; i++)
		ret_findings[i] = (struct proof_finding){ .result = PROOF_EMPTY };
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		bool any = false;

		for (size_t j = 0; j < count; j++)
			any = any || speaks_of(&claims[j], families[i]);
		if (any)
			check_family(state, families[i], claims, count, ret_findings);
	}
	for (size_t i = 0; i < count; i++)
		if (ret_findings[i].result == PROOF_EMPTY && !ret_findings[i].why[0])
			strcpy(ret_findings[i].why, claims[i].says == PROOF_SYMMETRIC ?
							    "no link has an address" :
							    "its addresses are of two families");
}
