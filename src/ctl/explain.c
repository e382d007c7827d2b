/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `explain` answers the question for which there was no tool: which rule sent my packet there? By a
 * model of the kernel's look-up, since the kernel itself never names the rule; and the kernel is
 * asked as well, so that nobody has to trust a model.
 */
#include "ctl/explain.h"

#include "ctl/command.h"
#include "ctl/view.h"

#include <string.h>

#define COLUMNS 80

static const char *end_of_word(const char *text)
{
	return text + strcspn(text, " ");
}

/* Words of @text in lines of 80 columns, all but the first indented by @indent. */
static void put_wrapped(struct view *view, size_t indent, const char *text, enum paint paint)
{
	size_t column = indent;

	while (*text) {
		const char *end = end_of_word(text);
		AUTO_MEM char *word = mem_printf("%.*s", (int)(end - text), text);

		if (column > indent && column + 1 + view_width(word) > COLUMNS) {
			view_puts(view, "\n");
			view_pad(view, indent);
			column = indent;
		} else if (column > indent) {
			view_puts(view, " ");
			column++;
		}
		view_paint(view, paint, word);
		column += view_width(word);
		text = end + strspn(end, " ");
	}
	view_puts(view, "\n");
}

static void put_sentence(struct view *view, unsigned number, const struct sentence *sentence)
{
	AUTO_MEM char *text = sentence->file ?
				      mem_printf("%s (%s:%u:%u)", sentence->text, sentence->file,
						 sentence->line, sentence->column) :
				      mem_strdup(sentence->text);

	view_printf(view, "%3u. ", number);
	put_wrapped(view, 5, text, sentence->dim ? PAINT_DIM : PAINT_PLAIN);
}

static void put_story(struct view *view, const struct subject *subject, const struct story *story)
{
	AUTO_TEXT packet = { 0 };
	unsigned number = 0;

	question_title(&story->question, subject->state, &packet);
	text_puts(&packet, subject->config ? ", once this configuration is applied:" : ":");
	put_wrapped(view, 0, text_string(&packet), PAINT_PLAIN);
	view_paint(view, story->fine ? PAINT_BOLD : PAINT_RED, story->conclusion);
	view_puts(view, "\n\n");
	for (size_t i = 0; i < story->sentences.count; i++)
		put_sentence(view, ++number, &story->sentences.items[i]);
	if (!story->kernel)
		return;
	view_puts(view, "\n");
	put_wrapped(view, 0, story->kernel, story->asked && !story->agrees ? PAINT_RED : PAINT_PLAIN);
}

static void show_text(const struct call *call, const struct subject *subject,
		      const struct story *story)
{
	struct view view = { .colour = call->colour_out };

	put_story(&view, subject, story);
	fputs(text_string(&view.text), call->out);
	text_free(&view.text);
}

static void show_graph(const struct call *call, const struct subject *subject,
		       const struct story *story)
{
	AUTO_TEXT text = { 0 };

	if (!strcmp(call->graph, "dot"))
		story_draw_dot(subject, story, &text);
	else
		story_draw_svg(subject, story, &text);
	fputs(text_string(&text), call->out);
}

static int show(const struct call *call, const struct subject *subject, const struct story *story)
{
	int status = story->fine && (!story->asked || story->agrees) ? EXIT_FINE : EXIT_NO;
	json_t *object;

	if (call->graph) {
		show_graph(call, subject, story);
	} else if (call->json) {
		object = story_json(subject, story);
		json_object_set_new(object, "exit", json_integer(status));
		call_print_json(call, object);
		json_decref(object);
	} else {
		show_text(call, subject, story);
	}
	return status;
}

static int explain(const struct call *call, struct subject *subject, struct question *question)
{
	AUTO_TEXT error = { 0 };
	struct story story;
	int status = subject_read(call, subject);

	if (status != EXIT_FINE)
		return status;
	if (question_resolve(question, subject->state, &error) < 0)
		return call_fail(call, "%s", text_string(&error));
	story_tell(subject, question, &story);
	story_place(call, subject, &story);
	story_compare(subject, &story);
	status = show(call, subject, &story);
	story_free(&story);
	return status;
}

int explain_run(const struct call *call)
{
	AUTO_TEXT error = { 0 };
	struct question question;
	struct subject subject = { 0 };
	int status;

	if (call->plan && call->file)
		return call_fail(call,
				 "'--plan' is for the daemon's own file, '--file' for another: "
				 "leave one of them out");
	if (call->json && call->graph)
		return call_fail(call,
				 "'--json' and '--graph' are two forms of the answer: leave one "
				 "of them out");
	if (question_parse(call->terms, call->term_count, &question, &error) < 0)
		return call_fail(call, "%s", text_string(&error));
	if (question.asks && call->graph)
		return call_fail(call,
				 "of who answers %s there is nothing to draw: leave '--graph' out",
				 question.asks);
	status = explain(call, &subject, &question);
	subject_free(&subject);
	return status;
}
