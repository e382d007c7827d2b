/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a generation is read once, whole, and kept: diagnostics quote it, a refusal of the
 * kernel hours later is shown at its line, and a rollback goes to the text that was applied, not
 * to what lies on the disk by then. It also travels: mhctl sends the text to the engine, so that
 * the engine opens no path that somebody else names.
 *
 * The snippets in conf.d must be regular files: a FIFO that nobody writes would stop the daemon.
 * The main file may be anything, because `mhctl check <(generate)` is a good habit.
 *
 * An attached file that cannot be read is kept as such, and not told here: who reads the text later
 * knows the line that names it, and tells it along with all other mistakes. A path is relative to
 * the folder of the main file, also in conf.d, so that a line means the same in each of them; that of
 * a file which an attached one includes is relative to the latter, as zone files have it.
 */
#include "config/source.h"

#include "base/fd.h"
#include "base/mem.h"
#include "net/wire.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNIPPET_FOLDER "conf.d"
#define SNIPPET_ENDING ".yaml"
#define PACKED_QUIET UINT32_C(0x80000000)

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
	*file = (struct source_file){ .length = text->length };
	file->name = memcpy(mem_alloc(name_length + 1), name, name_length);
	file->text = text->data ? text->data : mem_strdup("");
	*text = (struct text){ 0 };
}

