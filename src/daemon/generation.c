/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/generation.h"

#include "base/fd.h"
#include "io/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
	AUTO_MEM char *beside = mem_printf("%s.new", path);
	AUTO_FD fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	const struct source none = { 0 }, *source = generation_source(generation);
	AUTO_TEXT packed = { 0 };

	if (fd < 0)
		return -errno;
	source_pack(source ? source : &none, &packed);
	errno = EIO;	/* for a short write */
	if (write(fd, packed.data, packed.length) != (ssize_t)packed.length || fsync(fd) < 0 ||
	    rename(beside, path) < 0)
		return -errno;
	return 0;
}

int generation_recall(const char *path, struct source **ret_source)
{
	AUTO_TEXT packed = { 0 };
	int r = text_read_file(path, CHANNEL_MAX_BYTES, &packed);

	return r < 0 ? r : source_unpack(packed.data, packed.length, ret_source);
}
