/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with a file before it means anything. libyaml finds it and says where, but in the
 * words of its grammar ("did not find expected key"); here each of its problems is told in the
 * words of somebody who edits a file, with a way out. A problem that has no row is shown as
 * libyaml puts it, so a new version of it loses nothing but friendliness.
 *
 * The bytes are checked before libyaml sees them. It would refuse the same ones, but counts only
 * bytes there, and a file in UTF-16 or a program binary deserves to be called what it is.
 */
#include "config/syntax.h"

#include "base/mem.h"
#include "config/utf8.h"

#include <errno.h>
#include <string.h>

/* The characters that @near of a rule stands for beside themselves. */
#define ANY_CHARACTER 0
#define END_OF_FILE '\x04' /* no file may hold it */

enum where {
	AT_PROBLEM, /* where libyaml noticed */
	AT_CONTEXT, /* where that began which it was reading */
	AT_BOTH,    /* where it noticed, and where it began */
	AT_OPEN,    /* where the list or mapping begins that it is in */
};

/* The first rule that fits speaks. */
struct rule {
	const char *problem; /* libyaml's */
	const char *context; /* what its context ends with, or NULL for any */
	char near;	     /* the character at the problem */
	enum where where;
	const char *text;
};

static const struct rule rules[] = {
	{ "found character that cannot start any token", NULL, '\t', AT_PROBLEM,
	  "a tab cannot indent YAML; use spaces" },
	{ "found a tab character that violates indentation", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "a tab cannot indent YAML; use spaces" },
	{ "found a tab character where an indentation space is expected", NULL, ANY_CHARACTER,
	  AT_PROBLEM, "a tab cannot indent YAML; use spaces" },
	{ "found character that cannot start any token", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "a value cannot start with this character; put it in quotes" },
	{ "did not find expected alphabetic or numeric character", "an alias", ANY_CHARACTER,
	  AT_CONTEXT,
	  "'*' starts an alias in YAML, which is not taken here; put the value in quotes" },
	{ "did not find expected alphabetic or numeric character", "an anchor", ANY_CHARACTER,
	  AT_CONTEXT,
	  "'&' starts an anchor in YAML, which is not taken here; put the value in quotes" },
	{ "found unexpected ':'", NULL, ANY_CHARACTER, AT_CONTEXT,
	  "within [ ] and { } an address that ends in ':' "
	  "must be in quotes, as in [\"2001:db8::\"]" },
	{ "did not find expected node content", NULL, ':', AT_PROBLEM,
	  "within [ ] and { } an address that begins with ':' must be in quotes, as in [\"::1\"]" },
	{ "did not find expected node content", NULL, ',', AT_PROBLEM,
	  "a value is missing before the ','" },
	{ "did not find expected node content", NULL, END_OF_FILE, AT_OPEN,
	  "the bracket that opens here is never closed" },
	{ "did not find expected node content", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "this cannot start a value; is a bracket left over, or are quotes missing?" },
	{ "mapping values are not allowed in this context", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "a ':' cannot stand here; correct the indentation, or put the value in quotes" },
	{ "block sequence entries are not allowed in this context", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "a list cannot begin on the line of its key; put the '-' on a line of its own" },
	{ "mapping keys are not allowed in this context", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "'? ' starts a key in YAML and cannot stand here; put the value in quotes" },
	{ "could not find expected ':'", NULL, ANY_CHARACTER, AT_CONTEXT,
	  "this key has no ':' behind it; write 'key: value'" },
	{ "found unexpected end of stream", "a quoted scalar", ANY_CHARACTER, AT_CONTEXT,
	  "the quote that opens here is never closed" },
	{ "found unexpected document indicator", "a quoted scalar", ANY_CHARACTER, AT_CONTEXT,
	  "the quote that opens here is never closed" },
	{ "found unknown escape character", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "no such escape; write '\\\\' for a backslash, or use single quotes" },
	{ "did not find expected hexdecimal number", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "'\\x' wants two, '\\u' four and '\\U' eight "
	  "hexadecimal digits; write '\\\\' for a backslash" },
	{ "found invalid Unicode character escape code", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "there is no such character in Unicode" },
	{ "did not find expected ',' or ']'", NULL, END_OF_FILE, AT_CONTEXT,
	  "the '[' that opens here is never closed" },
	{ "did not find expected ',' or '}'", NULL, END_OF_FILE, AT_CONTEXT,
	  "the '{' that opens here is never closed" },
	{ "did not find expected ',' or ']'", NULL, ANY_CHARACTER, AT_BOTH,
	  "expected ',' or ']' in the list that opens with '['" },
	{ "did not find expected ',' or '}'", NULL, ANY_CHARACTER, AT_BOTH,
	  "expected ',' or '}' in the mapping that opens with '{'" },
	{ "did not find expected key", NULL, '-', AT_PROBLEM,
	  "a '-' cannot stand here: the keys before it make no list; correct the indentation" },
	{ "did not find expected key", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "expected a key here; indent it as its neighbours, or put the whole value in quotes" },
	{ "did not find expected '-' indicator", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "expected '- ' here, as the list above has it; correct the indentation" },
	{ "did not find expected comment or line break", "a block scalar", ANY_CHARACTER, AT_PROBLEM,
	  "after '|' or '>' the text begins on the next line; "
	  "put a value that begins with them in quotes" },
	{ "did not find expected <document start>", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "a file is one document, and it ended above; delete the '...' or the lines after it" },
	{ "found incompatible YAML document", NULL, ANY_CHARACTER, AT_PROBLEM,
	  "this version of YAML is not known; delete the line '%YAML'" },
	{ "found unknown directive name", NULL, ANY_CHARACTER, AT_CONTEXT,
	  "a line that begins with '%' is a directive in YAML; delete it" },
};

