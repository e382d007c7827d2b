/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What boots is the daemon's own file, with two exceptions, each in a file of its own, for one says
 * nothing about the other:
 *
 * confirm: a change waits to be confirmed, whichever file it is from. A start goes back to what was
 * before it.
 *
 * turned-down: the own file itself was tried, and did not stand. As long as it says the same, a start
 * begins with what was before it, whatever else was applied since; until it is applied and stands.
 */
#include "daemon/boot.h"

#include "daemon/engine_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const struct engine_options *options, const char *name)
{
	return options->state_path ? mem_printf("%s/%s", options->state_path, name) :
				     mem_printf("%s.%s", options->socket_path, name);
}

void boot_open(struct engine *engine)
{
	engine->confirm_path = path_of(&engine->options, "confirm");
	engine->turned_down_path = path_of(&engine->options, "turned-down");
}

void boot_waits(struct engine *engine, const struct generation *tried)
{
	int r = transaction_remember(engine->confirm_path, engine->now, tried);

	if (r < 0)
		tell(engine, LOG_WARNING, "apply",
		     "%s cannot be written (%s): going back without a confirm works, "
		     "but not over a restart in between",
		     engine->confirm_path, strerror(-r));
}

void boot_no_longer_waits(struct engine *engine)
{
	unlink(engine->confirm_path);
}

void boot_stands(struct engine *engine)
{
	if (engine->now->own)
		unlink(engine->turned_down_path);
	unlink(engine->confirm_path);
}

static void note_turned_down(const struct engine *engine, const struct generation *back,
			     const struct generation *tried)
{
	int r = transaction_remember(engine->turned_down_path, back, tried);

	if (r < 0)
		log_warning("%s cannot be written (%s): the next start begins with what was turned "
			    "down",
			    engine->turned_down_path, strerror(-r));
}

/* First the one file, then the other: a death in between leaves both, which say the same. */
void boot_turned_down(struct engine *engine)
{
	if (engine->before && engine->before->own)
		note_turned_down(engine, engine->now, engine->before);
	unlink(engine->confirm_path);
}

/* What waited when the last engine ended is turned down by this. */
static struct source *recall_waiting(struct engine *engine, const struct source *own)
{
	struct transaction_memory memory;
	struct source *back;

	if (transaction_recall(engine->confirm_path, &memory) < 0)
		return NULL;
	log_warning("a change was never confirmed; starting with the configuration from before it");
	if (own && source_equal(own, memory.tried)) {
		struct generation as_back = { .config = &(struct config){ .source = memory.back } };
		struct generation as_tried = { .config = &(struct config){ .source = memory.tried } };

		note_turned_down(engine, &as_back, &as_tried);
	}
	unlink(engine->confirm_path);
	back = memory.back;
	memory.back = NULL;
	transaction_memory_free(&memory);
	return back;
}

/* The own file counts again as soon as it says something else. */
static struct source *recall_turned_down(struct engine *engine, const struct source *own)
{
	struct transaction_memory memory;
	struct source *back = NULL;

	if (transaction_recall(engine->turned_down_path, &memory) < 0)
		return NULL;
	if (own && source_equal(own, memory.tried)) {
		log_warning(
			"what the file says was turned down; starting with the configuration from "
			"before it");
		back = memory.back;
		memory.back = NULL;
	} else {
		unlink(engine->turned_down_path);
	}
	transaction_memory_free(&memory);
	return back;
}

struct source *boot_recall(struct engine *engine, const struct source *own)
{
	struct source *back = recall_waiting(engine, own);

	return back ? back : recall_turned_down(engine, own);
}
