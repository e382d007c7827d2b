/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One value of one object, by its row in the table of its kind. Everything that differs between
 * types of values is here, so that the walks over rows (sets, text, netlink) know no types.
 */
#include "host/kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *place(const struct property *row, const void *object)
{
	return (const char *)object + row->offset;
}

static void *place_in(const struct property *row, void *object)
{
	return (char *)object + row->offset;
}

static size_t property_size(const struct property *row)
{
	switch (row->type) {
	case PROPERTY_U8:
		return 1;
	case PROPERTY_U16:
		return 2;
	case PROPERTY_U32:
	case PROPERTY_LINK:
		return 4;
	case PROPERTY_NAME:
		return row->size;
	case PROPERTY_ADDRESS:
	case PROPERTY_ENDPOINT:
		return sizeof(struct address);
	case PROPERTY_PREFIX:
		return sizeof(struct prefix);
	case PROPERTY_MAC:
		return 6;
	case PROPERTY_MEMBERS:
		return NEXTHOP_MEMBERS * sizeof(struct host_member);
	case PROPERTY_SPAN:
		return sizeof(struct span);
	}
	return 0;
}

static bool is_number(const struct property *row)
{
	return row->type == PROPERTY_U8 || row->type == PROPERTY_U16 || row->type == PROPERTY_U32 ||
	       row->type == PROPERTY_LINK;
}

static uint16_t endpoint_port(const struct property *row, const void *object)
{
	uint16_t port;

	memcpy(&port, (const char *)object + row->port, sizeof(port));
	return port;
}

uint32_t property_number(const struct property *row, const void *object)
{
	uint16_t half;
	uint32_t whole;

	if (row->type == PROPERTY_U8)
		return *(const uint8_t *)place(row, object);
	if (row->type == PROPERTY_U16) {
		memcpy(&half, place(row, object), sizeof(half));
		return half;
	}
	memcpy(&whole, place(row, object), sizeof(whole));
	return whole;
}

void property_set_number(const struct property *row, void *object, uint32_t value)
{
	uint8_t byte = (uint8_t)value;
	uint16_t half = (uint16_t)value;

	if (row->type == PROPERTY_U8)
		memcpy(place_in(row, object), &byte, sizeof(byte));
	else if (row->type == PROPERTY_U16)
		memcpy(place_in(row, object), &half, sizeof(half));
	else
		memcpy(place_in(row, object), &value, sizeof(value));
}

bool property_is_zero(const struct property *row, const void *object)
{
	const char *bytes = place(row, object);

	if (row->type == PROPERTY_NAME)
		return !bytes[0];
	for (size_t i = 0; i < property_size(row); i++)
		if (bytes[i])
			return false;
	return true;
}

bool property_is_usual(const struct property *row, const void *object)
{
	if (row->type == PROPERTY_LINK || !is_number(row))
		return property_is_zero(row, object);
	return property_number(row, object) == (row->usually ? row->usually(object) : row->usual);
}

int property_compare(const struct property *row, const void *a, const void *b)
{
	uint32_t left, right;
	int r;

	switch (row->type) {
	case PROPERTY_U8:
	case PROPERTY_U16:
	case PROPERTY_U32:
	case PROPERTY_LINK:
		left = property_number(row, a);
		right = property_number(row, b);
		return left < right ? -1 : left > right;
	case PROPERTY_NAME:
		return strcmp(place(row, a), place(row, b));
	case PROPERTY_ADDRESS:
		return address_compare(place(row, a), place(row, b));
	case PROPERTY_PREFIX:
		return prefix_compare(place(row, a), place(row, b));
	case PROPERTY_ENDPOINT:
		r = address_compare(place(row, a), place(row, b));
		return r ? r : (int)endpoint_port(row, a) - (int)endpoint_port(row, b);
	case PROPERTY_MAC:
	case PROPERTY_MEMBERS:
	case PROPERTY_SPAN:
		return memcmp(place(row, a), place(row, b), property_size(row));
	}
	return 0;
}

int kind_compare_keys(const struct kind *kind, const void *a, const void *b)
{
	for (const struct property *const *key = kind->keys; *key; key++) {
		int r = property_compare(*key, a, b);

		if (r)
			return r;
	}
	return 0;
}

int kind_compare(const struct kind *kind, const void *a, const void *b)
{
	return kind->compare ? kind->compare(a, b) : kind_compare_keys(kind, a, b);
}

/* Byte for byte, but for who asked: then no row differs either. */
static bool same_bytes(const struct kind *kind, const void *a, const void *b)
{
	const size_t head = sizeof(struct object);

	return memcmp((const char *)a + head, (const char *)b + head, kind->size - head) == 0;
}

bool kind_identical(const struct kind *kind, const void *a, const void *b)
{
	if (same_bytes(kind, a, b))
		return true;
	for (size_t i = 0; i < kind->row_count; i++)
		if (property_compare(&kind->rows[i], a, b) != 0)
			return false;
	return true;
}

