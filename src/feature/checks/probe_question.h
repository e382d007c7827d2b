/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_QUESTION_H
#define MH_FEATURE_CHECKS_PROBE_QUESTION_H

#include "feature/check.h"

#include <stdbool.h>

/* A question to a DNS server and its answer, as bytes. Pure. */
#define PROBE_QUESTION_SIZE 300

/* Writes the question; returns its length, 0 when @spec->query is no name. */
size_t probe_question_put(const struct check_spec *spec, uint16_t id,
			  uint8_t bytes[PROBE_QUESTION_SIZE]);

enum probe_answer {
	PROBE_ANSWER_FOREIGN,	/* to another question: to be passed over */
	PROBE_ANSWER_MALFORMED, /* to this one, but cut short or lying about its length */
	PROBE_ANSWER_REFUSED,	/* another code than NOERROR: *ret_code */
	PROBE_ANSWER_NOT_READY, /* extended error 14 (RFC 8914): it answers, but would rather not be asked */
	PROBE_ANSWER_EMPTY, /* nothing of the type that was asked for */
	PROBE_ANSWER_OTHER, /* none of the addresses that are expected */
	PROBE_ANSWER_CUT,   /* the same, but it says that there are more (TC) */
	PROBE_ANSWER_RIGHT,
};
#define PROBE_ANSWERS (PROBE_ANSWER_RIGHT + 1)

/* @question is what was sent. */
struct probe_asked {
	const uint8_t *question;
	size_t length;
};
enum probe_answer probe_answer_read(const struct check_spec *spec, const struct probe_asked *asked,
				    const uint8_t *bytes, size_t length, unsigned *ret_code);

#endif
