/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_TREE_H
#define MH_CONFIG_TREE_H

#include "config/diag.h"
#include "config/source.h"

#include <stdbool.h>
#include <stddef.h>

/* Bounds of one file: containers in one another, and values of any kind. */
#define TREE_MAX_DEPTH 16
#define TREE_MAX_NODES 4000000

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_REFUSED, /* was told already: to be passed over in silence */
};

/* A value of the text and where it stands, not yet of any type. */
struct node {
	enum node_kind kind;
	bool quoted; /* SCALAR: in quotes or a block, so that null and the like are only texts */
	bool folded; /* SCALAR: it went on over the end of its line */
	struct place place;
	const char *text; /* SCALAR; NUL-terminated, but may hold NULs: see length */
	size_t length;
	const struct node *key; /* in a MAP; always a SCALAR */
	struct node *first, *next;
	unsigned count; /* of children */
};

/* No value: nothing, "~" or "null" without quotes. */
bool node_is_null(const struct node *node);

/* What stands there, for "expected ..., found ...": "a list", "nothing", "'53'". In @arena. */
const char *node_found(const struct node *node, struct arena *arena);

/* The text of a scalar, cut when it is long; the second with quotes around it. In @arena. */
const char *node_text(const struct node *node, struct arena *arena);
const char *node_shown(const struct node *node, struct arena *arena);

/*
 * The tree of one file, number @number of its source, in @arena. NULL when there is none. After a
 * mistake in the syntax, which goes to @diags, the tree has what stood complete before it.
 */
struct node *tree_read(const struct source_file *file, unsigned number, struct arena *arena,
		       struct diags *diags);

#endif
