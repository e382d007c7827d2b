/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the text of a scalar to a value, by the type of its field. The table of fields says what a
 * value is, so what YAML would guess (a link named "on", the address 1:20) plays no part; the one
 * guess that counts is null, because an unfinished line should not become an empty text.
 *
 * Every refusal ends with a way out, and where what was meant can be computed (the prefix without
 * its host bits, the hexadecimal number in decimal), it is. Nothing is repaired silently: the text
 * that runs is the text that somebody wrote.
 */
#include "config/value.h"

#include "base/mem.h"
#include "config/words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LENGTH 63
#define IFNAME_MAX_LENGTH 15 /* IFNAMSIZ without the NUL */

typedef int value_reader(struct reader *reader, const struct config_field *field,
			 const struct node *node, void *ret_value);

static const struct {
	const char *unit;
	uint32_t milliseconds;
} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };

/* "expected an address such as ..., found 'x'"; always -EINVAL. */
static int refuse(struct reader *reader, const struct config_field *field, const struct node *node)
{
	AUTO_TEXT expected = { 0 };

	words_of_example(field, &expected);
	return diag_at(reader->diags, node->place, -EINVAL, "expected %s, found %s",
		       text_string(&expected), node_found(node, reader->scratch));
}

/* The decimal number that @text starts with, held below 2^63; *ret_end is @text itself when there is none. */
static uint64_t digits(const char *text, const char **ret_end)
{
	uint64_t number = 0;

	for (; isdigit((unsigned char)*text); text++)
		number = number < INT64_MAX / 10 - 1 ? number * 10 + (uint64_t)(*text - '0') :
						       INT64_MAX;
	*ret_end = text;
	return number;
}

static bool has_leading_zero(const char *text)
{
	return text[0] == '0' && isdigit((unsigned char)text[1]);
}

/* Zeros in front are octal to some readers and decimal to others. */
static int refuse_leading_zero(struct reader *reader, const struct node *node)
{
	const char *rest = node->text + strspn(node->text, "0");

	return diag_at(reader->diags, node->place, -EINVAL,
		       "%.40s: zeros in front make a number octal to some programs; write %s%.40s",
		       node->text, isdigit((unsigned char)*rest) ? "" : "0", rest);
}

/* A number that is not written in plain decimal digits. */
static int refuse_number(struct reader *reader, const struct config_field *field,
			 const struct node *node)
{
	const char *text = node->text, *end;
	char *hex_end;
	uint64_t hex;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && isxdigit((unsigned char)text[2])) {
		errno = 0;
		hex = strtoull(text + 2, &hex_end, 16);
		if (!*hex_end && !errno)
			return diag_at(reader->diags, node->place, -EINVAL,
				       "%.40s: numbers are decimal here; write %" PRIu64, text, hex);
	}
	if (text[0] == '-' && isdigit((unsigned char)text[1])) {
		digits(text + 1, &end);
		if (!*end)
			return diag_at(reader->diags, node->place, -EINVAL,
				       "%.40s is below %" PRIu64, text, field->min);
	}
	return refuse(reader, field, node);
}

static uint64_t field_max(const struct config_field *field, uint64_t most)
{
	return field->max && field->max < most ? field->max : most;
}

static int read_bool(struct reader *reader, const struct config_field *field,
		     const struct node *node, void *ret_value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(node->text, words[i]) == 0) {
			*(bool *)ret_value = i % 2;
			return 0;
		}
	}
	return refuse(reader, field, node);
}

static int read_u32(struct reader *reader, const struct config_field *field,
		    const struct node *node, void *ret_value)
{
	uint64_t max = field_max(field, UINT32_MAX), number;
	const char *end;

	number = digits(node->text, &end);
	if (end == node->text || *end)
		return refuse_number(reader, field, node);
	if (has_leading_zero(node->text))
		return refuse_leading_zero(reader, node);
	if (number > max)
		return diag_at(reader->diags, node->place, -EINVAL, "%.40s is above %" PRIu64,
			       node->text, max);
	if (number < field->min)
		return diag_at(reader->diags, node->place, -EINVAL, "%s is below %" PRIu64,
			       node->text, field->min);
	*(uint32_t *)ret_value = (uint32_t)number;
	return 0;
}

