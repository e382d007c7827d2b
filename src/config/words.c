/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the types of fields are called. A diagnostic that expects "a list of ports" and the manual
 * page that promises one must not differ, so both take their words here.
 */
#include "config/words.h"

#include "config/read.h"

/* As many keys of a record are named where it is only mentioned. */
#define FEW 4

static const char *const one[] = {
	[CONFIG_BOOL] = "true or false",
	[CONFIG_U32] = "a number",
	[CONFIG_DURATION] = "a duration",
	[CONFIG_NAME] = "a name",
	[CONFIG_IFNAME] = "the name of a link",
	[CONFIG_STRING] = "a text",
	[CONFIG_ENUM] = "one of ",
	[CONFIG_ADDRESS] = "an address",
	[CONFIG_PREFIX] = "a prefix",
	[CONFIG_NET] = "an address or a prefix",
	[CONFIG_PLACED] = "an address with the length of its network",
	[CONFIG_MAC] = "a MAC address",
	[CONFIG_PORTS] = "a port or a range of ports",
	[CONFIG_FILE] = "the path of a file",
	[CONFIG_WORD] = "",
	[CONFIG_LIST] = "a list of ",
	[CONFIG_RECORD] = "a mapping of ",
	[CONFIG_MAP] = "a mapping of ",
};

static const char *const many[] = {
	[CONFIG_BOOL] = "true or false",
	[CONFIG_U32] = "numbers",
	[CONFIG_DURATION] = "durations",
	[CONFIG_NAME] = "names",
	[CONFIG_IFNAME] = "names of links",
	[CONFIG_STRING] = "texts",
	[CONFIG_ENUM] = "words out of ",
	[CONFIG_ADDRESS] = "addresses",
	[CONFIG_PREFIX] = "prefixes",
	[CONFIG_NET] = "addresses and prefixes",
	[CONFIG_PLACED] = "addresses with the lengths of their networks",
	[CONFIG_MAC] = "MAC addresses",
	[CONFIG_PORTS] = "ports and ranges of ports",
	[CONFIG_FILE] = "paths of files",
	[CONFIG_WORD] = "",
	[CONFIG_LIST] = "lists of ",
	[CONFIG_RECORD] = "mappings of ",
	[CONFIG_MAP] = "mappings of ",
};

/* How it is written, for types that are not plain words or numbers. */
static const char *const hints[] = {
	[CONFIG_DURATION] = " such as 250ms, 30s, 5m or 1h",
	[CONFIG_ADDRESS] = " such as 192.0.2.1 or 2001:db8::1",
	[CONFIG_PREFIX] = " such as 192.0.2.0/24 or 2001:db8::/64",
	[CONFIG_PLACED] = " such as 192.0.2.1/24 or 2001:db8::1/64",
	[CONFIG_MAC] = " such as 02:00:00:00:00:01",
	[CONFIG_PORTS] = " such as 53 or 7000-7010",
	[CONFIG_MAP] = NULL,
};

/* The first keys of a record, enough to know it by. */
static void words_join_few(const struct config_field *fields, struct text *text)
{
	for (size_t i = 0; fields[i].name; i++) {
		if (i == FEW && fields[i + 1].name) {
			text_puts(text, " and more");
			return;
		}
		text_printf(text, "%s%s", i ? ", " : "", fields[i].name);
	}
}

/* What the words above leave open: the choice, the items, the keys. */
static void words_inside(const struct config_field *field, struct text *text)
{
	if (field->type == CONFIG_ENUM) {
		words_join(field->words, text);
	} else if (field->type == CONFIG_LIST) {
		words_of_many(field->item, text);
	} else if (field->type == CONFIG_RECORD) {
		words_join_few(field->fields, text);
	} else if (field->type == CONFIG_MAP) {
		words_of_many(&field->item->fields[0], text);
		text_puts(text, " to their keys");
	}
}

void words_of_one(const struct config_field *field, struct text *text)
{
	if (field->type == CONFIG_RECORD && !field->fields[0].name) {
		text_puts(text, "an empty mapping");
		return;
	}
	if (field->type == CONFIG_LIST && field->lone) {
		words_of_one(field->item, text);
		text_puts(text, ", or ");
	}
	if (field->type == CONFIG_RECORD && read_bare(field)) {
		words_of_one(read_bare(field), text);
		text_puts(text, ", or ");
	}
	text_puts(text, field->type == CONFIG_WORD ? field->word->one : one[field->type]);
	words_inside(field, text);
}

void words_of_example(const struct config_field *field, struct text *text)
{
	words_of_one(field, text);
	if (field->type == CONFIG_WORD && field->word->hint)
		text_puts(text, field->word->hint);
	else if (hints[field->type])
		text_puts(text, hints[field->type]);
}

void words_of_many(const struct config_field *field, struct text *text)
{
	const struct config_field *bare = field->type == CONFIG_RECORD ? read_bare(field) : NULL;

	if (bare) {
		words_of_many(bare->lone ? bare->item : bare, text);
		text_puts(text, " or ");
	}
	text_puts(text, field->type == CONFIG_WORD ? field->word->many : many[field->type]);
	words_inside(field, text);
}

void words_join(const char *const *words, struct text *text)
{
	for (size_t i = 0; words[i]; i++)
		text_printf(text, "%s%s", i ? ", " : "", words[i]);
}
