/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers: the rules of responders. They stand in the table of our programs, written many at a time,
 * and read only when it is taken over or a write failed: nobody else writes there. Those of a link on
 * which the worker answers, or of all links where there can be no programs, are in what is observed and
 * nowhere else.
 */
#include "host/responders.h"

#include "host/answering.h"
#include "host/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is written at once, and of which operation each is. */
struct batch {
	struct neighbours_rule *rules;
	size_t *numbers;
	size_t count;
};

/* One run of operations. */
struct work {
	struct host *host;
	const struct operation *operations;
	size_t count;
	int *errors; /* of each */
	char why[sizeof(((struct host_result *)0)->text)];
	struct batch sets, deletes;
};

typedef int write_fn(struct neighbours *neighbours, const struct neighbours_rule *rules,
		     size_t count);

static struct host_answer answer_of(const struct neighbours_rule *rule)
{
	struct host_answer answer = { .object.ours = true,
				      .link = rule->link,
				      .prefix = rule->prefix,
				      .verdict = rule->verdict,
				      .flags = rule->flags,
				      .owner = rule->owner };

	memcpy(answer.mac, rule->mac, sizeof(answer.mac));
	return answer;
}

/* Whether what is said on the link stands in the programs' table. 1, 0 or -errno. */
static int is_in_table(struct work *work, uint32_t link, bool adds)
{
	const struct served_link *served = responders_find(work->host, link);
	AUTO_TEXT error = { 0 };
	int r;

	if (served || !adds)
		return work->host->responders.neighbours && (!served || !served->by_worker);
	r = responders_load(work->host, &error);
	if (r < 0 && !work->host->responders.missing) {
		snprintf(work->why, sizeof(work->why), "%s", text_string(&error));
		return r;
	}
	return r == 0;
}

static void sort_out(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		const struct operation *operation = &work->operations[i];
		bool adds = operation->type != OPERATION_DELETE;
		const struct host_answer *answer = adds ? operation->after : operation->before;
		struct batch *batch = adds ? &work->sets : &work->deletes;
		int where = is_in_table(work, answer->link, adds);

		work->errors[i] = where < 0 ? where : 0;
		if (where <= 0)
			continue;
		batch->rules[batch->count] = answer_rule(answer);
		batch->numbers[batch->count++] = i;
	}
}

/* Where not all of them could be written, each is tried by itself, and has an error of its own. */
static void write_batch(struct work *work, const struct batch *batch, write_fn *write)
{
	struct neighbours *neighbours = work->host->responders.neighbours;

	if (!batch->count || write(neighbours, batch->rules, batch->count) == 0)
		return;
	work->host->responders.unsure = true;
	for (size_t i = 0; i < batch->count; i++)
		work->errors[batch->numbers[i]] = write(neighbours, &batch->rules[i], 1);
}

static void count_rules(const struct work *work, const struct batch *batch)
{
	size_t *rules = &work->host->responders.rules;

	for (size_t i = 0; i < batch->count; i++) {
		enum operation_type type = work->operations[batch->numbers[i]].type;

		if (work->errors[batch->numbers[i]])
			continue;
		*rules += type == OPERATION_ADD;
		*rules -= type == OPERATION_DELETE && *rules;
	}
}

static void tell(const struct work *work, size_t index, host_result_fn *told, void *data)
{
	const struct operation *operation = &work->operations[index];
	struct host_result result = { .operation = operation, .error = work->errors[index] };
	bool removed = operation->type == OPERATION_DELETE;

	if (!result.error)
		host_note(work->host, OBJECT_ANSWER, removed ? operation->before : operation->after,
			  removed);
	else
		snprintf(result.text, sizeof(result.text), "%s",
			 work->why[0] ? work->why :
			 result.error == -ENOSPC || result.error == -E2BIG ?
					"the table of answers in the kernel is full" :
					strerror(-result.error));
	told(data, &result);
}

static void batch_make(struct batch *batch, size_t count)
{
	batch->rules = mem_alloc(count * sizeof(*batch->rules));
	batch->numbers = mem_alloc(count * sizeof(*batch->numbers));
}

