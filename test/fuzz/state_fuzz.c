/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a state, as the facts of golden tests have it: whatever is understood prints to a
 * text that is understood as the same, and differs from itself in nothing.
 */
#include "host/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void print_plan(const struct state *desired, const struct state *observed)
{
	struct text text = { 0 };
	struct plan plan;

	plan_make(desired, observed, &plan);
	for (size_t i = 0; i < plan.count; i++)
		operation_print(&plan.items[i], observed, &text);
	plan_free(&plan);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct text first = { 0 }, second = { 0 }, error = { 0 };
	struct state state, again, nothing = { 0 };
	char *copy = malloc(size + 1);

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	if (state_parse(copy, &state, &error) == 0) {
		state_print(&state, &first);
		require(state_parse(text_string(&first), &again, &error) == 0);
		state_print(&again, &second);
		require(strcmp(text_string(&first), text_string(&second)) == 0);
		print_plan(&state, &nothing);
		print_plan(&nothing, &state);
		print_plan(&state, &again);
		state_free(&again);
		state_free(&state);
	} else {
		require(error.length > 0);
	}
	text_free(&first);
	text_free(&second);
	text_free(&error);
	free(copy);
	return 0;
}
