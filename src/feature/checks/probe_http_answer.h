/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_HTTP_ANSWER_H
#define MH_FEATURE_CHECKS_PROBE_HTTP_ANSWER_H

#include "feature/check.h"

#include <regex.h>

/* Whether an answer over HTTP is what is expected. Pure. */
struct http_answer {
	long status;
	bool second;	    /* it came over HTTP/2 */
	const char *header; /* the value of the header that is expected; NULL = it is not there */
	const char *body;   /* NUL-terminated */
	size_t length;
};

/* @match is .match compiled; NULL when there is none. Writes why, and returns whether it is. */
bool http_answer_judge(const struct check_http *http, const regex_t *match,
		       const struct http_answer *answer, char reason[], size_t size);

/* "Name: value" apart; an empty value is any. */
void http_header_split(const char *header, struct text *ret_name, const char **ret_value);

#endif
