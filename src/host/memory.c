/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line for each sysctl or property of a link: name, former value, value written, and the one
 * written before that, separated by tabs. The whole file is replaced each time: after a crash
 * there is the old one or the new one.
 *
 * Why the earlier value: a change from one value of ours to another is remembered before it is
 * done. If we die in between, the sysctl still has the earlier value, and that is ours as well.
 */
#include "host/memory.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX_BYTES (16u << 20)

static bool path_is_valid(const char *name)
{
	if (strlen(name) >= sizeof(((struct host_sysctl *)0)->name))
		return false;
	while (*name) {
		size_t length = strcspn(name, "/");

		if (!length || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))))
			return false;
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)name[i] <= ' ' || name[i] == 127)
				return false;
		name += length;
		if (*name && !*++name)
			return false;
	}
	return true;
}

bool sysctl_name_is_valid(const char *name)
{
	return !strncmp(name, "net/", 4) && path_is_valid(name);
}

static bool name_is_valid(const char *name)
{
	return sysctl_name_is_valid(name) ||
	       (!strncmp(name, MEMORY_OF_LINKS, strlen(MEMORY_OF_LINKS)) && path_is_valid(name));
}

/*
 * Copies the field up to the next tab or the end. False when it is too long or has what no value
 * has.
 */
static bool take_field(const char **at, char *field, size_t size)
{
	size_t length = strcspn(*at, "\t");

	if (length >= size)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)(*at)[i] < ' ' || (*at)[i] == 127)
			return false;
	memcpy(field, *at, length);
	field[length] = '\0';
	*at += length + ((*at)[length] == '\t');
	return true;
}

static bool take_line(const char *line, struct memory_entry *entry)
{
	return take_field(&line, entry->name, sizeof(entry->name)) && name_is_valid(entry->name) &&
	       take_field(&line, entry->former, sizeof(entry->former)) && entry->former[0] &&
	       take_field(&line, entry->written, sizeof(entry->written)) && entry->written[0] &&
	       take_field(&line, entry->earlier, sizeof(entry->earlier)) && !*line;
}

/* The index of the first entry whose name is not less than @name. */
static size_t lower_bound(const struct memory *memory, const char *name)
{
	size_t low = 0, high = memory->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(memory->entries.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct memory_entry *memory_find(const struct memory *memory, const char *name)
{
	size_t at = lower_bound(memory, name);

	if (at == memory->entries.count || strcmp(memory->entries.items[at].name, name) != 0)
		return NULL;
	return &memory->entries.items[at];
}

/* In the place of the one of its name; without .written, nothing is put there. */
static void put(struct memory *memory, const struct memory_entry *entry)
{
	size_t at = lower_bound(memory, entry->name), last = memory->entries.count;
	bool known = memory_find(memory, entry->name);
	struct memory_entry *items;

	if (!known && !entry->written[0])
		return;
	if (!known)
		(void)VEC_PUSH(&memory->entries);
	items = memory->entries.items;
	if (!known)
		memmove(items + at + 1, items + at, (last - at) * sizeof(*items));
	else if (!entry->written[0])
		memmove(items + at, items + at + 1, (last - at - 1) * sizeof(*items));
	memory->entries.count -= !entry->written[0];
	if (entry->written[0])
		items[at] = *entry;
}

static void take_lines(struct memory *memory, char *text)
{
	char *rest = text, *line;
	unsigned number = 0;

	while ((line = strsep(&rest, "\n"))) {
		struct memory_entry entry = { 0 };

		number++;
		if (!*line)
			continue;
		if (!take_line(line, &entry) || memory_find(memory, entry.name))
			log_warning("%s:%u: not understood; this line is passed over, "
				    "and what it spoke of stays as it is",
				    memory->path, number);
		else if (!memory_find(memory, entry.name))
			put(memory, &entry);
	}
}

void memory_open(struct memory *memory, const char *path)
{
	AUTO_TEXT text = { 0 };
	int r;

	*memory = (struct memory){ .path = path ? mem_strdup(path) : NULL };
	if (!path)
		return;
	r = file_read_private(path, MEMORY_MAX_BYTES, &text);
	if (r == 0 && strlen(text_string(&text)) == text.length)
		take_lines(memory, text.data);
	else if (r == -EPERM)
		log_warning("%s: somebody else could have written it; it is not believed", path);
	else if (r == 0 || r == -EFBIG)
		log_warning("%s: not what we wrote; what sysctls were before is not known any more",
			    path);
	else if (r != -ENOENT)
		log_warning("%s: %s; what sysctls were before is not known any more", path,
			    strerror(-r));
}

void memory_close(struct memory *memory)
{
	mem_freep(&memory->path);
	VEC_FREE(&memory->entries);
}

static int memory_store(const struct memory *memory)
{
	AUTO_TEXT text = { 0 };

	if (!memory->path)
		return 0;
	if (!memory->entries.count)
		return unlink(memory->path) < 0 && errno != ENOENT ? -errno : 0;
	for (size_t i = 0; i < memory->entries.count; i++) {
		const struct memory_entry *entry = &memory->entries.items[i];

		text_printf(&text, "%s\t%s\t%s\t%s\n", entry->name, entry->former, entry->written,
			    entry->earlier);
	}
	/* What would not be read back is not written. */
	return text.length > MEMORY_MAX_BYTES ? -EFBIG : file_replace(memory->path, &text);
}

int memory_put(struct memory *memory, const struct memory_entry *entries, size_t count)
{
	size_t known = memory->entries.count;
	struct memory_entry *before = mem_alloc((known + 1) * sizeof(*before));
	int r;

	if (known)
		memcpy(before, memory->entries.items, known * sizeof(*before));
	for (size_t i = 0; i < count; i++)
		put(memory, &entries[i]);
	r = memory_store(memory);
	if (r < 0) {
		free(memory->entries.items);
		memory->entries.items = before;
		memory->entries.count = known;
		memory->entries.room = known + 1;
	} else {
		free(before);
	}
	return r;
}

struct memory_entry memory_next(const struct memory *memory, const char *name, const char *former,
				const char *written)
{
	const struct memory_entry *known = memory_find(memory, name);
	struct memory_entry entry = { 0 };

	if (known)
		entry = *known;
	if (known && !strcmp(known->written, written))
		return entry;
	if (known) {
		memcpy(entry.earlier, known->written, sizeof(entry.earlier));
	} else {
		snprintf(entry.name, sizeof(entry.name), "%s", name);
		snprintf(entry.former, sizeof(entry.former), "%s", former);
	}
	snprintf(entry.written, sizeof(entry.written), "%s", written);
	return entry;
}

int memory_remember(struct memory *memory, const char *name, const char *former, const char *written)
{
	const struct memory_entry *known = memory_find(memory, name);
	struct memory_entry entry;

	if (known && !strcmp(known->written, written))
		return 0;
	entry = memory_next(memory, name, former, written);
	return memory_put(memory, &entry, 1);
}

int memory_forget(struct memory *memory, const char *name)
{
	struct memory_entry nothing = { 0 };

	if (!memory_find(memory, name))
		return 0;
	snprintf(nothing.name, sizeof(nothing.name), "%s", name);
	put(memory, &nothing);
	return memory_store(memory);
}
