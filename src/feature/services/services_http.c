/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is this HTTP? A request begins with a method in capitals and a space, and its first line ends
 * with "HTTP/" and a version. Until the first line is there, it may be; a person who types
 * something else gets the line of text at once.
 *
 * What is HTTP is then read as RFC 9112 wants it: a header field is a token and a colon, lines are
 * not folded (5.2), HTTP/1.1 comes with exactly one Host (3.2), and the version's major number is
 * 1. A body is neither wanted nor read.
 */
#include "feature/services/services_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX 16

struct line {
	const char *at;
	size_t length; /* without CR LF */
};

/* Takes the next line, ended by LF, which RFC 9112 2.2 lets stand for CR LF. */
static bool line_next(const char **at, const char *end, struct line *ret_line)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));

	if (!stop)
		return false;
	*ret_line = (struct line){ *at, (size_t)(stop - *at) };
	if (ret_line->length && ret_line->at[ret_line->length - 1] == '\r')
		ret_line->length--;
	*at = stop + 1;
	return true;
}

/* RFC 9110, 5.6.2. */
static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* How many capitals the text begins with. */
static size_t method_length(const char *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length && bytes[i] >= 'A' && bytes[i] <= 'Z'; i++)
		;
	return i;
}

/* The last word of the line, when it begins with "HTTP/"; or NULL. */
static const char *version_of(const struct line *line, size_t *ret_length)
{
	const char *space = memrchr(line->at, ' ', line->length);
	size_t length = space ? (size_t)(line->at + line->length - space - 1) : 0;

	if (length < 5 || memcmp(space + 1, "HTTP/", 5) != 0)
		return NULL;
	*ret_length = length;
	return space + 1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What the request line says, and whether it is of HTTP/1.1 or later, which must name a host. */
static enum services_http request_line(const struct line *line, bool *ret_needs_host)
{
	size_t method = method_length(line->at, line->length), version_length = 0;
	const char *version = version_of(line, &version_length), *target = line->at + method + 1;

	if (!version)
		return SERVICES_HTTP_NONE;
	if (version_length != 8 || !is_digit(version[5]) || version[6] != '.' ||
	    !is_digit(version[7]))
		return SERVICES_HTTP_BAD;
	if (version[5] != '1')
		return SERVICES_HTTP_VERSION;
	/* METHOD SP TARGET SP VERSION, and nothing but visible bytes in the target. */
	if (target >= version - 1)
		return SERVICES_HTTP_BAD;
	for (const char *at = target; at < version - 1; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return SERVICES_HTTP_BAD;
	*ret_needs_host = version[7] != '0';
	if (method == 3 && memcmp(line->at, "GET", 3) == 0)
		return SERVICES_HTTP_GET;
	if (method == 4 && memcmp(line->at, "HEAD", 4) == 0)
		return SERVICES_HTTP_HEAD;
	return SERVICES_HTTP_OTHER;
}

/* One header field. Counts those named Host. */
static bool field_good(const struct line *line, unsigned *hosts)
{
	size_t name = 0;

	while (name < line->length && is_token(line->at[name]))
		name++;
	if (!name || name == line->length || line->at[name] != ':')
		return false;
	for (size_t i = name + 1; i < line->length; i++)
		if (line->at[i] == '\0' || line->at[i] == '\r')
			return false;
	*hosts += name == 4 && strncasecmp(line->at, "Host", 4) == 0;
	return true;
}

static enum services_http unfinished(size_t length, bool ended)
{
	if (length >= SERVICES_HTTP_MAX)
		return SERVICES_HTTP_LARGE;
	return ended ? SERVICES_HTTP_BAD : SERVICES_HTTP_PARTIAL;
}

/* Before the first line is whole. */
static enum services_http first_line(const char *bytes, size_t length, bool ended)
{
	size_t method = method_length(bytes, length);

	if (method > METHOD_MAX || (method < length && (!method || bytes[method] != ' ')))
		return SERVICES_HTTP_NONE;
	if (length >= SERVICES_HTTP_MAX)
		return SERVICES_HTTP_LARGE;
	return ended ? SERVICES_HTTP_NONE : SERVICES_HTTP_MAYBE;
}

enum services_http services_http_read(const char *bytes, size_t length, bool ended)
{
	const char *at = bytes,
		   *end = bytes + (length < SERVICES_HTTP_MAX ? length : SERVICES_HTTP_MAX);
	bool needs_host = false, good = true;
	enum services_http request;
	unsigned hosts = 0;
	struct line line;

	if (!line_next(&at, end, &line))
		return first_line(bytes, (size_t)(end - bytes), ended);
	if (first_line(line.at, line.length, false) == SERVICES_HTTP_NONE)
		return SERVICES_HTTP_NONE;
	request = request_line(&line, &needs_host);
	if (request == SERVICES_HTTP_NONE || request == SERVICES_HTTP_BAD ||
	    request == SERVICES_HTTP_VERSION)
		return request;
	while (line_next(&at, end, &line)) {
		if (!line.length)
			return good && (hosts == 1 || (!needs_host && !hosts)) ? request :
										 SERVICES_HTTP_BAD;
		good = good && field_good(&line, &hosts);
	}
	return unfinished((size_t)(end - bytes), ended);
}

static const char *status_of(enum services_http request)
{
	switch (request) {
	case SERVICES_HTTP_GET:
	case SERVICES_HTTP_HEAD:
		return "200 OK";
	case SERVICES_HTTP_OTHER:
		return "405 Method Not Allowed";
	case SERVICES_HTTP_SLOW:
		return "408 Request Timeout";
	case SERVICES_HTTP_LARGE:
		return "431 Request Header Fields Too Large";
	case SERVICES_HTTP_VERSION:
		return "505 HTTP Version Not Supported";
	case SERVICES_HTTP_BAD:
	case SERVICES_HTTP_NONE:
	case SERVICES_HTTP_MAYBE:
	case SERVICES_HTTP_PARTIAL:
		break;
	}
	return "400 Bad Request";
}

size_t services_http_write(enum services_http request, const char *body, time_t now, char *buffer,
			   size_t room)
{
	bool fine = request == SERVICES_HTTP_GET || request == SERVICES_HTTP_HEAD;
	const char *status = status_of(request);
	char date[40], plain[64];
	struct tm tm;
	int length;

	if (!fine) {
		snprintf(plain, sizeof(plain), "%s\n", status);
		body = plain;
	}
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	length = snprintf(buffer, room,
			  "HTTP/1.1 %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			  "Cache-Control: no-store\r\n%sConnection: close\r\n\r\n%s",
			  status, date, fine ? "application/json" : "text/plain", strlen(body),
			  request == SERVICES_HTTP_OTHER ? "Allow: GET, HEAD\r\n" : "",
			  request == SERVICES_HTTP_HEAD ? "" : body);
	return length > 0 && (size_t)length < room ? (size_t)length : 0;
}
