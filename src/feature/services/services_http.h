/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_HTTP_H
#define MH_FEATURE_SERVICES_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* As much of HTTP/1.1 (RFC 9110, RFC 9112) as one answer to one GET needs. Pure. */
enum services_http {
	SERVICES_HTTP_NONE,    /* these bytes are no HTTP request and will not become one */
	SERVICES_HTTP_MAYBE,   /* too few to know */
	SERVICES_HTTP_PARTIAL, /* a request whose end has not come yet */
	SERVICES_HTTP_GET,
	SERVICES_HTTP_HEAD,
	SERVICES_HTTP_BAD,     /* 400 */
	SERVICES_HTTP_OTHER,   /* 405: a method that whoami has not */
	SERVICES_HTTP_SLOW,    /* 408; said by the clock, never by services_http_read() */
	SERVICES_HTTP_LARGE,   /* 431: no end within SERVICES_HTTP_MAX */
	SERVICES_HTTP_VERSION, /* 505 */
};

/* The most bytes of request line and headers. */
#define SERVICES_HTTP_MAX 8192

/* What @bytes, all that came so far, are. @ended: nothing more will come. */
enum services_http services_http_read(const char *bytes, size_t length, bool ended);

/*
 * Writes the answer to a finished request; @body goes with GET only. Returns its length, or 0 when
 * @room is too small.
 */
size_t services_http_write(enum services_http request, const char *body, time_t now, char *buffer,
			   size_t room);

#endif
