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

#define MEMORY_MAX_BYTES (1u << 20)

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
		else
			*VEC_PUSH(&memory->entries) = entry;
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

static struct memory_entry *find(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->entries.count; i++)
		if (!strcmp(memory->entries.items[i].name, name))
			return &memory->entries.items[i];
	return NULL;
}

const struct memory_entry *memory_find(const struct memory *memory, const char *name)
{
	return find(memory, name);
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
	return file_replace(memory->path, &text);
}

int memory_remember(struct memory *memory, const char *name, const char *former, const char *written)
{
	struct memory_entry *entry = find(memory, name), before;
	bool known = entry;
	int r;

	if (!entry)
		entry = VEC_PUSH(&memory->entries);
	before = *entry;
	if (!known) {
		snprintf(entry->name, sizeof(entry->name), "%s", name);
		snprintf(entry->former, sizeof(entry->former), "%s", former);
	} else if (!strcmp(entry->written, written)) {
		return 0;
	} else {
		memcpy(entry->earlier, entry->written, sizeof(entry->earlier));
	}
	snprintf(entry->written, sizeof(entry->written), "%s", written);
	r = memory_store(memory);
	if (r < 0 && known)
		*entry = before;
	else if (r < 0)
		memory->entries.count--;
	return r;
}

int memory_forget(struct memory *memory, const char *name)
{
	struct memory_entry *entry = find(memory, name);

	if (!entry)
		return 0;
	*entry = memory->entries.items[--memory->entries.count];
	return memory_store(memory);
}
