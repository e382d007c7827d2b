/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of a URL that says where to connect to (RFC 3986, 3.2). The request itself is libcurl's;
 * but that a name cannot be resolved by whom has no files is told before anything is done.
 */
#include "feature/checks/checks.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int wrong(struct text *error, const char *what)
{
	text_puts(error, what);
	return -EINVAL;
}

static int port_parse(const char *at, size_t length, struct checks_url *url, struct text *error)
{
	unsigned long port = 0;

	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)at[i]) || i > 4)
			return wrong(error, "the port is not a number from 1 to 65535");
		port = port * 10 + (unsigned long)(at[i] - '0');
	}
	if (!port || port > 65535)
		return wrong(error, "the port is not a number from 1 to 65535");
	url->port = (uint16_t)port;
	return 0;
}

static int host_parse(const char *at, size_t length, struct checks_url *url, struct text *error)
{
	const char *end = at + length, *colon;
	bool literal = length && at[0] == '[';
	AUTO_MEM char *host = NULL;

	url->host = at + literal;
	colon = literal ? memchr(at, ']', length) : memchr(at, ':', length);
	if (literal && !colon)
		return wrong(error, "the address in brackets has no end");
	url->host_length = (size_t)((colon ? colon : end) - url->host);
	colon += literal;
	if (colon && colon < end && *colon != ':')
		return wrong(error,
			     "what follows the address in brackets is neither a port nor a path");
	if (!url->host_length)
		return wrong(error, "there is no host in it");
	host = mem_printf("%.*s", (int)url->host_length, url->host);
	if (address_parse(host, &url->address) < 0 && literal)
		return wrong(error, "what stands in brackets is no IPv6 address");
	for (const char *c = host; !literal && *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.' && *c != '_')
			return wrong(error, "the host is neither an address nor a name");
	return colon && colon < end ? port_parse(colon + 1, (size_t)(end - colon - 1), url, error) :
				      0;
}

int checks_url_parse(const char *text, struct checks_url *ret_url, struct text *ret_error)
{
	struct checks_url url = { .secure = !strncasecmp(text, "https://", 8) };
	size_t length;
	int r;

	if (!strncasecmp(text, "http://", 7))
		text += 7;
	else if (url.secure)
		text += 8;
	else
		return wrong(ret_error, "it begins with neither http:// nor https://");
	url.port = url.secure ? 443 : 80;
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return wrong(ret_error, "it has a space or another character that is to be "
						"written as %XX (RFC 3986, 2.1)");
	length = strcspn(text, "/?#");
	if (memchr(text, '@', length))
		return wrong(ret_error,
			     "a name and password in a URL are shown to everybody who reads it");
	if (strchr(text, '#'))
		return wrong(ret_error, "a fragment (#) is never sent to a server; leave it out");
	r = host_parse(text, length, &url, ret_error);
	if (r == 0)
		*ret_url = url;
	return r;
}
