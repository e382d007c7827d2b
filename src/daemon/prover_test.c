/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a child finds out arrives whole, or not at all. */
#include "daemon/prover.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct loop *loop;
	unsigned findings, told;
	bool dies, unknown;
	struct diags diags;
};

static void on_tick(void *data)
{
}

static void prove(void *data, struct diags *diags)
{
	const struct scene *scene = data;

	if (scene->dies)
		raise(SIGKILL);
	for (unsigned i = 0; i < scene->findings; i++)
		diag_between(diags, (struct place){ .line = i + 1 }, (struct place){ .line = 7 },
			     -EINVAL, "finding %u of %s", i,
			     "many that together are longer than a pipe has room for");
}

static void on_done(void *data, struct diags *diags)
{
	struct scene *scene = data;

	scene->told++;
	scene->unknown = !diags;
	if (diags)
		scene->diags = *diags;
	loop_stop(scene->loop);
}

static void run(struct scene *scene)
{
	struct prover *prover;

	scene->loop = loop_new(on_tick, NULL);
	prover = prover_new(scene->loop, prove, on_done, scene);
	assert_int_equal(prover_start(prover), 0);
	assert_true(prover_runs(prover));
	loop_run(scene->loop);
	assert_false(prover_runs(prover));
	assert_int_equal(scene->told, 1);
	prover_free(prover);
	loop_free(scene->loop);
}

static void findings_arrive_with_their_places(void **data)
{
	struct scene scene = { .findings = 90 };

	run(&scene);
	assert_int_equal(scene.diags.errors, 90);
	assert_int_equal(scene.diags.items[41].at.line, 42);
	assert_int_equal(scene.diags.items[41].other.line, 7);
	assert_int_equal(strncmp(scene.diags.items[41].text, "finding 41 of many", 18), 0);
	diags_free(&scene.diags);
}

static void nothing_found_is_an_answer(void **data)
{
	struct scene scene = { 0 };

	run(&scene);
	assert_false(scene.unknown);
	assert_int_equal(scene.diags.count, 0);
	diags_free(&scene.diags);
}

static void a_child_that_dies_has_found_out_nothing(void **data)
{
	struct scene scene = { .dies = true };

	run(&scene);
	assert_true(scene.unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_arrive_with_their_places),
		cmocka_unit_test(nothing_found_is_an_answer),
		cmocka_unit_test(a_child_that_dies_has_found_out_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
