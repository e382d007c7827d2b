/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000

static const char *const both[] = { "web", "file" };

struct scene {
	struct checks_table table;
	struct checks_table former;
	int64_t now_us;
};

static struct check_spec spec_of(const char *name, enum check_kind kind)
{
	return (struct check_spec){ .name = name,
				    .kind = kind,
				    .every_ms = 2000,
				    .timeout_ms = 1000,
				    .rules = { .rise = 1, .fall = 1, .lost = 1 } };
}

static void adopt(struct scene *scene, const struct check_spec *specs, uint32_t count)
{
	struct checks_orders orders;
	AUTO_TEXT bytes = { 0 };

	checks_orders_put(specs, count, &bytes);
	assert_int_equal(checks_orders_read(bytes.data, bytes.length, &orders), 0);
	checks_table_adopt(&scene->table, &orders, &scene->former);
	assert_null(orders.arena);
}

static void scene_open(struct scene *scene, unsigned need)
{
	struct check_spec specs[3] = { spec_of("web", CHECK_TCP), spec_of("file", CHECK_FILE),
				       spec_of("all", CHECK_COMBINED) };

	*scene = (struct scene){ .now_us = SECOND };
	specs[2].words = both;
	specs[2].word_count = 2;
	specs[2].need = need;
	adopt(scene, specs, 3);
	checks_table_free(&scene->former);
}

static void hear(struct scene *scene, const char *name, bool good)
{
	const struct judge_result result = { .word = good ? JUDGE_GOOD : JUDGE_BAD,
					     .weight = -1,
					     .reason = good ? "connected" : "connection refused" };

	checks_table_hear(&scene->table, checks_table_find(&scene->table, name), &result,
			  scene->now_us += SECOND);
}

static void note(struct scene *scene, const struct checks_note *items, uint32_t count)
{
	const struct checks_notes notes = { .items = (struct checks_note *)items, .count = count };

	checks_table_note(&scene->table, &notes, scene->now_us += SECOND);
}

/* "web up, all down": what the engine is told next. */
static const char *news(struct scene *scene, bool all)
{
	static char line[200];
	struct healths healths = { 0 };
	AUTO_TEXT bytes = { 0 };

	checks_table_settle(&scene->table, scene->now_us);
	assert_false(checks_table_facts(&scene->table, all, 100000, &bytes));
	assert_int_equal(checks_facts_read(bytes.data, bytes.length, &healths), 0);
	line[0] = '\0';
	for (size_t i = 0; i < healths.items.count; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s %s", i ? ", " : "",
			 healths.items.items[i].name,
			 health_state_word(healths.items.items[i].state));
	healths_free(&healths);
	return line;
}

static void only_what_changes_is_told(void **state)
{
	struct scene scene;

	scene_open(&scene, 2);
	assert_string_equal(news(&scene, false), "");
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "web up");
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "");
	assert_string_equal(news(&scene, true), "web up");
	assert_string_equal(news(&scene, true), "");
	checks_table_free(&scene.table);
}

static void a_combination_follows_its_members_at_once(void **state)
{
	static const struct checks_note well = { "file", HEALTH_AUTO, HEALTH_WELL, "it is there" };
	static const struct checks_note ill = { "file", HEALTH_AUTO, HEALTH_ILL, "it is gone" };
	struct scene scene;

	scene_open(&scene, 2);
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "web up");
	note(&scene, &well, 1);
	assert_string_equal(news(&scene, false), "all up, file up");
	note(&scene, &ill, 1);
	assert_string_equal(news(&scene, false), "all down, file down");
	assert_string_equal(checks_table_find(&scene.table, "all")->judge.reason, "file is down");
	checks_table_free(&scene.table);
	scene_open(&scene, 1);
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "all up, web up");
	checks_table_free(&scene.table);
}

static void a_hand_counts_for_combinations_and_leaves_the_check_itself(void **state)
{
	static const struct checks_note notes[] = {
		{ "file", HEALTH_AUTO, HEALTH_WELL, "it is there" },
		{ "web", HEALTH_DRAINED, HEALTH_UNSEEN, "" },
	};
	struct scene scene;

	scene_open(&scene, 2);
	hear(&scene, "web", true);
	note(&scene, notes, 1);
	assert_string_equal(news(&scene, false), "all up, file up, web up");
	note(&scene, notes, 2);
	assert_string_equal(news(&scene, false), "all down");
	note(&scene, notes, 1);
	assert_string_equal(news(&scene, false), "all up");
	checks_table_free(&scene.table);
}

static void a_new_configuration_keeps_what_is_known(void **state)
{
	struct check_spec specs[2] = { spec_of("new", CHECK_TCP), spec_of("web", CHECK_TCP) };
	int probe, gone;
	struct scene scene;

	scene_open(&scene, 2);
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "web up");
	checks_table_find(&scene.table, "web")->own = &probe;
	checks_table_find(&scene.table, "file")->own = &gone;
	adopt(&scene, specs, 2);
	/* The same check keeps its probe; what is gone is left to be ended. */
	assert_ptr_equal(checks_table_find(&scene.table, "web")->own, &probe);
	assert_ptr_equal(checks_table_find(&scene.former, "file")->own, &gone);
	assert_null(checks_table_find(&scene.former, "web")->own);
	checks_table_free(&scene.former);
	assert_string_equal(news(&scene, false), "");
	assert_int_equal(checks_table_find(&scene.table, "web")->judge.state, HEALTH_UP);
	/* A check that asks elsewhere stands as the former one until it knows better. */
	specs[1].port = 81;
	adopt(&scene, specs, 2);
	assert_null(checks_table_find(&scene.table, "web")->own);
	assert_ptr_equal(checks_table_find(&scene.former, "web")->own, &probe);
	assert_int_equal(checks_table_find(&scene.table, "web")->judge.state, HEALTH_UP);
	checks_table_free(&scene.former);
	checks_table_free(&scene.table);
}

static void time_alone_ends_a_hold(void **state)
{
	struct check_spec spec = spec_of("web", CHECK_TCP);
	struct scene scene = { .now_us = SECOND };

	spec.rules.hold_ms = 5000;
	adopt(&scene, &spec, 1);
	checks_table_free(&scene.former);
	hear(&scene, "web", true);
	hear(&scene, "web", false);
	hear(&scene, "web", true);
	assert_string_equal(news(&scene, false), "web down");
	assert_int_equal(checks_table_settle(&scene.table, scene.now_us), scene.now_us + 5 * SECOND);
	scene.now_us += 5 * SECOND;
	assert_string_equal(news(&scene, false), "web up");
	assert_int_equal(checks_table_settle(&scene.table, scene.now_us), INT64_MAX);
	checks_table_free(&scene.table);
}

static void facts_go_in_pieces(void **state)
{
	AUTO_TEXT bytes = { 0 };
	struct scene scene;
	unsigned pieces = 1;

	scene_open(&scene, 1);
	hear(&scene, "web", true);
	checks_table_settle(&scene.table, scene.now_us);
	while (checks_table_facts(&scene.table, false, bytes.length + 1, &bytes))
		pieces++;
	assert_int_equal(pieces, 2);
	checks_table_free(&scene.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changes_is_told),
		cmocka_unit_test(a_combination_follows_its_members_at_once),
		cmocka_unit_test(a_hand_counts_for_combinations_and_leaves_the_check_itself),
		cmocka_unit_test(a_new_configuration_keeps_what_is_known),
		cmocka_unit_test(time_alone_ends_a_hold),
		cmocka_unit_test(facts_go_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
