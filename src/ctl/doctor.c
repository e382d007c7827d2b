/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `doctor` needs no daemon and no configuration: it is for the host as it was found. What it says
 * can be acted upon at 3 a.m.: what, where, why it hurts, and how to mend it, for good in our file and
 * for now by a command.
 */
#include "ctl/command.h"
#include "ctl/doctor_look.h"
#include "ctl/view.h"

#include <string.h>

static json_t *json_text(const struct text *text)
{
	json_t *string = json_string(text_string(text));

	return string ? string : json_string("(not UTF-8)");
}

static json_t *finding_json(const struct finding *finding)
{
	json_t *object = json_object();

	json_object_set_new(object, "check", json_string(finding->check));
	json_object_set_new(object, "severity", json_string(severity_name(finding->severity)));
	json_object_set_new(object, "what", json_text(&finding->what));
	json_object_set_new(object, "where", json_text(&finding->where));
	json_object_set_new(object, "why", json_text(&finding->why));
	if (finding->line.length)
		json_object_set_new(object, "configuration", json_text(&finding->line));
	if (finding->command.length)
		json_object_set_new(object, "command", json_text(&finding->command));
	return object;
}

static void show_json(const struct call *call, const struct findings *findings,
		      const struct look *look, int status)
{
	json_t *object = json_object(), *list = json_array(), *unseen = json_array();

	for (size_t i = 0; i < findings->items.count; i++)
		json_array_append_new(list, finding_json(&findings->items.items[i]));
	for (size_t i = 0; i < look->unseen.count; i++)
		json_array_append_new(unseen, json_string(look->unseen.items[i]));
	json_object_set_new(object, "exit", json_integer(status));
	json_object_set_new(object, "findings", list);
	json_object_set_new(object, "more", json_integer((json_int_t)findings->dropped));
	json_object_set_new(object, "unseen", unseen);
	call_print_json(call, object);
	json_decref(object);
}

/* A paragraph of at most 80 columns, indented, behind its word. */
static void put_paragraph(struct view *view, const char *word, const char *text)
{
	size_t column = 10;

	view_printf(view, "  %-8s", word);
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > 10 && column + 1 + length > 80) {
			view_puts(view, "\n          ");
			column = 10;
		}
		view_printf(view, "%s%.*s", column > 10 ? " " : "", (int)length, text);
		column += length + (column > 10);
		text += length;
		text += strspn(text, " ");
	}
	view_puts(view, "\n");
}

/* Something to be copied: in one line, however long. */
static void put_line(struct view *view, const char *word, const struct text *text)
{
	if (text->length)
		view_printf(view, "  %-8s%s\n", word, text_string(text));
}

static void put_finding(struct view *view, const struct finding *finding)
{
	static const enum paint paints[] = { PAINT_BOLD, PAINT_YELLOW, PAINT_RED };

	view_paint(view, paints[finding->severity], severity_name(finding->severity));
	view_printf(view, ": %s", text_string(&finding->what));
	view_puts(view, "\n");
	put_line(view, "where", &finding->where);
	put_paragraph(view, "why", text_string(&finding->why));
	put_line(view, "file", &finding->line);
	put_line(view, "now", &finding->command);
	view_puts(view, "\n");
}

static void put_end(struct view *view, const struct findings *findings, const struct look *look)
{
	const struct state *state = look->patient.state;

	for (size_t i = 0; i < look->unseen.count; i++)
		view_printf(view, "not seen: %s\n", look->unseen.items[i]);
	if (findings->items.count) {
		view_count(view, (int64_t)(findings->items.count + findings->dropped), "finding");
		if (findings->dropped)
			view_printf(view, ", of which the first %zu are shown",
				    findings->items.count);
		view_puts(view, ".\n");
		return;
	}
	view_puts(view, "Nothing found wrong: ");
	view_count(view, (int64_t)state_count(state, OBJECT_LINK), "link");
	view_puts(view, ", ");
	view_count(view, (int64_t)state_count(state, OBJECT_RULE), "rule");
	view_puts(view, ", ");
	view_count(view, (int64_t)state_count(state, OBJECT_ROUTE), "route");
	view_puts(view, " looked at.\n");
}

static void show_text(const struct call *call, const struct findings *findings,
		      const struct look *look)
{
	struct view view = { .colour = call->colour_out };

	for (size_t i = 0; i < findings->items.count; i++)
		put_finding(&view, &findings->items.items[i]);
	put_end(&view, findings, look);
	fputs(text_string(&view.text), call->out);
	text_free(&view.text);
}

int doctor_run(const struct call *call)
{
	AUTO_TEXT error = { 0 };
	struct look look = { 0 };
	struct findings findings;
	int status;

	if (look_at_host(call, &look, &error) < 0) {
		look_free(&look);
		return call_fail(call, "%s", text_string(&error));
	}
	doctor_examine(&look.patient, &findings);
	status = findings.items.count ? EXIT_NO : EXIT_FINE;
	if (call->json)
		show_json(call, &findings, &look, status);
	else
		show_text(call, &findings, &look);
	findings_free(&findings);
	look_free(&look);
	return status;
}
