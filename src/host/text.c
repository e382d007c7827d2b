/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Objects as lines of text and back, by the rows of their kinds: the lines of a plan, the facts
 * of a golden test, what status shows. One grammar serves all kinds: the kind, the plain values,
 * then pairs of word and value in any order.
 */
#include "host/any.h"
#include "host/kind.h"
#include "host/link_made.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define LINE_MAX_TOKENS 120
#define LINE_MAX_LENGTH 1024

/* A line under the knife. */
struct line {
	unsigned number;
	char text[LINE_MAX_LENGTH];
	char *tokens[LINE_MAX_TOKENS];
	unsigned count;
};

static bool is_key(const struct kind *kind, const struct property *row)
{
	for (const struct property *const *key = kind->keys; *key; key++)
		if (*key == row)
			return true;
	return false;
}

static bool row_is_printed(const struct property *row, const void *object, bool whole)
{
	if (row->flags & ROW_PLAIN && !(row->flags & ROW_OPTIONAL))
		return true;
	return (whole || !(row->flags & ROW_LONG)) && !property_is_usual(row, object);
}

static void print_row(const struct property *row, const void *object, const struct state *links,
		      struct text *text)
{
	text_puts(text, " ");
	if (!(row->flags & ROW_PLAIN))
		text_printf(text, "%s ", row->word);
	property_print(row, object, links, text);
}

static void print_object(const struct kind *kind, const void *object, const struct state *links,
			 bool whole, struct text *text)
{
	text_puts(text, kind->name);
	for (size_t i = 0; i < kind->row_count; i++)
		if (row_is_printed(&kind->rows[i], object, whole))
			print_row(&kind->rows[i], object, links, text);
}

void object_print(enum object_kind kind, const void *object, const struct state *links,
		  struct text *text)
{
	print_object(kind_of(kind), object, links, false, text);
}

static void print_value(const struct property *row, const void *object, const struct state *links,
			struct text *text)
{
	if (property_is_zero(row, object) && !(row->flags & ROW_PLAIN) && !row->words)
		text_puts(text, "none");
	else
		property_print(row, object, links, text);
}

void object_print_change(enum object_kind kind, const void *before, const void *after,
			 const struct state *links, struct text *text)
{
	const struct kind *of = kind_of(kind);
	const char *sign = ":";

	text_puts(text, of->name);
	for (size_t i = 0; i < of->row_count; i++)
		if ((is_key(of, &of->rows[i]) || of->rows[i].flags & ROW_TITLE) &&
		    row_is_printed(&of->rows[i], after, false))
			print_row(&of->rows[i], after, links, text);
	for (size_t i = 0; i < of->row_count; i++) {
		const struct property *row = &of->rows[i];

		if (is_key(of, row) || property_satisfies(row, after, before))
			continue;
		text_printf(text, "%s ", sign);
		if (strcmp(row->word, "value") != 0)
			text_printf(text, "%s ", row->word);
		print_value(row, before, links, text);
		text_puts(text, " -> ");
		print_value(row, after, links, text);
		sign = ",";
	}
	if (of->recreated && of->recreated(before, after))
		text_printf(text, "%s recreate", sign);
}

void state_print(const struct state *state, struct text *text)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		for (size_t i = 0; i < state->sets[kind].count; i++) {
			print_object(kind_of((enum object_kind)kind),
				     state_at(state, (enum object_kind)kind, i), state, true, text);
			text_puts(text, "\n");
		}
	}
}

static int refuse(const struct line *line, struct text *ret_error, const char *what, const char *word)
{
	text_printf(ret_error, "line %u: ", line->number);
	text_printf(ret_error, what, word);
	return -EINVAL;
}

