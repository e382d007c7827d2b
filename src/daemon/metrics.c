/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters know their kinds by the first words of their keys, so a new feature shows here without a line.
 * What is only a list of the busiest is left out: its members come and go, and such are no counters; and so
 * are numbers that nobody can read, which a feature's status puts into names.
 */
#include "daemon/metrics.h"

#include "base/clock.h"
#include "daemon/guard.h"
#include "daemon/report.h"
#include "daemon/report_neighbours.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef MULTIHOMED_VERSION
#define MULTIHOMED_VERSION "unknown"
#endif

#define PREFIX "multihomed_"
#define SECOND 1e6

static void family(struct text *text, const char *name, const char *type, const char *help)
{
	text_printf(text, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

/* label="value"; a value may hold anything, three bytes of it are escaped. */
static void put_label(struct text *text, const char *label, const char *value)
{
	text_printf(text, "{%s=\"", label);
	for (; *value; value++) {
		if (*value == '\n')
			text_puts(text, "\\n");
		else if (*value == '"' || *value == '\\')
			text_printf(text, "\\%c", *value);
		else
			text_append(text, value, 1);
	}
	text_puts(text, "\"}");
}

static void sample(struct text *text, const char *name, const char *label, const char *value,
		   double number)
{
	text_printf(text, PREFIX "%s", name);
	if (label)
		put_label(text, label, value);
	text_printf(text, " %.15g\n", number);
}

static void gauge(struct text *text, const char *name, const char *help, double number)
{
	family(text, name, "gauge", help);
	sample(text, name, NULL, NULL, number);
}

static double number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_array(value) ? (double)json_array_size(value) :
				      (double)json_integer_value(value);
}

static void put_engine(const struct engine_status *status, struct text *text)
{
	static const char *const states[] = { "desired", "in_place", "pending", "failing" };
	json_t *all = report_status(status, "");
	const json_t *objects = json_object_get(all, "objects");
	unsigned fights = 0;

	for (size_t i = 0; i < status->guard->fights.count; i++)
		fights += status->guard->fights.items[i].until_us > clock_now_us();
	family(text, "build_info", "gauge", "The version of the daemon.");
	sample(text, "build_info", "version", MULTIHOMED_VERSION, 1);
	gauge(text, "start_time_seconds", "When the daemon was started, in seconds since 1970.",
	      (double)(time(NULL) - (clock_now_us() - status->started_us) / 1000000));
	gauge(text, "generation", "The number of the configuration in force.",
	      status->generation->number);
	family(text, "objects", "gauge",
	       "Objects that are asked for; how many of them are there, wait, or were refused.");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		sample(text, "objects", "state", states[i], number_of(objects, states[i]));
	gauge(text, "promises_violated", "Promises of the configuration that do not hold now.",
	      status->violated->errors);
	gauge(text, "confirm_remaining_seconds",
	      "Until an apply that was not confirmed goes back; 0 = none waits.",
	      (double)status->confirm_ms / 1000);
	family(text, "repairs_total", "counter", "Objects that others changed and that were mended.");
	sample(text, "repairs_total", NULL, NULL, (double)status->repaired);
	gauge(text, "fights",
	      "Objects that others change again and again, and that are let be for now.", fights);
	json_decref(all);
}

/* One family over all workers. */
static void put_worker_family(const struct engine_status *status, const char *name,
			      const char *type, const char *help, struct text *text)
{
	family(text, name, type, help);
	for (size_t i = 0; i < worker_count; i++) {
		struct shell_status shell;
		double number;

		shell_status(status->shells[i], &shell);
		/* "up 0" wakes people up. */
		if (!shell_matters(&shell))
			continue;
		number = strstr(name, "restarts")  ? shell.restarts :
			 strstr(name, "listeners") ? (double)shell.listeners :
						     shell.pid != 0;
		sample(text, name, "worker", shell.name, number);
	}
}

static void put_workers(const struct engine_status *status, struct text *text)
{
	put_worker_family(status, "worker_up", "gauge", "Whether the worker runs.", text);
	put_worker_family(status, "worker_restarts_total", "counter",
			  "How often the worker died and was started again.", text);
	put_worker_family(status, "worker_listeners", "gauge", "Sockets that the worker serves.",
			  text);
}

static double health_number(const struct health *health, size_t family)
{
	switch (family) {
	case 0:
		return health_usable(health);
	case 1:
		return health->state == HEALTH_UP;
	case 2:
		return health->hand == HEALTH_DRAINED;
	case 3:
		return health->weight / 100.0;
	case 4:
		return health->flips;
	case 5:
		return health->took_us / SECOND;
	}
	return 0;
}

static void put_checks(const struct healths *health, struct text *text)
{
	static const char *const families[][3] = {
		{ "check_usable", "gauge",
		  "Whether who depends on the check counts on it, all considered." },
		{ "check_up", "gauge", "Whether the check is up by itself." },
		{ "check_drained", "gauge", "Whether it was drained by hand." },
		{ "check_weight_ratio", "gauge", "The weight that an agent gave, 1 = all." },
		{ "check_flips_total", "counter", "How often the check went up or down." },
		{ "check_duration_seconds", "gauge", "How long the last look took." },
	};

	for (size_t i = 0; health && health->items.count && i < ARRAY_SIZE(families); i++) {
		family(text, families[i][0], families[i][1], families[i][2]);
		for (size_t j = 0; j < health->items.count; j++)
			sample(text, families[i][0], "check", health->items.items[j].name,
			       health_number(&health->items.items[j], i));
	}
}

/* A counter and its key's first word. */
struct row {
	const struct counters_entry *entry;
	size_t kind; /* its length */
};

static int by_kind(const void *a, const void *b)
{
	const struct row *first = a, *second = b;
	size_t shorter = first->kind < second->kind ? first->kind : second->kind;
	int r = strncmp(first->entry->key, second->entry->key, shorter);

	if (!r)
		r = (first->kind > second->kind) - (first->kind < second->kind);
	return r ? r : strcmp(first->entry->key, second->entry->key);
}

static bool same_kind(const struct row *a, const struct row *b)
{
	return a->kind == b->kind && !strncmp(a->entry->key, b->entry->key, a->kind);
}

static bool is_counter(const struct row *row)
{
	static const char *const busiest[] = { "address", "name", "claimant", "owner" };

	for (size_t i = 0; i < ARRAY_SIZE(busiest); i++)
		if (strlen(busiest[i]) == row->kind &&
		    !strncmp(row->entry->key, busiest[i], row->kind))
			return false;
	return true;
}

/* What is only counted: nothing came in or failed of it. */
static bool is_plain(const struct row *row)
{
	static const char plain[] = "rcode";

	return row->kind == strlen(plain) && !strncmp(row->entry->key, plain, row->kind);
}

static void put_plain(const char *feature, const struct row *rows, size_t count, struct text *text)
{
	AUTO_MEM char *kind = mem_printf("%.*s", (int)rows->kind, rows->entry->key);
	AUTO_MEM char *name = mem_printf("%s_%s_total", feature, kind);
	AUTO_MEM char *help = mem_printf("Of %s, by %s: how many answers.", feature, kind);

	family(text, name, "counter", help);
	for (size_t i = 0; i < count; i++)
		sample(text, name, kind, rows[i].entry->key + rows[i].kind + 1,
		       (double)rows[i].entry->counter.answered);
}

static void put_kind(const char *feature, const struct row *rows, size_t count, struct text *text)
{
	static const struct {
		const char *name, *help;
		size_t offset;
	} sorts[] = {
		{ "asked", "came in", offsetof(struct counter, asked) },
		{ "answered", "were answered or done", offsetof(struct counter, answered) },
		{ "dropped", "were not answered, on purpose or for want of room",
		  offsetof(struct counter, dropped) },
		{ "failed", "could not be answered", offsetof(struct counter, failed) },
	};
	AUTO_MEM char *kind = mem_printf("%.*s", (int)rows->kind, rows->entry->key);

	for (char *at = kind; *at; at++)
		*at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '_';
	for (size_t i = 0; i < ARRAY_SIZE(sorts); i++) {
		AUTO_MEM char *name = mem_printf("%s_%s_%s_total", feature, kind, sorts[i].name);
		AUTO_MEM char *help = mem_printf("Of %s, by %s: how many %s.", feature, kind,
						 sorts[i].help);

		family(text, name, "counter", help);
		for (size_t j = 0; j < count; j++) {
			const char *key = rows[j].entry->key;
			const char *counter = (const char *)&rows[j].entry->counter;
			uint64_t number;

			memcpy(&number, counter + sorts[i].offset, sizeof(number));
			sample(text, name, key[rows[j].kind] ? kind : NULL, key + rows[j].kind + 1,
			       (double)number);
		}
	}
}

void metrics_put_counters(const char *feature, const struct counters *counters, struct text *text)
{
	struct row *rows = mem_alloc((counters->entries.count + 1) * sizeof(*rows));
	size_t count = 0, end;

	for (size_t i = 0; i < counters->entries.count; i++) {
		rows[count].entry = &counters->entries.items[i];
		rows[count].kind = strcspn(rows[count].entry->key, " ");
		count += is_counter(&rows[count]);
	}
	qsort(rows, count, sizeof(*rows), by_kind);
	for (size_t start = 0; start < count; start = end) {
		for (end = start + 1; end < count && same_kind(&rows[start], &rows[end]); end++)
			;
		(is_plain(&rows[start]) ? put_plain : put_kind)(feature, rows + start, end - start,
								text);
	}
	mem_freep(&rows);
}

void metrics_put(const struct engine_status *status, struct text *text)
{
	struct counters responders = { 0 };

	neighbours_count(status, &responders);
	put_engine(status, text);
	put_workers(status, text);
	put_checks(status->health, text);
	for (size_t i = 0; i < worker_count; i++) {
		const struct counters *counters = shell_counters(status->shells[i]);

		if (strcmp(workers[i]->name, REPORT_NEIGHBOURS) == 0)
			counters_add(&responders, counters);
		else
			metrics_put_counters(workers[i]->name, counters, text);
	}
	metrics_put_counters(REPORT_NEIGHBOURS, &responders, text);
	counters_free(&responders);
}
