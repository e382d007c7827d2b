/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in force, with its files as they are now. Only the own file's are read here: what somebody
 * sent names paths that are his to read. Where one thing alone is to be read again, a zone, all
 * other files are put back to what they are in force.
 */
#include "daemon/engine_internal.h"

#include <errno.h>
#include <string.h>

static bool same_texts(const struct source *a, const struct source *b)
{
	unsigned count = a->count - a->attached;

	if (count != b->count - b->attached)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
		    a->files[i].length != b->files[i].length ||
		    memcmp(a->files[i].text, b->files[i].text, a->files[i].length) != 0)
			return false;
	return true;
}

static int check_reload(const struct source *now, const struct source *own, struct diags *diags)
{
	const struct place nowhere = { 0 };

	if (now && same_texts(own, now))
		return 0;
	if (now && strcmp(own->files[0].name, now->files[0].name) != 0)
		return diag_at(
			diags, nowhere, -EINVAL,
			"what is in force came from %s; 'mhctl apply %s' reads its files again",
			now->files[0].name, now->files[0].name);
	return diag_at(diags, nowhere, -EINVAL,
		       "%s says something else than what is in force, be it that it was changed or "
		       "that it was taken back, and a reload does not apply that by the way; see "
		       "'mhctl plan', then 'mhctl apply'",
		       own->files[0].name);
}

static void mark(void *data, unsigned number)
{
	((bool *)data)[number] = true;
}

/* Marks the files of what is called @name. Returns whether any feature knows it. */
static bool mark_files(const struct config *config, const char *name, const struct source *own,
		       bool *marked)
{
	for (size_t i = 0; config && i < feature_count; i++)
		if (features[i]->files && config->values[i] &&
		    features[i]->files(config->values[i], name, own, mark, marked))
			return true;
	return false;
}

/* Leaves of @own only the files of what is called @name as new as they are. */
static int keep_others(const struct engine *engine, const char *name, struct source *own,
		       struct diags *diags)
{
	const struct source *now = generation_source(engine->now);
	const struct place nowhere = { 0 };
	bool *marked = mem_alloc((own->count + 1) * sizeof(*marked));
	bool known = mark_files(engine->now->config, name, own, marked);

	for (unsigned i = now->count - now->attached; known && i < now->count; i++) {
		int number = source_named(own, now->files[i].name);

		/* What is taken is attached behind those that were marked, and never met again. */
		if (number < 0 || !marked[number])
			source_take(own, &now->files[i]);
	}
	mem_freep(&marked);
	return known ? 0 :
		       diag_at(diags, nowhere, -EINVAL,
			       "there is no zone '%s'; see mhctl dns zones", name);
}

int reload_prepare(const struct engine *engine, const char *name, struct source *own,
		   struct diags *diags)
{
	int r = check_reload(generation_source(engine->now), own, diags);

	return r == 0 && name ? keep_others(engine, name, own, diags) : r;
}
