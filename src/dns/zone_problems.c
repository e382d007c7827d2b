/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone_problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of errors, and of warnings, that are kept; the others are counted. */
#define MOST 50

void zone_problems_free(struct zone_problems *problems)
{
	for (size_t i = 0; i < problems->findings.count; i++) {
		free(problems->findings.items[i].text);
		free(problems->findings.items[i].owner);
		free(problems->findings.items[i].data);
	}
	VEC_FREE(&problems->findings);
	VEC_FREE(&problems->files);
}

static char *format_text(const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	return mem_strdup(text);
}

/* NULL when there are enough of them. */
static struct zone_finding *add(struct zone_problems *problems, bool warning)
{
	size_t *count = warning ? &problems->warnings : &problems->errors;
	struct zone_finding *finding;

	if ((*count)++ >= MOST)
		return NULL;
	finding = VEC_PUSH(&problems->findings);
	finding->warning = warning;
	return finding;
}

void zone_problem_at(struct zone_problems *problems, unsigned file, uint32_t line,
		     const char *format, ...)
{
	struct zone_finding *finding = add(problems, false);
	va_list arguments;

	if (!finding)
		return;
	va_start(arguments, format);
	finding->text = format_text(format, arguments);
	va_end(arguments);
	finding->placed = true;
	finding->file = file;
	finding->line = line;
}

static uint8_t *copy(const uint8_t *bytes, size_t length)
{
	uint8_t *to = mem_alloc(length + 1);

	memcpy(to, bytes, length);
	return to;
}

static void add_record(struct zone_problems *problems, bool warning,
		       const struct zone_record *record, char *text)
{
	struct zone_finding *finding = add(problems, warning);

	if (!finding) {
		free(text);
		return;
	}
	finding->text = text;
	finding->owner = copy(record->owner, name_length(record->owner));
	name_lower(finding->owner, finding->owner);
	finding->type = record->type;
	if (record->data)
		finding->data = copy(record->data, record->length);
	finding->length = record->length;
	problems->unplaced++;
}

void zone_error(struct zone_problems *problems, const struct zone_record *record,
		const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_record(problems, false, record, format_text(format, arguments));
	va_end(arguments);
}

void zone_warn(struct zone_problems *problems, const struct zone_record *record, const char *format,
	       ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_record(problems, true, record, format_text(format, arguments));
	va_end(arguments);
}

static bool speaks_of(const struct zone_finding *finding, const struct zone_record *record)
{
	if (!finding->owner || (finding->type && finding->type != record->type))
		return false;
	if (!name_equal(record->owner, finding->owner))
		return false;
	return !finding->data || (finding->length == record->length &&
				  !memcmp(finding->data, record->data, record->length));
}

void zone_problems_place(struct zone_problems *problems, const struct zone_record *record,
			 unsigned file, uint32_t line)
{
	for (size_t i = 0; i < problems->findings.count; i++) {
		struct zone_finding *finding = &problems->findings.items[i];

		/* Of what is said of a name as a whole, its first record tells best where that is. */
		if ((finding->placed && !finding->data) || !speaks_of(finding, record))
			continue;
		finding->placed = true;
		finding->file = file;
		finding->line = line;
	}
}

static int compare(const void *one, const void *other)
{
	const struct zone_finding *a = one, *b = other;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* What was left out has no place of its own: it stands behind the last that was told. */
static void tell_rest(const struct zone_problems *problems, const struct zone_source *source)
{
	const struct zone_finding *last = &problems->findings.items[problems->findings.count - 1];
	size_t errors = problems->errors > MOST ? problems->errors - MOST : 0;
	size_t warnings = problems->warnings > MOST ? problems->warnings - MOST : 0;
	char text[100];

	if (!errors && !warnings)
		return;
	snprintf(text, sizeof(text), "and there are %zu errors and %zu warnings more", errors,
		 warnings);
	source->problem(source->data,
			&(struct zone_problem){ .file = problems->files.items[last->file],
						.line = last->line,
						.warning = !errors,
						.text = text });
}

void zone_problems_tell(struct zone_problems *problems, const struct zone_source *source)
{
	const struct zone_finding *before = NULL;

	if (!source->problem || !problems->findings.count)
		return;
	for (size_t i = 0; i < problems->findings.count; i++)
		if (!problems->findings.items[i].line)
			problems->findings.items[i].line = 1;
	qsort(problems->findings.items, problems->findings.count, sizeof(*problems->findings.items),
	      compare);
	for (size_t i = 0; i < problems->findings.count; i++) {
		const struct zone_finding *finding = &problems->findings.items[i];

		/* A set that is put together of several pieces is looked at more than once. */
		if (before && !compare(before, finding))
			continue;
		before = finding;
		source->problem(source->data,
				&(struct zone_problem){ .file = problems->files.items[finding->file],
							.line = finding->line,
							.warning = finding->warning,
							.text = finding->text });
	}
	tell_rest(problems, source);
}
