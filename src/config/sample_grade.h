/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SAMPLE_GRADE_H
#define MH_CONFIG_SAMPLE_GRADE_H

#include "config/config.h"

/* A scalar of a feature's own: a letter from a to f. */
static int sample_grade_parse(const char *text, void *ret_value, struct text *ret_error)
{
	if (!text[0] || text[1])
		return -1;
	if (text[0] < 'a' || text[0] > 'f') {
		text_puts(ret_error, "grades go from a to f; write one of them");
		return -1;
	}
	*(char *)ret_value = text[0];
	return 0;
}
static void sample_grade_print(const void *value, struct text *text)
{
	text_append(text, value, 1);
}
static const struct config_word sample_grade_word = {
	1, sample_grade_parse, sample_grade_print, "a grade", "grades", " such as a or f",
};

#endif
