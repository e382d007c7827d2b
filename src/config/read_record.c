/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records: a struct by its table of fields. It starts as its defaults, and what the text gives is
 * written over them; what was given, and where, is kept in .places, so that a check can tell
 * "the default" from "the same, by will", and blames the value and not the record.
 */
#include "config/read.h"

#include "config/words.h"

#include <errno.h>
#include <string.h>

static void set_defaults(const struct config_field *fields, void *record)
{
	for (const struct config_field *field = fields; field->name; field++) {
		void *value = (char *)record + field->offset;

		if (field->type == CONFIG_BOOL)
			*(bool *)value = field->def;
		else if (field->type == CONFIG_U32 || field->type == CONFIG_DURATION ||
			 field->type == CONFIG_ENUM)
			*(uint32_t *)value = (uint32_t)field->def;
		else if (field->type == CONFIG_RECORD)
			set_defaults(field->fields, value);
	}
}

static size_t count_fields(const struct config_field *fields)
{
	size_t count = 0;

	while (fields[count].name)
		count++;
	return count;
}

static int refuse_kind(struct reader *reader, const struct config_field *field,
		       const struct node *node)
{
	AUTO_TEXT expected = { 0 };
	const char *way_out = "";

	if (node->kind == NODE_REFUSED)
		return -EINVAL;
	if (node->kind == NODE_SCALAR &&
	    read_key_glued(reader, node, read_key_names(reader, field->fields)))
		return -EINVAL;
	words_of_one(field, &expected);
	if (node->kind == NODE_LIST)
		way_out = "; leave the '-' away";
	else if (node_is_null(node))
		way_out = "; write {} when all defaults are right";
	return diag_at(reader->diags, node->place, -EINVAL, "expected %s, found %s%s",
		       text_string(&expected), node_found(node, reader->scratch), way_out);
}

const struct config_field *read_bare(const struct config_field *record)
{
	const struct config_field *field = record->fields;

	while (record->bare && field->name && strcmp(field->name, record->bare) != 0)
		field++;
	return record->bare && field->name ? field : NULL;
}

/*
 * The field that @node is the value of, standing in the place of the record. A word that begins like
 * a key is a key whose space is missing.
 */
static const struct config_field *bare_of(const struct config_field *record, const struct node *node)
{
	const struct config_field *bare = read_bare(record);

	if (!bare || node->kind == NODE_REFUSED || node_is_null(node))
		return NULL;
	if (node->kind == NODE_LIST)
		return bare->type == CONFIG_LIST ? bare : NULL;
	for (const struct config_field *field = record->fields; field->name; field++) {
		size_t length = strlen(field->name);

		if (!node->quoted && !strncmp(node->text, field->name, length) &&
		    node->text[length] == ':')
			return NULL;
	}
	return bare;
}

static const struct config_field *find_field(const struct config_field *fields, const struct node *key)
{
	for (; fields->name; fields++) {
		if (read_key_is(key, fields->name))
			return fields;
	}
	return NULL;
}

/* The key that was probably meant is not called missing as well. */
static int refuse_unknown(struct reader *reader, const struct config_field *fields,
			  const struct node *node, struct place *places)
{
	const char *meant = read_key_unknown(reader, node, read_key_names(reader, fields));

	for (size_t i = 0; meant && fields[i].name; i++) {
		if (strcmp(fields[i].name, meant) == 0)
			places[i] = node->key->place;
	}
	return -EINVAL;
}

/* One "key: value" of the text. */
static int read_pair(struct reader *reader, const struct config_field *fields, struct node *node,
		     void *record)
{
	struct place *places = (struct place *)((struct config_record *)record)->places;
	const struct config_field *field = find_field(fields, node->key);
	const char *where = reader->where;
	int r;

	if (!field)
		return refuse_unknown(reader, fields, node, places);
	places[field - fields] = node->place;
	reader->where = field->name;
	r = read_value(reader, field, node, (char *)record + field->offset);
	reader->where = where;
	return r;
}

static int read_pairs(struct reader *reader, const struct config_field *fields, struct node *node,
		      void *record)
{
	const struct parts alone = { .nodes = &node, .count = 1 };
	bool broken = read_keys_once(reader, &alone) < 0;

	for (struct node *pair = node->first; pair; pair = pair->next)
		broken |= read_pair(reader, fields, pair, record) < 0;
	return broken ? -EINVAL : 0;
}

static int check_required(struct reader *reader, const struct config_field *fields,
			  const struct config_record *record)
{
	int r = 0;

	for (size_t i = 0; fields[i].name; i++) {
		if (!fields[i].required || place_known(record->places[i]))
			continue;
		if (fields[i].example && !strchr(fields[i].example, '\n'))
			r = diag_at(reader->diags, record->place, -EINVAL,
				    "key '%s' is missing in %s; add '%s: %s'", fields[i].name,
				    reader->where, fields[i].name, fields[i].example);
		else
			r = diag_at(reader->diags, record->place, -EINVAL,
				    "key '%s' is missing in %s; add it", fields[i].name,
				    reader->where);
	}
	return r;
}

int read_record(struct reader *reader, const struct config_field *field, struct node *node,
		const struct node *key, void *ret_record)
{
	const struct config_field *fields = field->fields;
	const char *where = reader->where;
	struct config_record *record = ret_record;
	const struct config_field *bare = node->kind == NODE_MAP ? NULL : bare_of(field, node);
	struct place *places;
	bool broken = false;

	if (node->kind != NODE_MAP && !bare)
		return refuse_kind(reader, field, node);
	places = arena_alloc(reader->arena, count_fields(fields) * sizeof(*places));
	set_defaults(fields, ret_record);
	record->place = key ? key->place : node->place;
	record->places = places;
	if (key) {
		places[0] = key->place;
		broken = value_read(reader, &fields[0], key, (char *)ret_record + fields[0].offset) <
			 0;
		reader->where = node_text(key, reader->scratch);
		fields++;
		record->places++;
	}
	if (bare) {
		places[bare - field->fields] = node->place;
		broken |= read_value(reader, bare, node, (char *)ret_record + bare->offset) < 0;
	} else {
		broken |= read_pairs(reader, fields, node, ret_record) < 0;
	}
	broken |= check_required(reader, fields, record) < 0;
	record->places = places;
	reader->where = where;
	return broken ? -EINVAL : 0;
}
