/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden FILE [FACTS [NOW]]: what multihomed would do with this configuration on a host that looks like
 * this, by the real parser, desire() and difference, without a kernel. Prints the plan (and what is
 * pending) and exits 0, or the diagnostics and exits 2. Warnings stand before the plan. NOW is the
 * time there, in seconds since 1970.
 *
 * It also applies the plan to the facts and asks again: whatever a second apply would still do is
 * printed under "second apply:", so that no golden plan hides one.
 */
#include "feature/feature.h"
#include "host/loss.h"
#include "host/paper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX_BYTES (64u << 20)
#define GOLDEN_NOW 1768392000 /* Wednesday, 2026-01-14 12:00:00 UTC */

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
	struct losses losses;

	plan_make(desired, observed, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		operation_print(&plan.items[i], desired, text);
		text_puts(text, "\n");
	}
	losses_find(observed, desired, &plan, &losses);
	for (size_t i = 0; i < losses.items.count; i++)
		text_printf(text, "! %s\n", losses.items.items[i].text);
	losses_free(&losses);
	plan_free(&plan);
}

/* What a second apply would still do on @after, the host after the first one. */
static void second_apply(const struct config *config, const struct facts *after, struct text *text)
{
	AUTO_DIAGS diags;
	AUTO_TEXT lines = { 0 };
	struct desired again;

	diags_init(&diags);
	desired_init(&again, &diags);
	feature_desire(config, after, &again);
	plan_lines(&again.state, after->observed, &lines);
	if (lines.length)
		text_printf(text, "second apply:\n%s", text_string(&lines));
	desired_free(&again);
}

/* What is told of a desire() without errors. */
static void tell_desired(const struct config *config, const struct desired *desired,
			 const struct state *observed, struct text *text)
{
	char when[32];

	plan_lines(&desired->state, observed, text);
	for (size_t i = 0; i < desired->pending.count; i++) {
		text_printf(text, "pending: %s (", desired->pending.items[i].text);
		place_render(desired->pending.items[i].place, config->source, text);
		text_puts(text, ")\n");
	}
	if (desired->again_at &&
	    strftime(when, sizeof(when), "%F %T %Z", localtime(&desired->again_at)))
		text_printf(text, "again at: %s\n", when);
}

static int decide(const struct config *config, struct diags *diags, const struct facts *facts)
{
	AUTO_TEXT text = { 0 };
	struct facts later = *facts;
	struct state after;
	struct desired desired;
	struct plan plan;
	int status;

	desired_init(&desired, diags);
	feature_desire(config, facts, &desired);
	plan_make(&desired.state, facts->observed, &plan);
	feature_prove_plan(config, facts, &desired, &plan, diags);
	/* What the kernel will do of its own is not needed for a second apply to have nothing to do. */
	state_after(&desired.state, facts->observed, &plan, &after);
	plan_free(&plan);
	diags_sort(diags);
	diags_render(diags, config->source, false, &text);
	status = diags->errors ? 2 : 0;
	if (!status) {
		tell_desired(config, &desired, facts->observed, &text);
		later.observed = &after;
		second_apply(config, &later, &text);
	}
	state_free(&after);
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
	struct facts facts = { .observed = &observed, .now = GOLDEN_NOW };
	int status;

	if (argc < 2 || argc > 4) {
		fputs("usage: golden FILE [FACTS [NOW]]\n", stderr);
		return 1;
	}
	if (argc > 3)
		facts.now = (time_t)strtoll(argv[3], NULL, 10);
	diags_init(&diags);
	if (facts_read(argc > 2 ? argv[2] : NULL, &observed) < 0)
		return 1;
	feature_load(argv[1], &source, &diags);
	feature_read(source, &diags, &config);
	if (diags.errors) {
		diags_sort(&diags);
		diags_render(&diags, config->source, false, &text);
		status = print(&text, 2);
	} else {
		status = decide(config, &diags, &facts);
	}
	config_free(config);
	state_free(&observed);
	return status;
}
