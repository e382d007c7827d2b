/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shell around a toy worker, a thread that writes down what it is told. */
#include "daemon/shell.h"

#include "io/blob.h"
#include "io/channel.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What the toy is told, a line each; read when it has reported, and so has stopped writing. */
static struct text heard;

/* What the configuration is, for functions that only get a pointer to it. */
static const char *configured, *updated, *zones[2];

static void toy_configure(const struct config *all, const struct facts *facts, struct text *message)
{
	text_puts(message, configured);
}

static void toy_update(const struct config *all, const struct facts *facts, struct text *message)
{
	const struct health *health = facts_health(facts, "web");

	text_printf(message, "%s, web %s", updated, health_usable(health) ? "serves" : "rests");
}

static void toy_blobs(const struct config *all, worker_blob_fn *told, void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		uint8_t digest[WORKER_DIGEST_SIZE] = { 0 };

		if (!zones[i])
			continue;
		digest[0] = (uint8_t)zones[i][0];
		told(data, digest, zones[i], strlen(zones[i]));
	}
}

static void hear_blob(const struct channel_message *message)
{
	const void *bytes = NULL;
	size_t length = 0;

	if (blob_map(message->fds[0], &bytes, &length) == 0)
		text_printf(&heard, "blob %.*s\n", (int)length, (const char *)bytes);
	blob_unmap(bytes, length);
}

static void answer(int channel, const struct channel_message *asked)
{
	struct channel_message fact = { .type = WORKER_FACT, .bytes = (void *)"web", .length = 3 };
	struct channel_message report = { .type = WORKER_REPORT, .number = asked->number };

	channel_send(channel, &fact);
	channel_send(channel, &report);
}

static void hear(int channel, const struct channel_message *message)
{
	switch ((enum worker_message)message->type) {
	case WORKER_CONFIGURE:
		text_printf(&heard, "configure %s\n", (const char *)message->bytes);
		break;
	case WORKER_UPDATE:
		text_printf(&heard, "update %s\n", (const char *)message->bytes);
		break;
	case WORKER_BLOB:
		hear_blob(message);
		break;
	case WORKER_FORGET:
		text_printf(&heard, "forget %c\n", *(const char *)message->bytes);
		break;
	case WORKER_ASK:
		answer(channel, message);
		break;
	case WORKER_LISTENER:
	case WORKER_CLOSE:
	case WORKER_REPORT:
	case WORKER_LOG:
	case WORKER_FILE:
	case WORKER_FACT:
	case WORKER_RETIRE:
		text_printf(&heard, "message %u\n", message->type);
		break;
	}
}

static int toy_main(int channel, unsigned threads)
{
	struct pollfd poller = { .fd = channel, .events = POLLIN };
	struct channel_message message;

	while (poll(&poller, 1, -1) > 0 && channel_receive(channel, &message) == 1) {
		hear(channel, &message);
		channel_message_free(&message);
	}
	return 0;
}

static int toy_report(const void *bytes, size_t length, struct counters *counters)
{
	return 0;
}

static bool toy_needed(const struct config *all, const struct facts *facts)
{
	return true;
}

static int toy_fact(const void *bytes, size_t length, struct healths *healths)
{
	AUTO_MEM char *name = mem_printf("%.*s", (int)length, (const char *)bytes);

	healths_get(healths, name)->state = HEALTH_UP;
	return 0;
}

static struct worker toy_worker = {
	.name = "toy",
	.needed = toy_needed,
	.configure = toy_configure,
	.update = toy_update,
	.blobs = toy_blobs,
	.main = toy_main,
	.report = toy_report,
	.fact = toy_fact,
};

struct scene {
	struct loop *loop;
	struct shell *shell;
	struct healths health;
	struct state observed;
	struct config config;
};

static void on_told(void *data, const char *text)
{
}

static void on_reported(void *data, uint32_t number)
{
	loop_stop(((struct scene *)data)->loop);
}

