/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests only: the steps that the tests of the door to the kernel have in common. */
#include "host/scene.h"

#include "host/any.h"
#include "host/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void scene_open(struct scene *scene)
{
	struct host_options options = { .memory_path = scene->memory,
					.sockets_per_listener = 2,
					.bpffs = scene->bpffs };
	struct text error = { 0 };

	if (host_open(&options, &scene->host, &error) < 0)
		fail_msg("%s", text_string(&error));
	text_free(&error);
}

int scene_setup(void **data)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || !scratch_new())
		return -1;
	snprintf(scene->memory, sizeof(scene->memory), "/tmp/multihomed-test-memory.%d",
		 (int)getpid());
	unlink(scene->memory);
	scene_open(scene);
	*data = scene;
	return 0;
}

int scene_teardown(void **data)
{
	struct scene *scene = *data;

	host_close(scene->host);
	state_free(&scene->desired);
	plan_free(&scene->plan);
	unlink(scene->memory);
	free(scene);
	return 0;
}

void scene_hear(void *data, const struct host_result *result)
{
	struct scene *scene = data;

	if (!result->error)
		return;
	scene->failed++;
	scene->error = result->error;
	snprintf(scene->text, sizeof(scene->text), "%s", result->text);
}

bool scene_settle(struct scene *scene, bool *ret_resynced)
{
	bool changed, resynced;

	assert_int_equal(host_settle(scene->host, &changed, &resynced), 0);
	if (ret_resynced)
		*ret_resynced = resynced;
	return changed;
}

void scene_plan(struct scene *scene)
{
	plan_free(&scene->plan);
	state_sort(&scene->desired, NULL, NULL);
	plan_make(&scene->desired, host_observed(scene->host), &scene->plan);
}

/* Settles, plans, applies; returns how many operations there were. */
size_t scene_apply(struct scene *scene)
{
	size_t at = 0, count;

	scene_settle(scene, NULL);
	scene_plan(scene);
	count = scene->plan.count;
	scene->failed = 0;
	scene->text[0] = '\0';
	while (at < count)
		assert_int_equal(host_apply(scene->host, &scene->plan, &at, scene_hear, scene), 0);
	return count;
}

void scene_want(struct scene *scene, const char *text)
{
	static struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	host_set_interest(scene->host,
			  &(struct host_interest){ .prefixes = &prefix, .prefix_count = 1 });
}

void scene_desire(struct scene *scene, enum object_kind kind, const char *line)
{
	struct state parsed = { 0 };
	struct text whole = { 0 }, error = { 0 };
	union host_object object;

	scene_settle(scene, NULL);
	STATE_EACH(host_observed(scene->host), OBJECT_LINK, const struct host_link, link) {
		object_print(OBJECT_LINK, link, NULL, &whole);
		text_puts(&whole, "\n");
	}
	text_puts(&whole, line);
	if (state_parse(text_string(&whole), &parsed, &error) < 0)
		fail_msg("%s", text_string(&error));
	memcpy(&object, state_at(&parsed, kind, 0), kind_of(kind)->size);
	object.object.ours = true;
	state_add(&scene->desired, kind, &object);
	state_free(&parsed);
	text_free(&whole);
	text_free(&error);
}

void scene_desire_route(struct scene *scene, const char *line)
{
	scene_desire(scene, OBJECT_ROUTE, line);
}

void scene_desire_filter(struct scene *scene, const char *line)
{
	struct text error = { 0 };
	struct state parsed = { 0 };

	if (state_parse(line, &parsed, &error) < 0)
		fail_msg("%s: %s", line, text_string(&error));
	state_add(&scene->desired, OBJECT_FILTER, state_at(&parsed, OBJECT_FILTER, 0));
	state_free(&parsed);
	text_free(&error);
}

bool scene_value_is(const char *name, const char *value)
{
	char path[128], raw[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(raw, sizeof(raw), file));
	fclose(file);
	raw[strcspn(raw, "\n")] = '\0';
	return !strcmp(raw, value);
}

bool scene_shows(const char *command, const char *wanted)
{
	char output[4096] = "";
	FILE *pipe = popen(command, "r");
	size_t length = fread(output, 1, sizeof(output) - 1, pipe);

	output[length] = '\0';
	pclose(pipe);
	return strstr(output, wanted) != NULL;
}

unsigned scene_ours(const struct scene *scene)
{
	unsigned count = 0;

	STATE_EACH(host_observed(scene->host), OBJECT_ROUTE, const struct host_route, route)
		count += route->object.ours;
	return count;
}
