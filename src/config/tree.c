/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the events of libyaml to a tree whose nodes know their place. libyaml's own document loader
 * is not used: it resolves aliases (a few lines that grow to gigabytes), keeps no style, and has
 * no bound of depth.
 *
 * What YAML can do and a configuration should not is refused here, each with a way out: anchors,
 * aliases and merge keys (the reader must look elsewhere to know what a line means), tags (the
 * tables of fields say what a value is), several documents. The tree goes on after such a refusal,
 * so that the other mistakes of the file are found in the same run. Duplicate keys wait for
 * read.c, because it alone knows which maps are joined over several files.
 *
 * A node is hung into its parent when it is complete. So when the syntax breaks off, what stood
 * complete before it can still be read, and shows no mistake that is only the missing rest.
 */
#include "config/tree.h"

#include "config/syntax.h"
#include "config/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* As much of a value as a diagnostic quotes. */
#define SHOWN_MAX 60

/* A container that is being filled. */
struct frame {
	struct node *node, **tail, *last;
	struct node *key; /* MAP: the key whose value is awaited */
};

struct builder {
	struct arena *arena;
	struct diags *diags;
	unsigned file;
	struct frame stack[TREE_MAX_DEPTH];
	unsigned depth, nodes, documents;
	struct node *root;
};

static struct node *node_new(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
	struct node *node = arena_alloc(builder->arena, sizeof(*node));

	node->kind = kind;
	node->place = syntax_place(&event->start_mark, builder->file);
	builder->nodes++;
	return node;
}

/* Only a word can be a key. */
static void key_check(struct builder *builder, struct node *key)
{
	if (key->kind == NODE_LIST || key->kind == NODE_MAP) {
		diag_at(builder->diags, key->place, -EINVAL, "a key must be a word, not %s",
			node_found(key, builder->arena));
		key->kind = NODE_REFUSED;
	} else if (key->kind == NODE_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0) {
		diag_at(builder->diags, key->place, -EINVAL,
			"merge keys are not taken; write the keys out here");
		key->kind = NODE_REFUSED;
	}
}

/* Hangs the complete @node where it belongs: as root, item, key, or value of the key before it. */
static void attach(struct builder *builder, struct node *node)
{
	struct frame *frame;

	if (!builder->depth) {
		builder->root = node;
		return;
	}
	frame = &builder->stack[builder->depth - 1];
	if (frame->node->kind == NODE_MAP && !frame->key) {
		key_check(builder, node);
		frame->key = node;
		return;
	}
	node->key = frame->key;
	frame->key = NULL;
	if (node->key && node->key->kind == NODE_REFUSED)
		return;
	*frame->tail = node;
	frame->tail = &node->next;
	frame->last = node;
	frame->node->count++;
}

static void refuse_properties(struct builder *builder, struct place at, const yaml_char_t *anchor,
			      const yaml_char_t *tag)
{
	if (anchor)
		diag_at(builder->diags, at, -EINVAL,
			"anchors are not taken; write the value out, "
			"or quote it if the '&' is its own");
	if (tag)
		diag_at(builder->diags, at, -EINVAL,
			"tags are not taken; delete it, or quote the value if the '!' is its own");
}

static void add_scalar(struct builder *builder, const yaml_event_t *event)
{
	struct node *node = node_new(builder, NODE_SCALAR, event);

	refuse_properties(builder, node->place, event->data.scalar.anchor, event->data.scalar.tag);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->folded = event->start_mark.line != event->end_mark.line;
	node->length = event->data.scalar.length;
	node->text = arena_copy(builder->arena, (const char *)event->data.scalar.value, node->length);
	attach(builder, node);
}

static void add_alias(struct builder *builder, const yaml_event_t *event)
{
	struct node *node = node_new(builder, NODE_REFUSED, event);

	diag_at(builder->diags, node->place, -EINVAL,
		"aliases are not taken; write the value out, or quote it if the '*' is its own");
	attach(builder, node);
}

