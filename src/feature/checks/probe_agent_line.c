/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_agent_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WEIGHT_MOST 255 /* HAProxy takes up to 256 times the weight; ours is a byte */

/* "maint" wins over "up" in one line, as it does there; the order of others is that of the line. */
static const struct {
	const char *word;
	bool up, operational;
	const char *said;
} states[] = {
	{ "up", true, true, "up" },	      { "ready", true, false, "ready" },
	{ "down", false, true, "down" },      { "fail", false, true, "failed" },
	{ "failed", false, true, "failed" },  { "stopped", false, true, "stopped" },
	{ "drain", false, false, "drained" }, { "maint", false, false, "in maintenance" },
};

/* Two things are told: how the service is, and what the administrator wants; both must be well. */
struct told {
	bool any;
	int operational, administrative; /* index in states, or -1 */
	int weight;
};

static bool take_percent(struct told *told, const char *word, size_t length)
{
	int value = 0;

	if (length < 2 || word[length - 1] != '%')
		return false;
	for (size_t i = 0; i + 1 < length; i++) {
		if (!isdigit((unsigned char)word[i]))
			return false;
		value = value * 10 + (word[i] - '0');
		value = value > WEIGHT_MOST ? WEIGHT_MOST : value;
	}
	told->weight = value;
	return true;
}

static bool take_state(struct told *told, const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (strlen(states[i].word) != length || strncasecmp(states[i].word, word, length) != 0)
			continue;
		*(states[i].operational ? &told->operational : &told->administrative) = (int)i;
		return true;
	}
	return false;
}

static bool apart(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static size_t word_length(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && !apart(*at))
		at++;
	return (size_t)(at - start);
}

static void take_words(struct told *told, const char *at, const char *end)
{
	while (at < end) {
		size_t length = word_length(at, end);

		if (length)
			told->any |= take_percent(told, at, length) || take_state(told, at, length);
		at += length + 1;
	}
}

static void clean(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			*text = '?';
}

bool probe_agent_line(const char *line, size_t length, struct probe_result *ret_result)
{
	struct told told = { false, -1, -1, PROBE_WEIGHT_UNTOLD };
	const char *end = memchr(line, '\n', length), *why;
	struct probe_result result = { .up = true };
	int shown;

	end = end ? end : line + length;
	why = memchr(line, '#', (size_t)(end - line));
	take_words(&told, line, why ? why : end);
	if (!told.any) {
		snprintf(ret_result->reason, sizeof(ret_result->reason),
			 "the agent's line is not understood");
		ret_result->up = false;
		ret_result->weight = PROBE_WEIGHT_UNTOLD;
		return false;
	}
	shown = told.operational;
	if (shown >= 0)
		result.up = states[shown].up;
	if (told.administrative >= 0 && (result.up || shown < 0)) {
		shown = told.administrative;
		result.up = states[shown].up;
	}
	result.weight = told.weight;
	while (why && why < end && (*why == '#' || apart(*why)))
		why++;
	snprintf(result.reason, sizeof(result.reason), "the agent says %s%s%.*s",
		 shown >= 0 ? states[shown].said : "its weight", why && why < end ? ": " : "",
		 why ? (int)(end - why) : 0, why ? why : "");
	clean(result.reason);
	*ret_result = result;
	return true;
}
