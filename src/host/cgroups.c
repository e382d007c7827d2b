/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Control groups that somebody asks for, observed as long as they exist. Each folder on the way to
 * one is watched by inotify, which cgroupfs serves for folders that are made and removed; what it
 * tells is only that it is time to look again.
 */
#include "host/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCHED (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

int cgroups_open(struct host *host)
{
	host->cgroup_events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return host->cgroup_events < 0 ? -errno : 0;
}

void cgroups_receive(struct host *host)
{
	char events[4096] __attribute__((aligned(8)));

	while (read(host->cgroup_events, events, sizeof(events)) > 0)
		host->stale |= STALE_CGROUPS;
}

/* Watches the folders above @path as far as they exist, from below the first @root bytes on. */
static void watch(const struct host *host, char *path, size_t root)
{
	for (char *slash = path + root; slash; slash = strchr(slash + 1, '/')) {
		char cut = *slash;

		*slash = '\0';
		if (inotify_add_watch(host->cgroup_events, path, WATCHED) < 0)
			slash = NULL;
		if (!slash)
			return;
		*slash = cut;
		if (!cut)
			return;
	}
}

static void look(const struct host *host, const char *name, size_t root, struct object_set *into)
{
	struct host_cgroup cgroup = { 0 };
	AUTO_TEXT path = { 0 };
	AUTO_TEXT error = { 0 };
	struct stat status;

	if (replies_cgroup_path(name, &path, &error) < 0)
		return;
	/* Watched first: what comes afterwards is told. */
	if (path.length > root)
		watch(host, path.data, root);
	snprintf(cgroup.name, sizeof(cgroup.name), "%s", name);
	if (stat(text_string(&path), &status) == 0 && S_ISDIR(status.st_mode))
		set_push(into, &cgroup_kind, &cgroup);
}

bool cgroups_refresh(struct host *host)
{
	struct object_set fresh = { 0 };
	AUTO_TEXT root = { 0 };
	AUTO_TEXT error = { 0 };

	if (host->taste.cgroups[0] && replies_cgroup_path("all", &root, &error) == 0)
		for (char **name = host->taste.cgroups; *name; name++)
			look(host, *name, root.length, &fresh);
	return host_observe(host, OBJECT_CGROUP, &fresh);
}
