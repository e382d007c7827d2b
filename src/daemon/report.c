/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/guard.h"
#include "daemon/report_neighbours.h"

#include <string.h>
#include <unistd.h>

#ifndef MULTIHOMED_VERSION
#define MULTIHOMED_VERSION "unknown"
#endif

/* Text that came from a file may hold anything; JSON takes only UTF-8. */
static json_t *json_text(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static void add_place(json_t *json, struct place place, const struct source *source)
{
	if (!place_known(place) || !source || place.file >= source->count)
		return;
	json_object_set_new(json, "file", json_text(source->files[place.file].name));
	json_object_set_new(json, "line", json_integer(place.line));
	json_object_set_new(json, "column", json_integer(place.column));
}

static json_t *diag_json(const struct diag *diag, const struct source *source)
{
	AUTO_TEXT rendered = { 0 };
	json_t *json = json_object();

	diag_render(diag, source, false, &rendered);
	json_object_set_new(json, "level",
			    json_string(diag->level == DIAG_ERROR ? "error" : "warning"));
	json_object_set_new(json, "text", json_text(diag->text));
	add_place(json, diag->at, source);
	json_object_set_new(json, "rendered", json_text(text_string(&rendered)));
	return json;
}

static json_t *diags_json(const struct diags *diags, const struct source *source)
{
	json_t *list = json_array();

	for (unsigned i = 0; diags && i < diags->count; i++)
		json_array_append_new(list, diag_json(&diags->items[i], source));
	return list;
}

static json_t *pending_json(const struct desired *desired, const struct source *source)
{
	json_t *list = json_array();

	for (size_t i = 0; desired && i < desired->pending.count; i++) {
		const struct pending *pending = &desired->pending.items[i];
		json_t *json = json_object();

		json_object_set_new(json, "text", json_text(pending->text));
		json_object_set_new(json, "feature", json_string(features[pending->feature]->name));
		add_place(json, pending->place, source);
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *refusals_json(const struct refusals *refusals, const struct source *source)
{
	json_t *list = json_array();

	for (size_t i = 0; refusals && i < refusals->items.count; i++) {
		const struct refusal *refusal = &refusals->items.items[i];
		AUTO_TEXT line = { 0 }, rendered = { 0 };
		struct diag diag = { .level = DIAG_ERROR, .at = refusal->place };
		json_t *json = json_object();

		text_printf(&line, "'%s' was refused: %s", refusal->object, refusal->reason);
		diag.text = text_string(&line);
		diag_render(&diag, source, false, &rendered);
		json_object_set_new(json, "text", json_text(refusal->object));
		json_object_set_new(json, "error", json_text(refusal->reason));
		json_object_set_new(json, "feature", json_string(features[refusal->feature]->name));
		add_place(json, refusal->place, source);
		json_object_set_new(json, "rendered", json_text(text_string(&rendered)));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *operation_json(const struct operation *operation, const struct outcome *outcome)
{
	static const char *const names[] = {
		[OPERATION_ADD] = "add",
		[OPERATION_CHANGE] = "change",
		[OPERATION_DELETE] = "delete",
	};
	const struct object *asked = operation->after;
	AUTO_TEXT text = { 0 };
	json_t *json = json_object();

	operation_print(operation, outcome->desired ? &outcome->desired->state : outcome->observed,
			&text);
	json_object_set_new(json, "op", json_string(names[operation->type]));
	json_object_set_new(json, "kind", json_string(object_kind_name(operation->kind)));
	json_object_set_new(json, "text", json_text(text_string(&text)));
	if (asked && place_known(asked->place)) {
		json_object_set_new(json, "feature", json_string(features[asked->feature]->name));
		add_place(json, asked->place, generation_source(outcome->generation));
	}
	return json;
}

/* What is not ours, and goes. */
static json_t *losses_json(const struct losses *losses)
{
	json_t *list = json_array();

	for (size_t i = 0; losses && i < losses->items.count; i++) {
		const struct loss *loss = &losses->items.items[i];
		const char *line = text_string(&loss->objects);
		json_t *objects = json_array();

		for (; *line; line += strcspn(line, "\n") + 1)
			json_array_append_new(objects, json_stringn(line, strcspn(line, "\n")));
		json_array_append_new(list,
				      json_pack("{s:o,s:o,s:o}", "link", json_text(loss->name),
						"text", json_text(loss->text), "objects", objects));
	}
	return list;
}

/* What is not ours, went, and did not come back. */
static json_t *missing_json(const struct refusals *missing)
{
	json_t *list = json_array();

	for (size_t i = 0; missing && i < missing->items.count; i++)
		json_array_append_new(list,
				      json_pack("{s:o,s:o}", "text",
						json_text(missing->items.items[i].object), "error",
						json_text(missing->items.items[i].reason)));
	return list;
}

static json_t *outcome_json(const struct outcome *outcome)
{
	const struct source *source = generation_source(outcome->generation);
	json_t *json = json_object();

	if (outcome->error)
		json_object_set_new(json, "error", json_text(outcome->error));
	json_object_set_new(json, "diagnostics", diags_json(outcome->diags, source));
	json_object_set_new(json, "pending", pending_json(outcome->desired, source));
	json_object_set_new(json, "losses", losses_json(outcome->losses));
	json_object_set_new(json, "timing",
			    json_pack("{s:I,s:I,s:I}", "read_us", (json_int_t)outcome->read_us,
				      "decide_us", (json_int_t)outcome->decide_us, "apply_us",
				      (json_int_t)outcome->apply_us));
	return json;
}

static json_t *worker_names(uint64_t which)
{
	json_t *list = json_array();

	for (size_t i = 0; i < worker_count; i++)
		if (which >> i & 1)
			json_array_append_new(list, json_string(workers[i]->name));
	return list;
}

json_t *report_plan(const struct outcome *outcome)
{
	size_t count = outcome->plan ? outcome->plan->count : 0;
	json_t *json = outcome_json(outcome), *operations = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(operations, operation_json(&outcome->plan->items[i], outcome));
	json_object_set_new(json, "operations", operations);
	json_object_set_new(json, "workers", worker_names(outcome->workers));
	json_object_set_new(json, "exit",
			    json_integer(outcome->error || outcome->diags->errors ?
						 2 :
						 count > 0 || outcome->workers));
	return json;
}

json_t *report_apply(const struct outcome *outcome)
{
	const struct source *source = generation_source(outcome->generation);
	bool failed = outcome->refusals && outcome->refusals->items.count > 0;
	json_t *json = outcome_json(outcome);
	int exit = outcome->refused							      ? 2 :
		   failed || outcome->rolled_back || outcome->error || outcome->diags->errors ? 1 :
												0;

	json_object_set_new(json, "exit", json_integer(exit));
	json_object_set_new(json, "generation", json_integer(outcome->number));
	json_object_set_new(json, "operations", json_integer((json_int_t)outcome->done));
	json_object_set_new(json, "failed", refusals_json(outcome->refusals, source));
	json_object_set_new(json, "missing", missing_json(outcome->missing));
	json_object_set_new(json, "rolled_back", json_boolean(outcome->rolled_back));
	json_object_set_new(json, "workers", worker_names(outcome->workers));
	if (outcome->confirm_ms && !exit)
		json_object_set_new(json, "confirm_ms", json_integer(outcome->confirm_ms));
	return json;
}

/*
 * How many of the desired objects are there: what is desired less what a plan would still add or
 * change.
 */
static size_t count_in_place(const struct engine_status *status)
{
	size_t count = 0;
	struct plan plan;

	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++)
		count += state_count(&status->desired->state, (enum object_kind)kind);
	plan_make(&status->desired->state, status->observed, &plan);
	for (size_t i = 0; i < plan.count; i++)
		count -= plan.items[i].type != OPERATION_DELETE;
	plan_free(&plan);
	return count;
}

static json_t *objects_json(const struct engine_status *status)
{
	const struct source *source = generation_source(status->generation);
	json_t *json = json_object();
	size_t desired = 0;

	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++)
		desired += state_count(&status->desired->state, (enum object_kind)kind);
	json_object_set_new(json, "desired", json_integer((json_int_t)desired));
	json_object_set_new(json, "in_place", json_integer((json_int_t)count_in_place(status)));
	json_object_set_new(json, "pending", pending_json(status->desired, source));
	json_object_set_new(json, "failing", refusals_json(status->refusals, source));
	return json;
}

static json_t *workers_json(const struct engine_status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < worker_count; i++) {
		struct shell_status shell;

		shell_status(status->shells[i], &shell);
		if (!shell_matters(&shell))
			continue;
		json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:I}", "name", shell.name, "pid",
						      shell.pid, "restarts", (int)shell.restarts,
						      "listeners", (json_int_t)shell.listeners));
	}
	return list;
}