static int open_container(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
	struct node *node = node_new(builder, kind, event);

	if (builder->depth == TREE_MAX_DEPTH)
		return diag_at(
			builder->diags, node->place, -EINVAL,
			"nested deeper than %u; no value here needs that, is a bracket left over?",
			TREE_MAX_DEPTH);
	if (kind == NODE_LIST)
		refuse_properties(builder, node->place, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
	else
		refuse_properties(builder, node->place, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
	if (!builder->depth)
		builder->root = node;
	builder->stack[builder->depth++] = (struct frame){ .node = node, .tail = &node->first };
	return 0;
}

static void close_container(struct builder *builder)
{
	attach(builder, builder->stack[--builder->depth].node);
}

static int open_document(struct builder *builder, const yaml_event_t *event)
{
	if (!builder->documents++)
		return 0;
	return diag_at(
		builder->diags, syntax_place(&event->start_mark, builder->file), -EINVAL,
		"a second document begins here, and a file is one document; delete the '---', "
		"or move the rest into a file of conf.d");
}

static int add_event(struct builder *builder, const yaml_event_t *event)
{
	if (builder->nodes > TREE_MAX_NODES)
		return diag_at(builder->diags, syntax_place(&event->start_mark, builder->file),
			       -EINVAL, "more than %u keys and values in one file", TREE_MAX_NODES);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return open_document(builder, event);
	case YAML_SCALAR_EVENT:
		add_scalar(builder, event);
		return 0;
	case YAML_ALIAS_EVENT:
		add_alias(builder, event);
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		return open_container(builder, NODE_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return open_container(builder, NODE_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(builder);
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

/*
 * The syntax breaks off: a value that was taken for complete, with no key behind it, may be what
 * is broken. It was told, so nothing more is said of it.
 */
static void doubt_last(struct builder *builder)
{
	const struct frame *root = &builder->stack[0];

	if (!builder->depth)
		builder->root = NULL;
	else if (!root->key && root->last)
		root->last->kind = NODE_REFUSED;
}

static struct place open_place(const struct builder *builder)
{
	const struct place nowhere = { 0 };

	return builder->depth ? builder->stack[builder->depth - 1].node->place : nowhere;
}

static void build(struct builder *builder, yaml_parser_t *parser, const struct source_file *file)
{
	bool more = true;
	yaml_event_t event;

	while (more) {
		if (!yaml_parser_parse(parser, &event)) {
			syntax_error(parser, file, builder->file, open_place(builder),
				     builder->diags);
			doubt_last(builder);
			return;
		}
		more = event.type != YAML_STREAM_END_EVENT && add_event(builder, &event) == 0;
		yaml_event_delete(&event);
	}
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (!node->length || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0);
}

const char *node_text(const struct node *node, struct arena *arena)
{
	AUTO_TEXT text = { 0 };

	utf8_append_shown(&text, node->text, node->length, SHOWN_MAX);
	return arena_copy(arena, text.data, text.length);
}

const char *node_shown(const struct node *node, struct arena *arena)
{
	return arena_printf(arena, "'%s'", node_text(node, arena));
}

const char *node_found(const struct node *node, struct arena *arena)
{
	switch (node->kind) {
	case NODE_SCALAR:
		return node_is_null(node) ? "nothing" : node_shown(node, arena);
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	case NODE_REFUSED:
		return "something refused";
	}
	return "";
}

struct node *tree_read(const struct source_file *file, unsigned number, struct arena *arena,
		       struct diags *diags)
{
	struct builder builder = { .arena = arena, .diags = diags, .file = number };
	size_t start = file->length >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	yaml_parser_t parser;

	if (syntax_check_text(file, number, diags) < 0)
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		diag_at(diags, (struct place){ 0 }, -ENOMEM, "%s: no memory to read it", file->name);
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)file->text + start,
				     file->length - start);
	build(&builder, &parser, file);
	yaml_parser_delete(&parser);
	return builder.root;
}
