/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of a family, asked about all packets at once. At each rule some cubes wait; what matches
 * goes where the rule sends it, the rest waits at the next one. A rule that says more than is
 * modelled may match or not: what it may match goes both ways, and bears the doubt. So does what two
 * rules of one preference match, ours and somebody's: the kernel asks the older one, which is not
 * known.
 */
#include "model/proof_rules.h"

#include <linux/fib_rules.h>
#include <stdlib.h>
#include <string.h>

/* Beyond these there are more classes of packets than can be told apart in time. */
#define PIECES_MAX 2000000
#define BYTES_MAX ((size_t)1 << 30)

struct walk {
	struct proof_space *space;
	const struct host_rule **rules;
	size_t count;
	struct proof_cubes *waiting; /* at each rule, and behind the last one */
	struct proof_pieces *pieces;
};

/* What a kernel has from its start; they stand where nobody else's rules are told. */
static const struct host_rule usual_rules[] = {
	{ .preference = 0, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL },
	{ .preference = 32766, .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN },
	{ .preference = 32767, .action = FR_ACT_TO_TBL, .table = RT_TABLE_DEFAULT },
};

static const struct proof_set *prefix_set(struct proof_space *space, enum proof_axis axis,
					  const struct prefix *prefix)
{
	if (!prefix->family)
		return space->all.axes[axis];
	return prefix->family == space->family ? proof_set_prefix(space->sets, prefix) : space->none;
}

static const struct proof_set *number_set(struct proof_space *space, enum proof_axis axis,
					  uint8_t number)
{
	return number ? proof_set_range(space->sets, number, number) : space->all.axes[axis];
}

/* What a rule selects, before "not". Nothing when it asks for the link that a socket is bound to. */
static struct proof_cube selected(struct proof_space *space, const struct host_rule *rule)
{
	struct proof_cube cube = space->all;

	if (rule->l3mdev)
		cube.axes[AXIS_IN] = proof_slots_of_vrf(space, NULL);
	if (rule->in[0])
		cube.axes[AXIS_IN] = proof_set_and(space->sets, cube.axes[AXIS_IN],
						   proof_slots_named(space, rule->in));
	if (rule->out[0])
		cube.axes[AXIS_IN] = space->none;
	cube.axes[AXIS_FROM] = prefix_set(space, AXIS_FROM, &rule->from);
	cube.axes[AXIS_TO] = prefix_set(space, AXIS_TO, &rule->to);
	if (rule->mask)
		cube.axes[AXIS_MARK] = proof_mark_set(space, rule->mark, rule->mask);
	cube.axes[AXIS_PROTOCOL] = number_set(space, AXIS_PROTOCOL, rule->ip_protocol);
	cube.axes[AXIS_SPORT] = proof_span_set(space, AXIS_SPORT, rule->sport);
	cube.axes[AXIS_DPORT] = proof_span_set(space, AXIS_DPORT, rule->dport);
	cube.axes[AXIS_UID] = proof_span_set(space, AXIS_UID, rule->uid);
	if (rule->tos) /* the two lowest bits are not of the class of service (RFC 3168) */
		cube.axes[AXIS_TOS] = proof_set_range(space->sets, rule->tos & 0xfcU, rule->tos | 3U);
	return cube;
}

static void wait_at(struct walk *walk, size_t rule, const struct proof_cube *cube)
{
	*VEC_PUSH(&walk->waiting[rule]) = *cube;
}

static void decide(struct walk *walk, const struct proof_cube *cube, const struct host_rule *rule,
		   const struct proof_table *table)
{
	*VEC_PUSH(walk->pieces) = (struct proof_piece){ *cube, rule, table };
}

/* The table decides about the destinations that it knows; the rest goes on. */
static void ask_table(struct walk *walk, size_t at, const struct proof_cube *cube, uint32_t number)
{
	const struct host_rule *rule = walk->rules[at];
	const struct proof_table *table = proof_table_of(walk->space, number, rule->suppress);
	struct proof_cube on = *cube;

	on.axes[AXIS_TO] = proof_set_and(walk->space->sets, cube->axes[AXIS_TO], table->passes);
	if (on.axes[AXIS_TO] != cube->axes[AXIS_TO])
		decide(walk, cube, rule, table);
	if (on.axes[AXIS_TO]->count)
		wait_at(walk, at + 1, &on);
}

/* Each VRF has its own table. */
static void ask_tables_of_vrfs(struct walk *walk, size_t at, const struct proof_cube *cube)
{
	STATE_EACH(walk->space->state, OBJECT_LINK, const struct host_link, vrf) {
		struct proof_cube part = *cube;

		if (vrf->type != LINK_VRF)
			continue;
		part.axes[AXIS_IN] = proof_set_and(walk->space->sets, cube->axes[AXIS_IN],
						   proof_slots_of_vrf(walk->space, vrf));
		if (part.axes[AXIS_IN]->count)
			ask_table(walk, at, &part, vrf->table);
	}
}

/* A target that does not exist (yet) makes the kernel pass over the rule. */
static size_t target_of(const struct walk *walk, size_t at)
{
	for (size_t i = at + 1; i < walk->count; i++)
		if (walk->rules[i]->preference >= walk->rules[at]->target)
			return walk->rules[i]->preference == walk->rules[at]->target ? i : at + 1;
	return at + 1;
}

