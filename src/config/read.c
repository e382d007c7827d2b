/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From trees to structs. The walk is led by the tables of fields, never by the text, so it visits
 * nothing that no table knows.
 *
 * A mistake breaks the value that it is in and every record around it, but not its neighbours: at
 * the top of a section the broken items are left out and the rest is kept, so that a check can
 * find what is wrong among the good ones in the same run, and never sees a half-read record, which
 * would only show it mistakes that are not there.
 *
 * A section may stand in several files: lists and maps are joined in the order of the files; a
 * record cannot be, since nobody could say which file a missing key was left out of.
 *
 * The trees live in an arena of their own, which goes at the end: a generation keeps its text and
 * its structs, not the five times larger scaffolding between them.
 */
#include "config/config.h"

#include "base/mem.h"
#include "config/read.h"
#include "config/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = {
	[CONFIG_BOOL] = sizeof(bool),
	[CONFIG_U32] = sizeof(uint32_t),
	[CONFIG_DURATION] = sizeof(uint32_t),
	[CONFIG_NAME] = sizeof(const char *),
	[CONFIG_IFNAME] = sizeof(const char *),
	[CONFIG_STRING] = sizeof(const char *),
	[CONFIG_ENUM] = sizeof(uint32_t),
	[CONFIG_ADDRESS] = sizeof(struct address),
	[CONFIG_PREFIX] = sizeof(struct prefix),
	[CONFIG_NET] = sizeof(struct prefix),
	[CONFIG_PLACED] = sizeof(struct prefix),
	[CONFIG_MAC] = sizeof(struct config_mac),
	[CONFIG_PORTS] = sizeof(struct config_ports),
	[CONFIG_FILE] = sizeof(struct config_file),
	[CONFIG_LIST] = sizeof(struct config_list),
	[CONFIG_MAP] = sizeof(struct config_list),
};

/* The trees of all files, and the names of all sections. */
struct roots {
	struct parts parts;
	const char **names;
};

static int refuse_root(struct reader *reader, const struct node *root, const char *const *names)
{
	AUTO_TEXT all = { 0 };

	if (root->kind == NODE_SCALAR && read_key_glued(reader, root, names))
		return -EINVAL;
	words_join(names, &all);
	return diag_at(reader->diags, root->place, -EINVAL,
		       "expected keys at the top of the file, such as %s; found %s",
		       text_string(&all), node_found(root, reader->scratch));
}

static bool is_name(const struct node *key, const char *const *names)
{
	for (; *names; names++) {
		if (read_key_is(key, *names))
			return true;
	}
	return false;
}

/* Keeps @root if it is a map; refuses in it what belongs to no section. */
static void add_root(struct reader *reader, struct roots *roots, struct node *root)
{
	const struct parts alone = { .nodes = &root, .count = 1 };

	if (root->kind != NODE_MAP) {
		if (root->kind != NODE_REFUSED && !node_is_null(root))
			refuse_root(reader, root, roots->names);
		return;
	}
	read_keys_once(reader, &alone);
	for (const struct node *node = root->first; node; node = node->next) {
		if (!is_name(node->key, roots->names))
			read_key_unknown(reader, node, roots->names);
	}
	roots->parts.nodes[roots->parts.count++] = root;
}

static void read_roots(struct reader *reader, const struct source *source, struct roots *roots)
{
	struct node *root;

	const unsigned count = source->count - source->attached;

	roots->parts.nodes = arena_alloc(reader->scratch, count * sizeof(*roots->parts.nodes));
	for (unsigned i = 0; i < count; i++) {
		root = tree_read(&source->files[i], i, reader->scratch, reader->diags);
		if (root)
			add_root(reader, roots, root);
	}
}

/* The values that all files give for the key @name. */
static struct parts find_parts(struct reader *reader, const struct parts *roots, const char *name)
{
	struct parts parts = { 0 };

	parts.nodes = arena_alloc(reader->scratch, roots->count * sizeof(*parts.nodes));
	for (size_t i = 0; i < roots->count; i++) {
		for (struct node *node = roots->nodes[i]->first; node; node = node->next) {
			if (read_key_is(node->key, name) && node->kind != NODE_REFUSED)
				parts.nodes[parts.count++] = node;
		}
	}
	return parts;
}

static const void *read_section(struct reader *reader, const struct config_section *section,
				const struct parts *parts)
{
	const struct config_field *root = section->root;
	void *value = arena_alloc(reader->arena, config_size(root));
	int r = 0;

	reader->where = section->name;
	if (root->type != CONFIG_RECORD) {
		read_list(reader, root, parts, value);
		return value;
	}
	for (size_t i = 1; i < parts->count; i++)
		r = diag_between(reader->diags, parts->nodes[i]->key->place,
				 parts->nodes[0]->key->place, -EINVAL,
				 "'%s' may stand in one file only; join the two", section->name);
	if (read_record(reader, root, parts->nodes[0], NULL, value) < 0)
		r = -EINVAL;
	return r < 0 ? NULL : value;
}

