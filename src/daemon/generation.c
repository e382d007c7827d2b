/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/generation.h"

#include "base/file.h"

struct generation *generation_new(unsigned number, struct config *config)
{
	struct generation *generation = mem_alloc(sizeof(*generation));

	generation->number = number;
	generation->users = 1;
	generation->config = config;
	return generation;
}

struct generation *generation_share(struct generation *generation)
{
	generation->users++;
	return generation;
}

void generation_drop(struct generation **generation)
{
	struct generation *gone = *generation;

	*generation = NULL;
	if (!gone || --gone->users)
		return;
	if (gone->config)
		config_free(gone->config);
	mem_freep(&gone);
}

const struct source *generation_source(const struct generation *generation)
{
	return generation->config ? generation->config->source : NULL;
}

int generation_remember(const char *path, const struct generation *generation)
{
	const struct source none = { 0 }, *source = generation_source(generation);
	AUTO_TEXT packed = { 0 };

	source_pack(source ? source : &none, &packed);
	return file_replace(path, &packed);
}

int generation_recall(const char *path, struct source **ret_source)
{
	AUTO_TEXT packed = { 0 };
	int r = file_read_private(path, SOURCE_MAX_BYTES * 2, &packed);

	return r < 0 ? r : source_unpack(packed.data, packed.length, ret_source);
}
