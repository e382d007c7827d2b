/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A claim is held against each piece that it speaks of. Within a piece a table decides; of its ways
 * those are looked at that would violate the claim, with the destinations that take them; and of what
 * is forwarded there, what our filter lets pass. The first packet found that way is the
 * counter-example. One that hangs on what is not modelled is kept while a certain one is looked for.
 */
#include "model/proof_judge.h"

#include "model/proof_sample.h"

#include <stdlib.h>
#include <string.h>

struct proof_judge {
	struct proof_space *space;
	struct proof_scope scope;
	struct proof_pieces pieces;
	struct proof_passes *passes; /* by slot; .items NULL = not asked for yet */
};

/* One claim about one set of packets. */
struct question {
	struct proof_judge *judge;
	const struct proof_claim *claim;
	const struct proof_set *allowed; /* slots, by which it may leave */
	struct proof_cube scope;
	struct proof_finding *finding;
};

struct proof_judge *proof_judge_new(const struct state *state, uint8_t family,
				    const struct proof_mark *marks, size_t mark_count)
{
	struct proof_judge *judge = mem_alloc(sizeof(*judge));

	judge->space = proof_space_new(state, family, marks, mark_count);
	judge->passes = mem_alloc((state_count(state, OBJECT_LINK) + 1) * sizeof(*judge->passes));
	proof_scope_of(judge->space, &judge->scope);
	if (!judge->space->too_big)
		proof_rules_cut(judge->space, &judge->pieces);
	return judge;
}

void proof_judge_free(struct proof_judge *judge)
{
	if (!judge)
		return;
	for (size_t slot = 0; slot <= state_count(judge->space->state, OBJECT_LINK); slot++)
		VEC_FREE(&judge->passes[slot]);
	free(judge->passes);
	VEC_FREE(&judge->pieces);
	proof_space_free(judge->space);
	free(judge);
}

/* What our filter lets leave by the link in @out. */
static const struct proof_passes *passes_by(struct proof_judge *judge, uint32_t out)
{
	if (!judge->passes[out].items)
		proof_filter_cut(judge->space, out, &judge->passes[out]);
	return &judge->passes[out];
}

/* What a counter-example would show, besides the packet. */
struct blame {
	const struct proof_piece *piece;
	const struct host_filter *filter;
	uint32_t out; /* a slot; 0 = it does not leave */
	bool vague;
};

/* @cube has a packet that violates the claim. Returns whether that is certain. */
static bool accuse(const struct question *question, const struct proof_cube *cube,
		   const struct blame *blame)
{
	const struct proof_space *space = question->judge->space;
	const struct host_link *out = proof_slot_link(space, blame->out);
	struct proof_finding *finding = question->finding;
	bool certain = !cube->doubt && !blame->vague;

	if (!certain && finding->result == PROOF_UNKNOWN)
		return false;
	finding->result = certain ? PROOF_VIOLATED : PROOF_UNKNOWN;
	proof_sample(space, cube, &finding->packet);
	finding->rule = blame->piece->rule;
	finding->filter = blame->filter;
	finding->route = NULL;
	finding->doubt = cube->doubt;
	finding->table = 0;
	if (blame->piece->table) {
		finding->table = blame->piece->table->number;
		finding->route =
			proof_table_at(blame->piece->table, proof_number_of(&finding->packet.to))->route;
	}
	memset(finding->leaves, 0, sizeof(finding->leaves));
	if (out)
		strcpy(finding->leaves, out->name);
	return certain;
}

/* The parts of @cube that are forwarded, and that our filter lets leave by the link in .out. */
static bool passes_wrongly(const struct question *question, const struct proof_cube *cube,
			   struct blame *blame)
{
	const struct proof_passes *passes = passes_by(question->judge, blame->out);
	struct proof_cube through;

	for (size_t i = 0; i < passes->count; i++) {
		blame->filter = passes->items[i].filter;
		if (proof_cube_and(question->judge->space, cube, &passes->items[i].cube, &through) &&
		    accuse(question, &through, blame))
			return true;
	}
	return false;
}

static bool is_of_host(const struct proof_cube *cube)
{
	return cube->axes[AXIS_IN]->ranges[0].first == PROOF_HOST;
}

/* The links of @way that the claim does not allow. */
static bool leaves_wrongly(const struct question *question, const struct proof_cube *cube,
			   const struct proof_way *way, struct blame *blame)
{
	const struct proof_set *wrong = proof_set_without(question->judge->space->sets, way->links,
							  question->allowed);

	for (size_t i = 0; i < wrong->count; i++) {
		for (proof_number slot = wrong->ranges[i].first; slot <= wrong->ranges[i].last;
		     slot++) {
			blame->out = (uint32_t)slot;
			if (is_of_host(cube) ? accuse(question, cube, blame) :
					       passes_wrongly(question, cube, blame))
				return true;
		}
	}
	blame->out = 0;
	return way->vague && accuse(question, cube, blame);
}

/* What of @cubes none of @passes lets through; takes @cubes over. */
static struct proof_cubes not_through(struct proof_space *space, struct proof_cubes cubes,
				      const struct proof_passes *passes)
{
	for (size_t i = 0; i < passes->count; i++) {
		struct proof_cubes rest = { 0 };

		for (size_t j = 0; j < cubes.count; j++)
			proof_cube_without(space, &cubes.items[j], &passes->items[i].cube, &rest);
		VEC_FREE(&cubes);
		cubes = rest;
	}
	return cubes;
}