static int refuse_duration(struct reader *reader, const struct node *node, const char *side,
			   uint64_t bound)
{
	AUTO_TEXT text = { 0 };

	value_print_duration(bound, &text);
	return diag_at(reader->diags, node->place, -EINVAL, "%.40s is %s %s", node->text, side,
		       text_string(&text));
}

static int read_duration(struct reader *reader, const struct config_field *field,
			 const struct node *node, void *ret_value)
{
	uint64_t max = field_max(field, UINT32_MAX), number, factor = 0;
	const char *unit;

	number = digits(node->text, &unit);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].unit) == 0)
			factor = units[i].milliseconds;
	}
	if (unit == node->text || (*unit && !factor))
		return refuse(reader, field, node);
	if (has_leading_zero(node->text))
		return refuse_leading_zero(reader, node);
	if (!factor)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%.40s: which unit? write %.40ss, %.40sms, %.40sm or %.40sh",
			       node->text, node->text, node->text, node->text, node->text);
	if (number > max / factor)
		return refuse_duration(reader, node, "above", max);
	if (number * factor < field->min)
		return refuse_duration(reader, node, "below", field->min);
	*(uint32_t *)ret_value = (uint32_t)(number * factor);
	return 0;
}

static int keep_string(struct reader *reader, const struct node *node, void *ret_value)
{
	*(const char **)ret_value = arena_copy(reader->arena, node->text, node->length);
	return 0;
}

static int read_name(struct reader *reader, const struct config_field *field,
		     const struct node *node, void *ret_value)
{
	bool good = node->length >= 1 && node->length <= NAME_MAX_LENGTH;

	for (size_t i = 0; good && i < node->length; i++)
		good = isalnum((unsigned char)node->text[i]) || strchr("-_.", node->text[i]);
	if (!good)
		return diag_at(
			reader->diags, node->place, -EINVAL,
			"%s is not a name; a name has 1 to %u letters, digits, '-', '_' or '.'",
			node_shown(node, reader->scratch), NAME_MAX_LENGTH);
	return keep_string(reader, node, ret_value);
}

static int read_ifname(struct reader *reader, const struct config_field *field,
		       const struct node *node, void *ret_value)
{
	bool good = node->length >= 1 && node->length <= IFNAME_MAX_LENGTH &&
		    strcmp(node->text, ".") != 0 && strcmp(node->text, "..") != 0;

	for (size_t i = 0; good && i < node->length; i++)
		good = (unsigned char)node->text[i] > ' ' && !strchr("/:%\x7f", node->text[i]);
	if (!good)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s is not the name of a link; it has 1 to %u bytes, "
			       "no '/', ':', '%%' or white space",
			       node_shown(node, reader->scratch), IFNAME_MAX_LENGTH);
	return keep_string(reader, node, ret_value);
}

static int read_string(struct reader *reader, const struct config_field *field,
		       const struct node *node, void *ret_value)
{
	if (field->max && node->length > field->max)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "a text of %zu bytes; at most %" PRIu64 " fit", node->length,
			       field->max);
	if (node->length < field->min)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "a text of %zu bytes; it needs at least %" PRIu64, node->length,
			       field->min);
	return keep_string(reader, node, ret_value);
}

static int read_enum(struct reader *reader, const struct config_field *field,
		     const struct node *node, void *ret_value)
{
	const char *nearest;

	for (uint32_t i = 0; field->words[i]; i++) {
		if (strcmp(node->text, field->words[i]) == 0) {
			*(uint32_t *)ret_value = i;
			return 0;
		}
	}
	nearest = text_nearest(node->text, field->words);
	if (!nearest)
		return refuse(reader, field, node);
	return diag_at(reader->diags, node->place, -EINVAL, "unknown word %s; did you mean '%s'?",
		       node_shown(node, reader->scratch), nearest);
}

/* What is wrong with an address that does not parse, as far as it can be guessed. */
static int refuse_address(struct reader *reader, const struct config_field *field,
			  const struct node *node)
{
	const char *zone = strchr(node->text, '%'), *slash = strchr(node->text, '/');
	size_t length = (size_t)((zone ? zone : slash ? slash : node->text) - node->text);
	const char *alone = arena_copy(reader->scratch, node->text, length);
	struct address address;

	if (address_parse(alone, &address) < 0)
		return refuse(reader, field, node);
	if (zone)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s: an address without a link is expected; write %s",
			       node_shown(node, reader->scratch), alone);
	return diag_at(reader->diags, node->place, -EINVAL,
		       "%s: one address is expected, without a length; write %s",
		       node_shown(node, reader->scratch), alone);
}

