/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a generation is read once, whole, and kept: diagnostics quote it, a refusal of the
 * kernel hours later is shown at its line, and a rollback goes to the text that was applied, not
 * to what lies on the disk by then. It also travels: mhctl sends the text to the engine, so that
 * the engine opens no path that somebody else names.
 *
 * The snippets in conf.d must be regular files: a FIFO that nobody writes would stop the daemon.
 * The main file may be anything, because `mhctl check <(generate)` is a good habit.
 */
#include "config/source.h"

#include "base/mem.h"
#include "net/wire.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNIPPET_FOLDER "conf.d"
#define SNIPPET_ENDING ".yaml"

static_assert(SOURCE_MAX_BYTES == 64 << 20 && SOURCE_MAX_FILES == 256, "as the diagnostics say");
static const char too_large[] = "all files together may have 64 MiB, and are larger";

/* A reading in progress: how many bytes there are already, and the first thing that went wrong. */
struct loading {
	struct source *source;
	struct diags *diags;
	size_t bytes;
	int error;
};

/* Takes over @text. */
static void source_add(struct source *source, const char *name, size_t name_length, struct text *text)
{
	struct source_file *file;

	source->files = mem_resize(source->files, (source->count + 1) * sizeof(*source->files));
	file = &source->files[source->count++];
	file->name = memcpy(mem_alloc(name_length + 1), name, name_length);
	file->length = text->length;
	file->text = text->data ? text->data : mem_strdup("");
	*text = (struct text){ 0 };
}

/* The first error is the one that is returned; each is told. */
static void loading_failed(struct loading *loading, const char *name, int error, const char *reason)
{
	const struct place nowhere = { 0 };

	diag_at(loading->diags, nowhere, error, "%s: %s", name, reason);
	if (!loading->error)
		loading->error = error;
}

static void reading_failed(struct loading *loading, const char *name, int error)
{
	loading_failed(loading, name, error, error == -EFBIG ? too_large : strerror(-error));
}

static void load_file(struct loading *loading, const char *name)
{
	AUTO_TEXT text = { 0 };
	int r = text_read_file(name, SOURCE_MAX_BYTES - loading->bytes, &text);

	if (r < 0) {
		reading_failed(loading, name, r);
		return;
	}
	loading->bytes += text.length;
	source_add(loading->source, name, strlen(name), &text);
}

/* Descriptor 0 is read as it is: opening /dev/stdin anew would ask for rights that only its opener had. */
static int read_standard_input(struct text *ret_text)
{
	char buffer[16384];
	AUTO_TEXT text = { 0 };
	ssize_t got;

	do {
		got = read(STDIN_FILENO, buffer, sizeof(buffer));
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			text_append(&text, buffer, (size_t)got);
		if (text.length > SOURCE_MAX_BYTES)
			return -EFBIG;
	} while (got != 0);
	*ret_text = text;
	text = (struct text){ 0 };
	return 0;
}

static void load_standard_input(struct loading *loading)
{
	static const char name[] = "standard input";
	AUTO_TEXT text = { 0 };
	int r = read_standard_input(&text);

	if (r < 0)
		reading_failed(loading, name, r);
	else
		source_add(loading->source, name, strlen(name), &text);
}

static void load_snippet(struct loading *loading, const char *name)
{
	struct stat status;

	if (stat(name, &status) < 0)
		reading_failed(loading, name, -errno);
	else if (!S_ISREG(status.st_mode))
		loading_failed(loading, name, -EINVAL,
			       "not a regular file; only such are read from conf.d");
	else if (loading->source->count == SOURCE_MAX_FILES)
		loading_failed(loading, name, -EFBIG, "more than 256 files; join some of them");
	else
		load_file(loading, name);
}

static int is_snippet(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), ending = strlen(SNIPPET_ENDING);

	return entry->d_name[0] != '.' && length > ending &&
	       strcmp(entry->d_name + length - ending, SNIPPET_ENDING) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* All of conf.d beside @path; that there is none is fine. */
