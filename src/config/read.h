/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_READ_H
#define MH_CONFIG_READ_H

#include "config/value.h"

/* The nodes that make up one value: one, or for a section one a file. */
struct parts {
	struct node **nodes;
	size_t count;
};

/*
 * Each reads into zeroed memory and returns 0, or -EINVAL when anything in the value was refused,
 * with a diagnostic for each mistake.
 */
int read_value(struct reader *reader, const struct config_field *field, struct node *node,
	       void *ret_value);
/* LIST and MAP; *ret_list is written in both cases, with the items that are whole. */
int read_list(struct reader *reader, const struct config_field *field, const struct parts *parts,
	      struct config_list *ret_list);
/* @node is the value of @key in a MAP, whose text becomes the first field; or @key is NULL. */
int read_record(struct reader *reader, const struct config_field *field, struct node *node,
		const struct node *key, void *ret_record);

/* Refuses keys that stand twice in the maps of @parts, and turns their later values into NODE_REFUSED. */
int read_keys_once(struct reader *reader, const struct parts *parts);
/*
 * Refuses the key of @node, which is none of the NULL-terminated @names. Returns the one that was
 * probably meant, or NULL.
 */
const char *read_key_unknown(struct reader *reader, const struct node *node,
			     const char *const *names);
bool read_key_is(const struct node *key, const char *name);
/*
 * Refuses the scalar @node if it is a "key:value" with one of @names: to YAML that is one word.
 * Returns that name, or NULL when it is something else, of which nothing is told.
 */
const char *read_key_glued(struct reader *reader, const struct node *node, const char *const *names);
/* The field of @record whose value may stand in its place; NULL = it has none. */
const struct config_field *read_bare(const struct config_field *record);
/* The names of a table, NULL-terminated, in the scratch arena. */
const char *const *read_key_names(struct reader *reader, const struct config_field *fields);

#endif