static int read_address(struct reader *reader, const struct config_field *field,
			const struct node *node, void *ret_value)
{
	struct address address;

	if (address_parse(node->text, &address) < 0)
		return refuse_address(reader, field, node);
	*(struct address *)ret_value = address;
	return 0;
}

/* "255.255.240.0" as 20; -EINVAL for any other text. */
static int mask_length(const char *text, unsigned *ret_length)
{
	struct address mask;
	uint32_t bits = 0;

	if (address_parse(text, &mask) < 0 || mask.family != AF_INET)
		return -EINVAL;
	for (size_t i = 0; i < 4; i++)
		bits = bits << 8 | mask.bytes[i];
	if (~bits & (~bits + 1))
		return -EINVAL;
	*ret_length = (unsigned)__builtin_popcount(bits);
	return 0;
}

static int refuse_prefix(struct reader *reader, const struct config_field *field,
			 const struct node *node)
{
	const char *slash = strchr(node->text, '/');
	const char *alone = arena_copy(reader->scratch, node->text,
				       slash ? (size_t)(slash - node->text) : 0);
	struct address address;
	unsigned length;

	if (!slash || address_parse(alone, &address) < 0)
		return refuse(reader, field, node);
	if (address.family == AF_INET && mask_length(slash + 1, &length) == 0)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s: the length is a number of bits; write %s/%u", node->text, alone,
			       length);
	return diag_at(reader->diags, node->place, -EINVAL,
		       "%s: after the '/' a number of bits is expected, from 0 to %u",
		       node_shown(node, reader->scratch), address_bits(address.family));
}

static int read_net(struct reader *reader, const struct config_field *field,
		    const struct node *node, void *ret_value)
{
	char text[ADDRESS_TEXT_SIZE];
	struct prefix prefix, clean;
	int r = prefix_parse(node->text, &prefix);

	if (r == -ERANGE)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%.60s: an IPv%c prefix has at most %u bits", node->text,
			       strchr(node->text, ':') ? '6' : '4',
			       strchr(node->text, ':') ? 128 : 32);
	if (r < 0)
		return refuse_prefix(reader, field, node);
	clean = prefix_clean(&prefix);
	if (!prefix_is_clean(&prefix))
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s has bits beyond /%u; did you mean %s?", node->text,
			       prefix.length, prefix_text(&clean, text));
	*(struct prefix *)ret_value = clean;
	return 0;
}

static int read_prefix(struct reader *reader, const struct config_field *field,
		       const struct node *node, void *ret_value)
{
	struct prefix prefix;

	if (!strchr(node->text, '/') && prefix_parse(node->text, &prefix) == 0)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s has no length; write %s/%u for this one address", node->text,
			       node->text, prefix.length);
	return read_net(reader, field, node, ret_value);
}

static int read_placed(struct reader *reader, const struct config_field *field,
		       const struct node *node, void *ret_value)
{
	struct prefix prefix;
	int r = prefix_parse(node->text, &prefix);

	if (r == -ERANGE)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%.60s: an IPv%c network has at most %u bits", node->text,
			       strchr(node->text, ':') ? '6' : '4',
			       strchr(node->text, ':') ? 128 : 32);
	if (r < 0)
		return refuse_prefix(reader, field, node);
	if (!strchr(node->text, '/'))
		return diag_at(
			reader->diags, node->place, -EINVAL,
			"%s: how long is its network? write %s/%u, or /%u for this one address",
			node->text, node->text, prefix.family == AF_INET ? 24 : 64, prefix.length);
	*(struct prefix *)ret_value = prefix;
	return 0;
}

static int read_mac(struct reader *reader, const struct config_field *field,
		    const struct node *node, void *ret_value)
{
	struct config_mac mac = { .given = true };
	const char *at = node->text;

	for (size_t i = 0; i < sizeof(mac.bytes); i++) {
		const char *end;
		char pair[3] = "";

		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
			return refuse(reader, field, node);
		memcpy(pair, at, 2);
		mac.bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
		end = at + 2;
		if (*end != (i + 1 < sizeof(mac.bytes) ? ':' : '\0'))
			return refuse(reader, field, node);
		at = end + 1;
	}
	*(struct config_mac *)ret_value = mac;
	return 0;
}

