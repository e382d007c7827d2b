/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SOURCE_H
#define MH_CONFIG_SOURCE_H

#include "base/digest.h"
#include "config/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* Bounds of what is read at all, in bytes and files. */
#define SOURCE_MAX_BYTES (64u << 20) /* all files of the configuration together */
#define SOURCE_MAX_FILES 256u
#define SOURCE_MAX_ATTACHED_BYTES (512u << 20) /* all attached files together */
#define SOURCE_MAX_ATTACHED 32768u

/*
 * The text of one generation: the main file, then conf.d/X.yaml beside it in the order of their
 * names, then the attached files: those that the configuration names (CONFIG_FILE), and those that
 * they include. So a generation is whole, and who takes it from somebody else opens no path of his.
 */
struct source_file {
	const char *name; /* as the user wrote it; shown in diagnostics */
	const char *text; /* NUL-terminated, but may hold NULs: see length */
	size_t length;
	int error; /* of an attached one: why it could not be read, -errno; it has no text then */
	/*
	 * Of an attached one that another attached one includes, from outside the main file's folder:
	 * diagnostics tell its place and nothing of its text. Who may write a zone file must not be
	 * shown what he cannot read by having root include it.
	 */
	bool quiet;
	uint8_t digest[DIGEST_SIZE]; /* of an attached one: of the text */
};

struct source {
	struct source_file *files;
	unsigned count;
	unsigned attached; /* the last so many of them */
	unsigned *by_name; /* the numbers of the attached ones, sorted by their names */
};

/*
 * Reads @path and the *.yaml of the folder conf.d beside it (when @path is "-", standard input
 * alone). A file that cannot be read is a diagnostic with the file's name. Returns 0 or -errno;
 * *ret_source is written in both cases, so that diagnostics can name files. source_free() it.
 */
int source_load(const char *path, struct source **ret_source, struct diags *diags);
/*
 * Attaches the file @name, which @of names (the name of the file where it stands): reads it, or
 * keeps why it cannot be read. Twice is once. Returns its number, or -1 when there are too many.
 */
int source_attach(struct source *source, const char *of, const char *name);
/* The same for what the attached file @of includes; it may become a quiet one. */
int source_attach_included(struct source *source, const char *of, const char *name);
/* The number of the file that the file @of calls @name, if it is attached; else -1. */
int source_find(const struct source *source, const char *of, const char *name);
/* The number of the attached file that is called @name in full; or -1. */
int source_named(const struct source *source, const char *name);
/* Attaches a copy of @file, which another source has, in the place of its own of that name. */
void source_take(struct source *source, const struct source_file *file);

/* A source of one file, copied. */
struct source *source_of_text(const char *name, const char *text, size_t length);
void source_free(struct source *source);
bool source_equal(const struct source *a, const struct source *b);

/*
 * One block of bytes and back, for the control socket: count, how many of them are attached, then
 * (name length, name, text length, text) for each, and behind each attached one errno or 0, with
 * the highest bit for a quiet one.
 * Unpacking checks every bound above: -EPROTO for a malformed block, -EFBIG beyond the bounds.
 */
void source_pack(const struct source *source, struct text *text);
int source_unpack(const void *bytes, size_t length, struct source **ret_source);

#endif
