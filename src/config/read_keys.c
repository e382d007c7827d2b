/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: each may stand once, and must be one that exists.
 *
 * Duplicates are found by sorting, not by a hash: sixty thousand links in one map cost a few
 * milliseconds, and no choice of names makes it quadratic. The sort keeps the order of the text
 * among equals, so that it is always the later one that is blamed.
 */
#include "config/read.h"

#include "config/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A pair in the search for duplicates; @order is its place in the text. */
struct entry {
	struct node *node;
	size_t order;
};

static int compare_keys(const struct node *a, const struct node *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int r = memcmp(a->text, b->text, shorter);

	return r ? r : (a->length > b->length) - (a->length < b->length);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int r = compare_keys(left->node->key, right->node->key);

	return r ? r : (left->order > right->order) - (left->order < right->order);
}

static size_t gather(const struct parts *parts, struct entry *entries)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->count; i++) {
		if (parts->nodes[i]->kind != NODE_MAP)
			continue;
		for (struct node *node = parts->nodes[i]->first; node; node = node->next) {
			entries[count] = (struct entry){ .node = node, .order = count };
			count++;
		}
	}
	return count;
}

static size_t pairs_at_most(const struct parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->count; i++)
		count += parts->nodes[i]->count;
	return count;
}

/* " in prefixes", or nothing at the top of the file. */
static const char *in_where(struct reader *reader)
{
	return reader->where ? arena_printf(reader->scratch, " in %s", reader->where) : "";
}

static int refuse_twice(struct reader *reader, struct node *node, const struct node *first)
{
	node->kind = NODE_REFUSED;
	return diag_between(reader->diags, node->key->place, first->key->place, -EINVAL,
			    "key %s stands twice%s; keep one",
			    node_shown(node->key, reader->scratch), in_where(reader));
}

int read_keys_once(struct reader *reader, const struct parts *parts)
{
	size_t count = pairs_at_most(parts), first = 0;
	struct entry *entries;
	int r = 0;

	if (count < 2)
		return 0;
	entries = arena_alloc(reader->scratch, count * sizeof(*entries));
	count = gather(parts, entries);
	qsort(entries, count, sizeof(*entries), compare_entries);
	for (size_t i = 1; i < count; i++) {
		if (compare_keys(entries[i].node->key, entries[first].node->key) == 0)
			r = refuse_twice(reader, entries[i].node, entries[first].node);
		else
			first = i;
	}
	return r;
}

const char *read_key_glued(struct reader *reader, const struct node *node, const char *const *names)
{
	size_t length;

	for (; *names; names++) {
		length = strlen(*names);
		if (strncmp(node->text, *names, length) != 0 || node->text[length] != ':')
			continue;
		diag_at(reader->diags, node->place, -EINVAL,
			"'%s:' must be followed by a space to be a key; write '%s: ...'", *names,
			*names);
		return *names;
	}
	return NULL;
}

const char *read_key_unknown(struct reader *reader, const struct node *node, const char *const *names)
{
	const struct node *key = node->key;
	const char *meant = NULL, *shown;
	AUTO_TEXT all = { 0 };

	/* A file of a million unknown keys needs no million suggestions. */
	if (reader->diags->errors > DIAGS_MAX) {
		diag_at(reader->diags, key->place, -EINVAL, "unknown key");
		return NULL;
	}
	if (node_is_null(node))
		meant = read_key_glued(reader, key, names);
	if (meant)
		return meant;
	shown = node_shown(key, reader->scratch);
	meant = text_nearest(key->text, names);
	words_join(names, &all);
	if (meant)
		diag_at(reader->diags, key->place, -EINVAL, "unknown key %s%s; did you mean '%s'?",
			shown, in_where(reader), meant);
	else
		diag_at(reader->diags, key->place, -EINVAL, "unknown key %s%s; the keys are %s",
			shown, in_where(reader), text_string(&all));
	return meant;
}

bool read_key_is(const struct node *key, const char *name)
{
	return strlen(name) == key->length && memcmp(key->text, name, key->length) == 0;
}

const char *const *read_key_names(struct reader *reader, const struct config_field *fields)
{
	const char **names;
	size_t count = 0;

	while (fields[count].name)
		count++;
	names = arena_alloc(reader->scratch, (count + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].name;
	return names;
}
