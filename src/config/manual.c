/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reference page of the configuration, from the same tables that read it: so it cannot lag
 * behind. Each field gives its type in words, its bounds and default with their unit, what it is
 * for, and an example as a user would write it.
 *
 * mdoc(7) is line by line: a sentence begins on a new line, which also keeps the differences of
 * the generated page small, and a line of text must not begin with a control character.
 */
#include "config/config.h"

#include "base/mem.h"
#include "config/value.h"
#include "config/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* One line of text, not of a macro, as it is. */
static void put_line(struct text *text, const char *line, size_t length)
{
	if (length && strchr(".'", line[0]))
		text_puts(text, "\\&");
	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\\')
			text_puts(text, "\\e");
		else
			text_append(text, &line[i], 1);
	}
	text_puts(text, "\n");
}

/* The same, but `words` are set in bold. */
static void put_prose(struct text *text, const char *line, size_t length)
{
	AUTO_TEXT set = { 0 };
	bool bold = false;

	put_line(&set, line, length);
	for (size_t i = 0; i < set.length; i++) {
		if (set.data[i] != '`') {
			text_append(text, &set.data[i], 1);
			continue;
		}
		bold = !bold;
		text_puts(text, bold ? "\\fB" : "\\fR");
	}
}

static const char *sentence_end(const char *sentence)
{
	for (; *sentence; sentence++) {
		if (*sentence == '\n' || (strchr(".?!", *sentence) && sentence[1] == ' '))
			return sentence[0] == '\n' ? sentence : sentence + 1;
	}
	return sentence;
}

/* Sentences, each on its own line, the first letter large and a full stop at the end. */
static void put_sentences(struct text *text, const char *sentences)
{
	AUTO_MEM char *copy = mem_strdup(sentences);
	const char *end;
	size_t length = strlen(copy);

	copy[0] = (char)toupper((unsigned char)copy[0]);
	for (const char *sentence = copy; *sentence; sentence = end + (*end ? 1 : 0)) {
		end = sentence_end(sentence);
		put_prose(text, sentence, (size_t)(end - sentence));
	}
	if (length && !strchr(".?!:", copy[length - 1])) {
		text->length--;
		text_puts(text, ".\n");
	}
}

static void put_number(const struct config_field *field, uint64_t number, struct text *text)
{
	if (field->type == CONFIG_DURATION)
		value_print_duration(number, text);
	else
		text_printf(text, "%" PRIu64, number);
}

/* What is counted, to stand behind the last bound. */
static void put_unit(const struct config_field *field, struct text *text)
{
	uint64_t last = field->max ? field->max : field->min;

	if (field->type == CONFIG_STRING || field->type == CONFIG_FILE)
		text_puts(text, last == 1 ? " byte" : " bytes");
	else if (field->type == CONFIG_LIST || field->type == CONFIG_MAP)
		text_puts(text, last == 1 ? " item" : " items");
}

static void put_bounds(const struct config_field *field, struct text *text)
{
	if (!field->min && !field->max)
		return;
	text_puts(text, field->min && field->max ? ", from " :
			field->min		 ? ", at least " :
						   ", at most ");
	if (field->min)
		put_number(field, field->min, text);
	if (field->min && field->max)
		text_puts(text, " to ");
	if (field->max)
		put_number(field, field->max, text);
	put_unit(field, text);
}

static void put_default(const struct config_field *field, struct text *text)
{
	bool has_default = field->type == CONFIG_BOOL || field->type == CONFIG_U32 ||
			   field->type == CONFIG_DURATION || field->type == CONFIG_ENUM;
	bool flag = field->def != 0;
	uint32_t number = (uint32_t)field->def;

	if (field->required) {
		text_puts(text, "; required");
	} else if (has_default) {
		text_puts(text, "; default ");
		config_value_print(field,
				   field->type == CONFIG_BOOL ? (const void *)&flag : &number, text);
	}
}

static void put_type(const struct config_field *field, struct text *text)
{
	AUTO_TEXT words = { 0 };

	words_of_one(field, &words);
	put_bounds(field, &words);
	put_default(field, &words);
	put_sentences(text, text_string(&words));
}

/* "name: value", or for a value of several lines the name and the lines below it. */
static void put_example(const char *name, const char *example, struct text *text)
{
	AUTO_TEXT whole = { 0 };
	bool lines = strchr(example, '\n');
	size_t length;

	text_printf(&whole, lines ? "%s:\n" : "%s: ", name);
	text_puts(text, ".Pp\nExample:\n.Bd -literal -offset indent -compact\n");
	if (lines) {
		put_line(text, whole.data, whole.length - 1);
		whole.length = 0;
	}
	for (const char *line = example; *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		text_puts(&whole, lines ? "  " : "");
		text_append(&whole, line, length);
		put_line(text, whole.data, whole.length);
		whole.length = 0;
	}
	text_puts(text, ".Ed\n");
}

/* The record whose keys stand somewhere below @field, or NULL. */
static const struct config_field *record_below(const struct config_field *field)
{
	while (field->type == CONFIG_LIST || field->type == CONFIG_MAP)
		field = field->item;
	return field->type == CONFIG_RECORD ? field : NULL;
}

/* What is told of a field beside its name; then the keys below it in the same way. */
static void put_field(const char *name, const struct config_field *field, struct text *text)
{
	const struct config_field *record = record_below(field);
	const struct config_field *inner = record ? record->fields : NULL;

	put_type(field, text);
	if (field->help)
		put_sentences(text, field->help);
	if (field->example)
		put_example(name, field->example, text);
	if (!inner || !inner->name)
		return;
	text_puts(text, ".Bl -tag -width Ds\n");
	for (; inner->name; inner++) {
		text_printf(text,
			    field->type == CONFIG_MAP && inner == record->fields ? ".It Ar %s\n" :
										   ".It Cm %s\n",
			    inner->name);
		put_field(inner->name, inner, text);
	}
	text_puts(text, ".El\n");
}

void config_manual(const struct config_section *sections, size_t count, const char *intro,
		   const char *outro, struct text *text)
{
	text_puts(text, intro);
	for (size_t i = 0; i < count; i++) {
		text_printf(text, ".Ss %s\n", sections[i].name);
		put_field(sections[i].name, sections[i].root, text);
	}
	text_puts(text, outro);
}
