/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's own answer. It knows the way, and neither the rule nor our filter; where the two
 * differ, the host changed in between or the model is wrong: either is worth knowing.
 */
#include "ctl/explain.h"

#include "host/ask.h"
#include "model/agree.h"

#include <errno.h>
#include <string.h>

/* "out of bond1 to the gateway 192.168.120.6, by table 200, from 192.168.120.5" */
static void put_answer(const struct subject *subject, const struct route_answer *answer,
		       struct text *text)
{
	char via[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];

	if (answer->error) {
		text_puts(text, strerror(-answer->error));
		return;
	}
	if (answer->type == RTN_LOCAL)
		text_puts(text, "for this host itself");
	else
		text_printf(text, "out of %s", words_link(subject->state, answer->link));
	if (answer->via.family)
		text_printf(text, " to the gateway %s", address_text(&answer->via, via));
	if (answer->has_route) {
		text_puts(text, ", by ");
		words_table(subject, answer->route.table, text);
	}
	if (answer->source.family)
		text_printf(text, ", from %s", address_text(&answer->source, source));
}

static void compare(const struct subject *subject, struct story *story)
{
	struct flow flow = story->question.flow;
	struct route_answer answer;
	struct verdict verdict;
	const char *difference;
	AUTO_TEXT words = { 0 };
	int r = host_ask_route(subject->host, &flow, &answer);

	if (r < 0) {
		story->kernel = mem_printf(r == -EOPNOTSUPP ?
						   "The kernel cannot be asked about this "
						   "protocol: this is the model alone." :
						   "The kernel did not answer: %s.",
					   strerror(-r));
		return;
	}
	flow.asked = true;
	model_lookup(subject->model, &flow, &verdict);
	difference = model_difference(&flow, &verdict, &answer);
	put_answer(subject, &answer, &words);
	story->asked = true;
	story->agrees = !difference;
	story->kernel =
		difference ?
			mem_printf("The kernel, asked the same, differs in the %s: %s. %s",
				   difference, text_string(&words),
				   verdict.doubts ? "That was in doubt, see above." :
						    "The host has just changed, or this model "
						    "is wrong.") :
			mem_printf("The kernel, asked the same, agrees: %s.", text_string(&words));
}

void story_compare(const struct subject *subject, struct story *story)
{
	if (!subject->config && !story->answered)
		compare(subject, story);
}
