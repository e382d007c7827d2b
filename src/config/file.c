/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that the configuration names. Whoever reads the configuration from the disk attaches them,
 * with his own rights; whoever gets it from him finds their texts in the source, and opens nothing.
 */
#include "config/value.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* The files of one field, each looked through for what it includes. */
struct attaching {
	struct source *source;
	unsigned number; /* the one that is being looked through */
};

static void attach_included(void *data, const char *name)
{
	const struct attaching *attaching = data;

	(void)source_attach_included(attaching->source,
				     attaching->source->files[attaching->number].name, name);
}

/* Whatever is attached along the way stands at the end, and is looked through in its turn. */
static void attach(struct source *source, const struct config_field *field, const char *of,
		   const char *name)
{
	struct attaching attaching = { .source = source, .number = source->count };

	source_attach(source, of, name);
	for (; field->includes && attaching.number < source->count; attaching.number++)
		field->includes(source->files[attaching.number].text,
				source->files[attaching.number].length, attach_included, &attaching);
}

static struct config_file file_of(const struct source *source, const char *name, int number)
{
	const struct source_file *file = &source->files[number];

	return (struct config_file){
		.name = name,
		.text = file->text,
		.length = file->length,
		.digest = file->digest,
		.source = source,
		.number = (unsigned)number,
	};
}

/* Where names of files begin, for a person who wonders why his is not found. */
static int refuse_unread(struct reader *reader, const struct node *node,
			 const struct source_file *file)
{
	const char *main = reader->source->files[0].name, *slash = strrchr(main, '/');

	if (file->error == -EFBIG)
		return diag_at(
			reader->diags, node->place, -EINVAL,
			"%s: all files that are named may have 512 MiB together, and have more",
			file->name);
	if (file->error == -ENOTSUP)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s: not a regular file; only such are read", file->name);
	if (file->error != -ENOENT || node->text[0] == '/')
		return diag_at(reader->diags, node->place, -EINVAL, "%s: %s", file->name,
			       strerror(-file->error));
	return diag_at(reader->diags, node->place, -EINVAL, "%s: %s; it is looked for beside %s",
		       file->name, strerror(ENOENT),
		       !strcmp(main, "standard input") ? "nothing but the working folder" :
		       slash			       ? slash + 1 :
							 main);
}

int value_read_file(struct reader *reader, const struct config_field *field,
		    const struct node *node, void *ret_value)
{
	struct source *source = reader->source;
	const char *of = source->files[node->place.file].name;
	const struct source_file *file;
	int number;

	if (!node->length || node->length > PATH_MAX)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "a path of %zu bytes; it may have 1 to %u", node->length, PATH_MAX);
	if (reader->attaching) {
		attach(source, field, of, node->text);
		return 0;
	}
	number = source_find(source, of, node->text);
	if (number < 0)
		return diag_at(reader->diags, node->place, -EINVAL,
			       source->attached == SOURCE_MAX_ATTACHED ?
				       "more than 32768 files are named; join some of them" :
				       "this file was not sent along; are mhctl and multihomed of "
				       "one version?");
	file = &source->files[number];
	if (file->error)
		return refuse_unread(reader, node, file);
	if (field->max && file->length > field->max)
		return diag_at(reader->diags, node->place, -EINVAL,
			       "%s has %zu bytes; at most %" PRIu64 " are read", file->name,
			       file->length, field->max);
	*(struct config_file *)ret_value =
		file_of(source, arena_copy(reader->arena, node->text, node->length), number);
	return 0;
}

int config_file_beside(const struct config_file *file, const char *name, struct config_file *ret_file)
{
	const struct source *source = file->source;
	int number = source_find(source, source->files[file->number].name, name);

	if (number < 0)
		return -ENOENT;
	if (source->files[number].error)
		return source->files[number].error;
	*ret_file = file_of(source, source->files[number].name, number);
	return 0;
}
