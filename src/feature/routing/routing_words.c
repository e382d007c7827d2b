/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scalars that only routing has: destinations, gateways, marks, times of day, days. Each is
 * printed so that it reads back as the same.
 */
#include "feature/routing/routing.h"

#include "host/protocols.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const day_names[] = { "", "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

/* A number in decimal or, after 0x, in hexadecimal digits; *ret_end is what follows it. */
static int number_parse(const char *text, uint64_t *ret_number, const char **ret_end)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!(hex ? isxdigit((unsigned char)text[2]) : isdigit((unsigned char)text[0])))
		return -EINVAL;
	*ret_number = strtoull(text, &end, hex ? 16 : 10);
	*ret_end = end;
	return 0;
}

static int to_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct prefix *to = ret_value, prefix, clean;
	char buffer[ADDRESS_TEXT_SIZE];

	if (!strcmp(text, "default")) {
		*to = (struct prefix){ .length = TO_DEFAULT };
		return 0;
	}
	if (prefix_parse(text, &prefix) < 0)
		return -EINVAL;
	clean = prefix_clean(&prefix);
	if (!prefix_is_clean(&prefix)) {
		text_printf(ret_error, "bits beyond /%u; did you mean %s?", prefix.length,
			    prefix_text(&clean, buffer));
		return -EINVAL;
	}
	*to = clean;
	return 0;
}

static void to_print(const void *value, struct text *text)
{
	const struct prefix *to = value;
	char buffer[ADDRESS_TEXT_SIZE];

	text_puts(text, to->length == TO_DEFAULT ? "default" : prefix_text(to, buffer));
}

const struct config_word to_word = {
	sizeof(struct prefix),
	to_parse,
	to_print,
	"a prefix or default",
	"prefixes and default",
	" such as 192.0.2.0/24 or 2001:db8::/64",
	.whole = true, /* there may be a million of them */
};

static int gateway_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct gateway *gateway = ret_value;
	struct address address;

	if (address_parse(text, &address) == 0) {
		gateway->address = address;
		return 0;
	}
	if (strchr(text, '/') || strchr(text, ':') || !*text || isdigit((unsigned char)*text))
		return -EINVAL;
	gateway->name = text;
	return 0;
}

static void gateway_print(const void *value, struct text *text)
{
	const struct gateway *gateway = value;
	char buffer[ADDRESS_TEXT_SIZE];

	text_puts(text, gateway->name ? gateway->name : address_text(&gateway->address, buffer));
}

const struct config_word gateway_word = {
	sizeof(struct gateway),
	gateway_parse,
	gateway_print,
	"an address or the name of a next hop",
	"addresses and names of next hops",
	" such as 192.0.2.1 or 2001:db8::1",
};

static int mark_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct mark_word *word = ret_value;
	uint64_t mark, mask = UINT32_MAX;
	const char *end;

	if (number_parse(text, &mark, &end) < 0 ||
	    (*end == '/' && number_parse(end + 1, &mask, &end) < 0) || *end)
		return -EINVAL;
	if (mark > UINT32_MAX || mask > UINT32_MAX)
		text_puts(ret_error, "a mark has 32 bits; write at most 0xffffffff");
	else if (!mask)
		text_puts(ret_error, "a mask of zero matches every packet; leave the mark out");
	else if (mark & ~mask)
		text_printf(ret_error, "bits beyond the mask never match; write 0x%x/0x%x",
			    (unsigned)(mark & mask), (unsigned)mask);
	else
		*word = (struct mark_word){ (uint32_t)mark, (uint32_t)mask };
	return word->mask ? 0 : -EINVAL;
}

static void mark_print(const void *value, struct text *text)
{
	const struct mark_word *word = value;

	text_printf(text, "0x%x", word->mark);
	if (word->mask != UINT32_MAX)
		text_printf(text, "/0x%x", word->mask);
}

const struct config_word mark_word = {
	sizeof(struct mark_word),
	mark_parse,
	mark_print,
	"a mark, with a mask or not",
	"marks, with masks or not",
	" such as 0x8 or 0x8/0xff",
};

/* "09:00" as minutes; 24:00 is the end of a day. */
static int minutes_parse(const char *text, const char **ret_end, unsigned *ret_minutes)
{
	unsigned hours, minutes;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : !isdigit((unsigned char)text[i]))
			return -EINVAL;
	hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	if (minutes > 59 || hours * 60 + minutes > 1440)
		return -EINVAL;
	*ret_minutes = hours * 60 + minutes;
	*ret_end = text + 5;
	return 0;
}

static int clock_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct clock_word *word = ret_value;
	unsigned from, to;

	if (minutes_parse(text, &text, &from) < 0 || *text != '-' ||
	    minutes_parse(text + 1, &text, &to) < 0 || *text)
		return -EINVAL;
	from %= 1440;
	to = to ? to : 1440;
	if (from == to) {
		text_puts(ret_error, "it ends as it begins; leave it out for the whole day");
		return -EINVAL;
	}
	*word = (struct clock_word){ (uint16_t)from, (uint16_t)to };
	return 0;
}

static void clock_print(const void *value, struct text *text)
{
	const struct clock_word *word = value;

	text_printf(text, "%02u:%02u-%02u:%02u", word->from / 60, word->from % 60, word->to / 60,
		    word->to % 60);
}

