/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_DIAG_H
#define MH_CONFIG_DIAG_H

#include "base/arena.h"
#include "base/place.h"
#include "base/text.h"

#include <stdbool.h>

struct source;

/*
 * What is wrong with a configuration: every mistake, each with its place and a way out. Collected,
 * never printed on the way. An error refuses the configuration, a warning does not.
 */
enum diag_level { DIAG_WARNING, DIAG_ERROR };

struct diag {
	enum diag_level level;
	struct place at;
	struct place other; /* "... asked for here as well"; line 0 = none */
	const char *text;
};

/* This many of each level are kept; of the rest is only known how many they were. */
#define DIAGS_MAX 100

struct diags {
	struct arena *arena; /* of the texts */
	struct diag *items;
	unsigned count;	 /* items that were kept */
	unsigned errors; /* all of them, kept or not */
	unsigned reserved; /* of DIAGS_MAX errors, so many are kept free for what is looked at later */
	unsigned dropped; /* of both levels: "... and N more" */
	size_t room;
};

/* Zero-initialised they are empty, too. */
void diags_init(struct diags *diags);
void diags_free(struct diags *diags);
#define AUTO_DIAGS __attribute__((cleanup(diags_free))) struct diags

/* Adds an error at @at and returns @error, so that a check can end with it. */
int diag_at(struct diags *diags, struct place at, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same with the second place that it is about. */
int diag_between(struct diags *diags, struct place at, struct place other, int error,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));
void diag_warn(struct diags *diags, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* By file, line, column; those of one place stay in the order in which they were found. */
void diags_sort(struct diags *diags);

/*
 * Renders as
 *	FILE:LINE:COLUMN: error: TEXT
 *	    the line of the file
 *	        ^
 * and the other place, where there is one, as a "note:" below. Without a known place, or with a
 * NULL @source: "error: TEXT". Long lines are cut around the caret, tabs become spaces; control
 * bytes, bidirectional overrides and invalid UTF-8 are shown as '?'. @colour: ANSI colours.
 * diags_render() ends with "... and N more" when some were dropped; quickest when sorted.
 */
void diags_render(const struct diags *diags, const struct source *source, bool colour,
		  struct text *text);
void diag_render(const struct diag *diag, const struct source *source, bool colour,
		 struct text *text);

/* "FILE:LINE:COLUMN", or "" for no place. */
void place_render(struct place place, const struct source *source, struct text *text);

#endif