/* Character number @index of the file, or END_OF_FILE; anything that is not ASCII is '?'. */
static char character_at(const struct source_file *file, size_t index)
{
	size_t at = file->length >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	uint32_t code = 0;

	for (; at < file->length; index--) {
		unsigned bytes = utf8_next(file->text + at, file->length - at, &code);

		if (!index)
			return code < 0x80 ? (char)code : '?';
		at += bytes ? bytes : 1;
	}
	return END_OF_FILE;
}

static bool rule_fits(const struct rule *rule, const yaml_parser_t *parser, char near)
{
	const char *context = parser->context ? parser->context : "";
	size_t length = strlen(context), tail = rule->context ? strlen(rule->context) : 0;

	return strcmp(rule->problem, parser->problem) == 0 &&
	       (rule->near == ANY_CHARACTER || rule->near == near) && length >= tail &&
	       strcmp(context + length - tail, rule->context ? rule->context : "") == 0;
}

static struct place rule_place(enum where where, struct place problem, struct place context,
			       struct place open)
{
	switch (where) {
	case AT_PROBLEM:
	case AT_BOTH:
		return problem;
	case AT_CONTEXT:
		return context;
	case AT_OPEN:
		return place_known(open) ? open : problem;
	}
	return problem;
}

/* @bytes are not text: says what they seem to be. */
static int refuse_bytes(const char *bytes, size_t length, struct place at, struct diags *diags)
{
	uint32_t code = 0;

	if (!utf8_next(bytes, length, &code))
		return diag_at(diags, at, -EINVAL,
			       "byte 0x%02x is not UTF-8 here; save the file as UTF-8",
			       (unsigned char)bytes[0]);
	if (!code)
		return diag_at(diags, at, -EINVAL, "a NUL byte: this is no text file");
	return diag_at(
		diags, at, -EINVAL,
		"control character U+%04X; delete it, or write it as \"\\u%04X\" in double quotes",
		code, code);
}

struct place syntax_place(const yaml_mark_t *mark, unsigned number)
{
	return (struct place){
		.line = mark->line >= UINT32_MAX ? UINT32_MAX : (uint32_t)mark->line + 1,
		.column = mark->column >= UINT16_MAX ? UINT16_MAX : (uint16_t)(mark->column + 1),
		.file = (uint16_t)number,
	};
}

int syntax_check_text(const struct source_file *file, unsigned number, struct diags *diags)
{
	yaml_mark_t mark = { 0 };
	unsigned bytes, line_break;
	size_t at = 0;
	uint32_t code;

	if (file->length >= 2 &&
	    (memcmp(file->text, "\xff\xfe", 2) == 0 || memcmp(file->text, "\xfe\xff", 2) == 0))
		return diag_at(diags, syntax_place(&mark, number), -EINVAL,
			       "this file is in UTF-16; save it as UTF-8");
	if (file->length >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < file->length) {
		bytes = utf8_next(file->text + at, file->length - at, &code);
		if (!bytes || !utf8_in_yaml(code))
			return refuse_bytes(file->text + at, file->length - at,
					    syntax_place(&mark, number), diags);
		line_break = utf8_break(file->text + at, file->length - at);
		mark.line += line_break != 0;
		mark.column = line_break ? 0 : mark.column + 1;
		at += line_break ? line_break : bytes;
	}
	return 0;
}

int syntax_error(const yaml_parser_t *parser, const struct source_file *file, unsigned number,
		 struct place open, struct diags *diags)
{
	struct place problem = syntax_place(&parser->problem_mark, number), context = problem;
	const struct place nowhere = { 0 };
	char near;

	if (!parser->problem)
		return diag_at(diags, problem, -EINVAL, "libyaml gave up here");
	if (parser->context)
		context = syntax_place(&parser->context_mark, number);
	near = character_at(file, parser->problem_mark.index);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rule_fits(&rules[i], parser, near))
			return diag_between(diags, rule_place(rules[i].where, problem, context, open),
					    rules[i].where == AT_BOTH ? context : nowhere, -EINVAL,
					    "%s", rules[i].text);
	}
	return diag_between(diags, problem, parser->context ? context : nowhere, -EINVAL, "%s %s",
			    parser->problem, parser->context ? parser->context : "");
}
