/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values as text. What is printed here must read back as the same value, in block and in flow
 * style, and not only by this program: people pipe a canonical configuration through other tools.
 * So a text stands without quotes only when no YAML, of version 1.1 or 1.2, would take it for a
 * boolean, a number, null or a piece of syntax.
 */
#include "config/value.h"

#include "base/mem.h"
#include "config/utf8.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void print_bool(const struct config_field *field, const void *value, struct text *text)
{
	text_puts(text, *(const bool *)value ? "true" : "false");
}

static void print_u32(const struct config_field *field, const void *value, struct text *text)
{
	text_printf(text, "%" PRIu32, *(const uint32_t *)value);
}

static void print_milliseconds(const struct config_field *field, const void *value, struct text *text)
{
	value_print_duration(*(const uint32_t *)value, text);
}

static void print_string(const struct config_field *field, const void *value, struct text *text)
{
	const char *string = *(const char *const *)value;

	value_print_string(string ? string : "", text);
}

static void print_enum(const struct config_field *field, const void *value, struct text *text)
{
	value_print_string(field->words[*(const uint32_t *)value], text);
}

static void print_address(const struct config_field *field, const void *value, struct text *text)
{
	char buffer[ADDRESS_TEXT_SIZE];

	value_print_string(address_text(value, buffer), text);
}

static void print_prefix(const struct config_field *field, const void *value, struct text *text)
{
	char buffer[ADDRESS_TEXT_SIZE];

	value_print_string(prefix_text(value, buffer), text);
}

/* A whole address is written without its length. */
static void print_net(const struct config_field *field, const void *value, struct text *text)
{
	const struct prefix *prefix = value;
	struct address address = prefix_address(prefix);

	if (prefix->length == address_bits(prefix->family))
		print_address(field, &address, text);
	else
		print_prefix(field, value, text);
}

/* Quoted: what it begins with may look like a number of base 60. */
static void print_mac(const struct config_field *field, const void *value, struct text *text)
{
	char buffer[MAC_TEXT_SIZE];

	text_printf(text, "\"%s\"", mac_text(((const struct config_mac *)value)->bytes, buffer));
}

static void print_ports(const struct config_field *field, const void *value, struct text *text)
{
	const struct config_ports *ports = value;

	if (ports->first == ports->last)
		text_printf(text, "%u", ports->first);
	else
		text_printf(text, "%u-%u", ports->first, ports->last);
}

static void print_word(const struct config_field *field, const void *value, struct text *text)
{
	AUTO_TEXT word = { 0 };

	field->word->print(value, &word);
	value_print_string(text_string(&word), text);
}

static void (*const value_printers[])(const struct config_field *field, const void *value,
				      struct text *text) = {
	[CONFIG_BOOL] = print_bool,
	[CONFIG_U32] = print_u32,
	[CONFIG_DURATION] = print_milliseconds,
	[CONFIG_NAME] = print_string,
	[CONFIG_IFNAME] = print_string,
	[CONFIG_STRING] = print_string,
	[CONFIG_ENUM] = print_enum,
	[CONFIG_ADDRESS] = print_address,
	[CONFIG_PREFIX] = print_prefix,
	[CONFIG_NET] = print_net,
	[CONFIG_PLACED] = print_prefix,
	[CONFIG_MAC] = print_mac,
	[CONFIG_PORTS] = print_ports,
	[CONFIG_FILE] = print_string, /* whose name stands first */
	[CONFIG_WORD] = print_word,
};

/* Needs no quotes for YAML 1.1 and 1.2, in block and in flow style, and looks like no other type. */
static bool is_plain(const char *string)
{
	static const char *const taken[] = { "null", "true", "false", "yes", "no",
					     "on",   "off",  "y",     "n" };
	size_t length = strlen(string);
	char *number_end;

	if (!length || (!isalnum((unsigned char)string[0]) && !strchr("/_", string[0])))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)string[i]) && !strchr("/_.+-@%:", string[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		if (strcasecmp(string, taken[i]) == 0)
			return false;
	}
	strtod(string, &number_end);
	return *number_end && string[length - 1] != ':';
}

static void print_escaped(uint32_t code, const char *bytes, unsigned length, struct text *text)
{
	if (code == '"' || code == '\\')
		text_printf(text, "\\%c", (char)code);
	else if (code == '\n' || code == '\t')
		text_puts(text, code == '\n' ? "\\n" : "\\t");
	else if (utf8_shows(code))
		text_append(text, bytes, length);
	else if (code <= 0xffff)
		text_printf(text, "\\u%04X", code);
	else
		text_printf(text, "\\U%08X", code);
}

void value_print_duration(uint64_t milliseconds, struct text *text)
{
	if (!milliseconds)
		text_puts(text, "0s");
	else if (milliseconds % 3600000 == 0)
		text_printf(text, "%" PRIu64 "h", milliseconds / 3600000);
	else if (milliseconds % 60000 == 0)
		text_printf(text, "%" PRIu64 "m", milliseconds / 60000);
	else if (milliseconds % 1000 == 0)
		text_printf(text, "%" PRIu64 "s", milliseconds / 1000);
	else
		text_printf(text, "%" PRIu64 "ms", milliseconds);
}

void value_print_string(const char *string, struct text *text)
{
	size_t length = strlen(string);
	uint32_t code = 0;
	unsigned step;

	if (is_plain(string)) {
		text_puts(text, string);
		return;
	}
	text_puts(text, "\"");
	for (; length; length -= step, string += step) {
		step = utf8_next(string, length, &code);
		if (step)
			print_escaped(code, string, step, text);
		else
			text_puts(text, "\\uFFFD");
		step = step ? step : 1;
	}
	text_puts(text, "\"");
}

void value_print(const struct config_field *field, const void *value, struct text *text)
{
	value_printers[field->type](field, value, text);
}