bool property_satisfies(const struct property *row, const void *desired, const void *observed)
{
	if (row->flags & ROW_FREE || (row->flags & ROW_LAX && property_is_zero(row, desired)))
		return true;
	if (row->flags & ROW_LEAST)
		return !(property_number(row, desired) & ~property_number(row, observed));
	return property_compare(row, desired, observed) == 0;
}

bool kind_satisfies(const struct kind *kind, const void *desired, const void *observed)
{
	if (same_bytes(kind, desired, observed))
		return true;
	for (size_t i = 0; i < kind->row_count; i++)
		if (!property_satisfies(&kind->rows[i], desired, observed))
			return false;
	return true;
}

static uint32_t folded(const struct property *row, const void *object)
{
	uint32_t value = property_number(row, object);

	return value & row->alike ? value | row->alike : value;
}

bool kind_is_news(const struct kind *kind, const void *before, const void *after)
{
	if (same_bytes(kind, before, after))
		return ((const struct object *)before)->ours != ((const struct object *)after)->ours;
	for (size_t i = 0; i < kind->row_count; i++) {
		const struct property *row = &kind->rows[i];

		if (row->alike ? folded(row, before) != folded(row, after) :
				 property_compare(row, before, after) != 0)
			return true;
	}
	return ((const struct object *)before)->ours != ((const struct object *)after)->ours;
}

static void print_bits(const struct property *row, uint32_t value, struct text *text)
{
	const char *comma = "";

	for (const struct word *word = row->words; word && word->text; word++) {
		if (!(value & word->value))
			continue;
		text_printf(text, "%s%s", comma, word->text);
		value &= ~word->value;
		comma = ",";
	}
	if (value || !*comma)
		text_printf(text, value ? "%s0x%x" : "%s%u", comma, value);
}

static void print_number(const struct property *row, uint32_t value, struct text *text)
{
	if (row->flags & ROW_BITS) {
		print_bits(row, value, text);
		return;
	}
	for (const struct word *word = row->words; word && word->text; word++) {
		if (word->value == value) {
			text_puts(text, word->text);
			return;
		}
	}
	text_printf(text, "%u", value);
}

/* Quoted where white space, or nothing at all, would break the line into other words. */
static void print_name(const char *name, struct text *text)
{
	bool bare = *name && *name != '"' && !strpbrk(name, " \t\r");

	text_printf(text, bare ? "%s" : "\"%s\"", name);
}

static void print_link(uint32_t index, const struct state *links, struct text *text)
{
	const struct host_link *link = links ? state_link(links, index) : NULL;

	if (!link && links && links->others)
		link = state_link(links->others, index);
	if (link && link->name[0] && link->name[0] != '#')
		print_name(link->name, text);
	else
		text_printf(text, "#%u", index);
}

/* "80", "1024-65535". */
static void print_span(const struct span *span, struct text *text)
{
	text_printf(text, "%u", span->first);
	if (span->end - span->first > 1)
		text_printf(text, "-%u", span->end - 1);
}

/* "7,8:3": numbers, with the weights that are not 1. */
static void print_members(const struct host_member *members, unsigned count, struct text *text)
{
	for (unsigned i = 0; i < count; i++) {
		text_printf(text, i ? ",%u" : "%u", members[i].id);
		if (members[i].weight != 1)
			text_printf(text, ":%u", members[i].weight);
	}
}

void property_print(const struct property *row, const void *object, const struct state *links,
		    struct text *text)
{
	char buffer[ENDPOINT_TEXT_SIZE];

	switch (row->type) {
	case PROPERTY_U8:
	case PROPERTY_U16:
	case PROPERTY_U32:
		print_number(row, property_number(row, object), text);
		break;
	case PROPERTY_LINK:
		print_link(property_number(row, object), links, text);
		break;
	case PROPERTY_NAME:
		print_name(place(row, object), text);
		break;
	case PROPERTY_ADDRESS:
		text_puts(text, address_text(place(row, object), buffer));
		break;
	case PROPERTY_PREFIX:
		text_puts(text, prefix_text(place(row, object), buffer));
		break;
	case PROPERTY_ENDPOINT:
		text_puts(text,
			  endpoint_text(place(row, object), endpoint_port(row, object), buffer));
		break;
	case PROPERTY_MAC:
		text_puts(text, mac_text(place(row, object), buffer));
		break;
	case PROPERTY_MEMBERS:
		print_members(place(row, object), ((const uint8_t *)object)[row->port], text);
		break;
	case PROPERTY_SPAN:
		print_span(place(row, object), text);
		break;
	}
}

