/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program takes mhctl's place (run.c), so somebody else has to stay: a keeper, which holds the
 * eBPF programs, tells them what may be a source while addresses come and go, and removes the cgroup
 * when the last process in it has ended, be that a child of the program that outlives it.
 *
 * A parent that waits was rejected: it would have to pass on every signal, stop and continue with
 * its child, be killed in its place, and leave what the program left behind without help.
 *
 * The keeper is nobody's child, so that the program is not told of its end, and holds nothing that
 * was handed down to the program. It lives in the caller's cgroup, so that whoever ends all of that
 * one (a service manager) sees it, and asks it in vain: with the last process of the program it ends.
 */
#include "ctl/run_hook.h"

#include "base/fd.h"
#include "base/mem.h"
#include "bpf/replies.h"
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP_FILE_MOST 65536
#define AGAIN_MS 1000
#define DEPTH 16
#define NAMES 16

struct sources {
	struct prefix *items;
	size_t count, room;
};

struct hook {
	char *cgroup; /* its folder; NULL: not made */
	struct replies *replies;
	struct host *host;
	struct sources fed; /* sorted */
};

/* The caller's own cgroup, as the line "0::/PATH" tells. */
static int own_cgroup(struct text *ret_path, struct text *error)
{
	AUTO_TEXT lines = { 0 }, top = { 0 };
	AUTO_MEM char *path = NULL;
	const char *line;
	int length, r;

	text_read_file("/proc/self/cgroup", CGROUP_FILE_MOST, &lines);
	line = strstr(text_string(&lines), "0::/");
	if (!line || (line != text_string(&lines) && line[-1] != '\n')) {
		text_puts(error, "this host has no cgroups of version 2");
		return -ENODEV;
	}
	line += strlen("0::/");
	length = (int)strcspn(line, "\n");
	/* That name is a keyword: a cgroup which is called so has to be asked for by its path. */
	r = replies_cgroup_path("all", &top, error);
	if (r < 0)
		return r;
	path = mem_printf("%s%s%.*s", text_string(&top), length ? "/" : "", length, line);
	return replies_cgroup_path(path, ret_path, error);
}

static int remove_folder(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

/* With those that the program made below. The kernel removes only empty ones. */
static void cgroup_remove(const char *path)
{
	nftw(path, remove_folder, DEPTH, FTW_DEPTH | FTW_PHYS);
}

/*
 * Two of one number in one cgroup are of different PID namespaces, and one that looks empty may be
 * of a process that is about to enter it. So others are left alone while there are names: @again,
 * those whose keeper was killed make room.
 */
static int cgroup_name(struct hook *hook, const char *own, bool again)
{
	int r = -EEXIST;

	for (int i = 1; i <= NAMES && r == -EEXIST; i++) {
		char suffix[16] = "";

		if (i > 1)
			snprintf(suffix, sizeof(suffix), "-%d", i);
		mem_freep(&hook->cgroup);
		hook->cgroup = mem_printf("%s/multihome-run-%d%s", own, (int)getpid(), suffix);
		if (again)
			cgroup_remove(hook->cgroup);
		r = mkdir(hook->cgroup, 0755) < 0 ? -errno : 0;
	}
	return r;
}

static int cgroup_make(struct hook *hook, struct text *error)
{
	AUTO_TEXT own = { 0 };
	int r = own_cgroup(&own, error);

	if (r < 0)
		return r;
	r = cgroup_name(hook, text_string(&own), false);
	if (r == -EEXIST)
		r = cgroup_name(hook, text_string(&own), true);
	if (r == 0)
		return 0;
	text_printf(error, "a cgroup cannot be made: %s: %s", hook->cgroup, strerror(-r));
	mem_freep(&hook->cgroup);
	return r;
}

/* What is local now, each once, sorted as the observed routes are. */
static struct sources sources_now(const struct host *host)
{
	struct sources now = { 0 };

	STATE_EACH(host_observed(host), OBJECT_ROUTE, const struct host_route, route) {
		if (route->table != RT_TABLE_LOCAL || route->type != RTN_LOCAL)
			continue;
		if (now.count && prefix_compare(&now.items[now.count - 1], &route->to) == 0)
			continue;
		*VEC_PUSH(&now) = route->to;
	}
	return now;
}

/* Makes the sources what is local. What could not be told stays to be told. */
static int feed(struct hook *hook)
{
	struct sources now = sources_now(hook->host), fed = { 0 };
	size_t old = 0, new = 0;
	int r = 0;

	while (old < hook->fed.count || new < now.count) {
		const struct prefix *gone = &hook->fed.items[old], *here = &now.items[new];
		int order = old == hook->fed.count ? 1 :
			    new == now.count	   ? -1 :
						     prefix_compare(gone, here);
		int told = 0;

		if (order < 0)
			told = replies_delete_source(hook->replies, gone);
		else if (order > 0)
			told = replies_set_source(hook->replies,
						  &(struct replies_source){ *here, .ours = true });
		if ((told == 0) == (order >= 0))
			*VEC_PUSH(&fed) = order < 0 ? *gone : *here;
		r = r ? r : told;
		old += order <= 0;
		new += order >= 0;
	}
	VEC_FREE(&hook->fed);
	VEC_FREE(&now);
	hook->fed = fed;
	return r;
}

static int settle(struct hook *hook)
{
	bool changed, resynced;
	int r = host_settle(hook->host, &changed, &resynced);

	return r < 0 ? r : feed(hook);
}

static int hook_open(struct hook *hook, struct text *error)
{
	int r = replies_open(&(struct replies_options){ 0 }, &hook->replies, error);

	if (r == 0)
		r = host_open(&(struct host_options){ 0 }, &hook->host, error);
	if (r < 0)
		return r;
	host_set_interest(hook->host, &(struct host_interest){ .local_routes = true });
	r = settle(hook);
	if (r < 0)
		text_printf(error, "the local addresses cannot be told to eBPF: %s", strerror(-r));
	if (r == 0)
		r = cgroup_make(hook, error);
	return r < 0 ? r : replies_attach(hook->replies, hook->cgroup, error);
}

static void hook_close(struct hook *hook)
{
	replies_close(hook->replies);
	host_close(hook->host);
	VEC_FREE(&hook->fed);
	if (hook->cgroup)
		cgroup_remove(hook->cgroup);
	mem_freep(&hook->cgroup);
}

/* Whatever survived the start of mhctl was meant for the program. All of ours closes on exec. */
static void close_inherited(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name), flags = fcntl(fd, F_GETFD);

		if (entry->d_name[0] != '.' && flags >= 0 && !(flags & FD_CLOEXEC))
			close(fd);
	}
	if (folder)
		closedir(folder);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR);
}

