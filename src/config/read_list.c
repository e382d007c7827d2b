/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists, and maps, which are lists of records that know their key. The items lie side by side in
 * one block whose size is known from the tree, so that ten thousand prefixes are one allocation.
 */
#include "config/read.h"

#include "config/words.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The scalar @node within brackets, where it means the same. */
static void put_bracketed(const struct node *node, struct text *text)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-@:";
	bool plain = strspn(node->text, safe) == node->length && node->text[0] != ':' &&
		     node->text[node->length - 1] != ':';

	text_puts(text, "; write [");
	if (plain)
		text_puts(text, node->text);
	else
		value_print_string(node->text, text);
	text_puts(text, "]");
}

/* What stands there is no container of the right kind: says how to make it one. */
static int refuse_kind(struct reader *reader, const struct config_field *field,
		       const struct node *node)
{
	AUTO_TEXT expected = { 0 };
	AUTO_TEXT way_out = { 0 };
	bool list = field->type == CONFIG_LIST;

	if (node->kind == NODE_REFUSED)
		return -EINVAL;
	words_of_one(field, &expected);
	if (node_is_null(node))
		text_printf(&way_out, "; write %s for none, or delete the key", list ? "[]" : "{}");
	else if (list && node->kind == NODE_MAP)
		text_puts(&way_out, "; put '- ' before its first key");
	else if (!list && node->kind == NODE_LIST)
		text_puts(&way_out, "; write 'NAME:' in place of each '-'");
	else if (list && (field->item->type < CONFIG_LIST || read_bare(field->item)) &&
		 node->kind == NODE_SCALAR && node->length && node->length < 64)
		put_bracketed(node, &way_out);
	return diag_at(reader->diags, node->place, -EINVAL, "expected %s, found %s%s",
		       text_string(&expected), node_found(node, reader->scratch),
		       text_string(&way_out));
}

static int check_count(struct reader *reader, const struct config_field *field,
		       const struct node *node, size_t count)
{
	if (field->max && count > field->max)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%zu item%s; at most %" PRIu64 " %s possible", count,
			       count == 1 ? "" : "s", field->max, field->max == 1 ? "is" : "are");
	if (count < field->min)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%zu item%s; at least %" PRIu64 " %s needed", count,
			       count == 1 ? "" : "s", field->min, field->min == 1 ? "is" : "are");
	return 0;
}

/* One item of a list, or one pair of a map, to the end of the list. Broken, it takes no room. */
static int add_item(struct reader *reader, const struct config_field *field, struct node *node,
		    struct config_list *list)
{
	size_t size = config_size(field->item);
	char *item = (char *)list->items + list->count * size;
	struct place *places = (struct place *)list->places;
	int r;

	places[list->count] = field->type == CONFIG_MAP ? node->key->place : node->place;
	if (field->type == CONFIG_MAP)
		r = read_record(reader, field->item, node, node->key, item);
	else
		r = read_value(reader, field->item, node, item);
	if (r < 0)
		memset(item, 0, size);
	else
		list->count++;
	return r;
}

int read_list(struct reader *reader, const struct config_field *field, const struct parts *parts,
	      struct config_list *ret_list)
{
	enum node_kind kind = field->type == CONFIG_LIST ? NODE_LIST : NODE_MAP;
	bool lone = field->lone && parts->count == 1 && parts->nodes[0]->kind == NODE_SCALAR &&
		    !node_is_null(parts->nodes[0]);
	struct config_list *list = ret_list;
	size_t count = 0;
	bool broken = false;

	for (size_t i = 0; i < parts->count; i++) {
		if (lone)
			count++;
		else if (parts->nodes[i]->kind == kind)
			count += parts->nodes[i]->count;
		else
			broken = refuse_kind(reader, field, parts->nodes[i]) < 0;
	}
	if (!broken)
		broken = check_count(reader, field, parts->nodes[0], count) < 0;
	if (kind == NODE_MAP && read_keys_once(reader, parts) < 0)
		broken = true;
	*list = (struct config_list){
		.place = parts->nodes[0]->place,
		.items = arena_alloc(reader->arena, count * config_size(field->item)),
		.places = arena_alloc(reader->arena, count * sizeof(struct place)),
	};
	if (lone)
		broken |= add_item(reader, field, parts->nodes[0], list) < 0;
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->nodes[i]->kind != kind)
			continue;
		for (struct node *node = parts->nodes[i]->first; node; node = node->next)
			broken |= add_item(reader, field, node, list) < 0;
	}
	return broken ? -EINVAL : 0;
}