/* Reads "53" or "7000-7010" without any check of bounds. */
static int split_ports(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *end, *second;

	*ret_first = *ret_last = digits(text, &end);
	if (end == text)
		return -EINVAL;
	if (!*end)
		return has_leading_zero(text) ? -ERANGE : 0;
	second = end + 1;
	*ret_last = digits(second, &text);
	if (*end != '-' || text == second || *text)
		return -EINVAL;
	return has_leading_zero(second) ? -ERANGE : 0;
}

static int read_ports(struct reader *reader, const struct config_field *field,
		      const struct node *node, void *ret_value)
{
	uint64_t first, last;
	int r = split_ports(node->text, &first, &last);

	if (r == -EINVAL)
		return refuse_number(reader, field, node);
	if (r == -ERANGE || has_leading_zero(node->text))
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%.40s: write ports without zeros in front", node->text);
	if (first > UINT16_MAX || last > UINT16_MAX)
		return diag_at(reader->diags, node->place, -EINVAL, "%.40s is above %u", node->text,
			       UINT16_MAX);
	if (!first || !last)
		return diag_at(reader->diags, node->place, -EINVAL, "%s: ports begin at 1",
			       node->text);
	if (first > last)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s runs backwards; did you mean %" PRIu64 "-%" PRIu64 "?",
			       node->text, last, first);
	*(struct config_ports *)ret_value = (struct config_ports){ (uint16_t)first, (uint16_t)last };
	return 0;
}

static int read_word(struct reader *reader, const struct config_field *field,
		     const struct node *node, void *ret_value)
{
	const char *text = field->word->whole ? node->text :
						arena_copy(reader->arena, node->text, node->length);
	AUTO_TEXT error = { 0 };

	if (field->word->parse(text, ret_value, &error) == 0)
		return 0;
	if (!error.length)
		return refuse(reader, field, node);
	return diag_at(reader->diags, node->place, -EINVAL, "%s: %s",
		       node_shown(node, reader->scratch), text_string(&error));
}

static value_reader *const value_readers[] = {
	[CONFIG_BOOL] = read_bool,	   [CONFIG_U32] = read_u32,
	[CONFIG_DURATION] = read_duration, [CONFIG_NAME] = read_name,
	[CONFIG_IFNAME] = read_ifname,	   [CONFIG_STRING] = read_string,
	[CONFIG_ENUM] = read_enum,	   [CONFIG_ADDRESS] = read_address,
	[CONFIG_PREFIX] = read_prefix,	   [CONFIG_NET] = read_net,
	[CONFIG_PLACED] = read_placed,	   [CONFIG_MAC] = read_mac,
	[CONFIG_PORTS] = read_ports,	   [CONFIG_FILE] = value_read_file,
	[CONFIG_WORD] = read_word,
};

/* "- 2001:db8::" is to YAML a mapping with the key "2001:db8:". */
static bool is_cut_address(const struct node *node)
{
	const struct node *only = node->first;

	return node->kind == NODE_MAP && node->count == 1 && !only->key->quoted &&
	       node_is_null(only) && only->key->length &&
	       only->key->text[only->key->length - 1] == ':';
}

static int refuse_kind(struct reader *reader, const struct config_field *field,
		       const struct node *node)
{
	if (is_cut_address(node))
		return diag_at(reader->diags, node->place, -EINVAL,
			       "an address that ends in ':' must be in quotes; write \"%s:\"",
			       node->first->key->text);
	return refuse(reader, field, node);
}

int value_read(struct reader *reader, const struct config_field *field, const struct node *node,
	       void *ret_value)
{
	if (node->kind == NODE_REFUSED)
		return -EINVAL;
	if (node->kind != NODE_SCALAR || node_is_null(node))
		return refuse_kind(reader, field, node);
	if (strlen(node->text) != node->length)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "a NUL cannot stand in a value; delete the '\\0'");
	if (node->folded && !node->quoted && field->type != CONFIG_STRING)
		return diag_at(
			reader->diags, node->place, -EINVAL,
			"this value goes on in the next line; is that one indented too far?");
	return value_readers[field->type](reader, field, node, ret_value);
}
