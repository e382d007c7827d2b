/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_TABLE_H
#define MH_FEATURE_CHECKS_TABLE_H

#include "feature/checks/checks_judge.h"
#include "feature/checks/checks_wire.h"

/*
 * All checks of the worker and how they stand: results go in, facts come out. Pure, as the judge is;
 * who asks the world for results (the probes) is the caller.
 */
struct checks_entry {
	const struct check_spec *spec;
	struct judge judge;
	enum health_hand hand;
	enum health_sight sight; /* of a local check */
	int64_t next_us;	 /* of its next probe; the caller's, to be shown */
	bool news;		 /* the engine does not know the state */
	bool heard;		 /* or the last result */
	void *own;		 /* the caller's: its probe */
};

struct checks_table {
	struct checks_orders orders;
	struct checks_entry *entries; /* in the order of .orders */
	uint32_t *by_name;	      /* indices, sorted by name */
	uint32_t count, news;	      /* how many have news */
	bool combines;		      /* something changed of which combinations are made */
	int64_t due_us;		      /* when time alone changes something */
};

/*
 * Makes @orders, which it takes over, the checks of the table. One that goes by the name of a former
 * one stands as that did; if it is also done in the same way it takes over .own (whose spec has
 * moved). @ret_former has the others' .own; checks_table_free() it afterwards.
 */
void checks_table_adopt(struct checks_table *table, struct checks_orders *orders,
			struct checks_table *ret_former);
void checks_table_free(struct checks_table *table);
struct checks_entry *checks_table_find(const struct checks_table *table, const char *name);

/* A result of a probe. Returns whether something changed; combinations follow by checks_table_settle(). */
bool checks_table_hear(struct checks_table *table, struct checks_entry *entry,
		       const struct judge_result *result, int64_t now_us);
/* What was decided by hand, and what the engine sees. */
void checks_table_note(struct checks_table *table, const struct checks_notes *notes, int64_t now_us);
/*
 * After all that was heard in a round: combinations, and what time alone changes. Returns when it is
 * to be called again at the latest; INT64_MAX = not before something is heard.
 */
int64_t checks_table_settle(struct checks_table *table, int64_t now_us);
/*
 * Appends the facts that the engine does not know, as a WORKER_FACT, up to @limit bytes or so; with
 * @all also the last results of those that did not change. Returns whether there are more.
 */
bool checks_table_facts(struct checks_table *table, bool all, size_t limit, struct text *message);

#endif
