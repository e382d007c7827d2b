/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_TABLE_H
#define MH_MODEL_PROOF_TABLE_H

#include "model/proof_space.h"

/* What a route does with a packet. */
enum proof_end {
	PROOF_PASSES, /* nothing: no route, "throw", or suppressed by the rule; the next rule is asked */
	PROOF_HOST_OWN, /* it is for this host, or for everybody on a link */
	PROOF_REFUSED,	/* unreachable, prohibit, blackhole */
	PROOF_SENDS,
};

/* All destinations of a table to which the same happens. */
struct proof_way {
	enum proof_end end;
	bool vague;		       /* by other links, too: not all of them are known */
	const struct proof_set *links; /* slots, by any of which it may leave */
	const struct proof_set *to;
};

/* From .first on, up to the next stretch, one route decides. */
struct proof_stretch {
	proof_number first;
	const struct host_route *route; /* or NULL */
	uint32_t way;
};

struct proof_table {
	uint32_t number, suppress;
	VEC(struct proof_way) ways;
	VEC(struct proof_stretch) stretches;
	const struct proof_set *passes; /* the destinations that it does not decide about */
};

/*
 * The table as a rule sees it that passes over routes of fewer bits than @suppress. Worked out
 * once.
 */
const struct proof_table *proof_table_of(struct proof_space *space, uint32_t number,
					 uint32_t suppress);
void proof_table_free(struct proof_table *table);
/* The stretch that holds @to. */
const struct proof_stretch *proof_table_at(const struct proof_table *table, proof_number to);

#endif
