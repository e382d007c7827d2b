/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_VALUE_H
#define MH_CONFIG_VALUE_H

#include "config/config.h"
#include "config/tree.h"

/* A reading in progress. */
struct reader {
	struct arena *arena;   /* of the values */
	struct arena *scratch; /* of the trees, and of what only diagnostics need */
	struct diags *diags;
	struct source *source;
	bool attaching; /* only looks for files: no mistake is told, no value is needed */
	const char *where; /* the key that is being read, for "unknown key ... in WHERE"; NULL = the top */
};

/*
 * Reads @node as the scalar type of @field. Returns 0, or -EINVAL when it was refused, with a
 * diagnostic; *ret_value is written only on success.
 */
int value_read(struct reader *reader, const struct config_field *field, const struct node *node,
	       void *ret_value);

/* The reader of CONFIG_FILE, in file.c: of @node only the place and the text. */
int value_read_file(struct reader *reader, const struct config_field *field,
		    const struct node *node, void *ret_value);

/* Prints a value of a scalar type so that it reads back, in block and in flow style. */
void value_print(const struct config_field *field, const void *value, struct text *text);

/* In the largest unit that needs no fraction: "90s", "2m". */
void value_print_duration(uint64_t milliseconds, struct text *text);

/* Prints a text as it is, or in double quotes where any YAML would take it for something else. */
void value_print_string(const char *string, struct text *text);

#endif