/* Cuts the line into tokens in place. A token in quotes may hold white space, and nothing. */
static int line_cut(struct line *line, struct text *ret_error)
{
	char *at = line->text;

	line->count = 0;
	for (;;) {
		at += strspn(at, " \t\r");
		if (!*at || (*at == '#' && !line->count))
			return 0;
		if (line->count == LINE_MAX_TOKENS)
			return refuse(line, ret_error, "too many words%s", "");
		if (*at == '"') {
			line->tokens[line->count++] = ++at;
			at += strcspn(at, "\"");
			if (!*at)
				return refuse(line, ret_error, "a quote%s is not closed", "");
		} else {
			line->tokens[line->count++] = at;
			at += strcspn(at, " \t\r");
		}
		if (*at)
			*at++ = '\0';
	}
}

static const struct property *row_named(const struct kind *kind, const char *word)
{
	for (size_t i = 0; i < kind->row_count; i++)
		if (!(kind->rows[i].flags & ROW_PLAIN) && !strcmp(kind->rows[i].word, word))
			return &kind->rows[i];
	return NULL;
}

static int refuse_word(const struct line *line, const struct kind *kind, const char *word,
		       struct text *ret_error)
{
	const char *words[64], *near;
	size_t count = 0;

	for (size_t i = 0; i < kind->row_count && count < ARRAY_SIZE(words) - 1; i++)
		if (!(kind->rows[i].flags & ROW_PLAIN))
			words[count++] = kind->rows[i].word;
	words[count] = NULL;
	near = text_nearest(word, words);
	text_printf(ret_error,
		    near ? "line %u: '%s' is no word of a %s; did you mean '%s'?" :
			   "line %u: '%s' is no word of a %s",
		    line->number, word, kind->name, near);
	return -EINVAL;
}

/* The values without a word in front. *ret_given: a bit for each row that the line gives. */
static int parse_plain(const struct line *line, const struct kind *kind, void *object,
		       unsigned *ret_used, uint64_t *ret_given)
{
	unsigned used = 1;
	uint64_t given = 0;

	for (size_t i = 0; i < kind->row_count && kind->rows[i].flags & ROW_PLAIN; i++) {
		const struct property *row = &kind->rows[i];

		if (used < line->count && property_parse(row, line->tokens[used], NULL, object) == 0) {
			given |= (uint64_t)1 << i;
			used++;
		} else if (!(row->flags & ROW_OPTIONAL)) {
			*ret_used = used;
			return -EINVAL;
		}
	}
	*ret_used = used;
	*ret_given = given;
	return 0;
}

/*
 * What the line does not give has its usual value; in the order of the rows, since one may depend
 * on those before.
 */
static void fill_usual(const struct kind *kind, uint64_t given, void *object)
{
	for (size_t i = 0; i < kind->row_count; i++) {
		const struct property *row = &kind->rows[i];

		if (!(given & (uint64_t)1 << i) && (row->usual || row->usually))
			property_set_number(row, object,
					    row->usually ? row->usually(object) : row->usual);
	}
}

static int parse_object(const struct line *line, const struct kind *kind, const struct state *links,
			void *object, struct text *ret_error)
{
	unsigned used;
	uint64_t given;

	if (parse_plain(line, kind, object, &used, &given) < 0)
		return refuse(line, ret_error,
			      used < line->count ? "'%s' is not understood" :
						   "%s: something is missing",
			      used < line->count ? line->tokens[used] : kind->name);
	for (; used < line->count; used += 2) {
		const struct property *row = row_named(kind, line->tokens[used]);

		if (!row)
			return refuse_word(line, kind, line->tokens[used], ret_error);
		if (used + 1 == line->count)
			return refuse(line, ret_error, "'%s' needs a value", line->tokens[used]);
		if (given & (uint64_t)1 << (row - kind->rows))
			return refuse(line, ret_error, "'%s' is given twice", line->tokens[used]);
		if (property_parse(row, line->tokens[used + 1], links, object) < 0)
			return refuse(line, ret_error,
				      row->type == PROPERTY_LINK ? "there is no link '%s'" :
								   "'%s' is not understood",
				      line->tokens[used + 1]);
		given |= (uint64_t)1 << (row - kind->rows);
	}
	fill_usual(kind, given, object);
	return 0;
}