/* Where the attached file @name stands in the order of names, or would; *ret_there says which. */
static unsigned place_by_name(const struct source *source, const char *name, bool *ret_there)
{
	unsigned low = 0, high = source->attached, middle;
	int order = -1;

	*ret_there = false;
	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(source->files[source->by_name[middle]].name, name);
		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes over @text; returns the number of the file, -EEXIST when it is there. */
static int source_add_attached(struct source *source, const char *name, struct text *text, int error)
{
	struct source_file *file;
	bool there;
	unsigned at = place_by_name(source, name, &there);

	if (there)
		return -EEXIST;
	source_add(source, name, strlen(name), text);
	file = &source->files[source->count - 1];
	file->error = error;
	digest_of(file->text, file->length, file->digest);
	source->by_name = mem_resize(source->by_name,
				     (source->attached + 1) * sizeof(*source->by_name));
	memmove(source->by_name + at + 1, source->by_name + at,
		(source->attached - at) * sizeof(*source->by_name));
	source->by_name[at] = source->count - 1;
	source->attached++;
	return (int)source->count - 1;
}

/* The path of the file that @of calls @name. */
static char *path_beside(const struct source *source, const char *of, const char *name)
{
	const char *slash;
	bool attached;

	place_by_name(source, of, &attached);
	of = attached ? of : source->files[0].name;
	slash = strrchr(of, '/');
	if (name[0] == '/' || !slash)
		return mem_strdup(name);
	return mem_printf("%.*s%s", (int)(slash - of + 1), of, name);
}

static size_t attached_bytes(const struct source *source)
{
	size_t bytes = 0;

	for (unsigned i = source->count - source->attached; i < source->count; i++)
		bytes += source->files[i].length;
	return bytes;
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

/* A packed source in the making: what the texts of each sort may still have. */
struct unpacking {
	struct wire_reader reader;
	struct source *source;
	size_t room;
};

static int unpack_attached(struct unpacking *unpacking, const char *name, size_t name_length,
			   struct text *text)
{
	AUTO_MEM char *copy = mem_printf("%.*s", (int)name_length, name);
	uint32_t word = wire_get_u32(&unpacking->reader), error = word & ~PACKED_QUIET;
	int number;

	if (unpacking->reader.broken || error > 4095 || (error && text->length))
		return -EPROTO;
	number = source_add_attached(unpacking->source, copy, text, -(int)error);
	if (number < 0)
		return -EPROTO;
	unpacking->source->files[number].quiet = word & PACKED_QUIET;
	return 0;
}

/* One file of a packed source. */
static int unpack_file(struct unpacking *unpacking, bool attached)
{
	struct wire_reader *reader = &unpacking->reader;
	AUTO_TEXT text = { 0 };
	const char *name, *bytes;
	size_t name_length, length;

	name_length = wire_get_u32(reader);
	name = wire_get_view(reader, name_length);
	length = wire_get_u32(reader);
	if (reader->broken || !name_length || name_length > PATH_MAX ||
	    memchr(name, '\0', name_length))
		return -EPROTO;
	if (length > unpacking->room)
		return -EFBIG;
	bytes = wire_get_view(reader, length);
	if (reader->broken)
		return -EPROTO;
	unpacking->room -= length;
	text_append(&text, bytes, length);
	if (attached)
		return unpack_attached(unpacking, name, name_length, &text);
	source_add(unpacking->source, name, name_length, &text);
	return 0;
}

static int unpack_files(struct unpacking *unpacking)
{
	uint32_t count = wire_get_u32(&unpacking->reader);
	uint32_t attached = wire_get_u32(&unpacking->reader);
	int r;

	if (attached > count || (attached && attached == count))
		return -EPROTO;
	if (count - attached > SOURCE_MAX_FILES || attached > SOURCE_MAX_ATTACHED)
		return -EFBIG;
	unpacking->room = SOURCE_MAX_BYTES;
	for (uint32_t i = 0; i < count; i++) {
		if (i == count - attached)
			unpacking->room = SOURCE_MAX_ATTACHED_BYTES;
		r = unpack_file(unpacking, i >= count - attached);
		if (r < 0)
			return r;
	}
	return wire_done(&unpacking->reader) ? 0 : -EPROTO;
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

int source_named(const struct source *source, const char *name)
{
	bool there;
	unsigned at = place_by_name(source, name, &there);

	return there ? (int)source->by_name[at] : -1;
}

int source_find(const struct source *source, const char *of, const char *name)
{
	AUTO_MEM char *path = path_beside(source, of, name);

	return source_named(source, path);
}

/* Returns the number of the file at @path, which is not there yet; or -1. */
static int attach(struct source *source, const char *path)
{
	AUTO_TEXT text = { 0 };
	int r;

	if (source->attached == SOURCE_MAX_ATTACHED)
		return -1;
	r = strlen(path) > PATH_MAX ?
		    -ENAMETOOLONG :
		    text_read_regular(path, SOURCE_MAX_ATTACHED_BYTES - attached_bytes(source),
				      &text);
	return source_add_attached(source, path, &text, r);
}

/*
 * Whether @path lies below the folder of the main file, wherever links on the way lead. What cannot
 * be found out is outside.
 */
static bool is_inside(const struct source *source, const char *path)
{
	const char *main = source->files[0].name, *slash = strrchr(main, '/');
	AUTO_MEM char *named = slash ? mem_printf("%.*s", (int)(slash - main + 1), main) :
				       mem_strdup(".");
	AUTO_MEM char *folder = realpath(named, NULL), *file = realpath(path, NULL);
	size_t length = folder ? strlen(folder) : 0;

	return length > 1 && file && !strncmp(file, folder, length) && file[length] == '/';
}

int source_attach_included(struct source *source, const char *of, const char *name)
{
	AUTO_MEM char *path = path_beside(source, of, name);
	int number = source_find(source, of, name);

	if (number >= 0)
		return number;
	number = attach(source, path);
	if (number >= 0)
		source->files[number].quiet = !is_inside(source, path);
	return number;
}

int source_attach(struct source *source, const char *of, const char *name)
{
	AUTO_MEM char *path = path_beside(source, of, name);
	int number = source_find(source, of, name);

	if (number < 0)
		return attach(source, path);
	source->files[number].quiet = false;
	return number;
}

void source_take(struct source *source, const struct source_file *file)
{
	AUTO_TEXT text = { 0 };
	int number = source_named(source, file->name);

	text_append(&text, file->text, file->length);
	if (number < 0) {
		number = source_add_attached(source, file->name, &text, file->error);
	} else {
		struct source_file *own = &source->files[number];

		free((char *)own->text);
		own->text = text.data;
		own->length = text.length;
		own->error = file->error;
		memcpy(own->digest, file->digest, DIGEST_SIZE);
		text = (struct text){ 0 };
	}
	source->files[number].quiet = file->quiet;
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
	free(source->by_name);
	free(source);
}

bool source_equal(const struct source *a, const struct source *b)
{
	if (a->count != b->count || a->attached != b->attached)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
		    a->files[i].length != b->files[i].length ||
		    a->files[i].error != b->files[i].error ||
		    memcmp(a->files[i].text, b->files[i].text, a->files[i].length) != 0)
			return false;
	}
	return true;
}

void source_pack(const struct source *source, struct text *text)
{
	size_t length;

	put_u32(text, source->count);
	put_u32(text, source->attached);
	for (unsigned i = 0; i < source->count; i++) {
		length = strlen(source->files[i].name);
		put_u32(text, length);
		text_append(text, source->files[i].name, length);
		put_u32(text, source->files[i].length);
		text_append(text, source->files[i].text, source->files[i].length);
		if (i >= source->count - source->attached)
			put_u32(text, (uint32_t)-source->files[i].error |
					      (source->files[i].quiet ? PACKED_QUIET : 0));
	}
}

int source_unpack(const void *bytes, size_t length, struct source **ret_source)
{
	struct unpacking unpacking = { .reader = wire_reader(bytes, length),
				       .source = mem_alloc(sizeof(struct source)) };
	int r = unpack_files(&unpacking);

	if (r < 0) {
		source_free(unpacking.source);
		return r;
	}
	*ret_source = unpacking.source;
	return 0;
}
