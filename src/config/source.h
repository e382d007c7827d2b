/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SOURCE_H
#define MH_CONFIG_SOURCE_H

#include "config/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* Bounds of what is read at all, in bytes and files. */
#define SOURCE_MAX_BYTES (64u << 20) /* all files together */
#define SOURCE_MAX_FILES 256u

/* The text of one generation: the main file, then conf.d/X.yaml beside it in the order of their names. */
struct source_file {
	const char *name; /* as the user wrote it; shown in diagnostics */
	const char *text; /* NUL-terminated, but may hold NULs: see length */
	size_t length;
};

struct source {
	struct source_file *files;
	unsigned count;
};

/*
 * Reads @path and the *.yaml of the folder conf.d beside it (when @path is "-", standard input
 * alone). A file that cannot be read is a diagnostic with the file's name. Returns 0 or -errno;
 * *ret_source is written in both cases, so that diagnostics can name files. source_free() it.
 */
int source_load(const char *path, struct source **ret_source, struct diags *diags);
/* A source of one file, copied. */
struct source *source_of_text(const char *name, const char *text, size_t length);
void source_free(struct source *source);
bool source_equal(const struct source *a, const struct source *b);

/*
 * One block of bytes and back, for the control socket: count, then (name length, name, text
 * length, text) for each. Unpacking checks every bound above: -EPROTO for a malformed block,
 * -EFBIG beyond the bounds.
 */
void source_pack(const struct source *source, struct text *text);
int source_unpack(const void *bytes, size_t length, struct source **ret_source);

#endif