/* A flood of mistakes before leaves room for those of the @later out of @all sections. */
static void reserve(struct diags *diags, size_t later, size_t all)
{
	diags->reserved = all ? (unsigned)(DIAGS_MAX / 2 * later / all) : 0;
}

static void read_sections(struct reader *reader, const struct config_section *sections,
			  size_t count, const void **values)
{
	struct roots roots = { .names = arena_alloc(reader->scratch,
						    (count + 1) * sizeof(*roots.names)) };
	struct parts *parts = arena_alloc(reader->scratch, count * sizeof(*parts));
	size_t given = 0, later;

	for (size_t i = 0; i < count; i++)
		roots.names[i] = sections[i].name;
	reserve(reader->diags, 1, 1);
	read_roots(reader, reader->source, &roots);
	for (size_t i = 0; i < count; i++) {
		parts[i] = find_parts(reader, &roots.parts, sections[i].name);
		given += parts[i].count != 0;
	}
	later = given;
	for (size_t i = 0; i < count; i++) {
		if (!parts[i].count)
			continue;
		reserve(reader->diags, --later, given);
		values[i] = read_section(reader, &sections[i], &parts[i]);
	}
	reserve(reader->diags, 0, 0);
}

int read_value(struct reader *reader, const struct config_field *field, struct node *node,
	       void *ret_value)
{
	const struct parts alone = { .nodes = &node, .count = 1 };

	if (field->type == CONFIG_RECORD)
		return read_record(reader, field, node, NULL, ret_value);
	if (field->type == CONFIG_LIST || field->type == CONFIG_MAP)
		return read_list(reader, field, &alone, ret_value);
	return value_read(reader, field, node, ret_value);
}

size_t config_size(const struct config_field *field)
{
	if (field->type == CONFIG_WORD)
		return field->word->size;
	return field->type == CONFIG_RECORD ? field->size : sizes[field->type];
}

struct place config_place(const void *record, const struct config_field *fields, size_t offset)
{
	const struct config_record *head = record;

	for (size_t i = 0; head->places && fields[i].name; i++) {
		if (fields[i].offset == offset && place_known(head->places[i]))
			return head->places[i];
	}
	return head->place;
}

int config_read(struct source *source, const struct config_section *sections, size_t count,
		struct diags *diags, struct config **ret_config)
{
	struct config *config = mem_alloc(sizeof(*config));
	AUTO_ARENA scratch = arena_new();
	unsigned before = diags->errors;
	struct reader reader = { .scratch = scratch, .diags = diags, .source = source };

	config->arena = reader.arena = arena_new();
	config->source = source;
	config->values = arena_alloc(config->arena, count * sizeof(*config->values));
	read_sections(&reader, sections, count, config->values);
	*ret_config = config;
	return diags->errors > before ? -EINVAL : 0;
}

/* Whether a file may be named somewhere below @field. */
static bool names_files(const struct config_field *field)
{
	if (field->type == CONFIG_LIST || field->type == CONFIG_MAP)
		return names_files(field->item);
	if (field->type != CONFIG_RECORD)
		return field->type == CONFIG_FILE;
	for (const struct config_field *inner = field->fields; inner->name; inner++)
		if (names_files(inner))
			return true;
	return false;
}

static bool stands_in(const struct source *source, const char *word)
{
	for (unsigned i = 0; i < source->count; i++)
		if (memmem(source->files[i].text, source->files[i].length, word, strlen(word)))
			return true;
	return false;
}

/*
 * The text is read twice, the first time for nothing but the names of files: what is not in the
 * text at all, as most often, is not looked for.
 */
void config_attach(struct source *source, const struct config_section *sections, size_t count)
{
	AUTO_ARENA scratch = arena_new();
	AUTO_DIAGS diags = { 0 };
	struct reader reader = { .arena = scratch,
				 .scratch = scratch,
				 .diags = &diags,
				 .source = source,
				 .attaching = true };
	struct config_section *some = arena_alloc(scratch, count * sizeof(*some));
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (names_files(sections[i].root) && stands_in(source, sections[i].name))
			some[found++] = sections[i];
	if (found)
		read_sections(&reader, some, found, arena_alloc(scratch, found * sizeof(void *)));
}

void config_free(struct config *config)
{
	if (!config)
		return;
	source_free((struct source *)config->source);
	arena_free(config->arena);
	free(config);
}
