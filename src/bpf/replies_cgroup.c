/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where cgroups are: the v2 hierarchy has no fixed place, and may stand beside v1. */
#include "bpf/replies.h"
#include "bpf/replies_trouble.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A field of /proc/self/mountinfo: blanks and backslashes stand as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned octal;

		if (*from == '\\' && sscanf(from + 1, "%3o", &octal) == 1) {
			*to = (char)octal;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* proc(5): "36 35 98:0 ROOT PLACE OPTIONS... - TYPE SOURCE OPTIONS". */
static bool read_mount(char *line, char **ret_root, char **ret_place)
{
	char *type = strstr(line, " - ");
	char *save, *word = strtok_r(line, " ", &save);

	if (!type || strncmp(type + 3, "cgroup2 ", 8))
		return false;
	for (int i = 0; word && i < 3; i++)
		word = strtok_r(NULL, " ", &save);
	*ret_root = word;
	*ret_place = word ? strtok_r(NULL, " ", &save) : NULL;
	return *ret_place;
}

/* The mount that shows the most: one of the whole hierarchy, else the first. */
static int find_mount(struct text *ret_path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool whole = false;

	if (!mounts)
		return -errno;
	while (!whole && getline(&line, &room, mounts) > 0) {
		char *root, *place;

		if (!read_mount(line, &root, &place))
			continue;
		whole = !strcmp(root, "/");
		if (!whole && ret_path->length)
			continue;
		unescape(place);
		text_free(ret_path);
		text_puts(ret_path, place);
	}
	free(line);
	fclose(mounts);
	return ret_path->length ? 0 : -ENODEV;
}

static bool goes_up(const char *name)
{
	for (const char *part = name; *part; part += strcspn(part, "/"), part += *part == '/')
		if (strcspn(part, "/") == 2 && !strncmp(part, "..", 2))
			return true;
	return false;
}

int replies_cgroup_path(const char *name, struct text *ret_path, struct text *error)
{
	AUTO_TEXT path = { 0 };
	struct stat stat_;
	int code;

	if (goes_up(name))
		return trouble(-EINVAL, error, "%s: a cgroup's name does not go up", name);
	if (name[0] != '/') {
		code = find_mount(&path);
		if (code)
			return trouble(code, error,
				       "this host has no cgroup v2 mounted (mount -t cgroup2)");
		if (strcmp(name, "all"))
			text_printf(&path, "/%s", name);
	} else {
		text_puts(&path, name);
	}
	if (stat(path.data, &stat_) < 0)
		return trouble(-errno, error, "%s: %s", path.data,
			       errno == ENOENT ? "no such cgroup" : strerror(errno));
	text_puts(ret_path, path.data);
	return 0;
}

/* kernfs(5) numbers a cgroup and its folder alike. */
int replies_cgroup_number(const char *path, uint64_t *ret_cgroup)
{
	struct stat stat_;

	if (stat(path, &stat_) < 0)
		return -errno;
	*ret_cgroup = stat_.st_ino;
	return 0;
}
