/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_READ_TEST_H
#define MH_CONFIG_READ_TEST_H

#include "config/sample_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Reads @yaml against the sample, as "a.yaml"; everything that it says goes to @ret_shown. */
static inline struct config *read_sample(const char *yaml, struct text *ret_shown)
{
	AUTO_DIAGS diags = { 0 };
	struct config *config;
	int r;

	r = config_read(source_of_text("a.yaml", yaml, strlen(yaml)), sample_sections,
			SAMPLE_SECTIONS, &diags, &config);
	assert_int_equal(r<0, diags.errors> 0);
	diags_sort(&diags);
	diags_render(&diags, config->source, false, ret_shown);
	return config;
}

/* Reading @yaml shows exactly @expected. */
static inline void assert_shows(const char *yaml, const char *expected)
{
	AUTO_TEXT shown = { 0 };
	struct config *config = read_sample(yaml, &shown);

	assert_string_equal(text_string(&shown), expected);
	config_free(config);
}

/*
 * In @marked a '^' stands before what is wrong. Reading the text without it shows one mistake:
 * @message, the line, and the caret below that character.
 */
static inline void assert_mistake(const char *marked, const char *message)
{
	const char *mark = strchr(marked, '^'), *line = marked;
	AUTO_TEXT yaml = { 0 };
	AUTO_TEXT expected = { 0 };
	unsigned number = 1;
	int column, length;

	assert_non_null(mark);
	text_append(&yaml, marked, (size_t)(mark - marked));
	text_puts(&yaml, mark + 1);
	for (const char *at = marked; at < mark; at++) {
		if (*at == '\n') {
			line = at + 1;
			number++;
		}
	}
	column = (int)(mark - line);
	line = yaml.data + (line - marked);
	length = (int)strcspn(line, "\n");
	text_printf(&expected, "a.yaml:%u:%d: error: %s\n    %.*s\n    %*s^\n", number, column + 1,
		    message, length, line, column, "");
	assert_shows(yaml.data, expected.data);
}

/* Reads @yaml, which has no mistake. */
static inline struct config *read_good(const char *yaml)
{
	AUTO_TEXT shown = { 0 };
	struct config *config = read_sample(yaml, &shown);

	assert_string_equal(text_string(&shown), "");
	return config;
}

#endif
