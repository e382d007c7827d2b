/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_words.h"

#include "feature/checks/checks.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits to the end, at most @most. */
static int number_parse(const char *text, unsigned long most, unsigned long *ret_number)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*end || errno || number > most)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int endpoint_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct checks_endpoint *endpoint = ret_value;
	const char *colon = strrchr(text, ':');
	AUTO_MEM char *host = NULL;
	struct address address;
	unsigned long port;
	size_t length;

	if (address_parse(text, &address) == 0) {
		text_printf(ret_error, "there is no port; write '%s%s%s:PORT'",
			    address.family == AF_INET6 ? "[" : "", text,
			    address.family == AF_INET6 ? "]" : "");
		return -EINVAL;
	}
	if (!colon || number_parse(colon + 1, 65535, &port) < 0 || !port)
		return -EINVAL;
	length = (size_t)(colon - text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		host = mem_printf("%.*s", (int)length - 2, text + 1);
	else
		host = mem_printf("%.*s", (int)length, text);
	if (text[0] != '[' && strchr(host, ':'))
		return -EINVAL;
	if (address_parse(host, &address) < 0) {
		text_puts(ret_error, "names are not resolved by checks; write an address");
		return -EINVAL;
	}
	*endpoint = (struct checks_endpoint){ address, (uint16_t)port };
	return 0;
}

static void endpoint_print(const void *value, struct text *text)
{
	const struct checks_endpoint *endpoint = value;
	char buffer[ADDRESS_TEXT_SIZE];
	bool brackets = endpoint->address.family == AF_INET6;

	text_printf(text, "%s%s%s:%u", brackets ? "[" : "",
		    address_text(&endpoint->address, buffer), brackets ? "]" : "", endpoint->port);
}

const struct config_word checks_endpoint_word = {
	sizeof(struct checks_endpoint),
	endpoint_parse,
	endpoint_print,
	"an address and a port",
	"addresses and ports",
	" such as 192.0.2.1:80 or [2001:db8::1]:80",
};

static int status_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct config_ports *range = ret_value;
	unsigned first, last;
	int used = 0;

	if (strlen(text) == 3 && sscanf(text, "%3u%n", &first, &used) == 1 && used == 3)
		last = first;
	else if (strlen(text) != 7 || sscanf(text, "%3u-%3u%n", &first, &last, &used) != 2 ||
		 used != 7)
		return -EINVAL;
	if (first < 100 || last > 599) {
		text_puts(ret_error, "statuses are 100 to 599 (RFC 9110, 15)");
		return -EINVAL;
	}
	if (first > last) {
		text_printf(ret_error, "%u-%u runs backwards; did you mean %u-%u?", first, last,
			    last, first);
		return -EINVAL;
	}
	*range = (struct config_ports){ (uint16_t)first, (uint16_t)last };
	return 0;
}

static void status_print(const void *value, struct text *text)
{
	const struct config_ports *range = value;

	text_printf(text, "%u", range->first);
	if (range->last != range->first)
		text_printf(text, "-%u", range->last);
}

const struct config_word checks_status_word = {
	sizeof(struct config_ports),	       status_parse,	   status_print,
	"a status of HTTP or a range of them", "statuses of HTTP", " such as 200 or 200-299",
};

static int mark_parse(const char *text, void *ret_value, struct text *ret_error)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long mark;
	char *end;

	if (!(hex ? isxdigit((unsigned char)text[2]) : isdigit((unsigned char)text[0])))
		return -EINVAL;
	errno = 0;
	mark = strtoull(text, &end, hex ? 16 : 10);
	if (*end || errno)
		return -EINVAL;
	if (!mark || mark > UINT32_MAX) {
		text_puts(ret_error, "marks are 1 to 0xffffffff");
		return -EINVAL;
	}
	*(uint32_t *)ret_value = (uint32_t)mark;
	return 0;
}

static void mark_print(const void *value, struct text *text)
{
	text_printf(text, "0x%x", *(const uint32_t *)value);
}

const struct config_word checks_mark_word = {
	sizeof(uint32_t), mark_parse, mark_print, "a mark", "marks", " such as 0x10",
};
