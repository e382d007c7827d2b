/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/links/links.h"

#include "host/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACTS                                                                                      \
	"link lo index 1 flags up,lower-up,loopback\n"                                             \
	"link eth0 index 2 flags up,lower-up,running mtu 1500\n"

/* The index of each name, chosen one after the other in the order of @names. */
static void choose(const char *const *names, size_t count, uint32_t *ret_indexes)
{
	struct link_wishes wishes = { 0 };
	struct state observed = { 0 };
	struct text error = { 0 };

	if (state_parse(FACTS, &observed, &error) < 0)
		fail_msg("%s", text_string(&error));
	for (size_t i = 0; i < count; i++) {
		uint32_t index = link_index_for(names[i], &observed, &wishes);
		struct link_wish *wish = VEC_PUSH(&wishes.items);

		wish->name = names[i];
		wish->link.index = index;
		ret_indexes[i] = index;
	}
	link_wishes_free(&wishes);
	state_free(&observed);
}

static void an_index_comes_from_the_name_and_not_from_its_place_in_the_file(void **data)
{
	static const char *const names[] = { "bond0", "bond1", "eth0.5" };
	static const char *const turned[] = { "eth0.5", "bond1", "bond0" };
	uint32_t one[3], other[3];

	choose(names, 3, one);
	choose(turned, 3, other);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(one[i], other[2 - i]);
}

static void four_thousand_links_have_as_many_indexes(void **data)
{
	enum { COUNT = 4096 };
	static char texts[COUNT][IFNAMSIZ];
	static const char *names[COUNT];
	static uint32_t indexes[COUNT];
	static bool seen[LINK_INDEX_COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "vlan%zu", i);
		names[i] = texts[i];
	}
	choose(names, COUNT, indexes);
	for (size_t i = 0; i < COUNT; i++) {
		assert_in_range(indexes[i], LINK_INDEX_FIRST,
				LINK_INDEX_FIRST + LINK_INDEX_COUNT - 1);
		assert_false(seen[indexes[i] - LINK_INDEX_FIRST]);
		seen[indexes[i] - LINK_INDEX_FIRST] = true;
	}
}

/* The plan for @yaml on a host of @facts, its lines. */
static void plan_of(const char *yaml, const char *facts_text, struct text *ret_lines)
{
	struct state observed = { 0 };
	struct text error = { 0 };
	struct desired desired;
	struct config *config;
	struct diags diags;
	struct plan plan = { 0 };

	diags_init(&diags);
	if (state_parse(facts_text, &observed, &error) < 0)
		fail_msg("%s", text_string(&error));
	feature_read(source_of_text("test", yaml, strlen(yaml)), &diags, &config);
	desired_init(&desired, &diags);
	feature_desire(config, &(struct facts){ .observed = &observed }, &desired);
	assert_int_equal(diags.errors, 0);
	plan_make(&desired.state, &observed, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		operation_print(&plan.items[i], &desired.state, ret_lines);
		text_puts(ret_lines, "\n");
	}
	plan_free(&plan);
	desired_free(&desired);
	state_free(&observed);
	diags_free(&diags);
	config_free(config);
}

static void what_was_changed_goes_back_when_it_is_not_said_any_more(void **data)
{
	struct text lines = { 0 };

	plan_of("links: {eth0: {mtu: 9000}}\n", FACTS, &lines);
	assert_string_equal(text_string(&lines), "~ link eth0 index 2: mtu 1500 -> 9000\n");
	text_free(&lines);
	plan_of("links: {eth0: {}}\n",
		FACTS "link eth1 index 3 flags up mtu 9000 changed mtu was-mtu 1500\n", &lines);
	assert_string_equal(text_string(&lines), "~ link eth1 index 3: mtu 9000 -> 1500\n");
	text_free(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_comes_from_the_name_and_not_from_its_place_in_the_file),
		cmocka_unit_test(four_thousand_links_have_as_many_indexes),
		cmocka_unit_test(what_was_changed_goes_back_when_it_is_not_said_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
