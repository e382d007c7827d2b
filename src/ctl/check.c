/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `check` reads a configuration the way that the daemon does, with the same code and without the
 * daemon: it can be asked by anybody, before an installation as in a build server.
 */
#include "ctl/command.h"
#include "ctl/problems.h"
#include "feature/feature.h"

#include <string.h>

/* "prefixes", of which there is one, is "prefix". */
static void noun_put(struct text *text, const char *plural, unsigned count)
{
	static const struct {
		const char *plural, *singular;
	} endings[] = { { "ies", "y" }, { "xes", "x" }, { "sses", "ss" }, { "s", "" }, { "", "" } };
	size_t length = strlen(plural), cut = 0, i = 0;

	if (count != 1) {
		text_puts(text, plural);
		return;
	}
	for (; i < ARRAY_SIZE(endings); i++) {
		cut = strlen(endings[i].plural);
		if (cut <= length && !strcmp(plural + length - cut, endings[i].plural))
			break;
	}
	text_append(text, plural, length - cut);
	text_puts(text, endings[i].singular);
}

static bool is_list(const struct config_field *root)
{
	return root->type == CONFIG_LIST || root->type == CONFIG_MAP;
}

/* "2 prefixes, 1 service": what is in it, so that a file of nothing but comments shows. */
static void contents_put(struct text *text, const struct config *config)
{
	const struct config_section *sections = feature_sections();
	const char *comma = "";

	for (size_t i = 0; i < feature_count; i++) {
		const struct config_list *list = config->values[i];

		if (!list)
			continue;
		text_puts(text, comma);
		if (is_list(sections[i].root)) {
			text_printf(text, "%u ", list->count);
			noun_put(text, sections[i].name, list->count);
		} else {
			text_puts(text, sections[i].name);
		}
		comma = ", ";
	}
	if (!*comma)
		text_puts(text, "empty");
}

static void fine_tell(const struct call *call, const struct config *config, const struct diags *diags)
{
	AUTO_TEXT text = { 0 };

	contents_put(&text, config);
	if (diags->count)
		text_printf(&text, "; %u warning%s", diags->count + diags->dropped,
			    diags->count == 1 ? "" : "s");
	fprintf(call->out, "%s: fine (%s)\n",
		strcmp(call->argument, "-") ? call->argument : "standard input", text_string(&text));
}

static int check_json(const struct call *call, const struct config *config,
		      const struct diags *diags, int status)
{
	json_t *object = json_object();
	AUTO_TEXT canonical = { 0 };

	json_object_set_new(object, "exit", json_integer(status));
	json_object_set_new(object, "diagnostics", problems_json(diags, config->source));
	if (call->print && status == EXIT_FINE) {
		config_print(config, feature_sections(), feature_count, &canonical);
		json_object_set_new(object, "canonical", json_string(text_string(&canonical)));
	}
	call_print_json(call, object);
	json_decref(object);
	return status;
}

static int check_config(const struct call *call, const struct config *config,
			const struct diags *diags, int status)
{
	AUTO_TEXT canonical = { 0 };

	if (call->json)
		return check_json(call, config, diags, status);
	problems_tell(call, diags, config->source, status);
	if (status != EXIT_FINE)
		return status;
	if (!call->print) {
		fine_tell(call, config, diags);
		return status;
	}
	config_print(config, feature_sections(), feature_count, &canonical);
	fputs(text_string(&canonical), call->out);
	return status;
}

int check_run(const struct call *call)
{
	struct source *source = NULL;
	struct config *config = NULL;
	AUTO_DIAGS diags = { 0 };
	int status;

	if (feature_load(call->argument, &source, &diags) < 0) {
		status = problems_tell(call, &diags, source, EXIT_MISTAKE);
		source_free(source);
		return status;
	}
	status = feature_read(source, &diags, &config) < 0 ? EXIT_MISTAKE : EXIT_FINE;
	status = check_config(call, config, &diags, status);
	config_free(config);
	return status;
}