static int parse_digits(const char *token, uint32_t most, uint32_t *ret_value)
{
	unsigned long value;
	char *end;

	if (*token < '0' || *token > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(token, &end, 0);
	if (*end || errno || value > most)
		return -EINVAL;
	*ret_value = (uint32_t)value;
	return 0;
}

static int parse_word(const struct property *row, const char *token, size_t length,
		      uint32_t *ret_value)
{
	char digits[16];

	for (const struct word *word = row->words; word && word->text; word++) {
		if (strlen(word->text) == length && !strncmp(word->text, token, length)) {
			*ret_value = word->value;
			return 0;
		}
	}
	if (length >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, token, length);
	digits[length] = '\0';
	return parse_digits(
		digits, property_size(row) >= 4 ? UINT32_MAX : (1u << (8 * property_size(row))) - 1,
		ret_value);
}

static int parse_number(const struct property *row, const char *token, void *object)
{
	uint32_t value = 0, part;

	do {
		size_t length = row->flags & ROW_BITS ? strcspn(token, ",") : strlen(token);
		int r = parse_word(row, token, length, &part);

		if (r < 0)
			return r;
		value |= part;
		token += length;
	} while (*token++ == ',');
	property_set_number(row, object, value);
	return 0;
}

static int parse_link(const struct property *row, const char *token, const struct state *links,
		      void *object)
{
	const struct host_link *link = token[0] == '#' ? NULL : state_link_named(links, token);
	uint32_t index;

	if (link)
		index = link->index;
	else if (token[0] != '#' || parse_digits(token + 1, UINT32_MAX, &index) < 0)
		return -EINVAL;
	property_set_number(row, object, index);
	return 0;
}

static int parse_endpoint(const struct property *row, const char *token, void *object)
{
	const char *colon = strrchr(token, ':');
	char text[ADDRESS_TEXT_SIZE];
	size_t length = colon ? (size_t)(colon - token) : 0;
	uint32_t port;
	uint16_t half;

	if (length && token[0] == '[' && token[length - 1] == ']') {
		token++;
		length -= 2;
	}
	if (!colon || length >= sizeof(text) || parse_digits(colon + 1, UINT16_MAX, &port) < 0)
		return -EINVAL;
	memcpy(text, token, length);
	text[length] = '\0';
	half = (uint16_t)port;
	memcpy((char *)object + row->port, &half, sizeof(half));
	return address_parse(text, place_in(row, object));
}

static int parse_prefix(const struct property *row, const char *token, void *object)
{
	struct prefix prefix;
	int r = prefix_parse(token, &prefix);

	if (r < 0 || (row->flags & ROW_CLEAN && !prefix_is_clean(&prefix)))
		return -EINVAL;
	memcpy(place_in(row, object), &prefix, sizeof(prefix));
	return 0;
}

static int parse_mac(const char *token, uint8_t mac[6])
{
	unsigned bytes[6];
	int used = 0;

	if (sscanf(token, "%2x:%2x:%2x:%2x:%2x:%2x%n", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
		   &bytes[4], &bytes[5], &used) != 6 ||
	    token[used])
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)bytes[i];
	return 0;
}

static int parse_span(const char *token, struct span *ret_span)
{
	const char *dash = strchr(token, '-');
	char first[16];
	size_t length = dash ? (size_t)(dash - token) : strlen(token);
	struct span span;

	if (length >= sizeof(first))
		return -EINVAL;
	memcpy(first, token, length);
	first[length] = '\0';
	if (parse_digits(first, UINT32_MAX - 1, &span.first) < 0 ||
	    parse_digits(dash ? dash + 1 : first, UINT32_MAX - 1, &span.end) < 0 ||
	    span.end++ < span.first)
		return -EINVAL;
	*ret_span = span;
	return 0;
}

static int parse_members(const char *token, struct host_member *members, uint8_t *ret_count)
{
	char word[24];
	unsigned count = 0;

	do {
		size_t length = strcspn(token, ",");
		uint32_t weight = 1;
		char *colon;

		if (length >= sizeof(word) || count == NEXTHOP_MEMBERS)
			return -EINVAL;
		memcpy(word, token, length);
		word[length] = '\0';
		colon = strchr(word, ':');
		if (colon)
			*colon = '\0';
		if (parse_digits(word, UINT32_MAX, &members[count].id) < 0 ||
		    (colon && parse_digits(colon + 1, UINT16_MAX, &weight) < 0))
			return -EINVAL;
		members[count++].weight = (uint16_t)weight;
		token += length;
	} while (*token++ == ',');
	*ret_count = (uint8_t)count;
	return 0;
}

int property_parse(const struct property *row, const char *token, const struct state *links,
		   void *object)
{
	switch (row->type) {
	case PROPERTY_U8:
	case PROPERTY_U16:
	case PROPERTY_U32:
		return parse_number(row, token, object);
	case PROPERTY_LINK:
		return parse_link(row, token, links, object);
	case PROPERTY_NAME:
		if (strlen(token) >= row->size)
			return -EINVAL;
		strcpy(place_in(row, object), token);
		return 0;
	case PROPERTY_ADDRESS:
		return address_parse(token, place_in(row, object));
	case PROPERTY_PREFIX:
		return parse_prefix(row, token, object);
	case PROPERTY_ENDPOINT:
		return parse_endpoint(row, token, object);
	case PROPERTY_MAC:
		return parse_mac(token, place_in(row, object));
	case PROPERTY_MEMBERS:
		return parse_members(token, place_in(row, object), (uint8_t *)object + row->port);
	case PROPERTY_SPAN:
		return parse_span(token, place_in(row, object));
	}
	return -EINVAL;
}
