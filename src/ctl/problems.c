/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Some mistakes are found by mhctl itself: all of `check`, and a FILE that cannot be read. They are
 * told in the very form of the engine's replies, so that a script need not know who found them.
 */
#include "ctl/problems.h"

#include "config/source.h"

#include <jansson.h>

/* What comes from a file may hold any bytes; JSON takes only UTF-8. */
static json_t *json_text(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : json_string("(not UTF-8)");
}

static json_t *problem_json(const struct diag *diag, const struct source *source)
{
	AUTO_TEXT rendered = { 0 };
	json_t *object = json_object();

	diag_render(diag, source, false, &rendered);
	json_object_set_new(object, "level",
			    json_string(diag->level == DIAG_ERROR ? "error" : "warning"));
	json_object_set_new(object, "text", json_text(diag->text));
	json_object_set_new(object, "rendered", json_text(text_string(&rendered)));
	if (place_known(diag->at) && source && diag->at.file < source->count) {
		json_object_set_new(object, "file", json_text(source->files[diag->at.file].name));
		json_object_set_new(object, "line", json_integer(diag->at.line));
		json_object_set_new(object, "column", json_integer(diag->at.column));
	}
	return object;
}

json_t *problems_json(const struct diags *diags, const struct source *source)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < diags->count; i++)
		json_array_append_new(list, problem_json(&diags->items[i], source));
	if (diags->dropped)
		json_array_append_new(
			list, json_pack("{s:s, s:o}", "level", diags->errors ? "error" : "warning",
					"text", json_sprintf("... and %u more", diags->dropped)));
	return list;
}

int problems_tell(const struct call *call, const struct diags *diags, const struct source *source,
		  int status)
{
	AUTO_TEXT text = { 0 };
	json_t *object;

	if (call->json) {
		object = json_object();
		json_object_set_new(object, "exit", json_integer(status));
		json_object_set_new(object, "diagnostics", problems_json(diags, source));
		call_print_json(call, object);
		json_decref(object);
		return status;
	}
	diags_render(diags, source, call->colour_err, &text);
	fputs(text_string(&text), call->err);
	return status;
}