static void act(struct walk *walk, size_t at, const struct proof_cube *cube)
{
	const struct host_rule *rule = walk->rules[at];

	switch (rule->action) {
	case FR_ACT_TO_TBL:
		if (rule->l3mdev)
			ask_tables_of_vrfs(walk, at, cube);
		else
			ask_table(walk, at, cube, rule->table);
		break;
	case FR_ACT_GOTO:
		wait_at(walk, target_of(walk, at), cube);
		break;
	case FR_ACT_NOP:
		wait_at(walk, at + 1, cube);
		break;
	default:
		decide(walk, cube, rule, NULL);
	}
}

/* What a rule matched may have met somebody's rule of the same preference before. */
static void meet_equals(struct walk *walk, size_t at, const struct proof_cube *match)
{
	const struct host_rule *rule = walk->rules[at];

	for (size_t i = at + 1; i < walk->count && walk->rules[i]->preference == rule->preference;
	     i++) {
		struct proof_cube selection, both;

		if (walk->rules[i]->object.ours == rule->object.ours)
			continue;
		selection = selected(walk->space, walk->rules[i]);
		if (!proof_cube_and(walk->space, match, &selection, &both))
			continue;
		both.doubt = both.doubt ? both.doubt : walk->rules[i];
		wait_at(walk, i, &both);
	}
}

/* One cube meets one rule: @match of it is what the rule selects. */
static void part_ways(struct walk *walk, size_t at, const struct proof_cube *cube,
		      const struct proof_cube *match)
{
	const struct host_rule *rule = walk->rules[at];
	struct proof_cube doubtful = *match;
	struct proof_cubes rest = { 0 };

	if (!doubtful.doubt)
		doubtful.doubt = rule;
	if (rule->opaque) {
		act(walk, at, &doubtful);
		wait_at(walk, at + 1, &doubtful);
	} else if (rule->invert) {
		wait_at(walk, at + 1, match);
	} else {
		act(walk, at, match);
		meet_equals(walk, at, match);
	}
	proof_cube_without(walk->space, cube, match, &rest);
	for (size_t i = 0; i < rest.count; i++) {
		if (rule->invert)
			act(walk, at, &rest.items[i]);
		else
			wait_at(walk, at + 1, &rest.items[i]);
	}
	VEC_FREE(&rest);
}

static void meet(struct walk *walk, size_t at, const struct proof_cube *cube,
		 const struct proof_cube *selection)
{
	struct proof_cube match = *cube;

	/* What is in no VRF has no table of one: what the kernel makes of that is its own affair. */
	if (walk->rules[at]->invert && walk->rules[at]->l3mdev) {
		match.doubt = cube->doubt ? cube->doubt : walk->rules[at];
		wait_at(walk, at + 1, &match);
	} else if (proof_cube_and(walk->space, cube, selection, &match)) {
		part_ways(walk, at, cube, &match);
	} else if (walk->rules[at]->invert) {
		act(walk, at, cube);
	} else {
		wait_at(walk, at + 1, cube);
	}
}

static bool is_too_big(const struct walk *walk, size_t at)
{
	return walk->pieces->count + walk->waiting[at].count > PIECES_MAX ||
	       proof_sets_bytes(walk->space->sets) > BYTES_MAX;
}

static void walk_rules(struct walk *walk)
{
	wait_at(walk, 0, &walk->space->all);
	for (size_t at = 0; at < walk->count && !walk->space->too_big; at++) {
		struct proof_cube selection = selected(walk->space, walk->rules[at]);
		struct proof_cubes cubes = walk->waiting[at];

		walk->space->too_big = is_too_big(walk, at);
		for (size_t i = 0; i < cubes.count; i++)
			meet(walk, at, &cubes.items[i], &selection);
		VEC_FREE(&walk->waiting[at]);
	}
	for (size_t i = 0; i < walk->waiting[walk->count].count; i++)
		decide(walk, &walk->waiting[walk->count].items[i], NULL, NULL);
}

/* Puts the rules of the family in order, with the usual ones among them where none are foreign. */
static void gather_rules(struct walk *walk)
{
	const struct state *state = walk->space->state;
	size_t usual = ARRAY_SIZE(usual_rules), next = 0;

	walk->rules = mem_alloc((state_count(state, OBJECT_RULE) + usual) * sizeof(*walk->rules));
	STATE_EACH(state, OBJECT_RULE, const struct host_rule, rule) {
		if (rule->family == walk->space->family && !rule->object.ours)
			next = usual;
	}
	STATE_EACH(state, OBJECT_RULE, const struct host_rule, rule) {
		if (rule->family != walk->space->family)
			continue;
		for (; next < usual && usual_rules[next].preference <= rule->preference; next++)
			walk->rules[walk->count++] = &usual_rules[next];
		walk->rules[walk->count++] = rule;
	}
	for (; next < usual; next++)
		walk->rules[walk->count++] = &usual_rules[next];
}

void proof_rules_cut(struct proof_space *space, struct proof_pieces *ret_pieces)
{
	struct walk walk = { .space = space, .pieces = ret_pieces };

	gather_rules(&walk);
	walk.waiting = mem_alloc((walk.count + 1) * sizeof(*walk.waiting));
	*ret_pieces = (struct proof_pieces){ 0 };
	walk_rules(&walk);
	for (size_t at = 0; at <= walk.count; at++)
		VEC_FREE(&walk.waiting[at]);
	free(walk.waiting);
	free(walk.rules);
}
