/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The canonical print: one text for one meaning, so that two configurations can be compared by
 * eye and by diff, and so that what the parser understood can be shown. It parses to the same
 * thing again; the property test and the fuzzer hold it to that.
 *
 * A value is walked as what holds children, whatever it is: the items of a list, the pairs of a
 * map, the fields of a record that differ from their defaults. Block and flow style are then two
 * short functions over the same walk.
 */
#include "config/config.h"

#include "config/read.h"

#define INDENT 2

/* A value and how it is called by the one that holds it. */
struct child {
	const struct config_field *field;
	const void *value;
	const char *key; /* NULL = an item of a list */
	size_t skip;	 /* RECORD: as many fields are told already, as the key in its map */
};

struct printer {
	struct text *text;
	unsigned indent;
	bool open; /* the line is begun, by "- " */
};

/* A field that was not given, or given as its default, is left out. */
static bool is_shown(const struct config_field *field, const void *value)
{
	if (field->required)
		return true;
	switch (field->type) {
	case CONFIG_BOOL:
		return *(const bool *)value != (field->def != 0);
	case CONFIG_U32:
	case CONFIG_DURATION:
	case CONFIG_ENUM:
		return *(const uint32_t *)value != field->def;
	case CONFIG_NAME:
	case CONFIG_IFNAME:
	case CONFIG_STRING:
	case CONFIG_FILE:
		return *(const char *const *)value;
	case CONFIG_ADDRESS:
		return ((const struct address *)value)->family;
	case CONFIG_PREFIX:
	case CONFIG_NET:
	case CONFIG_PLACED:
		return ((const struct prefix *)value)->family;
	case CONFIG_MAC:
		return ((const struct config_mac *)value)->given;
	case CONFIG_PORTS:
		return ((const struct config_ports *)value)->first;
	case CONFIG_WORD:
		for (size_t i = 0; i < field->word->size; i++)
			if (((const unsigned char *)value)[i])
				return true;
		return false;
	case CONFIG_LIST:
	case CONFIG_MAP:
		return ((const struct config_list *)value)->count;
	case CONFIG_RECORD:
		return place_known(((const struct config_record *)value)->place);
	}
	return true;
}

/* A record of which only the value that may stand in its place is told becomes that value. */
static void make_bare(struct child *child)
{
	const struct config_field *record = child->field;
	const struct config_field *bare = record->type == CONFIG_RECORD ? read_bare(record) : NULL;
	const char *value = child->value;

	if (!bare || !is_shown(bare, value + bare->offset))
		return;
	for (const struct config_field *field = record->fields + child->skip; field->name; field++)
		if (field != bare && is_shown(field, value + field->offset))
			return;
	child->field = bare;
	child->value = value + bare->offset;
	child->skip = 0;
}

static bool next_item(const struct child *self, size_t index, struct child *ret_child)
{
	const struct config_list *list = self->value;
	const struct config_field *item = self->field->item;
	const char *value = (const char *)list->items + index * config_size(item);

	if (index >= list->count)
		return false;
	*ret_child = (struct child){ .field = item, .value = value };
	if (self->field->type == CONFIG_MAP) {
		ret_child->key = *(const char *const *)(value + item->fields[0].offset);
		ret_child->skip = 1;
	}
	make_bare(ret_child);
	return true;
}

static bool next_field(const struct child *self, size_t *index, struct child *ret_child)
{
	const struct config_field *field = self->field->fields + self->skip + *index;
	const void *value;

	for (; field->name; field++, (*index)++) {
		value = (const char *)self->value + field->offset;
		if (!is_shown(field, value))
			continue;
		*ret_child = (struct child){ .field = field, .value = value, .key = field->name };
		(*index)++;
		make_bare(ret_child);
		return true;
	}
	return false;
}

/* The next child of @self from *@index on; none for a scalar. */
static bool child_next(const struct child *self, size_t *index, struct child *ret_child)
{
	if (self->field->type == CONFIG_RECORD)
		return next_field(self, index, ret_child);
	if (self->field->type == CONFIG_LIST || self->field->type == CONFIG_MAP)
		return next_item(self, (*index)++, ret_child);
	return false;
}

/* A list of one that may stand without its brackets. */
static bool is_lone(const struct child *self)
{
	return self->field->type == CONFIG_LIST && self->field->lone &&
	       ((const struct config_list *)self->value)->count == 1;
}

static void print_flow(const struct child *self, struct text *text)
{
	bool list = self->field->type == CONFIG_LIST;
	struct child child;
	size_t index = 0;

	if (self->field->type < CONFIG_LIST) {
		value_print(self->field, self->value, text);
		return;
	}
	if (is_lone(self)) {
		value_print(self->field->item, ((const struct config_list *)self->value)->items,
			    text);
		return;
	}
	text_puts(text, list ? "[" : "{");
	for (const char *comma = ""; child_next(self, &index, &child); comma = ", ") {
		text_puts(text, comma);
		if (child.key) {
			value_print_string(child.key, text);
			text_puts(text, ": ");
		}
		print_flow(&child, text);
	}
	text_puts(text, list ? "]" : "}");
}

/* What stands on one line, behind its key. */
static bool is_short(const struct child *self)
{
	struct child child;
	size_t index = 0;

	return is_lone(self) || !child_next(self, &index, &child);
}

static void begin_line(struct printer *printer)
{
	if (!printer->open)
		text_printf(printer->text, "%*s", (int)printer->indent, "");
	printer->open = false;
}

/* The children of @self, each on its own lines. */
static void print_block(struct printer *printer, const struct child *self)
{
	struct child child;
	size_t index = 0;

	while (child_next(self, &index, &child)) {
		begin_line(printer);
		if (child.key) {
			value_print_string(child.key, printer->text);
			text_puts(printer->text, ":");
		} else {
			text_puts(printer->text, "-");
		}
		if (is_short(&child)) {
			text_puts(printer->text, " ");
			print_flow(&child, printer->text);
			text_puts(printer->text, "\n");
			continue;
		}
		printer->open = !child.key;
		text_puts(printer->text, child.key ? "\n" : " ");
		printer->indent += INDENT;
		print_block(printer, &child);
		printer->indent -= INDENT;
	}
}

void config_print(const struct config *config, const struct config_section *sections, size_t count,
		  struct text *text)
{
	struct printer printer = { .text = text };
	struct child section;

	for (size_t i = 0; i < count; i++) {
		section = (struct child){ .field = sections[i].root, .value = config->values[i] };
		if (!section.value)
			continue;
		text_printf(text, "%s:", sections[i].name);
		if (is_short(&section)) {
			text_puts(text, " ");
			print_flow(&section, text);
			text_puts(text, "\n");
			continue;
		}
		text_puts(text, "\n");
		printer.indent = INDENT;
		print_block(&printer, &section);
	}
}

void config_value_print(const struct config_field *field, const void *value, struct text *text)
{
	print_flow(&(struct child){ .field = field, .value = value }, text);
}
