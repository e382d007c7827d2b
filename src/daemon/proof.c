/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What features promise and prove. Before an apply it is proven on the host as it will be, and what
 * does not hold refuses the apply. Later somebody else may change the host so that it holds no more:
 * that is told, once, and told again when it holds again; there is nobody to refuse it to.
 *
 * A proof may take long. So it waits until the host has come to rest, and then for ten times as long
 * as the last one took: a host that never rests costs a tenth of a processor at most. And it is done
 * aside (prover.c), so that no repair waits for it.
 */
#include "daemon/drift.h"

#include "base/clock.h"
#include "host/paper.h"

#include <time.h>

#define PROOF_REST_MS 50
#define PROOF_SHARE 10

void proof_on_paper(struct engine *engine, const struct config *config,
		    const struct desired *desired, const struct plan *plan, struct diags *diags)
{
	const struct facts facts = engine_facts(engine);

	feature_prove_plan(config, &facts, desired, plan, diags);
}

void proof_soon(struct engine *engine)
{
	int64_t wait_ms = PROOF_REST_MS + PROOF_SHARE * engine->proof_us / 1000;

	engine->unproved = true;
	if (!loop_timer_pending(engine->proof))
		loop_timer_set(engine->proof, (unsigned)wait_ms);
}

/* A promise is known by its place: what refutes it may be another packet each time. */
static bool has_place(const struct diags *diags, struct place place)
{
	for (unsigned i = 0; i < diags->count; i++)
		if (diags->items[i].at.file == place.file && diags->items[i].at.line == place.line &&
		    diags->items[i].at.column == place.column)
			return true;
	return false;
}

static void tell_promise(struct engine *engine, const struct diag *diag, bool holds)
{
	AUTO_TEXT place = { 0 };

	place_render(diag->at, generation_source(engine->now), &place);
	if (holds)
		tell(engine, LOG_NOTICE, "holds", "%s: what is promised here holds again",
		     text_string(&place));
	else
		tell(engine, LOG_ERROR, "violated", "%s: %s", text_string(&place), diag->text);
}

/* The host as it is, with the places of what is ours. Also within a child. */
static void prove(void *data, struct diags *diags)
{
	const struct engine *engine = data;
	const struct facts facts = engine_facts(engine);
	const struct plan nothing = { 0 };
	struct state now;

	state_after(&engine->desired.state, facts.observed, &nothing, &now);
	feature_prove(engine->now->config, &facts, &now, diags);
	state_free(&now);
}

/* Takes @violated over. */
static void tell_violated(struct engine *engine, struct diags *violated)
{
	for (unsigned i = 0; i < violated->count; i++)
		if (!has_place(&engine->violated, violated->items[i].at))
			tell_promise(engine, &violated->items[i], false);
	for (unsigned i = 0; i < engine->violated.count; i++)
		if (!has_place(violated, engine->violated.items[i].at))
			tell_promise(engine, &engine->violated.items[i], true);
	diags_free(&engine->violated);
	engine->violated = *violated;
}

static void on_proven(void *data, struct diags *violated)
{
	struct engine *engine = data;

	engine->proof_us = clock_now_us() - engine->proof_began_us;
	/* What was proven of another generation says nothing of this one. */
	if (violated && engine->proof_number == engine->now->number)
		tell_violated(engine, violated);
	else if (violated)
		diags_free(violated);
	if (!violated || engine->proof_number != engine->now->number)
		proof_soon(engine);
}

void proof_open(struct engine *engine)
{
	engine->prover = prover_new(engine->loop, prove, on_proven, engine);
}

void proof_run(struct engine *engine)
{
	struct diags violated;

	if (prover_runs(engine->prover)) {
		proof_soon(engine);
		return;
	}
	engine->unproved = false;
	engine->proof_began_us = clock_now_us();
	engine->proof_number = engine->now->number;
	if (!feature_proves(engine->now->config)) {
		diags_init(&violated);
		on_proven(engine, &violated);
	} else if (prover_start(engine->prover) < 0) {
		diags_init(&violated);
		prove(engine, &violated);
		on_proven(engine, &violated);
	}
}