/* Whose it is, as its own words say. */
static bool is_marked(enum object_kind kind, const union host_object *object)
{
	switch (kind) {
	case OBJECT_LINK:
		return link_is_made(&object->link) || object->link.former.known;
	case OBJECT_NEIGHBOUR:
		return object->neighbour.protocol == HOST_PROTOCOL;
	case OBJECT_CGROUP:
		return false;
	case OBJECT_SYSCTL:
		return object->sysctl.former[0];
	case OBJECT_ADDRESS:
		return object->address.protocol == HOST_PROTOCOL;
	case OBJECT_ROUTE:
		return object->route.protocol == HOST_PROTOCOL;
	case OBJECT_NEXTHOP:
		return object->nexthop.protocol == HOST_PROTOCOL;
	case OBJECT_RULE:
		return object->rule.protocol == HOST_PROTOCOL;
	case OBJECT_FILTER:
	case OBJECT_ANSWER:
	case OBJECT_RESPONDER:
	case OBJECT_ATTACHMENT:
	case OBJECT_LISTENER:
		return true;
	case OBJECT_KINDS:
		break;
	}
	return false;
}

/*
 * Every line names links, and a link its master, which may come later: so their names are read
 * first.
 */
static int read_name(struct line *line, struct state *names, struct text *ret_error)
{
	struct host_link link = { 0 };
	int r = line_cut(line, ret_error);

	if (r < 0 || line->count < 2 || strcmp(line->tokens[0], "link") != 0)
		return r;
	for (unsigned i = 2; i + 1 < line->count; i += 2)
		if (!strcmp(line->tokens[i], "index"))
			(void)property_parse(row_named(&link_kind, "index"), line->tokens[i + 1],
					     NULL, &link);
	if (strlen(line->tokens[1]) >= sizeof(link.name))
		return 0;
	if (state_link_named(names, line->tokens[1]))
		return refuse(line, ret_error, "there are two links '%s'", line->tokens[1]);
	strcpy(link.name, line->tokens[1]);
	state_add(names, OBJECT_LINK, &link);
	return 0;
}

static int parse_line(struct line *line, const struct state *names, struct state *state,
		      struct text *ret_error)
{
	union host_object object;
	int r = line_cut(line, ret_error);

	if (r < 0 || !line->count)
		return r;
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		if (strcmp(line->tokens[0], object_kind_name((enum object_kind)kind)) != 0)
			continue;
		memset(&object, 0, sizeof(object));
		r = parse_object(line, kind_of((enum object_kind)kind), names, &object, ret_error);
		if (r < 0)
			return r;
		object.object.ours = is_marked((enum object_kind)kind, &object);
		state_add(state, (enum object_kind)kind, &object);
		return 0;
	}
	return refuse(line, ret_error, "'%s' is no kind of object", line->tokens[0]);
}

/* Reads all lines; with no @state only the @names of links. */
static int parse_lines(const char *text, struct state *names, struct state *state,
		       struct text *ret_error)
{
	struct line line = { 0 };
	int r = 0;

	while (*text && r == 0) {
		size_t length = strcspn(text, "\n");

		line.number++;
		if (length >= sizeof(line.text))
			return refuse(&line, ret_error, "too long%s", "");
		memcpy(line.text, text, length);
		line.text[length] = '\0';
		r = state ? parse_line(&line, names, state, ret_error) :
			    read_name(&line, names, ret_error);
		text += length + (text[length] == '\n');
	}
	return r;
}

int state_parse(const char *text, struct state *ret_state, struct text *ret_error)
{
	struct state state = { 0 }, names = { 0 };
	int r = parse_lines(text, &names, NULL, ret_error);

	if (r == 0)
		r = parse_lines(text, &names, &state, ret_error);
	state_free(&names);
	if (r < 0) {
		state_free(&state);
		return r;
	}
	state_sort_observed(&state);
	*ret_state = state;
	return 0;
}