/* What of @cube our filter stops on its way out of the link in @slot. */
static bool is_stopped_at(const struct question *question, const struct proof_cube *cube,
			  uint32_t slot, struct blame *blame)
{
	struct proof_cubes rest = { 0 };
	bool certain = false;

	*VEC_PUSH(&rest) = *cube;
	rest = not_through(question->judge->space, rest, passes_by(question->judge, slot));
	for (size_t i = 0; i < rest.count && !certain; i++)
		certain = accuse(question, &rest.items[i], blame);
	VEC_FREE(&rest);
	return certain;
}

static bool is_stopped(const struct question *question, const struct proof_cube *cube,
		       const struct proof_way *way, struct blame *blame)
{
	struct proof_cube stays = *cube;

	blame->out = 0;
	blame->filter = NULL;
	if (is_of_host(cube))
		return false;
	stays.axes[AXIS_IN] = proof_set_without(question->judge->space->sets, cube->axes[AXIS_IN],
						question->judge->scope.forwarding);
	if (stays.axes[AXIS_IN]->count && accuse(question, &stays, blame))
		return true;
	for (size_t i = 0; i < way->links->count; i++)
		for (proof_number slot = way->links->ranges[i].first;
		     slot <= way->links->ranges[i].last; slot++)
			if (is_stopped_at(question, cube, (uint32_t)slot, blame))
				return true;
	return false;
}

/* All of @cube goes @way. Returns whether the claim is violated for certain. */
static bool judge_way(const struct question *question, const struct proof_cube *cube,
		      const struct proof_way *way, struct blame *blame)
{
	bool reaches = question->claim->says == PROOF_REACHES;

	switch (way->end) {
	case PROOF_PASSES:
	case PROOF_HOST_OWN:
		return false;
	case PROOF_REFUSED:
		return reaches && accuse(question, cube, blame);
	case PROOF_SENDS:
		break;
	}
	if ((!reaches || question->claim->link_count) && leaves_wrongly(question, cube, way, blame))
		return true;
	return reaches && is_stopped(question, cube, way, blame);
}

static bool judge_piece(const struct question *question, const struct proof_piece *piece)
{
	struct blame blame = { .piece = piece };
	struct proof_cube cube, part;

	if (!proof_cube_and(question->judge->space, &piece->cube, &question->scope, &cube))
		return false;
	if (!piece->table)
		return question->claim->says == PROOF_REACHES && accuse(question, &cube, &blame);
	part = cube;
	for (size_t i = 0; i < piece->table->ways.count; i++) {
		const struct proof_way *way = &piece->table->ways.items[i];

		blame.vague = way->vague;
		blame.filter = NULL;
		part.axes[AXIS_TO] = proof_set_and(question->judge->space->sets, cube.axes[AXIS_TO],
						   way->to);
		if (part.axes[AXIS_TO]->count && judge_way(question, &part, way, &blame))
			return true;
	}
	return false;
}

static bool judge_pieces(const struct question *question)
{
	for (size_t i = 0; i < question->judge->pieces.count; i++)
		if (judge_piece(question, &question->judge->pieces.items[i]))
			return true;
	return false;
}

/* Addresses that anybody may ask, on links that lead somewhere. */
static bool is_asked(const struct proof_judge *judge, const struct host_address *address,
		     const struct host_link *link)
{
	struct address plain = prefix_address(&address->prefix);

	return plain.family == judge->space->family && !address_is_link_local(&plain) && link &&
	       strcmp(link->name, "lo") != 0 && link->type != LINK_DUMMY &&
	       link->type != LINK_VRF && address->scope != RT_SCOPE_HOST;
}

static void judge_symmetry(struct question *question)
{
	struct proof_space *space = question->judge->space;
	const struct proof_cube scope = question->scope;
	unsigned asked = 0;

	STATE_EACH(space->state, OBJECT_ADDRESS, const struct host_address, address) {
		const struct host_link *link = state_link(space->state, address->link);
		struct address plain = prefix_address(&address->prefix);
		proof_number from = proof_number_of(&plain);

		if (!is_asked(question->judge, address, link))
			continue;
		question->scope = scope;
		question->scope.axes[AXIS_FROM] = proof_set_and(
			space->sets, scope.axes[AXIS_FROM], proof_set_range(space->sets, from, from));
		question->allowed = proof_slot_set(space, link->index);
		asked += question->scope.axes[AXIS_FROM]->count > 0;
		if (question->scope.axes[AXIS_FROM]->count && judge_pieces(question)) {
			strcpy(question->finding->wanted, link->name);
			return;
		}
	}
	if (!asked)
		question->finding->result = PROOF_EMPTY;
}

void proof_judge_claim(struct proof_judge *judge, const struct proof_claim *claim,
		       struct proof_finding *ret_finding)
{
	struct proof_space *space = judge->space;
	struct question question = {
		.judge = judge, .claim = claim, .finding = ret_finding, .allowed = space->none
	};

	*ret_finding = (struct proof_finding){ .result = PROOF_HOLDS };
	if (space->too_big) {
		ret_finding->result = PROOF_UNKNOWN;
		strcpy(ret_finding->why, "rules and marks make more classes of packets than can be "
					 "told apart");
		return;
	}
	if (!proof_scope_claim(space, &judge->scope, claim, &question.scope, ret_finding))
		return;
	for (size_t i = 0; i < claim->link_count; i++) {
		const struct host_link *link = state_link_named(space->state, claim->links[i]);

		question.allowed = proof_set_or(space->sets, question.allowed,
						proof_slot_set(space, link ? link->index : 0));
	}
	if (claim->says == PROOF_SYMMETRIC)
		judge_symmetry(&question);
	else
		judge_pieces(&question);
}