const struct config_word clock_word = {
	sizeof(struct clock_word),
	clock_parse,
	clock_print,
	"a time of day, from and to",
	"times of day, from and to",
	" such as 09:00-18:00 or 22:00-06:00",
};

static uint8_t day_parse(const char *text, size_t length)
{
	for (uint8_t day = 1; day_names[day]; day++)
		if (length == 3 && !strncmp(text, day_names[day], length))
			return day;
	return 0;
}

static int days_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct days_word *word = ret_value;
	const char *dash = strchr(text, '-');

	word->first = day_parse(text, dash ? (size_t)(dash - text) : strlen(text));
	word->last = dash ? day_parse(dash + 1, strlen(dash + 1)) : word->first;
	if (!word->first || !word->last)
		return -EINVAL;
	return 0;
}

static void days_print(const void *value, struct text *text)
{
	const struct days_word *word = value;

	text_puts(text, day_names[word->first]);
	if (word->last != word->first)
		text_printf(text, "-%s", day_names[word->last]);
}

const struct config_word days_word = {
	sizeof(struct days_word), days_parse, days_print,
	"a day or days",	  "days",     " such as sat or mon-fri",
};

static int nat_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct nat_word *word = ret_value;
	const char *dash = strchr(text, '-');
	char first[ADDRESS_TEXT_SIZE];

	if (!strcmp(text, "masquerade")) {
		word->masquerade = true;
		return 0;
	}
	if (dash && (size_t)(dash - text) < sizeof(first)) {
		memcpy(first, text, (size_t)(dash - text));
		first[dash - text] = '\0';
	}
	if (address_parse(dash ? first : text, &word->first) < 0 ||
	    address_parse(dash ? dash + 1 : text, &word->last) < 0)
		return -EINVAL;
	if (word->first.family != word->last.family)
		text_puts(ret_error, "both ends of a range are of one family; write two entries");
	else if (address_compare(&word->first, &word->last) > 0)
		text_puts(ret_error, "the range runs backwards; write the smaller address first");
	return ret_error->length ? -EINVAL : 0;
}

static void nat_print(const void *value, struct text *text)
{
	const struct nat_word *word = value;
	char buffer[ADDRESS_TEXT_SIZE];

	if (word->masquerade) {
		text_puts(text, "masquerade");
		return;
	}
	text_puts(text, address_text(&word->first, buffer));
	if (!address_equal(&word->first, &word->last))
		text_printf(text, "-%s", address_text(&word->last, buffer));
}

const struct config_word nat_word = {
	sizeof(struct nat_word),
	nat_parse,
	nat_print,
	"an address, a range of addresses or masquerade",
	"addresses, ranges of addresses and masquerade",
	" such as 192.0.2.1 or 192.0.2.1-192.0.2.9",
};

static int protocol_parse(const char *text, void *ret_value, struct text *ret_error)
{
	uint64_t number;
	const char *end;

	for (const struct word *word = transport_words; word->text; word++) {
		if (!strcmp(text, word->text)) {
			*(uint8_t *)ret_value = (uint8_t)word->value;
			return 0;
		}
	}
	if (number_parse(text, &number, &end) < 0 || *end || !number || number > 255)
		return -EINVAL;
	*(uint8_t *)ret_value = (uint8_t)number;
	return 0;
}

static void protocol_print(const void *value, struct text *text)
{
	for (const struct word *word = transport_words; word->text; word++) {
		if (word->value == *(const uint8_t *)value) {
			text_puts(text, word->text);
			return;
		}
	}
	text_printf(text, "%u", *(const uint8_t *)value);
}

const struct config_word protocol_word = {
	1,
	protocol_parse,
	protocol_print,
	"a protocol",
	"protocols",
	" such as tcp, udp, icmp or a number from 1 to 255",
};

static int tos_parse(const char *text, void *ret_value, struct text *ret_error)
{
	uint64_t number;
	const char *end;

	if (number_parse(text, &number, &end) < 0 || *end || !number || number > 255)
		return -EINVAL;
	*(uint8_t *)ret_value = (uint8_t)number;
	return 0;
}

static void tos_print(const void *value, struct text *text)
{
	text_printf(text, "0x%02x", *(const uint8_t *)value);
}

const struct config_word tos_word = {
	1,
	tos_parse,
	tos_print,
	"a type of service",
	"types of service",
	" such as 0x10, up to 0xff",
};

static int uid_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct span *uid = ret_value;
	uint64_t first, last;
	const char *end;

	if (number_parse(text, &first, &end) < 0)
		return -EINVAL;
	last = first;
	if ((*end == '-' && number_parse(end + 1, &last, &end) < 0) || *end || last >= UINT32_MAX)
		return -EINVAL;
	if (last < first) {
		text_puts(ret_error, "the range runs backwards; write the smaller number first");
		return -EINVAL;
	}
	*uid = (struct span){ (uint32_t)first, (uint32_t)last + 1 };
	return 0;
}

static void uid_print(const void *value, struct text *text)
{
	const struct span *uid = value;

	text_printf(text, "%u", uid->first);
	if (uid->end - uid->first > 1)
		text_printf(text, "-%u", uid->end - 1);
}

const struct config_word uid_word = {
	sizeof(struct span),
	uid_parse,
	uid_print,
	"a user or a range of users, by number",
	"users and ranges of users, by number",
	" such as 1000 or 1000-1999",
};