static void on_health(void *data, const struct healths *news)
{
	struct scene *scene = data;

	for (size_t i = 0; i < news->items.count; i++)
		healths_tell(&scene->health, &news->items.items[i]);
}

static void on_died(void *data, const struct worker *worker)
{
}

static void on_tick(void *data)
{
}

static void scene_open(struct scene *scene)
{
	const struct shell_owner owner = {
		.loop = scene->loop = loop_new(on_tick, scene),
		.threads = 1,
		.one_process = true,
		.told = on_told,
		.reported = on_reported,
		.health = on_health,
		.died = on_died,
		.data = scene,
	};

	scene->shell = shell_new(&owner, &toy_worker);
}

static void scene_close(struct scene *scene)
{
	shell_free(scene->shell);
	loop_free(scene->loop);
	healths_free(&scene->health);
	state_free(&scene->observed);
	text_free(&heard);
}

/* Gives the shell the configuration as it is now, and returns what the worker heard of it. */
static const char *say(struct scene *scene)
{
	const struct facts facts = { .observed = &scene->observed, .health = &scene->health };

	text_free(&heard);
	shell_configure(scene->shell, &scene->config, &facts);
	assert_true(shell_ask(scene->shell, 1));
	loop_run(scene->loop);
	return text_string(&heard);
}

static void a_worker_is_told_what_differs(void **state)
{
	struct scene scene = { 0 };

	configured = "one";
	updated = "a";
	scene_open(&scene);
	assert_string_equal(say(&scene), "configure one\nupdate a, web rests\n");
	assert_string_equal(say(&scene), "update a, web serves\n");
	assert_string_equal(say(&scene), "");
	configured = "two";
	assert_string_equal(say(&scene), "configure two\n");
	scene_close(&scene);
}

static void a_blob_goes_before_who_names_it_and_is_forgotten_after(void **state)
{
	struct scene scene = { 0 };

	configured = "one";
	updated = "a";
	zones[0] = "first zone";
	scene_open(&scene);
	assert_string_equal(say(&scene), "blob first zone\nconfigure one\nupdate a, web rests\n");
	configured = "both";
	zones[1] = "second zone";
	assert_string_equal(say(&scene),
			    "blob second zone\nconfigure both\nupdate a, web serves\n");
	configured = "two";
	zones[0] = NULL;
	assert_string_equal(say(&scene), "configure two\nforget f\n");
	zones[0] = "first zone";
	zones[1] = NULL;
	configured = "one";
	assert_string_equal(say(&scene), "blob first zone\nconfigure one\nforget s\n");
	zones[0] = NULL;
	scene_close(&scene);
}

static void who_heeds_no_facts_is_configured_once_for_each_configuration(void **state)
{
	struct scene scene = { 0 };
	struct config other = { 0 };
	const struct facts facts = { .observed = &scene.observed, .health = &scene.health };

	configured = "one";
	updated = "a";
	toy_worker.heeds_no_facts = true;
	scene_open(&scene);
	assert_true(shell_differs(scene.shell, &scene.config, &facts));
	assert_string_equal(say(&scene), "configure one\nupdate a, web rests\n");
	configured = "two";
	assert_string_equal(say(&scene), "update a, web serves\n");
	assert_true(shell_differs(scene.shell, &other, &facts));
	assert_true(shell_configure(scene.shell, &other, &facts));
	assert_false(shell_differs(scene.shell, &other, &facts));
	assert_true(shell_ask(scene.shell, 1));
	loop_run(scene.loop);
	assert_string_equal(text_string(&heard), "update a, web serves\nconfigure two\n");
	toy_worker.heeds_no_facts = false;
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_is_told_what_differs),
		cmocka_unit_test(who_heeds_no_facts_is_configured_once_for_each_configuration),
		cmocka_unit_test(a_blob_goes_before_who_names_it_and_is_forgotten_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