static void load_snippets(struct loading *loading, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_MEM char *folder = mem_printf("%.*s" SNIPPET_FOLDER,
					   slash ? (int)(slash - path + 1) : 0, path);
	struct dirent **entries;
	int count = scandir(folder, &entries, is_snippet, by_name);
	char *name;

	if (count < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			reading_failed(loading, folder, -errno);
		return;
	}
	for (int i = 0; i < count; i++) {
		name = mem_printf("%s/%s", folder, entries[i]->d_name);
		load_snippet(loading, name);
		free(name);
		free(entries[i]);
	}
	free(entries);
}

static void put_u32(struct text *text, size_t value)
{
	uint8_t bytes[4];
	struct wire_writer writer = wire_writer(bytes, sizeof(bytes));

	wire_put_u32(&writer, (uint32_t)value);
	text_append(text, bytes, sizeof(bytes));
}

/* One file of a packed source; *@room is what its text may still have. */
static int unpack_file(struct wire_reader *reader, struct source *source, size_t *room)
{
	AUTO_TEXT text = { 0 };
	const char *name, *bytes;
	size_t name_length, length;

	name_length = wire_get_u32(reader);
	name = wire_get_view(reader, name_length);
	length = wire_get_u32(reader);
	if (reader->broken || !name_length || name_length > PATH_MAX ||
	    memchr(name, '\0', name_length))
		return -EPROTO;
	if (length > *room)
		return -EFBIG;
	bytes = wire_get_view(reader, length);
	if (reader->broken)
		return -EPROTO;
	*room -= length;
	text_append(&text, bytes, length);
	source_add(source, name, name_length, &text);
	return 0;
}

static int unpack_files(struct wire_reader *reader, struct source *source)
{
	uint32_t count = wire_get_u32(reader);
	size_t room = SOURCE_MAX_BYTES;
	int r;

	if (count > SOURCE_MAX_FILES)
		return -EFBIG;
	for (uint32_t i = 0; i < count; i++) {
		r = unpack_file(reader, source, &room);
		if (r < 0)
			return r;
	}
	return wire_done(reader) ? 0 : -EPROTO;
}

int source_load(const char *path, struct source **ret_source, struct diags *diags)
{
	struct loading loading = { .source = mem_alloc(sizeof(struct source)), .diags = diags };

	*ret_source = loading.source;
	if (strcmp(path, "-") == 0) {
		load_standard_input(&loading);
		return loading.error;
	}
	load_file(&loading, path);
	load_snippets(&loading, path);
	return loading.error;
}

struct source *source_of_text(const char *name, const char *text, size_t length)
{
	struct source *source = mem_alloc(sizeof(*source));
	struct text copy = { 0 };

	text_append(&copy, text, length);
	source_add(source, name, strlen(name), &copy);
	return source;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	for (unsigned i = 0; i < source->count; i++) {
		free((char *)source->files[i].name);
		free((char *)source->files[i].text);
	}
	free(source->files);
	free(source);
}

bool source_equal(const struct source *a, const struct source *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
		    a->files[i].length != b->files[i].length ||
		    memcmp(a->files[i].text, b->files[i].text, a->files[i].length) != 0)
			return false;
	}
	return true;
}

void source_pack(const struct source *source, struct text *text)
{
	size_t length;

	put_u32(text, source->count);
	for (unsigned i = 0; i < source->count; i++) {
		length = strlen(source->files[i].name);
		put_u32(text, length);
		text_append(text, source->files[i].name, length);
		put_u32(text, source->files[i].length);
		text_append(text, source->files[i].text, source->files[i].length);
	}
}

int source_unpack(const void *bytes, size_t length, struct source **ret_source)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct source *source = mem_alloc(sizeof(*source));
	int r = unpack_files(&reader, source);

	if (r < 0) {
		source_free(source);
		return r;
	}
	*ret_source = source;
	return 0;
}