/* Whether somebody lives in the cgroup, or below. */
static bool populated(int events)
{
	char text[256] = { 0 };

	return pread(events, text, sizeof(text) - 1, 0) > 0 && strstr(text, "populated 1");
}

/* @begun ends when the program has begun, or mhctl has ended instead. */
static void keep(struct hook *hook, int events, int begun)
{
	struct pollfd wait[] = { { .fd = host_fd(hook->host), .events = POLLIN },
				 { .fd = events, .events = POLLPRI },
				 { .fd = begun, .events = POLLIN } };
	bool again = false, alive;

	for (;;) {
		if (poll(wait, ARRAY_SIZE(wait), again ? AGAIN_MS : -1) < 0)
			continue;
		if (wait[2].revents)
			wait[2].fd = -1;
		/* Read each time, or the descriptor would not be still. */
		alive = populated(events);
		if (!alive && wait[2].fd < 0)
			return;
		if (wait[0].revents && host_receive(hook->host) < 0)
			host_resync(hook->host);
		again = settle(hook) < 0;
	}
}

static void __attribute__((noreturn)) keeper(struct hook *hook, int events, int begun)
{
	sigset_t all;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "mhctl-keeper");
	close_inherited();
	if (chdir("/") == 0)
		keep(hook, events, begun);
	hook_close(hook);
	_exit(0);
}

/* Of a child that ends at once, so that it is nobody's child but init's. */
static int keeper_start(struct hook *hook, int events, int begun[2])
{
	pid_t child = fork(), grandchild;
	int status = 0;

	if (child < 0)
		return -errno;
	if (child == 0) {
		grandchild = fork();
		if (grandchild == 0) {
			close(begun[1]);
			keeper(hook, events, begun[0]);
		}
		_exit(grandchild < 0 ? errno : 0);
	}
	/* Whoever started us may have told the kernel to forget children: then it is ECHILD. */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int file_in(const char *folder, const char *name, int flags)
{
	AUTO_MEM char *path = mem_printf("%s/%s", folder, name);
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Leaves the keeper behind, then moves. */
static int enter(struct hook *hook, struct text *error)
{
	AUTO_FD events = file_in(hook->cgroup, "cgroup.events", O_RDONLY);
	AUTO_FD members = file_in(hook->cgroup, "cgroup.procs", O_WRONLY);
	int begun[2], r;

	r = events < 0 ? events : members < 0 ? members : pipe2(begun, O_CLOEXEC) < 0 ? -errno : 0;
	if (r == 0) {
		r = keeper_start(hook, events, begun);
		if (r == 0 && write(members, "0", 1) < 0)
			r = -errno;
		close(begun[0]);
		/* Else it stays open until exec() has begun the program, or we have ended. */
		if (r < 0)
			close(begun[1]);
	}
	if (r < 0)
		text_printf(error, "%s cannot be entered: %s", hook->cgroup, strerror(-r));
	return r;
}

int run_hook_enter(struct text *ret_cgroup, struct text *error)
{
	struct hook hook = { 0 };
	int r = hook_open(&hook, error);

	if (r == 0)
		r = enter(&hook, error);
	if (r == 0) {
		text_puts(ret_cgroup, hook.cgroup);
		/* The keeper's now. */
		mem_freep(&hook.cgroup);
	}
	hook_close(&hook);
	return r;
}
