/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a script started in a session of its own is in no group that could be killed. But when its
 * parent has ended it is a child of ours, since we are a subreaper, and its environment still
 * says of which turn of which script it is; who took that away belongs to nobody.
 */
#include "feature/checks/runner_orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENVIRONMENT_MOST 65536

void orphans_mark(uint32_t slot, uint32_t turn, char ret_mark[ORPHANS_MARK_SIZE])
{
	snprintf(ret_mark, ORPHANS_MARK_SIZE, "MULTIHOMED_SCRIPT=%u.%u", slot, turn);
}

bool orphans_read_mark(const char *environment, size_t length, uint32_t *ret_slot, uint32_t *ret_turn)
{
	for (const char *at = environment; at < environment + length; at += strlen(at) + 1)
		if (sscanf(at, "MULTIHOMED_SCRIPT=%u.%u", ret_slot, ret_turn) == 2)
			return true;
	return false;
}

static bool is_of_one_that_runs(pid_t pid, orphans_runs_fn *runs, void *data)
{
	static char environment[ENVIRONMENT_MOST];
	uint32_t slot, turn;
	char path[64];
	ssize_t got;
	int fd;

	if (runs(data, pid, UINT32_MAX, UINT32_MAX))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, environment, sizeof(environment) - 1);
	close(fd);
	if (got <= 0)
		return false;
	environment[got] = '\0';
	return orphans_read_mark(environment, (size_t)got, &slot, &turn) &&
	       runs(data, pid, slot, turn);
}

unsigned orphans_end(orphans_runs_fn *runs, void *data)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	unsigned ended = 0;
	int pid;

	if (!children)
		return 0;
	while (fscanf(children, "%d", &pid) == 1)
		if (!is_of_one_that_runs(pid, runs, data))
			ended += kill(pid, SIGKILL) == 0;
	fclose(children);
	return ended;
}
