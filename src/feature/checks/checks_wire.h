/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_WIRE_H
#define MH_FEATURE_CHECKS_WIRE_H

#include "base/arena.h"
#include "feature/check.h"

/*
 * What the engine tells the checks' worker, and what that tells the engine. Strings and arrays of
 * what was read lie in its arena.
 */
struct checks_orders {
	struct arena *arena;
	struct check_spec *specs; /* names differ; a combination follows all that it is made of; the
				   * digests of files are all that is told of them; no places */
	uint32_t count;
};

/* worker.configure() and back. Returns 0 or -EPROTO; arena_free() its arena. */
void checks_orders_put(const struct check_spec *specs, uint32_t count, struct text *message);
int checks_orders_read(const void *bytes, size_t length, struct checks_orders *ret_orders);
/* The bytes of one: two that have the same are done in the same way. */
void checks_spec_put(const struct check_spec *spec, struct text *message);

/* What was decided by hand, and what the engine sees of a local check: checks not named have neither. */
struct checks_note {
	const char *name;
	enum health_hand hand;
	enum health_sight sight;
	const char *reason; /* of the sight */
};

struct checks_notes {
	struct arena *arena;
	struct checks_note *items;
	uint32_t count;
};

/* worker.update() and back, as above. */
void checks_notes_put(const struct checks_note *notes, uint32_t count, struct text *message);
int checks_notes_read(const void *bytes, size_t length, struct checks_notes *ret_notes);

/* Appends one to what a WORKER_FACT says; .start, .hand and .when_old are not told. And back. */
void checks_fact_put(const struct health *health, struct text *message);
int checks_facts_read(const void *bytes, size_t length, struct healths *healths);

#endif
