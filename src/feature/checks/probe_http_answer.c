/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_http_answer.h"

#include <stdio.h>
#include <string.h>

static bool status_expected(const struct check_http *http, long status)
{
	if (!http->status_count)
		return status >= 200 && status <= 399;
	for (unsigned i = 0; i < http->status_count; i++)
		if (status >= http->status[i].first && status <= http->status[i].last)
			return true;
	return false;
}

void http_header_split(const char *header, struct text *ret_name, const char **ret_value)
{
	size_t length = strcspn(header, ":");

	text_append(ret_name, header, length);
	*ret_value = header + length + (header[length] == ':');
	*ret_value += strspn(*ret_value, " \t");
}

static bool header_expected(const struct check_http *http, const struct http_answer *answer,
			    char *reason, size_t size)
{
	AUTO_TEXT name = { 0 };
	const char *value;

	if (!http->header)
		return true;
	http_header_split(http->header, &name, &value);
	if (!answer->header)
		snprintf(reason, size, "the answer has no header %s", text_string(&name));
	else if (!strstr(answer->header, value))
		snprintf(reason, size, "header %s is \"%s\"", text_string(&name), answer->header);
	else
		return true;
	return false;
}

bool http_answer_judge(const struct check_http *http, const regex_t *match,
		       const struct http_answer *answer, char reason[], size_t size)
{
	if (!status_expected(http, answer->status)) {
		snprintf(reason, size, "status %ld", answer->status);
		return false;
	}
	if (http->http2 && !answer->second) {
		snprintf(reason, size, "it answers, but not over HTTP/2");
		return false;
	}
	if (!header_expected(http, answer, reason, size))
		return false;
	if (http->body && !memmem(answer->body, answer->length, http->body, strlen(http->body))) {
		snprintf(reason, size, "status %ld, but the body has no \"%s\"", answer->status,
			 http->body);
		return false;
	}
	if (match && regexec(match, answer->body, 0, NULL, 0) != 0) {
		snprintf(reason, size, "status %ld, but nothing in the body matches \"%s\"",
			 answer->status, http->match);
		return false;
	}
	snprintf(reason, size, "status %ld", answer->status);
	return true;
}
