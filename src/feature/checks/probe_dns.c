/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_datagram.h"
#include "feature/checks/probe_kinds.h"
#include "feature/checks/probe_question.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* The id that was asked with is kept in the turn: both are the probe's alone, one a question. */
static uint16_t id_of(const struct probe *probe)
{
	return (uint16_t)probe->turn;
}

static const char *code_text(unsigned code, char buffer[16])
{
	static const char *const names[] = { "NOERROR",	 "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED" };

	if (code < ARRAY_SIZE(names))
		return names[code];
	snprintf(buffer, 16, "code %u", code);
	return buffer;
}

static void look(struct probe *probe, const uint8_t *bytes, size_t length)
{
	static const char *const words[PROBE_ANSWERS] = {
		[PROBE_ANSWER_MALFORMED] = "the answer is malformed",
		[PROBE_ANSWER_NOT_READY] = "the answer says \"not ready\"",
		[PROBE_ANSWER_EMPTY] = "nothing of that type in the answer",
		[PROBE_ANSWER_OTHER] = "none of the expected addresses in the answer",
		[PROBE_ANSWER_CUT] = "none of the expected addresses in what fits into a datagram",
		[PROBE_ANSWER_RIGHT] = "answered",
	};
	uint8_t question[PROBE_QUESTION_SIZE];
	struct probe_asked asked = { question,
				     probe_question_put(probe->spec, id_of(probe), question) };
	enum probe_answer answer;
	char buffer[16];
	unsigned code;

	answer = probe_answer_read(probe->spec, &asked, bytes, length, &code);
	if (answer == PROBE_ANSWER_FOREIGN)
		return;
	if (answer == PROBE_ANSWER_REFUSED)
		probe_down(probe, "answered %s", code_text(code, buffer));
	else if (answer == PROBE_ANSWER_RIGHT)
		probe_up(probe, "%s", words[answer]);
	else
		probe_down(probe, "%s", words[answer]);
}

static void dns_start(struct probe *probe)
{
	uint8_t question[PROBE_QUESTION_SIZE];
	size_t length;
	uint16_t id;

	/* An id that nobody can guess (RFC 5452). */
	if (getrandom(&id, sizeof(id), 0) == sizeof(id))
		probe->turn = (probe->turn & 0xffff0000u) | id;
	length = probe_question_put(probe->spec, id_of(probe), question);
	if (length)
		probe_datagram_start(probe, question, length, look);
	else
		probe_down(probe, "\"%s\" is no name", probe->spec->query);
}

const struct probe_kind probe_dns = {
	.start = dns_start,
	.stop = probe_datagram_stop,
	.late = "no answer",
};