static void batch_free(struct batch *batch)
{
	free(batch->rules);
	free(batch->numbers);
}

void answers_apply(struct host *host, const struct operation *operations, size_t count,
		   host_result_fn *told, void *data)
{
	struct work work = { .host = host, .operations = operations, .count = count };

	work.errors = mem_alloc(count * sizeof(*work.errors));
	batch_make(&work.sets, count);
	batch_make(&work.deletes, count);
	sort_out(&work);
	write_batch(&work, &work.sets, neighbours_set_rules);
	write_batch(&work, &work.deletes, neighbours_delete_rules);
	count_rules(&work, &work.sets);
	count_rules(&work, &work.deletes);
	for (size_t i = 0; i < count; i++)
		tell(&work, i, told, data);
	if (work.deletes.count)
		responders_unload(host);
	batch_free(&work.sets);
	batch_free(&work.deletes);
	free(work.errors);
}

/* What the worker has, as it was observed. */
static void keep_others(const struct host *host, struct object_set *into)
{
	STATE_EACH(&host->observed, OBJECT_ANSWER, const struct host_answer, answer) {
		const struct served_link *served = responders_find(host, answer->link);

		if (!host->responders.neighbours || (served && served->by_worker))
			set_push(into, &answer_kind, answer);
	}
}

bool answers_observe(struct host *host)
{
	struct responders *responders = &host->responders;
	struct neighbours_rules rules = { 0 };
	struct object_set fresh = { 0 };
	int r = responders->neighbours ? neighbours_rules(responders->neighbours, &rules) : 0;

	responders->unsure = false;
	if (r < 0) {
		log_warning("the answers of responders cannot be read: %s", strerror(-r));
		VEC_FREE(&rules);
		return false;
	}
	for (size_t i = 0; i < rules.count; i++) {
		const struct host_answer answer = answer_of(&rules.items[i]);

		set_push(&fresh, &answer_kind, &answer);
	}
	responders->rules = rules.count;
	keep_others(host, &fresh);
	VEC_FREE(&rules);
	return host_observe(host, OBJECT_ANSWER, &fresh);
}

/* Those of a link: observed, and what we did since. */
static void collect(const struct host *host, uint32_t link, struct neighbours_rules *ret_rules)
{
	const struct host_answer like = { .link = link };
	const struct journal *told = &host->journals[OBJECT_ANSWER];
	struct journal journal = { 0 };
	struct object_set set = { 0 };
	bool lost = false;

	for (size_t i = state_lower_bound(&host->observed, OBJECT_ANSWER, &like);
	     i < state_count(&host->observed, OBJECT_ANSWER); i++) {
		const struct host_answer *answer = state_at(&host->observed, OBJECT_ANSWER, i);

		if (answer->link != link)
			break;
		set_push(&set, &answer_kind, answer);
	}
	for (size_t i = 0; i < told->changes.count; i++)
		if (told->changes.items[i].object.answer.link == link)
			journal_add(&journal, &told->changes.items[i]);
	(void)journal_merge(&journal, &answer_kind, &set, &lost);
	for (size_t i = 0; i < set.count; i++)
		*VEC_PUSH(ret_rules) = answer_rule(set_at(&set, &answer_kind, i));
	free(set.items);
}

int answers_give(struct host *host, uint32_t link)
{
	struct neighbours_rules rules = { 0 };
	int r = 0;

	collect(host, link, &rules);
	if (rules.count)
		r = neighbours_set_rules(host->responders.neighbours, rules.items, rules.count);
	if (r == 0)
		host->responders.rules += rules.count;
	else
		host->responders.unsure = true;
	VEC_FREE(&rules);
	return r;
}

int answers_take(struct host *host, uint32_t link)
{
	struct neighbours_rules rules = { 0 };
	size_t *count = &host->responders.rules;
	int r = 0;

	collect(host, link, &rules);
	if (rules.count)
		r = neighbours_delete_rules(host->responders.neighbours, rules.items, rules.count);
	if (r == 0)
		*count -= rules.count < *count ? rules.count : *count;
	VEC_FREE(&rules);
	responders_unload(host);
	return r;
}