/* Whether anything is to be told of @feature, whose configuration is @value. */
static bool has_status(const struct feature *feature, const void *value, const char *only_feature)
{
	if (!feature->status || (only_feature && strcmp(only_feature, feature->name) != 0))
		return false;
	return value || (only_feature && feature->status_anyway);
}

/* A survey of the whole host, made for those only who show it. */
static void look_at_servers(const struct engine_status *status, struct host_servers *servers,
			    struct facts *facts)
{
	if (!status->host || facts->servers)
		return;
	facts->servers_error = host_servers(status->host, servers);
	if (!facts->servers_error)
		facts->servers = servers;
}

static void note_filter(void *data, const struct host_filter *filter, uint64_t packets, uint64_t bytes)
{
	AUTO_MEM char *key = mem_printf(
		"filter %s %u", filter->chain == FILTER_NAT ? "nat" : "forward", filter->order);

	counters_get(data, key)->asked = packets;
}

/* What no worker counts but the kernel. */
static void count_filters(const struct engine_status *status, struct counters *counters)
{
	int r = status->host ? host_filter_counters(status->host, note_filter, counters) : 0;

	if (r < 0)
		log_debug("the counters of filter rules cannot be read: %s", strerror(-r));
}

static bool wants_responders(const struct config *config, const char *only_feature)
{
	for (size_t i = 0; i < feature_count; i++)
		if (features[i]->looks_at_responders &&
		    has_status(features[i], config ? config->values[i] : NULL, only_feature))
			return true;
	return false;
}

