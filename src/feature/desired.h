/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DESIRED_H
#define MH_FEATURE_DESIRED_H

#include "base/mem.h"
#include "config/diag.h"
#include "fact/facts.h"
#include "host/state.h"

/* What a desire() writes. */
struct desired {
	struct state state;
	/* An error refuses an apply; while running it is told, and what it concerns is left out. */
	struct diags *diags;
	uint8_t feature; /* index of the feature that speaks */
	time_t again_at; /* when time alone will change the answer: desire_again(); 0 = never */
	VEC(struct pending) pending;
	VEC(struct table_name) tables; /* what the configuration calls them: for people */
};

struct table_name {
	uint32_t table;
	char *name;
};

/* Something that waits for the world: "link eth7 does not exist". Not a failure. */
struct pending {
	struct place place;
	uint8_t feature;
	char *text;
};

void desired_init(struct desired *desired, struct diags *diags);
void desired_free(struct desired *desired);
/* Fills in the head of @object (who asked, and where) and adds a copy of it. */
void desire_object(struct desired *desired, enum object_kind kind, struct place place, void *object);
void desire_pending(struct desired *desired, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void desire_table_name(struct desired *desired, uint32_t table, const char *name);

/*
 * The link that will have this name when the plan is carried out: one that a feature before this one
 * desires, or one that is there; or NULL. Only what is observed has flags.
 */
const struct host_link *desired_link(const struct desired *desired, const struct facts *facts,
				     const char *name);

/* From @at on the answer is another one, whatever else may happen. The earliest wish stands. */
void desire_again(struct desired *desired, time_t at);

#endif
