/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Control groups that somebody asks for, observed as long as they exist. Each folder on the way to
 * one is watched by inotify, which cgroupfs serves for folders that are made and removed; what it
 * tells is only that it is time to look again. Where no more watches are to be had, it is time
 * whenever all that is untold is read again.
 */
#include "host/inside.h"

#include "base/fd.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCHED (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

void cgroups_receive(struct host *host)
{
	char events[4096] __attribute__((aligned(8)));

	while (host->cgroup_events >= 0 && read(host->cgroup_events, events, sizeof(events)) > 0)
		host->stale |= STALE_CGROUPS;
}

/* With the first group that is asked for: a host without any needs no watches. */
static void open_watches(struct host *host)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (host->cgroup_events >= 0 || host->no_watches)
		return;
	host->cgroup_events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (host->cgroup_events >= 0 &&
	    epoll_ctl(host->any_events, EPOLL_CTL_ADD, host->cgroup_events, &event) == 0)
		return;
	host->no_watches = true;
	log_notice(
		"cgroups cannot be watched (%s; see fs.inotify.max_user_instances): new ones are "
		"seen some seconds late",
		strerror(errno));
	fd_closep(&host->cgroup_events);
}

/* Watches the folders above @path as far as they exist, from below the first @root bytes on. */
static void watch(const struct host *host, char *path, size_t root)
{
	for (char *slash = path + root; slash; slash = strchr(slash + 1, '/')) {
		char cut = *slash;
		bool failed;

		*slash = '\0';
		failed = inotify_add_watch(host->cgroup_events, path, WATCHED) < 0;
		*slash = cut;
		if (failed || !cut)
			return;
	}
}

void cgroup_path(const struct text *root, const char *name, struct text *ret_path)
{
	text_append(ret_path, root->data, root->length);
	if (strcmp(name, "all") != 0)
		text_printf(ret_path, "/%s", name);
}

static void look(const struct host *host, const char *name, const struct text *root,
		 struct object_set *into)
{
	struct host_cgroup cgroup = { 0 };
	AUTO_TEXT path = { 0 };
	struct stat status;

	cgroup_path(root, name, &path);
	/* Watched first: what comes afterwards is told. */
	if (path.length > root->length && host->cgroup_events >= 0)
		watch(host, path.data, root->length);
	snprintf(cgroup.name, sizeof(cgroup.name), "%s", name);
	if (stat(text_string(&path), &status) == 0 && S_ISDIR(status.st_mode))
		set_push(into, &cgroup_kind, &cgroup);
}

bool cgroups_refresh(struct host *host)
{
	struct object_set fresh = { 0 };
	AUTO_TEXT root = { 0 };
	AUTO_TEXT error = { 0 };

	if (host->taste.cgroups[0] && replies_cgroup_path("all", &root, &error) == 0) {
		open_watches(host);
		for (char **name = host->taste.cgroups; *name; name++)
			look(host, *name, &root, &fresh);
	}
	return host_observe(host, OBJECT_CGROUP, &fresh);
}
