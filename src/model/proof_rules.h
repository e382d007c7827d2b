/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_PROOF_RULES_H
#define MH_MODEL_PROOF_RULES_H

#include "model/proof_table.h"

/* Packets of which one rule decides: by its action, or by what its table says of the destination. */
struct proof_piece {
	struct proof_cube cube;
	const struct host_rule *rule;	 /* NULL = none decides: there is no route */
	const struct proof_table *table; /* NULL = the action of the rule */
};

struct proof_pieces {
	struct proof_piece *items;
	size_t count, room;
};

/* Cuts the whole space along the rules, in their order. Gives up when space->too_big. */
void proof_rules_cut(struct proof_space *space, struct proof_pieces *ret_pieces);

/*
 * Cuts along our forward filter what leaves by the link in @out, a slot: the parts that may pass. The
 * filter that lets a part pass stands beside it; NULL = none speaks of it.
 */
struct proof_pass {
	struct proof_cube cube;
	const struct host_filter *filter;
};
struct proof_passes {
	struct proof_pass *items;
	size_t count, room;
};
void proof_filter_cut(struct proof_space *space, uint32_t out, struct proof_passes *ret_passes);

#endif
