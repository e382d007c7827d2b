/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/generation.h"

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