static json_t *features_json(const struct engine_status *status, const char *only_feature)
{
	const struct config *config = status->generation->config;
	struct host_servers servers = { 0 };
	struct facts facts = { .observed = status->observed,
			       .health = status->health,
			       .subscribers = status->subscribers,
			       .now = time(NULL) };
	bool neighbours = only_feature && !strcmp(only_feature, REPORT_NEIGHBOURS);
	struct counters counters = { 0 };
	json_t *json = json_object(), *one;

	for (size_t i = 0; i < worker_count; i++)
		counters_add(&counters, shell_counters(status->shells[i]));
	if (neighbours || wants_responders(config, only_feature))
		neighbours_count(status, &counters);
	if (neighbours)
		json_object_set_new(json, REPORT_NEIGHBOURS, neighbours_json(status, &counters));
	for (size_t i = 0; i < feature_count; i++) {
		const void *value = config ? config->values[i] : NULL;

		if (!has_status(features[i], value, only_feature))
			continue;
		if (features[i]->looks_at_servers)
			look_at_servers(status, &servers, &facts);
		if (features[i]->looks_at_filters)
			count_filters(status, &counters);
		one = json_object();
		features[i]->status(value, &facts, &counters, one);
		json_object_set_new(json, features[i]->name, one);
	}
	counters_free(&counters);
	host_servers_free(&servers);
	return json;
}

/* What is let be at present. */
static json_t *fights_json(const struct guard *guard, int64_t now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < guard->fights.count; i++) {
		const struct fight *fight = &guard->fights.items[i];

		if (fight->until_us > now)
			json_array_append_new(
				list, json_pack("{s:o,s:o,s:I}", "text", json_text(fight->object),
						"by", json_text(fight->who), "left_s",
						(json_int_t)((fight->until_us - now) / 1000000)));
	}
	return list;
}

/* What waits to be confirmed. */
static json_t *transaction_json(const struct transaction *transaction)
{
	return json_pack("{s:i,s:o,s:I,s:I,s:I}", "id", (int)transaction->id, "what",
			 json_text(transaction->what), "uid", (json_int_t)transaction->caller.uid,
			 "pid", (json_int_t)transaction->caller.pid, "operations",
			 (json_int_t)transaction->operations);
}

json_t *report_status(const struct engine_status *status, const char *only_feature)
{
	int64_t now = clock_now_us();
	json_t *json = json_object(), *drift = json_object();

	json_object_set_new(json, "exit", json_integer(status->violated->errors > 0));
	json_object_set_new(json, "violated",
			    diags_json(status->violated, generation_source(status->generation)));
	json_object_set_new(json, "version", json_string(MULTIHOMED_VERSION));
	json_object_set_new(json, "pid", json_integer(getpid()));
	json_object_set_new(json, "generation", json_integer(status->generation->number));
	json_object_set_new(json, "config", json_text(status->config_name));
	json_object_set_new(json, "uptime_s", json_integer((now - status->started_us) / 1000000));
	if (status->confirm_ms) {
		json_object_set_new(json, "confirm_ms", json_integer(status->confirm_ms));
		json_object_set_new(json, "transaction", transaction_json(status->transaction));
	}
	json_object_set_new(json, "diagnostics",
			    diags_json(status->diags, generation_source(status->generation)));
	json_object_set_new(json, "objects", objects_json(status));
	json_object_set_new(drift, "repaired", json_integer((json_int_t)status->repaired));
	if (status->last_repair) {
		json_object_set_new(drift, "last", json_text(status->last_repair));
		json_object_set_new(drift, "last_s_ago",
				    json_integer((now - status->last_repair_us) / 1000000));
	}
	json_object_set_new(drift, "fights", fights_json(status->guard, now));
	json_object_set_new(json, "drift", drift);
	json_object_set_new(json, "workers", workers_json(status));
	json_object_set_new(json, "features", features_json(status, only_feature));
	return json;
}

json_t *report_error(int exit, const char *error)
{
	json_t *json = json_object();

	json_object_set_new(json, "exit", json_integer(exit));
	json_object_set_new(json, "error", json_text(error));
	json_object_set_new(json, "diagnostics", json_array());
	return json;
}

json_t *report_text(const char *text)
{
	return json_pack("{s:i,s:[],s:o}", "exit", 0, "diagnostics", "text", json_text(text));
}
