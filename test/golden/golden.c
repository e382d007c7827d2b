/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden FILE [FACTS]: what multihomed would do with this configuration on a host that looks like
 * this, by the real parser, desire() and difference, without a kernel. Prints the plan (and what is
 * pending) and exits 0, or the diagnostics and exits 2. Warnings stand before the plan.
 *
 * It also applies the plan to the facts and asks again: whatever a second apply would still do is
 * printed under "second apply:", so that no golden plan hides one.
 */
#include "feature/feature.h"
#include "host/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FACTS_MAX_BYTES (64u << 20)

static int print(const struct text *text, int status)
{
	fputs(text_string(text), stdout);
	return fflush(stdout) == 0 ? status : 1;
}

static int facts_read(const char *path, struct state *ret_state)
{
	AUTO_TEXT text = { 0 }, error = { 0 };
	int r = path ? text_read_file(path, FACTS_MAX_BYTES, &text) : 0;

	if (r < 0) {
		fprintf(stderr, "golden: %s: %s\n", path, strerror(-r));
		return r;
	}
	r = state_parse(text_string(&text), ret_state, &error);
	if (r < 0)
		fprintf(stderr, "golden: %s: %s\n", path, text_string(&error));
	else
		state_sort(ret_state, NULL, NULL);
	return r;
}

/* The operations that lead from @observed to @desired, a line each. */
static void plan_lines(const struct state *desired, const struct state *observed, struct text *text)
{
	struct plan plan = { 0 };

	plan_make(desired, observed, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		operation_print(&plan.items[i], observed, text);
		text_puts(text, "\n");
	}
	plan_free(&plan);
}

/* The host after the plan was carried out. */
static void state_after(const struct state *desired, const struct state *observed,
			struct state *ret_after)
{
	struct plan plan = { 0 };

	plan_make(desired, observed, &plan);
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		for (size_t i = 0; i < state_count(observed, kind); i++) {
			const void *object = state_at(observed, kind, i);
			bool gone = false;

			for (size_t j = 0; j < plan.count && !gone; j++)
				gone = plan.items[j].before == object;
			if (!gone)
				state_add(ret_after, kind, object);
		}
	for (size_t j = 0; j < plan.count; j++)
		if (plan.items[j].after)
			state_add(ret_after, plan.items[j].kind, plan.items[j].after);
	state_sort(ret_after, NULL, NULL);
	plan_free(&plan);
}

static void second_apply(const struct config *config, const struct state *desired,
			 const struct state *observed, struct text *text)
{
	AUTO_DIAGS diags;
	AUTO_TEXT lines = { 0 };
	struct state after = { 0 };
	struct desired again;

	diags_init(&diags);
	state_after(desired, observed, &after);
	desired_init(&again, &diags);
	feature_desire(config, &(struct facts){ .observed = &after }, &again);
	plan_lines(&again.state, &after, &lines);
	if (lines.length)
		text_printf(text, "second apply:\n%s", text_string(&lines));
	desired_free(&again);
	state_free(&after);
}

static int decide(const struct config *config, struct diags *diags, const struct state *observed)
{
	AUTO_TEXT text = { 0 };
	struct desired desired;
	int status;

	desired_init(&desired, diags);
	feature_desire(config, &(struct facts){ .observed = observed }, &desired);
	diags_sort(diags);
	diags_render(diags, config->source, false, &text);
	status = diags->errors ? 2 : 0;
	if (!status) {
		plan_lines(&desired.state, observed, &text);
		for (size_t i = 0; i < desired.pending.count; i++) {
			text_printf(&text, "pending: %s (", desired.pending.items[i].text);
			place_render(desired.pending.items[i].place, config->source, &text);
			text_puts(&text, ")\n");
		}
		second_apply(config, &desired.state, observed, &text);
	}
	desired_free(&desired);
	return print(&text, status);
}

int main(int argc, char **argv)
{
	AUTO_DIAGS diags;
	AUTO_TEXT text = { 0 };
	struct source *source = NULL;
	struct config *config = NULL;
	struct state observed = { 0 };
	int status;

	if (argc < 2 || argc > 3) {
		fputs("usage: golden FILE [FACTS]\n", stderr);
		return 1;
	}
	diags_init(&diags);
	if (facts_read(argc > 2 ? argv[2] : NULL, &observed) < 0)
		return 1;
	source_load(argv[1], &source, &diags);
	feature_read(source, &diags, &config);
	if (diags.errors) {
		diags_sort(&diags);
		diags_render(&diags, config->source, false, &text);
		status = print(&text, 2);
	} else {
		status = decide(config, &diags, &observed);
	}
	config_free(config);
	state_free(&observed);
	return status;
}
